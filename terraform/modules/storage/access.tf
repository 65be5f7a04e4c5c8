locals {
  # Who may do what: bucket, identity, role, and the folder it is limited to.
  grants = {
    # Notebooks are written once. Nothing that is public can read or remove a submitted one.
    exchange_writes       = { bucket = "work", identity = "exchange", role = "roles/storage.objectCreator", folder = null }
    exchange_parks        = { bucket = "work", identity = "exchange", role = "roles/storage.objectUser", folder = "parked" }
    exchange_activities   = { bucket = "work", identity = "exchange", role = "roles/storage.objectUser", folder = "activities" }
    exchange_shows        = { bucket = "results", identity = "exchange", role = "roles/storage.objectViewer", folder = null }
    dispatch_reads        = { bucket = "work", identity = "dispatch", role = "roles/storage.objectViewer", folder = null }
    dispatch_writes       = { bucket = "work", identity = "dispatch", role = "roles/storage.objectCreator", folder = null }
    dispatch_signs        = { bucket = "results", identity = "dispatch", role = "roles/storage.objectCreator", folder = null }
    record_reads          = { bucket = "results", identity = "record", role = "roles/storage.objectViewer", folder = null }
    record_takes_archives = { bucket = "work", identity = "record", role = "roles/storage.objectViewer", folder = "activities" }
    record_keeps_archives = { bucket = "work", identity = "record", role = "roles/storage.objectCreator", folder = "autograders" }
    sweep_looks           = { bucket = "results", identity = "sweep", role = "roles/storage.objectViewer", folder = null }
  }
}

resource "google_storage_bucket_iam_member" "this" {
  for_each = local.grants

  bucket = each.value.bucket == "work" ? google_storage_bucket.work.name : google_storage_bucket.results.name
  role   = each.value.role
  member = "serviceAccount:${var.identities[each.value.identity]}"

  dynamic "condition" {
    for_each = each.value.folder == null ? [] : [each.value.folder]

    content {
      title      = "only_${condition.value}"
      expression = local.in_folder[condition.value]
    }
  }
}
