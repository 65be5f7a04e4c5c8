variable "project_id" {
  description = "Project that holds state, images and builds. It may be an environment's own."
  type        = string

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{4,28}[a-z0-9]$", var.project_id))
    error_message = "project_id must be a project's id: 6 to 30 lower-case letters, digits and hyphens."
  }
}

variable "region" {
  description = "Region of state, images and builds; best the environments' own, so that images start quickly."
  type        = string

  validation {
    condition     = can(regex("^[a-z]+-[a-z]+[0-9]+$", var.region))
    error_message = "region must be a region of Google Cloud, e.g. us-central1."
  }
}

variable "github_repository" {
  description = "The repository on GitHub that releases come from, as owner/name."
  type        = string

  validation {
    condition     = can(regex("^[A-Za-z0-9-]+/[A-Za-z0-9._-]+$", var.github_repository))
    error_message = "github_repository must be owner/name, without https://github.com/."
  }
}

variable "github_owner_id" {
  description = "Number of the repository's owner (https://api.github.com/users/OWNER says it): a name can be taken over, a number cannot."
  type        = string

  validation {
    condition     = can(regex("^[0-9]+$", var.github_owner_id))
    error_message = "github_owner_id must be a number."
  }
}

variable "connected_repository" {
  description = "The repository as Cloud Build is connected to it. The connection is made once in the console, because GitHub asks a person."
  type        = string

  validation {
    condition     = can(regex("^projects/[a-z0-9-]+/locations/[a-z0-9-]+/connections/[A-Za-z0-9_-]+/repositories/[A-Za-z0-9._-]+$", var.connected_repository))
    error_message = "connected_repository must be projects/P/locations/R/connections/C/repositories/NAME: gcloud builds repositories list shows it."
  }
}

variable "main_branch" {
  description = "Branch whose commits are built and deployed."
  type        = string
  default     = "main"

  validation {
    condition     = can(regex("^[A-Za-z0-9._/-]+$", var.main_branch))
    error_message = "main_branch must be a branch's name, no pattern."
  }
}

variable "environment" {
  description = "Environment that main is deployed to: a folder of terraform/environments. Others get its digests by npm run holt -- promote."
  type        = string

  validation {
    condition     = can(regex("^[a-z]([a-z0-9-]{0,28}[a-z0-9])?$", var.environment))
    error_message = "environment must be the name of a folder of terraform/environments."
  }
}

variable "courses" {
  description = "Courses that a new grader image must grade before it is deployed, as github.com/owner/repo."
  type        = list(string)

  validation {
    condition     = length(var.courses) > 0 && alltrue([for course in var.courses : can(regex("^github\\.com/[A-Za-z0-9-]+/[A-Za-z0-9._-]+$", course))])
    error_message = "courses must name at least one, each as github.com/owner/repo."
  }
}

variable "github_app" {
  description = "The GitHub App that reads the courses: its id and its installation. Its key is in the secret holt-github-app-key."
  type = object({
    id              = string
    installation_id = string
  })

  validation {
    condition     = can(regex("^[0-9]+$", var.github_app.id)) && can(regex("^[0-9]+$", var.github_app.installation_id))
    error_message = "github_app must have the numbers of the App and of its installation."
  }
}

variable "secret_versions" {
  description = "Version of each secret that builds read. A number, so that a rotation is a change that can be seen."
  type        = map(string)
  default     = { github-app-key = "1", release-token = "1", slack-webhook = "1" }

  validation {
    condition     = toset(keys(var.secret_versions)) == toset(["github-app-key", "release-token", "slack-webhook"]) && alltrue([for version in values(var.secret_versions) : can(regex("^[0-9]+$", version))])
    error_message = "secret_versions must have a number for github-app-key, release-token and slack-webhook."
  }
}

variable "environment_project_numbers" {
  description = "Numbers of the projects whose Cloud Run pulls images from here, this one not counted."
  type        = set(string)
  default     = []

  validation {
    condition     = alltrue([for number in var.environment_project_numbers : can(regex("^[0-9]+$", number))])
    error_message = "environment_project_numbers must be numbers: gcloud projects describe PROJECT shows it as projectNumber."
  }
}

variable "operators" {
  description = "Who runs Terraform, and so reads and writes its state: members like user:someone@example.edu or group:...; they get no other role here."
  type        = set(string)

  validation {
    condition     = length(var.operators) > 0 && alltrue([for member in var.operators : can(regex("^(user|group|serviceAccount):[^@ ]+@[^@ ]+$", member))])
    error_message = "operators must be members like user:someone@example.edu, group:... or serviceAccount:...."
  }
}

variable "needs_approval" {
  description = "Whether a person must approve each build of main before it runs."
  type        = bool
  default     = false

  validation {
    condition     = var.needs_approval != null
    error_message = "needs_approval must be true or false."
  }
}

variable "labels" {
  description = "Labels of what is made here."
  type        = map(string)
  default     = { application = "holt" }

  validation {
    condition     = alltrue([for key, value in var.labels : can(regex("^[a-z][a-z0-9_-]{0,62}$", key)) && can(regex("^[a-z0-9_-]{0,63}$", value))])
    error_message = "labels must be lower-case letters, digits, hyphens and underscores."
  }
}
