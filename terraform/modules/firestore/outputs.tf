output "database" {
  description = "The database, once its indexes and rights are there."
  value       = google_firestore_database.this.name
  depends_on  = [google_firestore_index.this, google_project_iam_member.reads_and_writes]
}
