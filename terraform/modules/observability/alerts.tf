locals {
  subscriptions = { for name, subscription in var.subscriptions : name => basename(subscription) }
  dead_letters  = { for name, subscription in var.dead_letter_subscriptions : name => basename(subscription) }

  # What each alert means and what to do stands in docs/operations.md under its title.
  thresholds = merge(
    {
      oldest-waiting = {
        title    = "Submissions wait to be graded"
        severity = "CRITICAL"
        about    = "The oldest entry of the queue has been due for more than ${var.oldest_waiting_seconds} seconds. Nothing is lost. Look at the dispatch function's log and the grader job's executions: is a quota used up, is the image gone, can executions not start?"
        filter   = local.metric["oldest-waiting"]
        above    = var.oldest_waiting_seconds
        aligner  = "ALIGN_PERCENTILE_99"
        reducer  = "REDUCE_MAX"
        period   = "120s"
        duration = "0s"
        by       = []
      }
      submit-to-grade = {
        title    = "Grades come late"
        severity = "WARNING"
        about    = "One grade in twenty took longer than ${var.submit_to_grade_seconds} seconds from submit. Compare the queue's age with the executions' start times: raise grader.parallel_tasks with its quota, or grader.submissions_per_task."
        filter   = local.metric["submit-to-grade"]
        above    = var.submit_to_grade_seconds
        aligner  = "ALIGN_DELTA"
        reducer  = "REDUCE_PERCENTILE_95"
        period   = "600s"
        duration = "0s"
        by       = []
      }
      failed-passbacks = {
        title    = "Scores do not reach the LMS"
        severity = "ERROR"
        about    = "The LMS refused a score, or did not take it for 48 hours. Its own words are on the course's staff page; when the reason is mended, send again with `npm run holt -- resend COURSE`."
        filter   = local.metric["failed-passbacks"]
        above    = 0
        aligner  = "ALIGN_DELTA"
        reducer  = "REDUCE_SUM"
        period   = "600s"
        duration = "0s"
        by       = []
      }
      given-up = {
        title    = "Submissions are given up"
        severity = "CRITICAL"
        about    = "Three started runs and two hours gave no score. The student was told that it is not their fault. Look at the grader job's log of the last run; after mending, the student submits again or staff regrades."
        filter   = local.metric["given-up"]
        above    = 0
        aligner  = "ALIGN_DELTA"
        reducer  = "REDUCE_SUM"
        period   = "600s"
        duration = "0s"
        by       = []
      }
      dropped-events = {
        title    = "Events are dropped"
        severity = "ERROR"
        about    = "A function could not take an event and never will. The function's log names the event and the reason; the sweep replays what can be replayed."
        filter   = local.metric["dropped-events"]
        above    = 0
        aligner  = "ALIGN_DELTA"
        reducer  = "REDUCE_SUM"
        period   = "600s"
        duration = "0s"
        by       = ["resource.label.service_name"]
      }
      undelivered = {
        title    = "Events are not delivered"
        severity = "ERROR"
        about    = "An event has waited for more than ${var.undelivered_seconds} seconds for the function it is meant for. Look at that function's log: does it start, does it answer, may its trigger call it? Pub/Sub goes on delivering meanwhile."
        filter   = "metric.type=\"pubsub.googleapis.com/subscription/oldest_unacked_message_age\" AND resource.type=\"pubsub_subscription\" AND resource.label.subscription_id=monitoring.regex.full_match(\"${join("|", sort(values(local.subscriptions)))}\")"
        above    = var.undelivered_seconds
        aligner  = "ALIGN_MAX"
        reducer  = "REDUCE_MAX"
        period   = "60s"
        duration = "120s"
        by       = ["resource.label.subscription_id"]
      }
      server-errors = {
        title    = "The exchange fails"
        severity = "CRITICAL"
        about    = "The exchange answered more than five requests in five minutes with an error of its own. Students cannot submit, or see no status. Its log has each problem by its trace."
        filter   = "metric.type=\"run.googleapis.com/request_count\" AND resource.type=\"cloud_run_revision\" AND resource.label.service_name=\"${var.services.exchange}\" AND metric.label.response_code_class=\"5xx\""
        above    = 5
        aligner  = "ALIGN_DELTA"
        reducer  = "REDUCE_SUM"
        period   = "300s"
        duration = "0s"
        by       = []
      }
    },
    { for cause, count in var.failures : "failures-${cause}" => {
      title    = "Runs fail: ${cause}"
      severity = cause == "limit" ? "WARNING" : "ERROR"
      about    = local.causes[cause]
      filter   = "${local.metric["runs"]} AND metric.label.cause=\"${cause}\""
      above    = count - 1
      aligner  = "ALIGN_DELTA"
      reducer  = "REDUCE_SUM"
      period   = "600s"
      duration = "0s"
      by       = []
    } },
    { for name in length(local.dead_letters) == 0 ? [] : ["dead-letters"] : name => {
      title    = "Events lie in the dead letters"
      severity = "ERROR"
      about    = "Pub/Sub gave up on delivering an event. The sweep replays what it stood for; the dead-letter subscription still has it, to see why."
      filter   = "metric.type=\"pubsub.googleapis.com/subscription/num_undelivered_messages\" AND resource.type=\"pubsub_subscription\" AND resource.label.subscription_id=monitoring.regex.full_match(\"${join("|", sort(values(local.dead_letters)))}\")"
      above    = 0
      aligner  = "ALIGN_MAX"
      reducer  = "REDUCE_MAX"
      period   = "60s"
      duration = "0s"
      by       = ["resource.label.subscription_id"]
    } },
  )

  causes = {
    autograder     = "An archive failed while it graded, so that no student gets a score from it. The course's staff page names the assignment and has the log: mend the archive in the course's repository."
    infrastructure = "Runs failed through no fault of notebook or archive; they are tried again. Look at the grader job's log."
    limit          = "Many notebooks reach a limit of time or memory, and are scored as they stood then. If the assignment needs more, raise its limits in the course's config; npm run check-course suggests them."
  }
}

resource "google_monitoring_alert_policy" "threshold" {
  for_each = local.thresholds

  project               = var.project_id
  display_name          = "Holt ${var.environment}: ${each.value.title}"
  combiner              = "OR"
  severity              = each.value.severity
  notification_channels = local.channels
  user_labels           = var.labels

  conditions {
    display_name = each.value.title

    condition_threshold {
      filter                  = each.value.filter
      comparison              = "COMPARISON_GT"
      threshold_value         = each.value.above
      duration                = each.value.duration
      evaluation_missing_data = each.value.duration == "0s" ? null : "EVALUATION_MISSING_DATA_INACTIVE"

      aggregations {
        alignment_period     = each.value.period
        per_series_aligner   = each.value.aligner
        cross_series_reducer = each.value.reducer
        group_by_fields      = each.value.by
      }

      trigger {
        count = 1
      }
    }
  }

  alert_strategy {
    auto_close = "86400s"
  }

  documentation {
    subject   = "Holt ${var.environment}: ${each.value.title}"
    content   = "${each.value.about}\n\nMore: docs/operations.md, Alerts."
    mime_type = "text/markdown"
  }
}

# Without the sweep nothing is replayed, and nobody tells how long the queue waits.
resource "google_monitoring_alert_policy" "sweep_is_silent" {
  project               = var.project_id
  display_name          = "Holt ${var.environment}: The sweep does not run"
  combiner              = "OR"
  severity              = "CRITICAL"
  notification_channels = local.channels
  user_labels           = var.labels

  conditions {
    display_name = "No successful run for ten minutes"

    condition_absent {
      filter   = "metric.type=\"run.googleapis.com/request_count\" AND resource.type=\"cloud_run_revision\" AND resource.label.service_name=\"${var.services.sweep}\" AND metric.label.response_code_class=\"2xx\""
      duration = "600s"

      aggregations {
        alignment_period     = "60s"
        per_series_aligner   = "ALIGN_DELTA"
        cross_series_reducer = "REDUCE_SUM"
      }

      trigger {
        count = 1
      }
    }
  }

  alert_strategy {
    auto_close = "86400s"
  }

  documentation {
    subject   = "Holt ${var.environment}: The sweep does not run"
    content   = "The sweep should run each minute and has not answered for ten. Look at the scheduler's job, then at the sweep function's log.\n\nMore: docs/operations.md, Alerts."
    mime_type = "text/markdown"
  }
}
