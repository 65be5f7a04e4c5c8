output "exchange_url" {
  description = "Where exchange answers: what the hub's services and Moodle are pointed at."
  value       = module.functions.services["exchange"].uri
}

output "hub_config" {
  description = "For jupyterhub_config.py. The tokens are those of the secrets; the hub's proxy must send exchange's own name as Host."
  value = var.hub == null ? "" : templatefile("${path.module}/jupyterhub_config.py.tftpl", {
    url      = module.functions.services["exchange"].uri
    services = merge({ otter_grade = "hub-token" }, try(var.hub.gofer_token_version, null) == null ? {} : { gofer_nb = "gofer-token" })
    secrets  = module.secrets.secrets
    project  = var.project_id
    versions = { for name, secret in local.secrets : name => secret.version }
  })
}

output "moodle_config" {
  description = "For mod_jupyter's settings in Moodle."
  value       = var.moodle == null ? "" : "gradeservice_url: ${module.functions.services["exchange"].uri}\njupyterhub_jwt_secret: version ${var.moodle.key_version} of the secret ${module.secrets.secrets["moodle-key"]}\n"
}

output "secrets_to_fill" {
  description = "One command for each secret; what is typed or piped in is its next version."
  value       = [for secret in values(module.secrets.secrets) : "gcloud secrets versions add ${secret} --project=${var.project_id} --data-file=-"]
}

output "outgoing_address" {
  description = "Address that the hub, GitHub and the LMS see."
  value       = module.network.address
}

output "services" {
  description = "Cloud Run service of each function."
  value       = { for stage, service in module.functions.services : stage => service.name }
}

output "grader_job" {
  description = "Cloud Run job that grades."
  value       = module.grader_job.path
}

output "buckets" {
  description = "Buckets of the notebooks and of the results."
  value       = module.storage.buckets
}

output "database" {
  description = "Firestore database."
  value       = module.firestore.database
}
