locals {
  charts = [
    { title = "Oldest waiting entry, seconds", filter = local.metric["oldest-waiting"], aligner = "ALIGN_PERCENTILE_99", reducer = "REDUCE_MAX", by = [] },
    { title = "Submit to grade, 95th percentile, seconds", filter = local.metric["submit-to-grade"], aligner = "ALIGN_DELTA", reducer = "REDUCE_PERCENTILE_95", by = [] },
    { title = "Runs by cause", filter = local.metric["runs"], aligner = "ALIGN_DELTA", reducer = "REDUCE_SUM", by = ["metric.label.cause"] },
    { title = "Failed passbacks", filter = local.metric["failed-passbacks"], aligner = "ALIGN_DELTA", reducer = "REDUCE_SUM", by = [] },
    {
      title   = "Requests by function"
      filter  = "metric.type=\"run.googleapis.com/request_count\" AND resource.type=\"cloud_run_revision\" AND resource.label.service_name=monitoring.regex.full_match(\"${join("|", sort(values(var.services)))}\")"
      aligner = "ALIGN_DELTA", reducer = "REDUCE_SUM", by = ["resource.label.service_name", "metric.label.response_code_class"]
    },
    {
      title   = "Executions of the grader"
      filter  = "metric.type=\"run.googleapis.com/job/completed_execution_count\" AND resource.type=\"cloud_run_job\" AND resource.label.job_name=\"${var.grader_job}\""
      aligner = "ALIGN_DELTA", reducer = "REDUCE_SUM", by = ["metric.label.result"]
    },
  ]
}

resource "google_monitoring_dashboard" "this" {
  project = var.project_id

  dashboard_json = jsonencode({
    displayName = "Holt ${var.environment}"
    mosaicLayout = {
      columns = 12
      tiles = [for index, chart in local.charts : {
        xPos   = 6 * (index % 2)
        yPos   = 4 * floor(index / 2)
        width  = 6
        height = 4
        widget = {
          title = chart.title
          xyChart = {
            dataSets = [{
              plotType = "LINE"
              timeSeriesQuery = {
                timeSeriesFilter = {
                  filter = chart.filter
                  aggregation = {
                    alignmentPeriod    = "60s"
                    perSeriesAligner   = chart.aligner
                    crossSeriesReducer = chart.reducer
                    groupByFields      = chart.by
                  }
                }
              }
            }]
          }
        }
      }]
    }
  })
}
