output "state_bucket" {
  description = "Bucket of every root's state."
  value       = google_storage_bucket.state.name
}

output "images" {
  description = "Where images are: environment.json names them under it, by digest."
  value       = local.images
}

output "deployers" {
  description = "Who may set digests, for each environment's deployers: the builds of main, and promote and rollback from GitHub."
  value       = [google_service_account.builder["release"].member, google_service_account.deployer.member]
}

output "workload_identity_provider" {
  description = "What google-github-actions/auth wants as workload_identity_provider."
  value       = google_iam_workload_identity_pool_provider.github.name
}

output "deployer" {
  description = "What google-github-actions/auth wants as service_account."
  value       = google_service_account.deployer.email
}

output "secrets" {
  description = "Secrets to fill by hand: gcloud secrets versions add NAME --data-file=-"
  value       = [for secret in google_secret_manager_secret.build : secret.secret_id]
}

output "backend" {
  description = "For backend.tf of this root, after the first apply: then terraform init -migrate-state."
  value       = <<-EOT
    terraform {
      backend "gcs" {
        bucket = "${google_storage_bucket.state.name}"
        prefix = "bootstrap"
      }
    }
  EOT
}
