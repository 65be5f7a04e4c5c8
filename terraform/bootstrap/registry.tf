# Nothing is deployed by a tag, so tags may move; a running revision keeps its own copy of its image.
resource "google_artifact_registry_repository" "images" {
  project                = var.project_id
  location               = var.region
  repository_id          = "holt"
  description            = "Images of Holt: functions and otter-grader"
  format                 = "DOCKER"
  cleanup_policy_dry_run = false
  labels                 = var.labels

  cleanup_policies {
    id     = "keep-releases"
    action = "KEEP"
    condition {
      tag_state    = "TAGGED"
      tag_prefixes = ["v"]
    }
  }

  cleanup_policies {
    id     = "keep-newest"
    action = "KEEP"
    most_recent_versions {
      keep_count = 100
    }
  }

  cleanup_policies {
    id     = "delete-old"
    action = "DELETE"
    condition {
      tag_state  = "ANY"
      older_than = "${180 * 24 * 3600}s"
    }
  }

  depends_on = [google_project_service.this]
}

# Cloud Run pulls with an agent of its own, so no identity of ours reads images. Within one project it may do so already.
resource "google_artifact_registry_repository_iam_member" "run_agents" {
  for_each = var.environment_project_numbers

  project    = var.project_id
  location   = var.region
  repository = google_artifact_registry_repository.images.name
  role       = "roles/artifactregistry.reader"
  member     = "serviceAccount:service-${each.value}@serverless-robot-prod.iam.gserviceaccount.com"
}
