locals {
  # Topics as adapters/google/wake-ups.ts names them: who publishes, which function takes it, and as whom it is called.
  # A stage's replays come as the stage itself, as its triggers' events do.
  topics = {
    dispatch        = { publishers = ["exchange", "record", "sweep"], stage = "dispatch", caller = "push" }
    replay-record   = { publishers = ["sweep"], stage = "record", caller = "record" }
    replay-passback = { publishers = ["sweep"], stage = "passback", caller = "passback" }
    replay-audit    = { publishers = ["sweep"], stage = "audit", caller = "audit" }
  }
  publishers = merge([for topic, it in local.topics : { for publisher in it.publishers : "${publisher} ${topic}" => { topic = topic, publisher = publisher } }]...)
  agent      = "service-${var.project_number}@gcp-sa-pubsub.iam.gserviceaccount.com"
}

resource "google_pubsub_topic" "this" {
  for_each = local.topics

  project = var.project_id
  name    = "${var.prefix}${each.key}"
  labels  = var.labels
}

resource "google_pubsub_topic_iam_member" "publishes" {
  for_each = local.publishers

  project = var.project_id
  topic   = google_pubsub_topic.this[each.value.topic].name
  role    = "roles/pubsub.publisher"
  member  = "serviceAccount:${var.identities[each.value.publisher]}"
}

resource "google_pubsub_subscription" "push" {
  for_each = local.topics

  project = var.project_id
  name    = "${var.prefix}${each.key}-push"
  topic   = google_pubsub_topic.this[each.key].name
  labels  = var.labels

  # A dispatcher works for four minutes; a push that takes longer than this is cut off and comes again.
  ack_deadline_seconds = 600

  # The queue is the truth and the sweep sends again each minute: what is older is worth nothing.
  message_retention_duration = "600s"

  retry_policy {
    minimum_backoff = "10s"
    maximum_backoff = "120s"
  }

  expiration_policy {
    ttl = ""
  }

  push_config {
    push_endpoint = "${var.services[each.value.stage].uri}/"

    oidc_token {
      service_account_email = var.identities[each.value.caller]
      audience              = var.services[each.value.stage].uri
    }
  }

  depends_on = [google_cloud_run_v2_service_iam_member.wakes_dispatch, google_service_account_iam_member.agent_makes_tokens]
}

resource "google_cloud_run_v2_service_iam_member" "wakes_dispatch" {
  project  = var.project_id
  location = var.region
  name     = var.services["dispatch"].name
  role     = "roles/run.invoker"
  member   = "serviceAccount:${var.identities["push"]}"
}

resource "google_service_account_iam_member" "agent_makes_tokens" {
  for_each = toset([for topic in values(local.topics) : topic.caller])

  service_account_id = "projects/${var.project_id}/serviceAccounts/${var.identities[each.value]}"
  role               = "roles/iam.serviceAccountTokenCreator"
  member             = "serviceAccount:${local.agent}"
}
