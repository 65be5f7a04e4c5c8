mock_provider "google" {}

variables {
  project_id  = "your-project"
  region      = "us-central1"
  image       = "us-central1-docker.pkg.dev/your-project/holt/otter-grader@sha256:0000000000000000000000000000000000000000000000000000000000000000"
  parallelism = 100
  subnetwork  = { network = "holt", subnetwork = "holt-grader" }
  identities = {
    dispatch = "holt-dispatch@your-project.iam.gserviceaccount.com"
    grader   = "holt-grader@your-project.iam.gserviceaccount.com"
    sweep    = "holt-sweep@your-project.iam.gserviceaccount.com"
  }
}

run "grades_without_rights_and_without_a_second_try" {
  command = plan

  assert {
    condition     = google_cloud_run_v2_job.grader.template[0].template[0].max_retries == 0 && google_cloud_run_v2_job.grader.template[0].template[0].service_account == var.identities.grader
    error_message = "The job tries once, as the grader."
  }
  assert {
    condition     = length(google_cloud_run_v2_job.grader.template[0].template[0].containers[0].env) == 0
    error_message = "Nothing is told to the job but by dispatch."
  }
  assert {
    condition     = !contains([for grant in values(google_cloud_run_v2_job_iam_member.this) : grant.member], "serviceAccount:${var.identities.grader}")
    error_message = "The grader has no role on its own job."
  }
}

run "stays_on_its_own_network" {
  command = plan

  assert {
    condition     = google_cloud_run_v2_job.grader.template[0].template[0].vpc_access[0].egress == "ALL_TRAFFIC" && google_cloud_run_v2_job.grader.template[0].template[0].vpc_access[0].network_interfaces[0].subnetwork == "holt-grader"
    error_message = "All traffic of the grader goes through its subnet."
  }
}

run "can_do_without" {
  command = plan

  variables {
    subnetwork = null
  }

  assert {
    condition     = length(google_cloud_run_v2_job.grader.template[0].template[0].vpc_access) == 0
    error_message = "Without a subnetwork it is on Cloud Run's own network."
  }
}

run "refuses_a_subnet_that_leads_further" {
  command = plan

  variables {
    subnetwork = { network = "holt", subnetwork = "holt-exchange" }
  }

  expect_failures = [var.subnetwork]
}

run "refuses_more_memory_than_its_processors_may_have" {
  command = plan

  variables {
    memory_gib = 8
  }

  expect_failures = [var.memory_gib]
}
