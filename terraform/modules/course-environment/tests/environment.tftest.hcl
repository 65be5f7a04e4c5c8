mock_provider "google" {}

variables {
  name       = "data8"
  project_id = "your-project"
  region     = "us-central1"
  images = {
    functions = "us-central1-docker.pkg.dev/your-project/holt/functions@sha256:0000000000000000000000000000000000000000000000000000000000000000"
    grader    = "us-central1-docker.pkg.dev/your-project/holt/otter-grader@sha256:0000000000000000000000000000000000000000000000000000000000000000"
  }
  hub          = { api_url = "https://hub.example.edu/hub/api", origins = ["https://hub.example.edu"] }
  courses      = { "8x" = "github.com/your-org/8x-autograders" }
  github       = { app_id = "123456", installation_id = "12345678" }
  alert_emails = ["course-staff@example.edu"]
}

run "has_its_project_alone" {
  command = plan

  assert {
    condition     = output.services["exchange"] == "exchange" && output.grader_job == "projects/your-project/locations/us-central1/jobs/grader"
    error_message = "An environment that has its project alone has no prefix."
  }
  assert {
    condition     = output.database == "(default)" && output.buckets.work == "your-project-holt-work" && output.buckets.results == "your-project-holt-results"
    error_message = "An environment that has its project alone has the project's own database."
  }
  assert {
    condition     = toset(output.secrets_to_fill) == toset([for name in ["github-app-key", "hub-token", "session-key"] : "gcloud secrets versions add ${name} --project=your-project --data-file=-"])
    error_message = "There is a secret for each thing that was asked for, and no other."
  }
}

run "shares_its_project" {
  command = plan

  variables {
    shares_project = true
    lti            = { consumer_key = "k", hosts = ["lms.example.edu:8443"] }
  }

  assert {
    condition     = output.services["exchange"] == "data8-exchange" && output.grader_job == "projects/your-project/locations/us-central1/jobs/data8-grader"
    error_message = "An environment that shares its project has its name before every name."
  }
  assert {
    condition     = output.database == "data8" && output.buckets.work == "data8-your-project-holt-work"
    error_message = "An environment that shares its project has a database and buckets of its own."
  }
  assert {
    condition     = contains(output.secrets_to_fill, "gcloud secrets versions add data8-lti-key --project=your-project --data-file=-")
    error_message = "With an LMS there is its secret."
  }
}

run "tells_the_hub_administrator" {
  command = apply

  variables {
    hub = { api_url = "https://hub.example.edu/hub/api", origins = ["https://hub.example.edu"], gofer_token_version = 3 }
  }

  assert {
    condition     = alltrue([for text in ["'name': 'otter_grade'", "'name': 'gofer_nb'", "'oauth_redirect_uri': '/services/gofer_nb/oauth_callback'", "'access:services!service=otter_grade'", "versions access 3 --secret=gofer-token", "/etc/holt/hub-token"] : strcontains(output.hub_config, text)])
    error_message = "The hub's configuration names both services, their roles and where their tokens are."
  }
}

run "refuses_tags" {
  command = plan

  variables {
    images = {
      functions = "us-central1-docker.pkg.dev/your-project/holt/functions:latest"
      grader    = "us-central1-docker.pkg.dev/your-project/holt/otter-grader@sha256:0000000000000000000000000000000000000000000000000000000000000000"
    }
  }

  expect_failures = [var.images]
}

run "refuses_a_name_that_service_accounts_have_no_room_for" {
  command = plan

  variables {
    name = "data8-fall-semester"
  }

  expect_failures = [var.name]
}

run "refuses_a_short_name_in_a_shared_project" {
  command = plan

  variables {
    name           = "d8"
    shares_project = true
  }

  expect_failures = [var.shares_project]
}

run "refuses_an_environment_that_nobody_can_log_in_to" {
  command = plan

  variables {
    hub = null
  }

  expect_failures = [var.moodle]
}

run "refuses_a_hub_without_an_origin" {
  command = plan

  variables {
    hub = { api_url = "https://hub.example.edu/hub/api", origins = [] }
  }

  expect_failures = [var.hub]
}

run "refuses_an_lms_without_a_host" {
  command = plan

  variables {
    lti = { consumer_key = "k" }
  }

  expect_failures = [var.lti]
}

run "refuses_a_course_that_no_deployment_can_read" {
  command = plan

  variables {
    courses = { "8x" = "/srv/courses/8x" }
  }

  expect_failures = [var.courses]
}

run "refuses_a_secret_among_the_settings" {
  command = plan

  variables {
    settings = { exchange = { HOLT_PROXY_SECRET = "a secret in a state" } }
  }

  expect_failures = [var.settings]
}

run "refuses_the_default_service_account" {
  command = plan

  variables {
    deployers = ["serviceAccount:123456789012-compute@developer.gserviceaccount.com"]
  }

  expect_failures = [var.deployers]
}
