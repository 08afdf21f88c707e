# A model, as a sample of R.
library(dplyr)
require("ggplot2")
source("lib/util.R")

LIMIT <- 10

#' Fits a line.
#'
#' @param data a table
fit_line <- function(data, degree = 1, ...) {
  model <- stats::lm(y ~ x, data = data)
  model$coefficients$x
}

twice = function(a) a * 2

print.fit <- function(x, ...) UseMethod("print")

setClass("Person", representation(name = "character"))
setGeneric("area", function(shape) standardGeneric("area"))
setMethod("area", "Circle", function(shape) shape@radius)

Account <- R6Class("Account",
  inherit = Base,
  public = list(
    balance = 0,
    deposit = function(x) {
      self$balance <- self$balance + x
      invisible(self)
    }
  )
)

account <- Account$new()
