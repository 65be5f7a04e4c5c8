output "channels" {
  description = "Notification channels that alerts go to."
  value       = local.channels
}

output "alerts" {
  description = "Title of each alert, by its name."
  value = merge(
    { for name, policy in google_monitoring_alert_policy.threshold : name => policy.display_name },
    { sweep-is-silent = google_monitoring_alert_policy.sweep_is_silent.display_name },
  )
}

output "audit_log_bucket" {
  description = "Log bucket of the exported audit entries."
  value       = google_logging_project_bucket_config.audit.bucket_id
}
