# What the policies plan bootstrap with.
project_id           = "your-project"
region               = "us-central1"
github_repository    = "your-org/holt"
github_owner_id      = "123456"
connected_repository = "projects/your-project/locations/us-central1/connections/github/repositories/holt"
environment          = "example"
courses              = ["github.com/your-org/8x-autograders"]
github_app           = { id = "123456", installation_id = "12345678" }
operators            = ["group:course-staff@example.edu"]
