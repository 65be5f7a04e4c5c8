mock_provider "google" {}

variables {
  project_id = "your-project"
  region     = "us-central1"
  prefix     = "data8-"
  database   = "data8"
  identities = { for stage in ["audit", "dispatch", "exchange", "passback", "record", "sweep"] : stage => "holt-${stage}@your-project.iam.gserviceaccount.com" }
}

run "can_be_had_back" {
  command = plan

  assert {
    condition     = google_firestore_database.this.point_in_time_recovery_enablement == "POINT_IN_TIME_RECOVERY_ENABLED" && google_firestore_database.this.delete_protection_state == "DELETE_PROTECTION_ENABLED"
    error_message = "The database keeps its last week and cannot be deleted."
  }
  assert {
    condition     = google_firestore_backup_schedule.daily.retention == "2419200s"
    error_message = "Each day's backup is kept for four weeks."
  }
}

run "expires_in_the_environments_own_collections" {
  command = plan

  assert {
    condition     = toset([for field in google_firestore_field.expiring : "${field.collection}.${field.field}"]) == toset(["data8-freeTasks.expireAt", "data8-parked.expireAt", "data8-refusals.expireAt"])
    error_message = "Parked notebooks, refusals and tasks that look for more expire."
  }
}

run "limits_everybody_to_the_environments_database" {
  command = plan

  assert {
    condition     = alltrue([for grant in google_project_iam_member.reads_and_writes : grant.condition[0].expression == "resource.name == \"projects/your-project/databases/data8\""])
    error_message = "Another environment's database in the same project stays closed."
  }
}

run "refuses_backups_that_end_before_point_in_time_recovery_does" {
  command = plan

  variables {
    backup_retention_days = 3
  }

  expect_failures = [var.backup_retention_days]
}
