output "topics" {
  description = "Name of each topic, by its name without prefix."
  value       = { for name, topic in google_pubsub_topic.this : name => topic.name }
}

output "subscriptions" {
  description = "Name of each subscription, by its topic's name without prefix."
  value       = { for name, subscription in google_pubsub_subscription.push : name => subscription.name }
}
