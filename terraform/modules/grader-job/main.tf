resource "google_cloud_run_v2_job" "grader" {
  project             = var.project_id
  location            = var.region
  name                = "${var.prefix}grader"
  labels              = var.labels
  deletion_protection = var.deletion_protection

  template {
    labels      = var.labels
    parallelism = var.parallelism

    # Dispatch says at each start how many tasks there are, and for how long.
    task_count = 1

    template {
      service_account       = var.identities["grader"]
      execution_environment = "EXECUTION_ENVIRONMENT_GEN2"
      timeout               = "3600s"

      # The queue tries again, and knows why.
      max_retries = 0

      containers {
        name    = "grader"
        image   = var.image
        command = ["/usr/bin/tini", "--"]
        args    = ["node", "/opt/holt/job/main.js"]

        resources {
          limits = {
            cpu    = tostring(var.cpu)
            memory = "${var.memory_gib}Gi"
          }
        }
      }

      dynamic "vpc_access" {
        for_each = var.subnetwork == null ? [] : [var.subnetwork]

        content {
          egress = "ALL_TRAFFIC"

          network_interfaces {
            network    = vpc_access.value.network
            subnetwork = vpc_access.value.subnetwork
          }
        }
      }
    }
  }

  lifecycle {
    # A release sets the image; a later apply must not take it back.
    ignore_changes = [template[0].template[0].containers[0].image, client, client_version]
  }
}

locals {
  grants = merge(
    # Dispatch starts it with a manifest of its own, and says as whom it runs.
    { dispatch = { member = "serviceAccount:${var.identities["dispatch"]}", role = "roles/run.jobsExecutorWithOverrides" } },
    # The sweep asks whether an execution goes on.
    { sweep = { member = "serviceAccount:${var.identities["sweep"]}", role = "roles/run.viewer" } },
    { for member in var.deployers : member => { member = member, role = "roles/run.developer" } },
  )
  acting = merge(
    { dispatch = "serviceAccount:${var.identities["dispatch"]}" },
    { for member in var.deployers : member => member },
  )
}

resource "google_cloud_run_v2_job_iam_member" "this" {
  for_each = local.grants

  project  = var.project_id
  location = var.region
  name     = google_cloud_run_v2_job.grader.name
  role     = each.value.role
  member   = each.value.member
}

resource "google_service_account_iam_member" "acts_as_grader" {
  for_each = local.acting

  service_account_id = "projects/${var.project_id}/serviceAccounts/${var.identities["grader"]}"
  role               = "roles/iam.serviceAccountUser"
  member             = each.value
}
