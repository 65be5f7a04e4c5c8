terraform {
  backend "gcs" {
    bucket = "your-project-holt-state"
    prefix = "environments/example"
  }
}
