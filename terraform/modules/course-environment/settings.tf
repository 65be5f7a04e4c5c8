locals {
  # Every secret that this environment has: who reads it, as which setting, and which of its versions.
  secrets = { for name, secret in {
    hub-token      = { reader = "exchange", setting = "JUPYTERHUB_API_TOKEN", version = try(var.hub.token_version, null) }
    session-key    = { reader = "exchange", setting = "HOLT_SESSION_KEY", version = try(var.hub.session_key_version, null) }
    gofer-token    = { reader = "exchange", setting = "HOLT_GOFER_API_TOKEN", version = try(var.hub.gofer_token_version, null) }
    moodle-key     = { reader = "exchange", setting = "JWT_SECRET", version = try(var.moodle.key_version, null) }
    token-key      = { reader = "exchange", setting = "HOLT_JWT_SECRET", version = try(var.tokens.key_version, null) }
    github-app-key = { reader = "dispatch", setting = "COURSE_CONTENT_READER_PRIVATE_KEY", version = var.github.private_key_version }
    lti-key        = { reader = "passback", setting = "LTI_CONSUMER_SECRET", version = try(var.lti.key_version, null) }
  } : name => secret if secret.version != null }

  everywhere = {
    HOLT_ENGINE        = "google"
    GCP_PROJECT_ID     = var.project_id
    ENVIRONMENT        = var.shares_project ? var.name : null
    FIRESTORE_DATABASE = var.shares_project ? module.firestore.database : null
    VERBOSE_LOGGING    = tostring(var.verbose_logging)
  }
  with_buckets = { HOLT_BUCKET = local.bucket }
  with_job     = { GRADER_JOB = module.grader_job.path }

  settings = {
    exchange = merge(local.everywhere, local.with_buckets, {
      JUPYTERHUB_API_URL  = try(var.hub.api_url, null)
      JUPYTERHUB_BASE_URL = try(var.hub.base_url, null)
      HOLT_HUB_ORIGIN     = try(join(",", var.hub.origins), null)
      HOLT_ADMINS         = length(var.admins) > 0 ? join(",", var.admins) : null
      HOLT_JWT_AUDIENCE   = try(var.tokens.audience, null)
      GRADING_TIMEOUT     = try(tostring(var.moodle.wait_seconds), null)
      MOODLE_PREFIX       = try(var.moodle.prefix, null)
      PROXY_HOPS          = tostring(var.exchange.proxy_hops)
    }, var.settings.exchange)
    dispatch = merge(local.everywhere, local.with_buckets, local.with_job, {
      HOLT_COURSES                          = jsonencode(var.courses)
      COURSE_CONTENT_READER_APP_ID          = var.github.app_id
      COURSE_CONTENT_READER_INSTALLATION_ID = var.github.installation_id
      GITHUB_API_URL                        = var.github.api_url
      MAX_PARALLEL_TASKS                    = tostring(var.grader.parallel_tasks)
      MAX_SUBMISSIONS_PER_TASK              = tostring(var.grader.submissions_per_task)
      MAX_LISTS_PER_TASK                    = tostring(var.grader.lists_per_task)
    }, var.settings.dispatch)
    record = merge(local.everywhere, local.with_buckets)
    passback = merge(local.everywhere, {
      LTI_CONSUMER_KEY = try(var.lti.consumer_key, null)
      EDX_URL          = try(var.lti.edx_host, null)
      HOLT_LMS_HOSTS   = try(length(var.lti.hosts) > 0 ? join(",", var.lti.hosts) : null, null)
    }, var.settings.passback)
    audit = local.everywhere
    sweep = merge(local.everywhere, local.with_buckets, local.with_job)
  }

  # What is left of functions/settings.ts: neither said above, nor a secret, nor for local runs only.
  further_settings = {
    exchange = [
      "BODY_BYTES_PER_SECOND", "BODY_GRACE_SECONDS", "BODY_MEMORY_BYTES", "HOLT_GOFER_CLIENT_ID", "HOLT_GOFER_PREFIX",
      "HOLT_JWT_PUBLIC_KEY", "HOLT_PROXY_AUDIENCE", "HOLT_PROXY_HEADER", "HOLT_PROXY_PUBLIC_KEY",
      "HOLT_TRUST_CLAIMED_USER", "JUPYTERHUB_CLIENT_ID", "JUPYTERHUB_SERVICE_PREFIX", "MAX_NOTEBOOK_BYTES",
      "MOODLE_SHOW_HIDDEN_OUTPUT", "MOODLE_TOKEN_AUDIENCE", "MOODLE_TOKEN_SCOPES", "MOODLE_WAITS_AT_ONCE",
      "PARKED_IN_TOTAL", "PARKED_PER_ADDRESS", "WAITS_AT_ONCE",
    ]
    dispatch = ["COURSE_CONFIG_PATH", "MIN_SECONDS_BETWEEN_RUNS", "START_ALLOWANCE_SECONDS"]
    passback = ["EDX_BASE_URL", "POST_GRADE"]
  }

  functions = {
    for function, settings in local.settings : function => {
      settings = { for name, value in settings : name => value if value != null }
      secrets = {
        for name, secret in local.secrets :
        secret.setting => { secret = module.secrets.secrets[name], version = secret.version } if secret.reader == function
      }
      subnetwork = module.network.subnetworks[contains(["exchange", "dispatch", "passback"], function) ? function : "inside"]
    }
  }

  # Hosts beside Google's that each part must reach. Addresses without a port are https://.
  hub = try(regex("^(?P<scheme>https?)://(?P<host>[a-z0-9.-]+)(?::(?P<port>[0-9]+))?", var.hub.api_url), null)
  lms = compact(concat(
    try([var.lti.edx_host], []), try(var.lti.hosts, []),
    try([regex("^https?://([a-z0-9.:-]+)", var.settings.passback["EDX_BASE_URL"])[0]], []),
  ))
  destinations = {
    exchange = local.hub == null ? [] : [{
      host = local.hub.host
      port = tonumber(coalesce(local.hub.port, local.hub.scheme == "https" ? "443" : "80"))
    }]
    dispatch = [for host in var.github.hosts : { host = host, port = 443 }]
    passback = [for host in local.lms : { host = split(":", host)[0], port = tonumber(try(split(":", host)[1], "443")) }]
  }
}
