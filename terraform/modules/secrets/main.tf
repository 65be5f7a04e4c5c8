# Containers only: their versions are added by hand, so that no secret is in a state or a plan.
resource "google_secret_manager_secret" "this" {
  for_each = var.readers

  project             = var.project_id
  secret_id           = "${var.prefix}${each.key}"
  labels              = var.labels
  deletion_protection = var.deletion_protection

  replication {
    auto {}
  }
}

resource "google_secret_manager_secret_iam_member" "reads" {
  for_each = var.readers

  project   = var.project_id
  secret_id = google_secret_manager_secret.this[each.key].secret_id
  role      = "roles/secretmanager.secretAccessor"
  member    = "serviceAccount:${var.identities[each.value]}"
}
