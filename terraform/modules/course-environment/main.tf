locals {
  prefix   = var.shares_project ? "${var.name}-" : ""
  database = var.shares_project ? var.name : "(default)"
  bucket   = coalesce(var.bucket, "${var.project_id}-holt")
  labels   = merge({ app = "holt", environment = var.name }, var.labels)
}

module "project_services" {
  source = "../project-services"

  project_id = var.project_id
}

module "storage" {
  source = "../storage"

  project_id          = module.project_services.project_id
  region              = var.region
  prefix              = local.prefix
  labels              = local.labels
  bucket              = local.bucket
  identities          = local.identities
  deletion_protection = var.deletion_protection
}

module "firestore" {
  source = "../firestore"

  project_id          = module.project_services.project_id
  region              = var.region
  prefix              = local.prefix
  database            = local.database
  identities          = local.identities
  deletion_protection = var.deletion_protection
}

module "secrets" {
  source = "../secrets"

  project_id          = module.project_services.project_id
  prefix              = local.prefix
  labels              = local.labels
  readers             = { for name, secret in local.secrets : name => secret.reader }
  identities          = local.identities
  deletion_protection = var.deletion_protection
}

module "network" {
  source = "../network"

  project_id   = module.project_services.project_id
  region       = var.region
  prefix       = local.prefix
  destinations = local.destinations
}

module "grader_job" {
  source = "../grader-job"

  project_id          = module.project_services.project_id
  region              = var.region
  prefix              = local.prefix
  labels              = local.labels
  image               = var.images.grader
  parallelism         = var.grader.parallel_tasks
  cpu                 = var.grader.cpu
  memory_gib          = var.grader.memory_gib
  subnetwork          = var.grader.direct_vpc ? module.network.subnetworks["grader"] : null
  identities          = local.identities
  deployers           = var.deployers
  deletion_protection = var.deletion_protection
}

module "functions" {
  source = "../functions"

  project_id          = module.project_services.project_id
  project_number      = module.storage.project_number
  region              = var.region
  prefix              = local.prefix
  labels              = local.labels
  image               = var.images.functions
  functions           = local.functions
  database            = module.firestore.database
  results_bucket      = module.storage.buckets["results"]
  identities          = local.identities
  deployers           = var.deployers
  deletion_protection = var.deletion_protection

  exchange = {
    min_instances = var.exchange.min_instances
    max_instances = var.exchange.max_instances
    # An activity of Moodle is made within a quarter of an hour, or its teacher is told.
    timeout_seconds = var.moodle == null ? 300 : max(960, var.moodle.wait_seconds + 60)
  }
}

module "messaging" {
  source = "../messaging"

  project_id     = module.project_services.project_id
  project_number = module.storage.project_number
  region         = var.region
  prefix         = local.prefix
  labels         = local.labels
  services       = module.functions.services
  identities     = local.identities
}

module "scheduler" {
  source = "../scheduler"

  project_id = module.project_services.project_id
  region     = var.region
  prefix     = local.prefix
  service    = module.functions.services["sweep"]
  identities = local.identities
}

module "observability" {
  source = "../observability"

  project_id     = module.project_services.project_id
  region         = var.region
  environment    = var.name
  prefix         = local.prefix
  labels         = local.labels
  services       = { for stage, service in module.functions.services : stage => service.name }
  grader_job     = module.grader_job.name
  subscriptions  = merge(module.messaging.subscriptions, module.functions.triggers)
  alert_emails   = var.alert_emails
  slack_channels = var.slack_channels
  budget         = var.budget
  audit_log      = var.audit_log
}
