# Every option of an environment at once, in a project that others share: what the policies look at.
locals {
  environment = jsondecode(file("${path.module}/environment.json"))
}

provider "google" {
  project = local.environment.project_id
  region  = local.environment.region
}

module "course_environment" {
  source = "../../modules/course-environment"

  name           = local.environment.name
  shares_project = true
  project_id     = local.environment.project_id
  region         = local.environment.region
  images         = local.environment.images
  hub            = { api_url = "https://hub.example.edu/hub/api", origins = ["https://hub.example.edu"], gofer_token_version = 1 }
  moodle         = {}
  tokens         = { audience = "holt" }
  courses        = { "8x" = "github.com/your-org/8x-autograders" }
  github         = { app_id = "123456", installation_id = "12345678" }
  lti            = { consumer_key = "holt", edx_host = "edge.edx.org", hosts = ["lms.example.edu"] }
  admins         = ["lecturer"]
  deployers      = ["serviceAccount:holt-deployer@your-project.iam.gserviceaccount.com"]
  alert_emails   = ["course-staff@example.edu"]
  slack_channels = ["projects/your-project/notificationChannels/1234567890"]
  budget         = { billing_account = "012345-6789AB-CDEF01", amount = 100 }
}
