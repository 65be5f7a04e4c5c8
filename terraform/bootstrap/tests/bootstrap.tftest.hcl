# The bucket of states cannot be destroyed, so nothing is applied, not even to a mock.
mock_provider "google" {
  override_during = plan

  mock_resource "google_service_account" {
    defaults = {
      id     = "projects/holt-builds/serviceAccounts/mock@holt-builds.iam.gserviceaccount.com"
      name   = "projects/holt-builds/serviceAccounts/mock@holt-builds.iam.gserviceaccount.com"
      email  = "mock@holt-builds.iam.gserviceaccount.com"
      member = "serviceAccount:mock@holt-builds.iam.gserviceaccount.com"
    }
  }

  mock_resource "google_iam_workload_identity_pool" {
    defaults = {
      name = "projects/123456789012/locations/global/workloadIdentityPools/holt-github"
    }
  }
}

variables {
  project_id           = "holt-builds"
  region               = "us-central1"
  github_repository    = "data-8/holt"
  github_owner_id      = "6285249"
  connected_repository = "projects/holt-builds/locations/us-central1/connections/github/repositories/holt"
  environment          = "staging"
  courses              = ["github.com/data-8/course", "github.com/data-8/another.course"]
  github_app           = { id = "1", installation_id = "2" }
  operators            = ["group:holt@example.edu"]
}

run "the_state_is_private_and_keeps_its_history" {
  command = plan

  assert {
    condition     = google_storage_bucket.state.versioning[0].enabled && google_storage_bucket.state.public_access_prevention == "enforced" && google_storage_bucket.state.uniform_bucket_level_access && !google_storage_bucket.state.force_destroy
    error_message = "The state could be read by anybody, or be lost."
  }

  assert {
    condition     = keys(google_storage_bucket_iam_member.operators) == ["group:holt@example.edu"]
    error_message = "Others than operators reach the state."
  }
}

run "the_registry_forgets_old_images_and_never_a_release" {
  command = plan

  assert {
    condition     = toset([for policy in google_artifact_registry_repository.images.cleanup_policies : "${policy.action} ${policy.id}"]) == toset(["KEEP keep-releases", "KEEP keep-newest", "DELETE delete-old"]) && !google_artifact_registry_repository.images.cleanup_policy_dry_run
    error_message = "The cleanup policy is another one."
  }

  assert {
    condition     = [for policy in google_artifact_registry_repository.images.cleanup_policies : policy.condition[0].tag_prefixes if policy.id == "keep-releases"][0] == tolist(["v"])
    error_message = "A release could be deleted."
  }
}

run "cloud_run_of_every_environment_may_pull" {
  command = plan

  variables {
    environment_project_numbers = ["999999999999"]
  }

  assert {
    condition     = [for reader in google_artifact_registry_repository_iam_member.run_agents : "${reader.role} ${reader.member}"] == ["roles/artifactregistry.reader serviceAccount:service-999999999999@serverless-robot-prod.iam.gserviceaccount.com"]
    error_message = "Cloud Run of an environment cannot pull images."
  }
}

run "a_pull_request_has_no_secret_and_waits_for_one_of_ours" {
  command = plan

  assert {
    condition     = google_cloudbuild_trigger.pull_request.repository_event_config[0].pull_request[0].comment_control == "COMMENTS_ENABLED_FOR_EXTERNAL_CONTRIBUTORS_ONLY" && google_cloudbuild_trigger.pull_request.repository_event_config[0].pull_request[0].branch == "^main$"
    error_message = "A stranger's pull request is built unasked."
  }

  assert {
    condition     = !anytrue([for key in concat(keys(google_secret_manager_secret_iam_member.builders), keys(google_artifact_registry_repository_iam_member.builders)) : endswith(key, "check")])
    error_message = "The builds of pull requests may read a secret or write an image."
  }

  assert {
    condition     = try(length(google_cloudbuild_trigger.pull_request.substitutions), 0) == 0
    error_message = "A pull request is told what it need not know."
  }
}

run "each_build_reads_its_own_secrets_only" {
  command = plan

  assert {
    condition     = toset(keys(google_secret_manager_secret_iam_member.builders)) == toset(["github-app-key release", "release-token tag", "slack-webhook release", "slack-webhook tag"])
    error_message = "A build reads another one's secret."
  }

  assert {
    condition     = toset(keys(google_secret_manager_secret.build)) == toset(["github-app-key", "release-token", "slack-webhook"])
    error_message = "There is a secret that nobody reads."
  }

  assert {
    condition     = alltrue([for log in values(google_project_iam_member.builder_log) : log.role == "roles/logging.logWriter"])
    error_message = "A build has more in the project than its log."
  }
}

run "a_tag_is_a_whole_version_and_main_is_one_branch" {
  command = plan

  variables {
    main_branch = "release.2"
  }

  assert {
    condition     = google_cloudbuild_trigger.tag.repository_event_config[0].push[0].tag == "^v[0-9]+\\.[0-9]+\\.[0-9]+$" && google_cloudbuild_trigger.main.repository_event_config[0].push[0].branch == "^release\\.2$"
    error_message = "Another branch or tag is built."
  }

  assert {
    condition     = google_cloudbuild_trigger.main.substitutions["_COURSES"] == "github.com/data-8/course github.com/data-8/another.course" && google_cloudbuild_trigger.main.substitutions["_IMAGES"] == "us-central1-docker.pkg.dev/holt-builds/holt"
    error_message = "The build is given other courses or images."
  }
}

run "only_main_of_this_repository_becomes_the_deployer" {
  command = plan

  assert {
    condition     = google_iam_workload_identity_pool_provider.github.attribute_condition == "assertion.repository == 'data-8/holt' && assertion.repository_owner_id == '6285249' && assertion.ref == 'refs/heads/main'"
    error_message = "Another repository or branch could deploy."
  }

  assert {
    condition     = google_service_account_iam_member.deployer.role == "roles/iam.workloadIdentityUser" && google_service_account_iam_member.deployer.member == "principalSet://iam.googleapis.com/projects/123456789012/locations/global/workloadIdentityPools/holt-github/attribute.repository/data-8/holt"
    error_message = "Others may act as the deployer."
  }
}

run "wrong_values_are_refused" {
  command = plan

  variables {
    github_repository    = "https://github.com/data-8/holt"
    github_owner_id      = "data-8"
    connected_repository = "holt"
    courses              = []
    github_app           = { id = "x", installation_id = "2" }
    operators            = ["allUsers"]
    secret_versions      = { github-app-key = "latest", release-token = "1", slack-webhook = "1" }
    main_branch          = ".*"
  }

  expect_failures = [
    var.github_repository, var.github_owner_id, var.connected_repository, var.courses, var.github_app, var.operators,
    var.secret_versions, var.main_branch,
  ]
}
