resource "google_cloud_scheduler_job" "sweep" {
  project     = var.project_id
  region      = var.region
  name        = "${var.prefix}sweep"
  description = "Replays what was left behind, once a minute"
  schedule    = "* * * * *"
  time_zone   = "Etc/UTC"

  # As long as the function may take: a call that is cut off would be a sweep that was not finished.
  attempt_deadline = "540s"

  # The next minute tries again.
  retry_config {
    retry_count = 0
  }

  http_target {
    uri         = "${var.service.uri}/"
    http_method = "POST"
    body        = base64encode("{}")

    # The function takes CloudEvents.
    headers = {
      "Content-Type"   = "application/json"
      "ce-id"          = "sweep"
      "ce-source"      = "//cloudscheduler.googleapis.com/projects/${var.project_id}/locations/${var.region}/jobs/${var.prefix}sweep"
      "ce-specversion" = "1.0"
      "ce-type"        = "google.cloud.scheduler.job.v1.executed"
    }

    oidc_token {
      service_account_email = var.identities["scheduler"]
      audience              = var.service.uri
    }
  }

  depends_on = [google_cloud_run_v2_service_iam_member.calls_sweep]
}

resource "google_cloud_run_v2_service_iam_member" "calls_sweep" {
  project  = var.project_id
  location = var.region
  name     = var.service.name
  role     = "roles/run.invoker"
  member   = "serviceAccount:${var.identities["scheduler"]}"
}
