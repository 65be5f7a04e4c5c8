locals {
  branch = "^${replace(var.main_branch, ".", "\\.")}$"
  images = "${var.region}-docker.pkg.dev/${var.project_id}/${google_artifact_registry_repository.images.repository_id}"
}

resource "google_cloudbuild_trigger" "pull_request" {
  project            = var.project_id
  location           = var.region
  name               = "holt-pull-request"
  description        = "Check a pull request, without secrets"
  filename           = "release/pull-request.yaml"
  service_account    = google_service_account.builder["check"].id
  include_build_logs = "INCLUDE_BUILD_LOGS_WITH_STATUS"

  repository_event_config {
    repository = var.connected_repository
    pull_request {
      branch = local.branch
      # What a stranger sends is built only after somebody of ours has looked at it.
      comment_control = "COMMENTS_ENABLED_FOR_EXTERNAL_CONTRIBUTORS_ONLY"
    }
  }
}

resource "google_cloudbuild_trigger" "main" {
  project         = var.project_id
  location        = var.region
  name            = "holt-main"
  description     = "Check, build and deploy to ${var.environment}"
  filename        = "cloudbuild.yaml"
  service_account = google_service_account.builder["release"].id

  repository_event_config {
    repository = var.connected_repository
    push {
      branch = local.branch
    }
  }

  approval_config {
    approval_required = var.needs_approval
  }

  substitutions = {
    _COURSES                = join(" ", var.courses)
    _ENVIRONMENT            = var.environment
    _GITHUB_APP_ID          = var.github_app.id
    _GITHUB_APP_KEY_VERSION = var.secret_versions["github-app-key"]
    _GITHUB_INSTALLATION_ID = var.github_app.installation_id
    _IMAGES                 = local.images
    _SLACK_WEBHOOK_VERSION  = var.secret_versions["slack-webhook"]
  }
}

resource "google_cloudbuild_trigger" "tag" {
  project         = var.project_id
  location        = var.region
  name            = "holt-tag"
  description     = "Name a commit's images and publish the release with its changelog"
  filename        = "release/tag.yaml"
  service_account = google_service_account.builder["tag"].id

  repository_event_config {
    repository = var.connected_repository
    push {
      tag = "^v[0-9]+\\.[0-9]+\\.[0-9]+$"
    }
  }

  substitutions = {
    _GITHUB_REPOSITORY     = var.github_repository
    _IMAGES                = local.images
    _RELEASE_TOKEN_VERSION = var.secret_versions["release-token"]
    _SLACK_WEBHOOK_VERSION = var.secret_versions["slack-webhook"]
  }
}
