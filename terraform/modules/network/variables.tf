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

variable "destinations" {
  description = "For exchange, dispatch and passback: hosts and ports outside of Google that they may reach. All else is closed."
  type = map(list(object({
    host = string
    port = optional(number, 443)
  })))

  validation {
    condition     = toset(keys(var.destinations)) == toset(["dispatch", "exchange", "passback"])
    error_message = "destinations must have exchange, dispatch and passback, an empty list for one that reaches nothing."
  }
  validation {
    condition     = alltrue(flatten([for list in values(var.destinations) : [for it in list : can(regex("^([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?[.])+[a-z]{2,}$", it.host)) && it.port >= 1 && it.port <= 65535]]))
    error_message = "destinations must be full host names, not addresses or wildcards, with ports from 1 to 65535."
  }
}

variable "ranges" {
  description = "Addresses of each part's subnet. Cloud Run takes two for each instance of a service, and at least a /26; a job's task keeps its address for some minutes after its end."
  type        = map(string)
  default = {
    exchange = "10.8.0.0/24"
    dispatch = "10.8.1.0/26"
    passback = "10.8.1.64/26"
    inside   = "10.8.1.128/25"
    grader   = "10.8.16.0/20"
  }

  validation {
    condition     = toset(keys(var.ranges)) == toset(["dispatch", "exchange", "grader", "inside", "passback"]) && alltrue([for range in values(var.ranges) : can(cidrhost(range, 0)) && tonumber(split("/", range)[1]) <= 26])
    error_message = "ranges must have exchange, dispatch, passback, inside and grader, each a range of at least a /26."
  }
}
