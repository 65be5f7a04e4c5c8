locals {
  environment = jsondecode(file("${path.module}/environment.json"))
}

provider "google" {
  project = local.environment.project_id
  region  = local.environment.region
}

module "course_environment" {
  source = "../../modules/course-environment"

  name         = local.environment.name
  project_id   = local.environment.project_id
  region       = local.environment.region
  images       = local.environment.images
  hub          = { api_url = "https://hub.example.edu/hub/api", origins = ["https://hub.example.edu"] }
  courses      = { "8x" = "github.com/your-org/8x-autograders" }
  github       = { app_id = "123456", installation_id = "12345678" }
  lti          = { consumer_key = "holt", edx_host = "edge.edx.org" }
  alert_emails = ["course-staff@example.edu"]
}
