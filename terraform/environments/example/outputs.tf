output "environment" {
  description = "What the hub's administrator and the operator need: terraform output -json environment."
  value       = module.course_environment
}
