mock_provider "google" {}

variables {
  project_id = "your-project"
  prefix     = "data8-"
  readers    = { hub-token = "exchange", lti-key = "passback" }
  identities = {
    exchange = "holt-exchange@your-project.iam.gserviceaccount.com"
    passback = "holt-passback@your-project.iam.gserviceaccount.com"
  }
}

run "has_one_reader_for_each" {
  command = plan

  assert {
    condition     = { for name, grant in google_secret_manager_secret_iam_member.reads : grant.secret_id => grant.member } == { data8-hub-token = "serviceAccount:${var.identities.exchange}", data8-lti-key = "serviceAccount:${var.identities.passback}" }
    error_message = "Each secret is read by the one function that needs it."
  }
}

run "refuses_a_secret_for_the_grader" {
  command = plan

  variables {
    readers = { hub-token = "grader" }
  }

  expect_failures = [var.readers]
}
