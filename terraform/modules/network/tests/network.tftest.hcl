mock_provider "google" {}

variables {
  project_id = "your-project"
  region     = "us-central1"
  destinations = {
    exchange = [{ host = "hub.example.edu", port = 8443 }]
    dispatch = [{ host = "api.github.com" }, { host = "codeload.github.com" }]
    passback = []
  }
}

run "closes_all_but_what_was_named" {
  command = plan

  assert {
    condition     = google_compute_network_firewall_policy_rule.nothing_else.action == "deny" && google_compute_network_firewall_policy_rule.nothing_else.match[0].dest_ip_ranges == tolist(["0.0.0.0/0"])
    error_message = "All other ways out are closed."
  }
  assert {
    condition     = keys(google_compute_network_firewall_policy_rule.destinations) == ["dispatch-443", "exchange-8443"]
    error_message = "There is a way out for each part that has a destination, and no other."
  }
  assert {
    condition = alltrue([for rule in values(google_compute_network_firewall_policy_rule.destinations) : (
      rule.priority < google_compute_network_firewall_policy_rule.nothing_else.priority &&
      length(rule.match[0].dest_fqdns) > 0 && rule.match[0].src_ip_ranges == tolist([var.ranges[split("-", rule.rule_name)[0]]])
    )])
    error_message = "A way out is for one part's subnet and for hosts by name."
  }
  assert {
    condition     = google_compute_network_firewall_policy_rule.destinations["exchange-8443"].match[0].layer4_configs[0].ports == tolist(["8443"])
    error_message = "The port is the destination's own."
  }
}

run "leaves_parts_without_destinations_no_way_out" {
  command = apply

  assert {
    condition     = toset([for subnetwork in google_compute_router_nat.this[0].subnetwork : subnetwork.name]) == toset([google_compute_subnetwork.this["exchange"].id, google_compute_subnetwork.this["dispatch"].id])
    error_message = "Only parts with destinations have addresses outside."
  }
}

run "reaches_restricted_apis_only" {
  command = plan

  assert {
    condition     = toset(google_dns_record_set.restricted.rrdatas) == toset(["199.36.153.4", "199.36.153.5", "199.36.153.6", "199.36.153.7"]) && google_dns_record_set.every_api.rrdatas == tolist(["restricted.googleapis.com."])
    error_message = "Every Google API is found at its restricted addresses."
  }
}

run "refuses_wildcards" {
  command = plan

  variables {
    destinations = { exchange = [{ host = "*.example.edu" }], dispatch = [], passback = [] }
  }

  expect_failures = [var.destinations]
}

run "refuses_addresses" {
  command = plan

  variables {
    destinations = { exchange = [{ host = "10.0.0.1" }], dispatch = [], passback = [] }
  }

  expect_failures = [var.destinations]
}

run "refuses_a_way_out_for_the_grader" {
  command = plan

  variables {
    destinations = { exchange = [], dispatch = [], passback = [], grader = [{ host = "packages.example.org" }] }
  }

  expect_failures = [var.destinations]
}

run "refuses_a_subnet_that_is_too_small" {
  command = plan

  variables {
    ranges = { exchange = "10.8.0.0/28", dispatch = "10.8.1.0/26", passback = "10.8.1.64/26", inside = "10.8.1.128/25", grader = "10.8.4.0/22" }
  }

  expect_failures = [var.ranges]
}
