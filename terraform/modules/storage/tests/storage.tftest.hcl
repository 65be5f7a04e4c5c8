mock_provider "google" {}

variables {
  project_id = "your-project"
  region     = "us-central1"
  prefix     = "data8-"
  bucket     = "your-project-holt"
  identities = {
    dispatch = "holt-dispatch@your-project.iam.gserviceaccount.com"
    exchange = "holt-exchange@your-project.iam.gserviceaccount.com"
    record   = "holt-record@your-project.iam.gserviceaccount.com"
    sweep    = "holt-sweep@your-project.iam.gserviceaccount.com"
  }
}

run "ends_what_is_parked_and_nothing_that_was_submitted" {
  command = plan

  assert {
    condition     = toset(flatten([for rule in google_storage_bucket.work.lifecycle_rule : rule.condition[0].matches_prefix])) == toset(["parked/", "manifests/"]) && length(google_storage_bucket.results.lifecycle_rule) == 0
    error_message = "The lifecycle ends parked notebooks and manifests only."
  }
}

run "lets_exchange_read_no_submitted_notebook" {
  command = plan

  assert {
    condition = alltrue([for grant in values(google_storage_bucket_iam_member.this) : (
      grant.role == "roles/storage.objectCreator" || grant.bucket == "data8-your-project-holt-results" || try(endswith(grant.condition[0].expression, "/objects/parked/\")") || endswith(grant.condition[0].expression, "/objects/activities/\")"), false)
    ) if grant.member == "serviceAccount:${var.identities.exchange}"])
    error_message = "exchange writes notebooks, and reads and removes only what is parked or an activity's."
  }
}

run "refuses_names_that_are_too_long_with_their_prefix" {
  command = plan

  variables {
    prefix = "data8-autumn26-"
    bucket = "a-university-with-a-long-name-data-science-1234"
  }

  expect_failures = [var.bucket]
}

run "refuses_to_end_a_notebook_that_may_still_be_claimed" {
  command = plan

  variables {
    parked_days = 14
  }

  expect_failures = [var.parked_days]
}
