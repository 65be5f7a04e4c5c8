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

variable "labels" {
  description = "Labels of every resource that can have some."
  type        = map(string)
  default     = {}

  validation {
    condition     = alltrue([for key, value in var.labels : can(regex("^[a-z][a-z0-9_-]{0,62}$", key)) && can(regex("^[a-z0-9_-]{0,63}$", value))])
    error_message = "labels must be lower-case letters, digits, hyphens and underscores."
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

variable "name" {
  description = "Name of the environment, e.g. data8-fall. ENVIRONMENT and prefix of every name when it shares its project."
  type        = string

  validation {
    condition     = can(regex("^[a-z]([a-z0-9-]{0,13}[a-z0-9])?$", var.name))
    error_message = "name must be at most 15 lower-case letters, digits and hyphens, and begin with a letter: names of service accounts have no more room."
  }
}

variable "shares_project" {
  description = "Whether other environments are in the project: then this one has its own Firestore database and a prefix to every name."
  type        = bool
  default     = false

  validation {
    condition     = !var.shares_project || length(var.name) >= 4
    error_message = "An environment that shares its project needs a name of at least 4 characters: its database is named so."
  }
}

variable "images" {
  description = "The two images by digest. Terraform creates with them and then leaves images to releases."
  type = object({
    functions = string
    grader    = string
  })

  validation {
    condition     = alltrue([for image in [var.images.functions, var.images.grader] : can(regex("^[a-z0-9-]+-docker[.]pkg[.]dev/[a-z0-9.:-]+/[a-z0-9-]+/[a-z0-9-/]+@sha256:[0-9a-f]{64}$", image))])
    error_message = "images must be REGION-docker.pkg.dev/PROJECT/REPOSITORY/NAME@sha256:DIGEST: a tag may mean something else tomorrow."
  }
}

variable "bucket" {
  description = "Base name of the two buckets, HOLT_BUCKET; PROJECT-holt when it is not given."
  type        = string
  default     = null

  validation {
    condition     = var.bucket == null || can(regex("^[a-z0-9][a-z0-9-]{1,50}$", var.bucket))
    error_message = "bucket must be lower-case letters, digits and hyphens."
  }
}

variable "courses" {
  description = "Where each course's config and archives come from: course -> github.com/owner/repository."
  type        = map(string)

  validation {
    condition     = length(var.courses) > 0 && alltrue([for source in values(var.courses) : can(regex("^github[.]com/[A-Za-z0-9_-]{1,100}/[A-Za-z0-9_.-]{1,100}$", source))])
    error_message = "courses must name at least one, each as github.com/owner/repository."
  }
}

variable "github" {
  description = "The GitHub App that reads the courses, and which version of its key; hosts are what dispatch may reach of GitHub."
  type = object({
    app_id              = string
    installation_id     = string
    private_key_version = optional(number, 1)
    api_url             = optional(string)
    hosts               = optional(list(string), ["api.github.com", "codeload.github.com"])
  })

  validation {
    condition     = can(regex("^[1-9][0-9]{0,15}$", var.github.app_id)) && can(regex("^[1-9][0-9]{0,15}$", var.github.installation_id)) && var.github.private_key_version >= 1
    error_message = "github must have the App's id and its installation's, as digits, and a version of its key from 1."
  }
  validation {
    condition     = var.github.api_url == null || try(contains(var.github.hosts, regex("^https://([a-z0-9.-]+)", var.github.api_url)[0]), false)
    error_message = "github.api_url must be https:// and its host one of github.hosts."
  }
}

variable "hub" {
  description = "The JupyterHub whose users submit; null where none does. Hub and Holt share the API token; the session key is Holt's own."
  type = object({
    api_url             = string
    origins             = list(string)
    token_version       = optional(number, 1)
    session_key_version = optional(number, 1)
    base_url            = optional(string, "/")
    # The hub's second service, for gofer_submit; without a version there is none.
    gofer_token_version = optional(number)
  })
  default = null

  validation {
    condition     = var.hub == null || try(can(regex("^https?://[a-z0-9.-]+(:[0-9]+)?(/.*)?$", var.hub.api_url)) && length(var.hub.origins) > 0 && alltrue([for origin in var.hub.origins : can(regex("^https://[a-z0-9.-]+(:[0-9]+)?$", origin))]), false)
    error_message = "hub must have the address of its API and at least one origin as browsers see it, e.g. https://hub.example.edu."
  }
  validation {
    condition     = var.hub == null || try(can(regex("^/([A-Za-z0-9_.~%@+-]+/)*$", var.hub.base_url)) && var.hub.token_version >= 1 && var.hub.session_key_version >= 1 && coalesce(var.hub.gofer_token_version, 1) >= 1, false)
    error_message = "hub.base_url must begin and end with /, and versions of secrets are numbers from 1."
  }
}

variable "moodle" {
  description = "mod_jupyter's secret, and how long it waits for a grade; null where Moodle does not submit."
  type = object({
    key_version  = optional(number, 1)
    wait_seconds = optional(number, 120)
    prefix       = optional(string, "/")
  })
  default = null

  validation {
    condition     = var.moodle == null || try(var.moodle.key_version >= 1 && var.moodle.wait_seconds >= 1 && var.moodle.wait_seconds <= 3500 && can(regex("^/([A-Za-z0-9_.~%@+-]+/)*$", var.moodle.prefix)), false)
    error_message = "moodle.wait_seconds must be from 1 to 3500, its version a number from 1, and its prefix must begin and end with /."
  }
  validation {
    condition     = var.moodle != null || var.hub != null || var.tokens != null
    error_message = "Nobody could log in: give hub for a JupyterHub, moodle for mod_jupyter, or tokens."
  }
}

variable "tokens" {
  description = "Signed tokens that say who submits (HOLT_JWT_SECRET); null where none are taken."
  type = object({
    key_version = optional(number, 1)
    audience    = optional(string)
  })
  default = null

  validation {
    condition     = var.tokens == null || try(var.tokens.key_version >= 1, false)
    error_message = "tokens.key_version must be a number from 1."
  }
}

variable "lti" {
  description = "The LMS that scores are sent to by LTI 1.1; null where none is. hosts are those that a course's outcomes_url may name."
  type = object({
    consumer_key = string
    key_version  = optional(number, 1)
    edx_host     = optional(string)
    hosts        = optional(list(string), [])
  })
  default = null

  validation {
    condition     = var.lti == null || try(var.lti.consumer_key != "" && var.lti.key_version >= 1 && length(concat(compact([var.lti.edx_host]), var.lti.hosts)) > 0, false)
    error_message = "lti must have the consumer key, a version of its secret from 1, and edx_host or at least one of hosts."
  }
  validation {
    condition     = var.lti == null || try(alltrue([for host in concat(compact([var.lti.edx_host]), var.lti.hosts) : can(regex("^([a-z0-9-]+[.])+[a-z]{2,}(:[0-9]+)?$", host))]), false)
    error_message = "lti.edx_host and lti.hosts must be host names, without https://."
  }
}

variable "admins" {
  description = "Users who see every course."
  type        = list(string)
  default     = []

  validation {
    condition     = alltrue([for name in var.admins : name != "" && !strcontains(name, ",")])
    error_message = "admins must be names of users, without commas."
  }
}

variable "exchange" {
  description = "Instances of exchange at least (one that stays spares students its start) and at most, and the proxies in front that append to X-Forwarded-For."
  type = object({
    min_instances = optional(number, 1)
    max_instances = optional(number, 40)
    proxy_hops    = optional(number, 1)
  })
  default = {}

  validation {
    condition     = var.exchange.min_instances >= 0 && var.exchange.max_instances >= max(var.exchange.min_instances, 1) && var.exchange.max_instances <= 100 && var.exchange.proxy_hops >= 0 && var.exchange.proxy_hops <= 10
    error_message = "exchange must have from 0 to 100 instances, no more at least than at most, and from 0 to 10 proxies."
  }
}

variable "grader" {
  description = "The grading job: tasks at a time, submissions of one list of a task, lists that a task grades one after the other (1 and 1 are a fresh container for each student), its size, and whether it is on the network that leads to Google's APIs only, which can cost a minute at a start."
  type = object({
    parallel_tasks       = optional(number, 100)
    submissions_per_task = optional(number, 1)
    lists_per_task       = optional(number, 1)
    cpu                  = optional(number, 1)
    memory_gib           = optional(number, 3)
    direct_vpc           = optional(bool, true)
  })
  default = {}

  validation {
    condition     = var.grader.parallel_tasks >= 1 && var.grader.parallel_tasks <= 500 && var.grader.submissions_per_task >= 1 && var.grader.submissions_per_task <= 500 && var.grader.lists_per_task >= 1 && var.grader.lists_per_task <= 100
    error_message = "grader.parallel_tasks must be from 1 to 500 (its subnet holds no more), submissions_per_task from 1 to 500, and lists_per_task from 1 to 100."
  }
}

variable "settings" {
  description = "Further settings of exchange, dispatch and passback by their names in docs/configuration.md. None is a secret."
  type = object({
    exchange = optional(map(string), {})
    dispatch = optional(map(string), {})
    passback = optional(map(string), {})
  })
  default = {}

  validation {
    condition     = alltrue([for function, allowed in local.further_settings : length(setsubtract(keys(var.settings[function]), allowed)) == 0])
    error_message = "settings may have only what local.further_settings of course-environment/settings.tf lists: the rest has a variable of its own, is a secret, or is for local runs."
  }
}

variable "verbose_logging" {
  description = "Whether DEBUG is logged too."
  type        = bool
  default     = false

  validation {
    condition     = var.verbose_logging != null
    error_message = "verbose_logging must be true or false."
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

variable "alert_emails" {
  description = "Addresses that alerts and budget go to."
  type        = set(string)

  validation {
    condition     = length(var.alert_emails) > 0 && alltrue([for address in var.alert_emails : can(regex("^[^@ ]+@[^@ ]+\\.[^@ ]+$", address))])
    error_message = "alert_emails must have at least one e-mail address."
  }
}

variable "slack_channels" {
  description = "Slack channels that alerts go to: names of Cloud Monitoring's notification channels, made once in the console, so that Slack's token is in no state."
  type        = set(string)
  default     = []

  validation {
    condition     = alltrue([for channel in var.slack_channels : can(regex("^projects/[a-z0-9-]+/notificationChannels/[0-9]+$", channel))])
    error_message = "slack_channels must be names like projects/PROJECT/notificationChannels/NUMBER."
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
    condition     = var.budget == null || try(can(regex("^[0-9A-F]{6}-[0-9A-F]{6}-[0-9A-F]{6}$", var.budget.billing_account)) && var.budget.amount >= 1, false)
    error_message = "budget must have a billing account like 012345-6789AB-CDEF01 and an amount of at least 1."
  }
}

variable "audit_log" {
  description = "How long the exported audit log is kept, and whether it is locked. A lock cannot be undone."
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
