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

variable "parallelism" {
  description = "Tasks of one execution that run at a time: as many as dispatch has outstanding at most."
  type        = number

  validation {
    condition     = var.parallelism >= 1 && var.parallelism <= 1000 && floor(var.parallelism) == var.parallelism
    error_message = "parallelism must be a whole number from 1 to 1000."
  }
}

variable "cpu" {
  description = "Processors of one task."
  type        = number
  default     = 1

  validation {
    condition     = contains([1, 2, 4, 8], var.cpu)
    error_message = "cpu must be 1, 2, 4 or 8."
  }
}

variable "memory_gib" {
  description = "Memory of one task, its files included: a notebook may use 2 GiB unless its course says otherwise, and the judge holds about 0.4."
  type        = number
  default     = 3

  validation {
    condition     = var.memory_gib >= 1 && var.memory_gib <= 32 && floor(var.memory_gib) == var.memory_gib && var.memory_gib <= 4 * var.cpu
    error_message = "memory_gib must be a whole number from 1 to 32, and at most 4 for each processor."
  }
}

variable "subnetwork" {
  description = "Network and subnetwork that leads to restricted Google APIs only; null leaves the container on Cloud Run's own network, where student code is kept from it by its sandbox alone."
  type = object({
    network    = string
    subnetwork = string
  })

  validation {
    condition     = var.subnetwork == null || try(endswith(var.subnetwork.subnetwork, "holt-grader"), false)
    error_message = "subnetwork must be the grader's own: the others lead further."
  }
}
