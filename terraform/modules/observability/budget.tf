resource "google_billing_budget" "this" {
  count = var.budget == null ? 0 : 1

  billing_account = var.budget.billing_account
  display_name    = "Holt ${var.environment}"

  budget_filter {
    projects = ["projects/${data.google_project.this.number}"]
    # In a shared project only what carries the environment's label counts.
    labels = var.prefix == "" ? {} : { environment = var.environment }
  }

  amount {
    specified_amount {
      currency_code = var.budget.currency
      units         = tostring(var.budget.amount)
    }
  }

  dynamic "threshold_rules" {
    for_each = [0.5, 0.9, 1]

    content {
      threshold_percent = threshold_rules.value
    }
  }

  threshold_rules {
    threshold_percent = 1
    spend_basis       = "FORECASTED_SPEND"
  }

  # Budgets know e-mail channels only.
  all_updates_rule {
    monitoring_notification_channels = local.emails
    disable_default_iam_recipients   = false
  }
}
