locals {
  audit_entries = "${local.of.audit} AND jsonPayload.message=\"audited\""
}

# Beside the records: what is here, nobody can change or delete before its time, not even who owns the project.
resource "google_logging_project_bucket_config" "audit" {
  project        = var.project_id
  location       = var.region
  bucket_id      = "${var.prefix}holt-audit"
  description    = "Holt ${var.environment}: the audit log"
  retention_days = var.audit_log.retention_days
  locked         = var.audit_log.locked
}

resource "google_logging_project_sink" "audit" {
  project                = var.project_id
  name                   = "${var.prefix}holt-audit"
  description            = "Audit entries to their own bucket."
  destination            = "logging.googleapis.com/projects/${var.project_id}/locations/${var.region}/buckets/${google_logging_project_bucket_config.audit.bucket_id}"
  filter                 = local.audit_entries
  unique_writer_identity = true
}

# Who may read the ordinary log need not know who submitted what.
resource "google_logging_project_exclusion" "audit" {
  project     = var.project_id
  name        = "${var.prefix}holt-audit"
  description = "Audit entries are in their own bucket."
  filter      = local.audit_entries

  depends_on = [google_logging_project_sink.audit]
}
