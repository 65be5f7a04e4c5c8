locals {
  # Destinations of one part and port, as one rule.
  openings = merge([
    for part, list in local.reaching_out : {
      for port in distinct([for it in list : it.port]) : "${part}-${port}" => {
        part  = part
        port  = port
        hosts = sort(distinct([for it in list : it.host if it.port == port]))
      }
    }
  ]...)
  in_order = sort(keys(local.openings))
}

resource "google_compute_network_firewall_policy" "this" {
  project     = var.project_id
  name        = "${var.prefix}holt"
  description = "What the parts of Holt may reach"
}

resource "google_compute_network_firewall_policy_association" "this" {
  project           = var.project_id
  name              = "${var.prefix}holt"
  firewall_policy   = google_compute_network_firewall_policy.this.name
  attachment_target = google_compute_network.this.id

  # Never in force half made.
  depends_on = [google_compute_network_firewall_policy_rule.nothing_else]
}

resource "google_compute_network_firewall_policy_rule" "google_apis" {
  project         = var.project_id
  firewall_policy = google_compute_network_firewall_policy.this.name
  rule_name       = "google-apis"
  description     = "Everything reaches restricted Google APIs"
  priority        = 100
  direction       = "EGRESS"
  action          = "allow"

  match {
    dest_ip_ranges = [local.restricted_apis]

    layer4_configs {
      ip_protocol = "tcp"
      ports       = ["443"]
    }
  }
}

resource "google_compute_network_firewall_policy_rule" "destinations" {
  for_each = local.openings

  project         = var.project_id
  firewall_policy = google_compute_network_firewall_policy.this.name
  rule_name       = each.key
  description     = "${each.value.part} reaches its own hosts"
  priority        = 1000 + index(local.in_order, each.key)
  direction       = "EGRESS"
  action          = "allow"

  match {
    src_ip_ranges = [var.ranges[each.value.part]]
    dest_fqdns    = each.value.hosts

    layer4_configs {
      ip_protocol = "tcp"
      ports       = [tostring(each.value.port)]
    }
  }
}

resource "google_compute_network_firewall_policy_rule" "nothing_else" {
  project         = var.project_id
  firewall_policy = google_compute_network_firewall_policy.this.name
  rule_name       = "nothing-else"
  description     = "All other ways out are closed"
  priority        = 60000
  direction       = "EGRESS"
  action          = "deny"

  match {
    dest_ip_ranges = ["0.0.0.0/0"]

    layer4_configs {
      ip_protocol = "all"
    }
  }
}
