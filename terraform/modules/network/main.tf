# One subnet for each part that reaches something else: rules can tell parts of Cloud Run apart by their subnet's range.
resource "google_compute_network" "this" {
  project                                   = var.project_id
  name                                      = "${var.prefix}holt"
  auto_create_subnetworks                   = false
  delete_default_routes_on_create           = true
  network_firewall_policy_enforcement_order = "BEFORE_CLASSIC_FIREWALL"
}

resource "google_compute_subnetwork" "this" {
  for_each = var.ranges

  project                  = var.project_id
  name                     = "${var.prefix}holt-${each.key}"
  region                   = var.region
  network                  = google_compute_network.this.id
  ip_cidr_range            = each.value
  private_ip_google_access = true
}

# Google's APIs that VPC Service Controls can guard, and nothing else of Google.
resource "google_compute_route" "restricted_apis" {
  project          = var.project_id
  name             = "${var.prefix}holt-restricted-apis"
  network          = google_compute_network.this.name
  dest_range       = local.restricted_apis
  next_hop_gateway = "default-internet-gateway"
}

resource "google_dns_managed_zone" "google_apis" {
  project     = var.project_id
  name        = "${var.prefix}holt-googleapis"
  dns_name    = "googleapis.com."
  description = "Leads every Google API to its restricted address"
  visibility  = "private"

  private_visibility_config {
    networks {
      network_url = google_compute_network.this.id
    }
  }
}

resource "google_dns_record_set" "restricted" {
  project      = var.project_id
  managed_zone = google_dns_managed_zone.google_apis.name
  name         = "restricted.googleapis.com."
  type         = "A"
  ttl          = 300
  rrdatas      = [for number in range(4) : cidrhost(local.restricted_apis, number)]
}

resource "google_dns_record_set" "every_api" {
  project      = var.project_id
  managed_zone = google_dns_managed_zone.google_apis.name
  name         = "*.googleapis.com."
  type         = "CNAME"
  ttl          = 300
  rrdatas      = ["restricted.googleapis.com."]
}

# The way out for the parts that have destinations. The others have none, whatever a rule says.
locals {
  restricted_apis = "199.36.153.4/30"
  reaching_out    = { for part, list in var.destinations : part => list if length(list) > 0 }
}

resource "google_compute_route" "internet" {
  project          = var.project_id
  name             = "${var.prefix}holt-internet"
  network          = google_compute_network.this.name
  dest_range       = "0.0.0.0/0"
  next_hop_gateway = "default-internet-gateway"
}

resource "google_compute_address" "out" {
  project = var.project_id
  name    = "${var.prefix}holt-out"
  region  = var.region
}

resource "google_compute_router" "this" {
  project = var.project_id
  name    = "${var.prefix}holt"
  region  = var.region
  network = google_compute_network.this.id
}

resource "google_compute_router_nat" "this" {
  count = length(local.reaching_out) > 0 ? 1 : 0

  project                            = var.project_id
  name                               = "${var.prefix}holt"
  region                             = var.region
  router                             = google_compute_router.this.name
  nat_ip_allocate_option             = "MANUAL_ONLY"
  nat_ips                            = [google_compute_address.out.id]
  source_subnetwork_ip_ranges_to_nat = "LIST_OF_SUBNETWORKS"

  dynamic "subnetwork" {
    for_each = local.reaching_out

    content {
      name                    = google_compute_subnetwork.this[subnetwork.key].id
      source_ip_ranges_to_nat = ["ALL_IP_RANGES"]
    }
  }
}
