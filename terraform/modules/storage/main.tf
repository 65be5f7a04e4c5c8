locals {
  buckets = {
    work    = "${var.prefix}${var.bucket}-work"
    results = "${var.prefix}${var.bucket}-results"
  }

  # Folders of domain/object-names.ts. Without the bucket's own name a missing object would be "forbidden", not "not found".
  in_folder = {
    for folder in ["activities", "autograders", "parked"] : folder =>
    "resource.name == \"projects/_/buckets/${local.buckets["work"]}\" || resource.name.startsWith(\"projects/_/buckets/${local.buckets["work"]}/objects/${folder}/\")"
  }
}

resource "google_storage_bucket" "work" {
  project                     = var.project_id
  name                        = local.buckets["work"]
  location                    = var.region
  labels                      = var.labels
  uniform_bucket_level_access = true
  public_access_prevention    = "enforced"
  force_destroy               = !var.deletion_protection

  soft_delete_policy {
    retention_duration_seconds = 14 * 24 * 3600
  }

  lifecycle_rule {
    action {
      type = "Delete"
    }
    condition {
      age            = var.parked_days
      matches_prefix = ["parked/"]
    }
  }

  lifecycle_rule {
    action {
      type = "Delete"
    }
    condition {
      age            = var.manifest_days
      matches_prefix = ["manifests/"]
    }
  }
}

# A bucket of its own: storage events filter by bucket only.
resource "google_storage_bucket" "results" {
  project                     = var.project_id
  name                        = local.buckets["results"]
  location                    = var.region
  labels                      = var.labels
  uniform_bucket_level_access = true
  public_access_prevention    = "enforced"
  force_destroy               = !var.deletion_protection

  soft_delete_policy {
    retention_duration_seconds = 14 * 24 * 3600
  }
}
