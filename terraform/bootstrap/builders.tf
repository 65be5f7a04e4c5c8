/*
 * One identity for each kind of build. A pull request brings its own build file, so what keeps secrets from it is that its
 * identity may read none, and write nothing but its log.
 */

resource "google_service_account" "builder" {
  for_each = {
    check   = "Builds of pull requests: no secret, no image"
    release = "Builds of main: push images, deploy them"
    tag     = "Builds of tags: name images, publish the release"
  }

  project      = var.project_id
  account_id   = "holt-build-${each.key}"
  display_name = "Holt: ${each.value}"

  depends_on = [google_project_service.this]
}

resource "google_project_iam_member" "builder_log" {
  for_each = google_service_account.builder

  project = var.project_id
  role    = "roles/logging.logWriter"
  member  = each.value.member
}

resource "google_artifact_registry_repository_iam_member" "builders" {
  for_each = toset(["release", "tag"])

  project    = var.project_id
  location   = var.region
  repository = google_artifact_registry_repository.images.name
  role       = "roles/artifactregistry.writer"
  member     = google_service_account.builder[each.value].member
}

# Whoever has Cloud Run run an image must be able to read it.
resource "google_artifact_registry_repository_iam_member" "deployer" {
  project    = var.project_id
  location   = var.region
  repository = google_artifact_registry_repository.images.name
  role       = "roles/artifactregistry.reader"
  member     = google_service_account.deployer.member
}

locals {
  # Which build reads which secret.
  secret_readers = {
    github-app-key = ["release"]
    release-token  = ["tag"]
    slack-webhook  = ["release", "tag"]
  }
}

# Containers only: what is in them comes by hand, so that no state has it.
resource "google_secret_manager_secret" "build" {
  for_each = local.secret_readers

  project   = var.project_id
  secret_id = "holt-${each.key}"
  labels    = var.labels

  replication {
    user_managed {
      replicas {
        location = var.region
      }
    }
  }

  depends_on = [google_project_service.this]
}

resource "google_secret_manager_secret_iam_member" "builders" {
  for_each = merge([for secret, builders in local.secret_readers : { for builder in builders : "${secret} ${builder}" => { secret = secret, builder = builder } }]...)

  project   = var.project_id
  secret_id = google_secret_manager_secret.build[each.value.secret].secret_id
  role      = "roles/secretmanager.secretAccessor"
  member    = google_service_account.builder[each.value.builder].member
}
