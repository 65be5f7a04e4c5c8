# Runs an R notebook's cells and tests with ottr. The argument is a folder with the cells as JSON, for the answer.
# A function, so that a notebook finds none of this among its own variables.
(function(folder) {
  cells <- as.character(unlist(jsonlite::fromJSON(file.path(folder, "cells.json"))))
  script <- file.path(folder, "notebook.R")
  # Otter leaves out cells that R cannot read; the others still count.
  writeLines(Filter(ottr::valid_syntax, cells), script, useBytes = TRUE)
  answer <- tryCatch(
    list(results = as.character(ottr::run_autograder(script, ignore_errors = TRUE, test_dir = "./tests"))),
    error = function(error) list(error = conditionMessage(error))
  )
  writeLines(jsonlite::toJSON(answer, auto_unbox = TRUE), file.path(folder, "answer.json"), useBytes = TRUE)
})(commandArgs(trailingOnly = TRUE))
