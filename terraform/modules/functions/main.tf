locals {
  # Only exchange is met by browsers. What events of one instance have in memory together decides its concurrency.
  sizes = {
    exchange = { memory = "2Gi", concurrency = 8, min = var.exchange.min_instances, max = var.exchange.max_instances, seconds = var.exchange.timeout_seconds, public = true }
    # Opens archives of up to 100 MB. A turn is four minutes, and a batch that it began is finished.
    dispatch = { memory = "2Gi", concurrency = 8, min = 0, max = 4, seconds = 540, public = false }
    record   = { memory = "1Gi", concurrency = 8, min = 0, max = 20, seconds = 300, public = false }
    passback = { memory = "512Mi", concurrency = 8, min = 0, max = 10, seconds = 300, public = false }
    audit    = { memory = "512Mi", concurrency = 16, min = 0, max = 10, seconds = 120, public = false }
    sweep    = { memory = "1Gi", concurrency = 1, min = 0, max = 2, seconds = 540, public = false }
  }
}

resource "google_cloud_run_v2_service" "this" {
  for_each = local.sizes

  project             = var.project_id
  location            = var.region
  name                = "${var.prefix}${each.key}"
  labels              = var.labels
  deletion_protection = var.deletion_protection
  ingress             = each.value.public ? "INGRESS_TRAFFIC_ALL" : "INGRESS_TRAFFIC_INTERNAL_ONLY"

  template {
    labels                           = var.labels
    service_account                  = var.identities[each.key]
    execution_environment            = "EXECUTION_ENVIRONMENT_GEN2"
    max_instance_request_concurrency = each.value.concurrency
    timeout                          = "${each.value.seconds}s"

    scaling {
      min_instance_count = each.value.min
      max_instance_count = each.value.max
    }

    containers {
      name  = "function"
      image = var.image

      resources {
        cpu_idle          = true
        startup_cpu_boost = true
        limits = {
          cpu    = "1"
          memory = each.value.memory
        }
      }

      startup_probe {
        period_seconds    = 2
        timeout_seconds   = 2
        failure_threshold = 60

        tcp_socket {
          port = 8080
        }
      }

      dynamic "env" {
        for_each = merge({ FUNCTION_TARGET = each.key }, var.functions[each.key].settings)

        content {
          name  = env.key
          value = env.value
        }
      }

      dynamic "env" {
        for_each = var.functions[each.key].secrets

        content {
          name = env.key

          value_source {
            secret_key_ref {
              secret  = env.value.secret
              version = tostring(env.value.version)
            }
          }
        }
      }
    }

    vpc_access {
      egress = "ALL_TRAFFIC"

      network_interfaces {
        network    = var.functions[each.key].subnetwork.network
        subnetwork = var.functions[each.key].subnetwork.subnetwork
      }
    }
  }

  lifecycle {
    # A release sets the image; a later apply must not take it back.
    ignore_changes = [template[0].containers[0].image, template[0].revision, client, client_version]
  }
}

# A browser brings the notebook. Who it is, the function asks the hub.
resource "google_cloud_run_v2_service_iam_member" "anybody_reaches_exchange" {
  project  = var.project_id
  location = var.region
  name     = google_cloud_run_v2_service.this["exchange"].name
  role     = "roles/run.invoker"
  member   = "allUsers"
}

locals {
  releases = merge([for stage in keys(local.sizes) : { for member in var.deployers : "${stage} ${member}" => { stage = stage, member = member } }]...)
}

resource "google_cloud_run_v2_service_iam_member" "releases" {
  for_each = local.releases

  project  = var.project_id
  location = var.region
  name     = google_cloud_run_v2_service.this[each.value.stage].name
  role     = "roles/run.developer"
  member   = each.value.member
}

resource "google_service_account_iam_member" "releases_as_function" {
  for_each = local.releases

  service_account_id = "projects/${var.project_id}/serviceAccounts/${var.identities[each.value.stage]}"
  role               = "roles/iam.serviceAccountUser"
  member             = each.value.member
}

# Whether a change that was asked for is done can be read for the whole project only.
resource "google_project_iam_member" "reads_releases" {
  for_each = var.deployers

  project = var.project_id
  role    = "roles/run.viewer"
  member  = each.value
}
