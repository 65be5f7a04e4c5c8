output "buckets" {
  description = "Names of the buckets work and results."
  value = {
    work    = google_storage_bucket.work.name
    results = google_storage_bucket.results.name
  }
}

output "project_number" {
  description = "The project's number, as Cloud Storage tells it."
  value       = tostring(google_storage_bucket.work.project_number)
}
