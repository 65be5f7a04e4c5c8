mock_provider "google" {
  mock_data "google_project" {
    defaults = {
      number = "123456789012"
    }
  }
}

variables {
  project_id  = "holt-demo"
  region      = "us-central1"
  environment = "demo"
  services = {
    audit    = "audit"
    dispatch = "dispatch"
    exchange = "exchange"
    passback = "passback"
    record   = "record"
    sweep    = "sweep"
  }
  grader_job = "grader"
  subscriptions = {
    submitted = "submitted-dispatch"
    record    = "projects/holt-demo/subscriptions/eventarc-us-central1-record-sub-001"
  }
  alert_emails   = ["staff@example.edu"]
  slack_channels = ["projects/holt-demo/notificationChannels/1234567890"]
  labels         = { application = "holt", environment = "demo" }
  budget = {
    billing_account = "012345-6789AB-CDEF01"
    amount          = 200
  }
}

run "every_alert_goes_to_every_channel" {
  command = apply

  assert {
    condition = toset(keys(google_monitoring_alert_policy.threshold)) == toset([
      "dropped-events", "failed-passbacks", "failures-autograder", "failures-infrastructure", "failures-limit",
      "given-up", "oldest-waiting", "server-errors", "submit-to-grade", "undelivered",
    ])
    error_message = "An alert of the design is missing, or one has no name here."
  }

  assert {
    condition = alltrue([for policy in values(google_monitoring_alert_policy.threshold) :
      length(policy.notification_channels) == 2 && contains(policy.notification_channels, "projects/holt-demo/notificationChannels/1234567890")
    ])
    error_message = "An alert does not reach e-mail and Slack."
  }

  assert {
    condition     = length(google_monitoring_alert_policy.sweep_is_silent.notification_channels) == 2
    error_message = "Nobody is told that the sweep does not run."
  }

  assert {
    condition     = alltrue([for policy in values(google_monitoring_alert_policy.threshold) : policy.user_labels["application"] == "holt" && strcontains(policy.documentation[0].content, "docs/operations.md")])
    error_message = "An alert has no labels, or does not say where to read on."
  }

  assert {
    condition     = output.alerts["oldest-waiting"] == "Holt demo: Submissions wait to be graded"
    error_message = "An alert is not titled by its environment."
  }
}

run "the_queue_is_watched_by_the_age_that_the_sweep_tells" {
  command = apply

  variables {
    oldest_waiting_seconds = 120
  }

  assert {
    condition     = google_logging_metric.distribution["oldest-waiting"].value_extractor == "EXTRACT(jsonPayload.oldestWaitingSeconds)"
    error_message = "The age is not read from the log."
  }

  assert {
    condition = (
      google_monitoring_alert_policy.threshold["oldest-waiting"].conditions[0].condition_threshold[0].threshold_value == 120 &&
      strcontains(google_monitoring_alert_policy.threshold["oldest-waiting"].conditions[0].condition_threshold[0].filter, "user/holt-oldest-waiting\"")
    )
    error_message = "The alert does not watch the metric at its threshold."
  }

  assert {
    condition     = google_monitoring_alert_policy.threshold["submit-to-grade"].conditions[0].condition_threshold[0].aggregations[0].cross_series_reducer == "REDUCE_PERCENTILE_95"
    error_message = "The time to a grade is not watched at its 95th percentile."
  }
}

run "subscriptions_are_watched_by_their_own_names" {
  command = apply

  assert {
    condition     = strcontains(google_monitoring_alert_policy.threshold["undelivered"].conditions[0].condition_threshold[0].filter, "full_match(\"eventarc-us-central1-record-sub-001|submitted-dispatch\")")
    error_message = "A subscription is not watched."
  }
}

run "dead_letters_are_watched_where_there_are_some" {
  command = apply

  variables {
    dead_letter_subscriptions = { submitted = "projects/holt-demo/subscriptions/dead-letters" }
  }

  assert {
    condition     = strcontains(google_monitoring_alert_policy.threshold["dead-letters"].conditions[0].condition_threshold[0].filter, "full_match(\"dead-letters\")")
    error_message = "Dead letters are not watched."
  }
}

run "the_audit_log_is_locked_apart_and_nowhere_else" {
  command = apply

  assert {
    condition     = google_logging_project_bucket_config.audit.locked && google_logging_project_bucket_config.audit.retention_days == 400 && google_logging_project_bucket_config.audit.location == "us-central1"
    error_message = "The audit log can be changed, or is kept too short or elsewhere."
  }

  assert {
    condition     = google_logging_project_sink.audit.destination == "logging.googleapis.com/projects/holt-demo/locations/us-central1/buckets/holt-audit"
    error_message = "Audit entries go elsewhere."
  }

  assert {
    condition     = google_logging_project_sink.audit.filter == "resource.type=\"cloud_run_revision\" AND resource.labels.service_name=\"audit\" AND jsonPayload.message=\"audited\"" && google_logging_project_exclusion.audit.filter == google_logging_project_sink.audit.filter
    error_message = "What is exported is not what is kept out of the ordinary log."
  }
}

run "a_budget_tells_before_it_is_spent" {
  command = apply

  assert {
    condition     = google_billing_budget.this[0].amount[0].specified_amount[0].units == "200" && google_billing_budget.this[0].budget_filter[0].projects == toset(["projects/123456789012"])
    error_message = "The budget is another one, or of another project."
  }

  assert {
    condition     = toset([for rule in google_billing_budget.this[0].threshold_rules : rule.threshold_percent]) == toset([0.5, 0.9, 1])
    error_message = "Nobody is told before the budget is spent."
  }
}

run "environments_of_one_project_do_not_see_each_other" {
  command = apply

  variables {
    prefix = "demo-"
    services = {
      audit    = "demo-audit"
      dispatch = "demo-dispatch"
      exchange = "demo-exchange"
      passback = "demo-passback"
      record   = "demo-record"
      sweep    = "demo-sweep"
    }
  }

  assert {
    condition     = alltrue([for metric in concat(values(google_logging_metric.distribution), values(google_logging_metric.counter)) : startswith(metric.name, "demo-holt-") && strcontains(metric.filter, "demo-")])
    error_message = "A metric counts what another environment logs."
  }

  assert {
    condition     = google_logging_project_bucket_config.audit.bucket_id == "demo-holt-audit" && google_billing_budget.this[0].budget_filter[0].labels["environment"] == "demo"
    error_message = "Audit log or budget are shared."
  }
}

run "no_budget_without_a_billing_account" {
  command = apply

  variables {
    budget = null
  }

  assert {
    condition     = length(google_billing_budget.this) == 0
    error_message = "A budget was made of nothing."
  }
}

run "wrong_values_are_refused" {
  command = plan

  variables {
    alert_emails           = ["nobody"]
    slack_channels         = ["#holt"]
    budget                 = { billing_account = "mine", amount = 1 }
    failures               = { infrastructure = 5 }
    services               = { exchange = "exchange" }
    oldest_waiting_seconds = 5
    audit_log              = { retention_days = 1 }
    subscriptions          = {}
    prefix                 = "demo"
    labels                 = { "A b" = "c" }
  }

  expect_failures = [
    var.alert_emails, var.slack_channels, var.budget, var.failures, var.services, var.oldest_waiting_seconds,
    var.audit_log, var.subscriptions, var.prefix, var.labels,
  ]
}
