output "name" {
  description = "Name of the job."
  value       = google_cloud_run_v2_job.grader.name
}

output "path" {
  description = "GRADER_JOB: projects/P/locations/R/jobs/NAME."
  value       = "projects/${var.project_id}/locations/${var.region}/jobs/${google_cloud_run_v2_job.grader.name}"
}
