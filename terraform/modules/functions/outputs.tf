output "services" {
  description = "Name and address of the service of each function."
  value       = { for stage, service in google_cloud_run_v2_service.this : stage => { name = service.name, uri = service.uri } }
}

output "triggers" {
  description = "For each trigger, by its name without prefix, what the name of the subscription that Eventarc made for it looks like."
  value       = { for name in concat(keys(google_eventarc_trigger.documents), ["record-results"]) : name => "eventarc-${var.region}-${var.prefix}${name}-sub-.*" }
}
