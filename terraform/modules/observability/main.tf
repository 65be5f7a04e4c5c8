/*
 * Who is told when something is wrong, and the audit log that nobody can change.
 *
 * The queue is the record store's, so how long it waits is told by the sweep's log once a minute; record tells how long
 * each grade took, audit what was decided. log-lines.test.ts holds these filters against the lines of the real stages.
 */

data "google_project" "this" {
  project_id = var.project_id
}

resource "google_monitoring_notification_channel" "email" {
  for_each = var.alert_emails

  project      = var.project_id
  display_name = "Holt ${var.environment}: ${each.value}"
  type         = "email"
  labels       = { email_address = each.value }
  user_labels  = var.labels
}

locals {
  emails   = [for channel in google_monitoring_notification_channel.email : channel.name]
  channels = concat(local.emails, sort(var.slack_channels))
}
