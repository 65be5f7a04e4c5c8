output "secrets" {
  description = "Id of each secret in Secret Manager, once its reader may read it."
  value       = { for name, secret in google_secret_manager_secret.this : name => secret.secret_id }
  depends_on  = [google_secret_manager_secret_iam_member.reads]
}
