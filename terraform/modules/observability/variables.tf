variable "project_id" {
  description = "Project that is watched."
  type        = string

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{4,28}[a-z0-9]$", var.project_id))
    error_message = "project_id must be a project's id: 6 to 30 lower-case letters, digits and hyphens."
  }
}

variable "region" {
  description = "Region of the functions and of the job; the audit log is kept in it."
  type        = string

  validation {
    condition     = can(regex("^[a-z]+-[a-z]+[0-9]+$", var.region))
    error_message = "region must be a region of Google Cloud, e.g. us-central1."
  }
}

variable "environment" {
  description = "Name of the environment, as alerts and budget are titled."
  type        = string

  validation {
    condition     = can(regex("^[a-z]([a-z0-9-]{0,28}[a-z0-9])?$", var.environment))
    error_message = "environment must be lower-case letters, digits and hyphens."
  }
}

variable "prefix" {
  description = "Prefix of every name when several environments share the project: the environment's name and a hyphen. Empty otherwise."
  type        = string
  default     = ""

  validation {
    condition     = var.prefix == "" || can(regex("^[a-z]([a-z0-9-]{0,28}[a-z0-9])?-$", var.prefix))
    error_message = "prefix must be empty, or an environment's name and a hyphen."
  }
}

variable "labels" {
  description = "Labels of the alerts."
  type        = map(string)
  default     = {}

  validation {
    condition     = alltrue([for key, value in var.labels : can(regex("^[a-z][a-z0-9_-]{0,62}$", key)) && can(regex("^[a-z0-9_-]{0,63}$", value))])
    error_message = "labels must be lower-case letters, digits, hyphens and underscores."
  }
}

variable "services" {
  description = "Cloud Run service of each function, by the function's name."
  type        = map(string)

  validation {
    condition     = toset(keys(var.services)) == toset(["audit", "dispatch", "exchange", "passback", "record", "sweep"])
    error_message = "services must name the service of audit, dispatch, exchange, passback, record and sweep."
  }
}

variable "grader_job" {
  description = "Name of the grader's Cloud Run job."
  type        = string

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{0,61}[a-z0-9]$", var.grader_job))
    error_message = "grader_job must be a job's name, without its project and region."
  }
}

variable "subscriptions" {
  description = "Pub/Sub subscriptions that wake or trigger a function, the Eventarc triggers' own included, by a name for each: full names, short ones, or a regular expression of what Eventarc calls its own."
  type        = map(string)

  validation {
    condition     = length(var.subscriptions) > 0
    error_message = "subscriptions must name at least one: a stage that is never triggered must be seen."
  }
}

variable "dead_letter_subscriptions" {
  description = "Subscriptions of the dead-letter topics, by a name for each: what lies there was given up on by Pub/Sub."
  type        = map(string)
  default     = {}

  validation {
    condition     = alltrue([for subscription in values(var.dead_letter_subscriptions) : subscription != ""])
    error_message = "dead_letter_subscriptions must not have an empty name."
  }
}

variable "alert_emails" {
  description = "Addresses that alerts and budget go to."
  type        = set(string)

  validation {
    condition     = length(var.alert_emails) > 0 && length(var.alert_emails) <= 5 && alltrue([for address in var.alert_emails : can(regex("^[^@ ]+@[^@ ]+\\.[^@ ]+$", address))])
    error_message = "alert_emails must have one to five e-mail addresses; a mailing list is one."
  }
}

variable "slack_channels" {
  description = "Slack channels that alerts go to: names of Cloud Monitoring's notification channels, made once in the console, so that Slack's token is in no state."
  type        = set(string)
  default     = []

  validation {
    condition     = alltrue([for channel in var.slack_channels : can(regex("^projects/[a-z0-9-]+/notificationChannels/[0-9]+$", channel))])
    error_message = "slack_channels must be names like projects/PROJECT/notificationChannels/NUMBER: gcloud beta monitoring channels list shows them."
  }
}

variable "budget" {
  description = "Monthly budget on a billing account; null for none."
  type = object({
    billing_account = string
    amount          = number
    currency        = optional(string, "USD")
  })
  default = null

  validation {
    condition = var.budget == null || try(
      can(regex("^[0-9A-F]{6}-[0-9A-F]{6}-[0-9A-F]{6}$", var.budget.billing_account)) &&
      var.budget.amount >= 1 && floor(var.budget.amount) == var.budget.amount && can(regex("^[A-Z]{3}$", var.budget.currency)),
    false)
    error_message = "budget must have a billing account like 012345-6789AB-CDEF01, a whole amount of at least 1 and the account's currency."
  }
}

variable "oldest_waiting_seconds" {
  description = "How long an entry of the queue may be due and not started before staff is told."
  type        = number
  default     = 300

  validation {
    condition     = var.oldest_waiting_seconds >= 60 && var.oldest_waiting_seconds <= 86400
    error_message = "oldest_waiting_seconds must be from 60 (the sweep looks once a minute) to 86400."
  }
}

variable "submit_to_grade_seconds" {
  description = "The 95th percentile of the time from submit to grade that staff is told of."
  type        = number
  default     = 180

  validation {
    condition     = var.submit_to_grade_seconds >= 10 && var.submit_to_grade_seconds <= 86400
    error_message = "submit_to_grade_seconds must be from 10 to 86400."
  }
}

variable "undelivered_seconds" {
  description = "How old an undelivered event may get before staff is told."
  type        = number
  default     = 300

  validation {
    condition     = var.undelivered_seconds >= 60 && var.undelivered_seconds <= 86400
    error_message = "undelivered_seconds must be from 60 to 86400."
  }
}

variable "failures" {
  description = "By a run's cause, how many runs in ten minutes staff is told of."
  type        = map(number)
  default = {
    autograder     = 1
    infrastructure = 5
    limit          = 50
  }

  validation {
    condition     = toset(keys(var.failures)) == toset(["autograder", "infrastructure", "limit"]) && alltrue([for count in values(var.failures) : count >= 1])
    error_message = "failures must have a number of at least 1 for autograder, infrastructure and limit."
  }
}

variable "audit_log" {
  description = "How long the exported audit log is kept, and whether it is locked. A lock cannot be undone: neither the bucket nor its days can be shortened any more."
  type = object({
    retention_days = optional(number, 400)
    locked         = optional(bool, true)
  })
  default = {}

  validation {
    condition     = var.audit_log.retention_days >= 30 && var.audit_log.retention_days <= 3650
    error_message = "audit_log.retention_days must be from 30 to 3650."
  }
}
