output "environment" {
  description = "All that an environment says of itself."
  value       = module.course_environment
}
