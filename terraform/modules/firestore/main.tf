locals {
  # What the code asks for: one file for the emulator, the tests and here.
  wanted = jsondecode(file("${path.module}/../../../firestore.indexes.json"))

  indexes = {
    for index in local.wanted.indexes :
    join(" ", concat([index.collectionGroup], [for field in index.fields : "${field.fieldPath}:${field.order}"])) => index
  }

  expiring = { for override in local.wanted.fieldOverrides : "${override.collectionGroup}.${override.fieldPath}" => override if try(override.ttl, false) }

  # No query asks for these; indexed, each entry of a list or an object in them would be written twice more.
  unindexed = {
    activities     = ["message"]
    audit          = ["details"]
    autograders    = ["problem", "questions", "unsupported"]
    courses        = ["archives", "config", "problem"]
    failures       = ["message"]
    grades         = ["score"]
    leases         = ["cursor"]
    passbacks      = ["message", "score"]
    queue          = ["claim", "waitingFor"]
    refusals       = ["message"]
    regradeChanges = ["after", "before", "gradeAfter", "gradeBefore"]
    regradeResults = ["message", "questions", "review", "score"]
    regrades       = ["applied", "submissionIds"]
    results        = ["message", "questions", "review", "score"]
    staffActions   = ["details"]
    submissions    = ["flags", "proof"]
  }
  exempt = merge([for collection, fields in local.unindexed : { for field in fields : "${collection}.${field}" => { collection = collection, field = field } }]...)
}

resource "google_firestore_database" "this" {
  project                           = var.project_id
  name                              = var.database
  location_id                       = var.region
  type                              = "FIRESTORE_NATIVE"
  point_in_time_recovery_enablement = "POINT_IN_TIME_RECOVERY_ENABLED"
  delete_protection_state           = var.deletion_protection ? "DELETE_PROTECTION_ENABLED" : "DELETE_PROTECTION_DISABLED"
  deletion_policy                   = var.deletion_protection ? "ABANDON" : "DELETE"
}

resource "google_firestore_backup_schedule" "daily" {
  project   = var.project_id
  database  = google_firestore_database.this.name
  retention = "${var.backup_retention_days * 24 * 3600}s"

  daily_recurrence {}
}

resource "google_firestore_index" "this" {
  for_each = local.indexes

  project     = var.project_id
  database    = google_firestore_database.this.name
  collection  = "${var.prefix}${each.value.collectionGroup}"
  query_scope = each.value.queryScope

  dynamic "fields" {
    for_each = each.value.fields

    content {
      field_path = fields.value.fieldPath
      order      = fields.value.order
    }
  }
}

resource "google_firestore_field" "expiring" {
  for_each = local.expiring

  project    = var.project_id
  database   = google_firestore_database.this.name
  collection = "${var.prefix}${each.value.collectionGroup}"
  field      = each.value.fieldPath

  ttl_config {}

  index_config {
    dynamic "indexes" {
      for_each = each.value.indexes

      content {
        order       = indexes.value.order
        query_scope = indexes.value.queryScope
      }
    }
  }
}

resource "google_firestore_field" "unindexed" {
  for_each = local.exempt

  project    = var.project_id
  database   = google_firestore_database.this.name
  collection = "${var.prefix}${each.value.collection}"
  field      = each.value.field

  # Empty: no index at all.
  index_config {}
}

# Firestore has no rights by collection; the condition keeps environments of one project apart.
resource "google_project_iam_member" "reads_and_writes" {
  for_each = toset(["audit", "dispatch", "exchange", "passback", "record", "sweep"])

  project = var.project_id
  role    = "roles/datastore.user"
  member  = "serviceAccount:${var.identities[each.value]}"

  condition {
    title      = "only_${var.database == "(default)" ? "default" : var.database}"
    expression = "resource.name == \"projects/${var.project_id}/databases/${google_firestore_database.this.name}\""
  }
}
