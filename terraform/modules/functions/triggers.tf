locals {
  created = "google.cloud.firestore.document.v1.created"
  written = "google.cloud.firestore.document.v1.written"

  # One trigger for each collection: a pattern over collections would have audit wake itself.
  # A passback is audited again in its final state; nothing else is edited.
  documents = {
    passback-passbacks = { stage = "passback", collection = "passbacks", type = local.created }
    audit-submissions  = { stage = "audit", collection = "submissions", type = local.created }
    audit-refusals     = { stage = "audit", collection = "refusals", type = local.created }
    audit-parked       = { stage = "audit", collection = "parked", type = local.created }
    audit-results      = { stage = "audit", collection = "results", type = local.created }
    audit-failures     = { stage = "audit", collection = "failures", type = local.created }
    audit-staffactions = { stage = "audit", collection = "staffActions", type = local.created }
    audit-changes      = { stage = "audit", collection = "changes", type = local.created }
    audit-passbacks    = { stage = "audit", collection = "passbacks", type = local.written }
  }
  triggered = toset(["audit", "passback", "record"])
}

# What is not taken comes again for a day, with growing pauses: Eventarc's own subscriptions retry by themselves.
resource "google_eventarc_trigger" "documents" {
  for_each = local.documents

  project                 = var.project_id
  name                    = "${var.prefix}${each.key}"
  location                = var.region
  labels                  = var.labels
  service_account         = var.identities[each.value.stage]
  event_data_content_type = "application/protobuf"

  matching_criteria {
    attribute = "type"
    value     = each.value.type
  }

  matching_criteria {
    attribute = "database"
    value     = var.database
  }

  matching_criteria {
    attribute = "document"
    value     = "${var.prefix}${each.value.collection}/{id}"
    operator  = "match-path-pattern"
  }

  destination {
    cloud_run_service {
      service = google_cloud_run_v2_service.this[each.value.stage].name
      region  = var.region
    }
  }

  depends_on = [google_project_iam_member.receives_events, google_cloud_run_v2_service_iam_member.calls_itself]
}

resource "google_eventarc_trigger" "results" {
  project                 = var.project_id
  name                    = "${var.prefix}record-results"
  location                = var.region
  labels                  = var.labels
  service_account         = var.identities["record"]
  event_data_content_type = "application/json"

  matching_criteria {
    attribute = "type"
    value     = "google.cloud.storage.object.v1.finalized"
  }

  matching_criteria {
    attribute = "bucket"
    value     = var.results_bucket
  }

  destination {
    cloud_run_service {
      service = google_cloud_run_v2_service.this["record"].name
      region  = var.region
    }
  }

  depends_on = [
    google_project_iam_member.receives_events,
    google_project_iam_member.storage_tells,
    google_cloud_run_v2_service_iam_member.calls_itself,
  ]
}

resource "google_project_iam_member" "receives_events" {
  for_each = local.triggered

  project = var.project_id
  role    = "roles/eventarc.eventReceiver"
  member  = "serviceAccount:${var.identities[each.value]}"
}

# A trigger calls the function as the function's own identity.
resource "google_cloud_run_v2_service_iam_member" "calls_itself" {
  for_each = local.triggered

  project  = var.project_id
  location = var.region
  name     = google_cloud_run_v2_service.this[each.value].name
  role     = "roles/run.invoker"
  member   = "serviceAccount:${var.identities[each.value]}"
}

# Cloud Storage's own agent tells of finished objects through a topic that Eventarc makes.
resource "google_project_iam_member" "storage_tells" {
  project = var.project_id
  role    = "roles/pubsub.publisher"
  member  = "serviceAccount:service-${var.project_number}@gs-project-accounts.iam.gserviceaccount.com"
}
