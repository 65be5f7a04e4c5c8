variable "project_id" {
  description = "Project of the environment."
  type        = string

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{4,28}[a-z0-9]$", var.project_id))
    error_message = "project_id must be a project's id: 6 to 30 lower-case letters, digits and hyphens."
  }
}

variable "region" {
  description = "Region of everything that has one. Triggers must be where their database and bucket are."
  type        = string

  validation {
    condition     = can(regex("^[a-z]+-[a-z]+[0-9]+$", var.region))
    error_message = "region must be a region of Google Cloud, e.g. us-central1."
  }
}

variable "prefix" {
  description = "Prefix of every name when several environments share the project: the environment's name and a hyphen. Empty otherwise."
  type        = string
  default     = ""

  validation {
    condition     = var.prefix == "" || can(regex("^[a-z]([a-z0-9-]{0,13}[a-z0-9])?-$", var.prefix))
    error_message = "prefix must be empty, or an environment's name of at most 15 characters and a hyphen."
  }
}

variable "labels" {
  description = "Labels of every resource that can have some."
  type        = map(string)
  default     = {}

  validation {
    condition     = alltrue([for key, value in var.labels : can(regex("^[a-z][a-z0-9_-]{0,62}$", key)) && can(regex("^[a-z0-9_-]{0,63}$", value))])
    error_message = "labels must be lower-case letters, digits, hyphens and underscores."
  }
}

variable "identities" {
  description = "E-mail address of each service account, by what it serves."
  type        = map(string)

  validation {
    condition     = alltrue([for email in values(var.identities) : can(regex("^[a-z][a-z0-9-]{4,28}[a-z0-9]@[a-z0-9-]+[.]iam[.]gserviceaccount[.]com$", email))])
    error_message = "identities must be e-mail addresses of service accounts made for this; the default ones are not."
  }
}

variable "project_number" {
  description = "The project's number, which names of Google's own service agents have in them."
  type        = string

  validation {
    condition     = can(regex("^[0-9]+$", var.project_number))
    error_message = "project_number must be digits."
  }
}

variable "deletion_protection" {
  description = "Whether Terraform and the API refuse to delete it."
  type        = bool
  default     = true

  validation {
    condition     = var.deletion_protection != null
    error_message = "deletion_protection must be true or false."
  }
}

variable "image" {
  description = "Image by digest. Terraform creates with it and then leaves the image to releases."
  type        = string

  validation {
    condition     = can(regex("^[a-z0-9-]+-docker[.]pkg[.]dev/[a-z0-9.:-]+/[a-z0-9-]+/[a-z0-9-/]+@sha256:[0-9a-f]{64}$", var.image))
    error_message = "image must be REGION-docker.pkg.dev/PROJECT/REPOSITORY/NAME@sha256:DIGEST: a tag may mean something else tomorrow."
  }
}

variable "deployers" {
  description = "Members that release: they set images, and nothing else. Bootstrap prints them."
  type        = set(string)
  default     = []

  validation {
    condition     = alltrue([for member in var.deployers : can(regex("^serviceAccount:[a-z][a-z0-9-]{4,28}[a-z0-9]@[a-z0-9-]+[.]iam[.]gserviceaccount[.]com$", member))])
    error_message = "deployers must be serviceAccount: and the address of an account made for this; the default ones are not."
  }
}

variable "functions" {
  description = "What each function gets: settings, secrets by setting, and the subnetwork that leads to where it may go."
  type = map(object({
    settings = map(string)
    secrets = map(object({
      secret  = string
      version = number
    }))
    subnetwork = object({
      network    = string
      subnetwork = string
    })
  }))

  validation {
    condition     = toset(keys(var.functions)) == toset(["audit", "dispatch", "exchange", "passback", "record", "sweep"])
    error_message = "functions must have audit, dispatch, exchange, passback, record and sweep."
  }
  validation {
    condition     = alltrue(flatten([for it in values(var.functions) : [for secret in values(it.secrets) : secret.version >= 1 && floor(secret.version) == secret.version]]))
    error_message = "functions must name each secret's version by its number: a revision must mean the same tomorrow."
  }
}

variable "exchange" {
  description = "How many instances of exchange there are at least and at most, and for how long a client may wait for an answer."
  type = object({
    min_instances   = number
    max_instances   = number
    timeout_seconds = number
  })

  validation {
    condition     = var.exchange.min_instances >= 0 && var.exchange.max_instances >= 1 && var.exchange.min_instances <= var.exchange.max_instances && var.exchange.max_instances <= 100
    error_message = "exchange must have at least as many instances at most as at least, and at most 100: its subnet holds no more."
  }
  validation {
    condition     = var.exchange.timeout_seconds >= 120 && var.exchange.timeout_seconds <= 3600
    error_message = "exchange.timeout_seconds must be from 120 (a slow upload) to 3600."
  }
}

variable "database" {
  description = "Firestore database whose changes trigger."
  type        = string

  validation {
    condition     = var.database == "(default)" || can(regex("^[a-z][a-z0-9-]{2,61}[a-z0-9]$", var.database))
    error_message = "database must be (default), or 4 to 63 lower-case letters, digits and hyphens."
  }
}

variable "results_bucket" {
  description = "Bucket whose finished objects trigger record."
  type        = string

  validation {
    condition     = endswith(var.results_bucket, "-results")
    error_message = "results_bucket must be the bucket of results: storage events cannot be filtered by folder."
  }
}
