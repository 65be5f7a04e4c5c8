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

variable "database" {
  description = "The database: (default), or an environment's own when several share the project."
  type        = string

  validation {
    condition     = var.database == "(default)" || can(regex("^[a-z][a-z0-9-]{2,61}[a-z0-9]$", var.database))
    error_message = "database must be (default), or 4 to 63 lower-case letters, digits and hyphens."
  }
}

variable "backup_retention_days" {
  description = "Days that each day's backup is kept."
  type        = number
  default     = 28

  validation {
    condition     = var.backup_retention_days >= 7 && var.backup_retention_days <= 98
    error_message = "backup_retention_days must be from 7, as long as point-in-time recovery reaches, to 98, the most that Firestore keeps."
  }
}
