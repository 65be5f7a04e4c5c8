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

variable "bucket" {
  description = "Base name of the two buckets, HOLT_BUCKET: they are <prefix><this>-work and <prefix><this>-results. Bucket names are the whole world's."
  type        = string

  validation {
    condition     = can(regex("^[a-z0-9][a-z0-9-]{1,50}$", var.bucket)) && length("${var.prefix}${var.bucket}-results") <= 63
    error_message = "bucket must be lower-case letters, digits and hyphens, and at most 63 characters with its prefix and -results."
  }
}

variable "parked_days" {
  description = "Days until a notebook that nobody claimed is removed; its record expires after 14."
  type        = number
  default     = 15

  validation {
    condition     = var.parked_days > 14 && var.parked_days <= 60
    error_message = "parked_days must be more than the 14 days that a student has to claim a notebook, and at most 60."
  }
}

variable "manifest_days" {
  description = "Days until manifests are removed; they hold signed URLs, which live at most a few hours."
  type        = number
  default     = 2

  validation {
    condition     = var.manifest_days >= 2 && var.manifest_days <= 7
    error_message = "manifest_days must be from 2 (a task may be waiting for its place) to 7."
  }
}
