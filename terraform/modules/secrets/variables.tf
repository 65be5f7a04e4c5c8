variable "project_id" {
  description = "Project of the environment."
  type        = string

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{4,28}[a-z0-9]$", var.project_id))
    error_message = "project_id must be a project's id: 6 to 30 lower-case letters, digits and hyphens."
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

variable "readers" {
  description = "The secrets that there are, and for each the one identity that reads it."
  type        = map(string)

  validation {
    condition     = alltrue([for name, reader in var.readers : can(regex("^[a-z][a-z0-9-]{1,60}$", name)) && contains(["exchange", "dispatch", "passback"], reader)])
    error_message = "readers must name secrets in lower-case letters, digits and hyphens, each read by exchange, dispatch or passback."
  }
}
