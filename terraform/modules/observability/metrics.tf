locals {
  of = { for function, service in var.services : function => "resource.type=\"cloud_run_revision\" AND resource.labels.service_name=\"${service}\"" }

  # Each is one sentence of a function's log, and what is read out of it.
  distributions = {
    oldest-waiting = {
      description = "Age of the oldest entry of the queue that is due and not started, in seconds."
      filter      = "${local.of.sweep} AND jsonPayload.message=\"entries wait\""
      value       = "EXTRACT(jsonPayload.oldestWaitingSeconds)"
    }
    submit-to-grade = {
      description = "Seconds from a submission's place in the queue to its recorded grade."
      filter      = "${local.of.record} AND jsonPayload.message=\"result recorded\" AND jsonPayload.outcome=\"recorded\" AND jsonPayload.submitToGradeSeconds>=0"
      value       = "EXTRACT(jsonPayload.submitToGradeSeconds)"
    }
  }

  counters = {
    runs = {
      description = "Recorded runs, by cause."
      filter      = "${local.of.record} AND ((jsonPayload.message=\"result recorded\" AND jsonPayload.outcome=\"recorded\") OR (jsonPayload.message=\"run without a score recorded\" AND severity>=WARNING))"
      label       = "cause"
      value       = "EXTRACT(jsonPayload.cause)"
    }
    given-up = {
      description = "Submissions, inspections and creations that were given up."
      filter      = "${local.of.sweep} AND jsonPayload.message=~\" given up$\" AND severity>=ERROR"
      label       = null
      value       = null
    }
    failed-passbacks = {
      description = "Scores that will not reach the LMS by themselves."
      filter      = "${local.of.audit} AND jsonPayload.message=\"audited\" AND jsonPayload.entry.what=\"passback failed\""
      label       = null
      value       = null
    }
    dropped-events = {
      description = "Events that a function could not take and dropped."
      filter      = "resource.type=\"cloud_run_revision\" AND resource.labels.service_name=~\"^(${join("|", sort(values(var.services)))})$\" AND (jsonPayload.message=\"an event was refused and is dropped\" OR jsonPayload.message=~\"^dropped: \") AND severity>=ERROR"
      label       = null
      value       = null
    }
  }

  metric = merge(
    { for name, metric in google_logging_metric.distribution : name => "metric.type=\"logging.googleapis.com/user/${metric.name}\" AND resource.type=\"cloud_run_revision\"" },
    { for name, metric in google_logging_metric.counter : name => "metric.type=\"logging.googleapis.com/user/${metric.name}\" AND resource.type=\"cloud_run_revision\"" },
  )
}

resource "google_logging_metric" "distribution" {
  for_each = local.distributions

  project         = var.project_id
  name            = "${var.prefix}holt-${each.key}"
  description     = each.value.description
  filter          = each.value.filter
  value_extractor = each.value.value

  metric_descriptor {
    metric_kind = "DELTA"
    value_type  = "DISTRIBUTION"
    unit        = "s"
  }

  # A tenth apart, from a second to days: a percentile is read out of them.
  bucket_options {
    exponential_buckets {
      num_finite_buckets = 130
      growth_factor      = 1.1
      scale              = 1
    }
  }
}

resource "google_logging_metric" "counter" {
  for_each = local.counters

  project          = var.project_id
  name             = "${var.prefix}holt-${each.key}"
  description      = each.value.description
  filter           = each.value.filter
  label_extractors = each.value.label == null ? {} : { (each.value.label) = each.value.value }

  metric_descriptor {
    metric_kind = "DELTA"
    value_type  = "INT64"
    unit        = "1"

    dynamic "labels" {
      for_each = each.value.label == null ? [] : [each.value.label]

      content {
        key        = labels.value
        value_type = "STRING"
      }
    }
  }
}
