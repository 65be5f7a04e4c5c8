output "subnetworks" {
  description = "Subnetwork of each part, once the firewall and the names of Google's APIs are in force."
  value       = { for part, subnetwork in google_compute_subnetwork.this : part => { network = google_compute_network.this.name, subnetwork = subnetwork.name } }
  depends_on = [
    google_compute_network_firewall_policy_association.this,
    google_compute_network_firewall_policy_rule.google_apis,
    google_compute_network_firewall_policy_rule.destinations,
    google_compute_route.restricted_apis,
    google_compute_route.internet,
    google_compute_router_nat.this,
    google_dns_record_set.restricted,
    google_dns_record_set.every_api,
  ]
}

output "address" {
  description = "Address that the hub, GitHub and the LMS see."
  value       = google_compute_address.out.address
}
