mock_provider "google" {}

variables {
  project_id     = "your-project"
  project_number = "123456789012"
  region         = "us-central1"
  image          = "us-central1-docker.pkg.dev/your-project/holt/functions@sha256:0000000000000000000000000000000000000000000000000000000000000000"
  database       = "(default)"
  results_bucket = "your-project-holt-results"
  exchange       = { min_instances = 1, max_instances = 40, timeout_seconds = 300 }
  identities     = { for stage in ["audit", "dispatch", "exchange", "passback", "record", "sweep"] : stage => "holt-${stage}@your-project.iam.gserviceaccount.com" }
  deployers      = ["serviceAccount:holt-deployer@your-project.iam.gserviceaccount.com"]
  functions = { for stage in ["audit", "dispatch", "exchange", "passback", "record", "sweep"] : stage => {
    settings   = { GCP_PROJECT_ID = "your-project" }
    secrets    = stage == "exchange" ? { JUPYTERHUB_API_TOKEN = { secret = "hub-token", version = 2 } } : {}
    subnetwork = { network = "holt", subnetwork = "holt-inside" }
  } }
}

run "is_one_image_for_six_functions" {
  command = plan

  assert {
    condition     = alltrue([for stage, service in google_cloud_run_v2_service.this : contains([for env in service.template[0].containers[0].env : "${env.name}=${env.value}" if env.value != null], "FUNCTION_TARGET=${stage}") && service.template[0].containers[0].image == var.image])
    error_message = "Each service is told which function it is."
  }
  assert {
    condition     = [for stage, service in google_cloud_run_v2_service.this : stage if service.ingress == "INGRESS_TRAFFIC_ALL"] == ["exchange"]
    error_message = "Only exchange is reached from outside."
  }
  assert {
    condition     = alltrue([for service in google_cloud_run_v2_service.this : service.template[0].vpc_access[0].egress == "ALL_TRAFFIC"])
    error_message = "No function reaches anything but through its subnet."
  }
}

run "hears_of_each_collection_by_itself" {
  command = plan

  assert {
    condition     = alltrue([for trigger in google_eventarc_trigger.documents : length([for one in trigger.matching_criteria : one if one.attribute == "document" && can(regex("^[A-Za-z]+/[{]id[}]$", one.value)) && one.operator == "match-path-pattern"]) == 1])
    error_message = "A trigger names one collection."
  }
  assert {
    condition     = length(google_eventarc_trigger.documents) == 9
    error_message = "Eight collections are audited, and passbacks are sent too."
  }
}

run "lets_a_deployer_set_images_and_no_more" {
  command = plan

  assert {
    condition     = toset([for grant in google_cloud_run_v2_service_iam_member.releases : "${grant.name} ${grant.role}"]) == toset([for stage in ["audit", "dispatch", "exchange", "passback", "record", "sweep"] : "${stage} roles/run.developer"])
    error_message = "A deployer develops each service."
  }
}

run "refuses_the_newest_version_of_a_secret" {
  command = plan

  variables {
    functions = { for stage in ["audit", "dispatch", "exchange", "passback", "record", "sweep"] : stage => {
      settings   = {}
      secrets    = stage == "exchange" ? { JUPYTERHUB_API_TOKEN = { secret = "hub-token", version = 0 } } : {}
      subnetwork = { network = "holt", subnetwork = "holt-inside" }
    } }
  }

  expect_failures = [var.functions]
}

run "refuses_a_bucket_that_is_not_of_results_alone" {
  command = plan

  variables {
    results_bucket = "your-project-holt-work"
  }

  expect_failures = [var.results_bucket]
}
