locals {
  purposes = {
    exchange  = "Takes notebooks and shows grades"
    dispatch  = "Starts the grading job"
    record    = "Records results"
    passback  = "Sends scores to the LMS"
    audit     = "Keeps the audit entries"
    sweep     = "Replays what was left behind"
    grader    = "Runs the grading job; has no role"
    push      = "Wakes dispatch"
    scheduler = "Calls the sweep"
  }

  # Built from the account, so that a plan knows it before the account exists.
  identities = { for name, account in google_service_account.this : name => "${account.account_id}@${var.project_id}.iam.gserviceaccount.com" }
}

resource "google_service_account" "this" {
  for_each = local.purposes

  project      = module.project_services.project_id
  account_id   = "${local.prefix}holt-${each.key}"
  display_name = "Holt ${each.key}"
  description  = each.value
}

# Signed URLs are signed by the account itself, through the IAM credentials API: there is no key.
resource "google_service_account_iam_member" "dispatch_signs_urls" {
  service_account_id = "projects/${var.project_id}/serviceAccounts/${local.identities["dispatch"]}"
  role               = "roles/iam.serviceAccountTokenCreator"
  member             = "serviceAccount:${local.identities["dispatch"]}"
}
