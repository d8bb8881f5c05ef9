# Reference values for the statistics, from R and its survival package.
#
#     Rscript test/data/statistics/r_reference.R > test/data/statistics/r.json
#
# Debian 12: apt-get install r-base-core r-cran-survival r-cran-jsonlite
library(survival)
library(jsonlite)

curve <- function(time, event) {
  fit <- survfit(Surv(time, event) ~ 1, conf.type = "log-log")
  q <- quantile(fit, 0.5)
  list(time = time, censored = event == 0,
       steps = list(time = fit$time, atRisk = fit$n.risk, events = fit$n.event, survival = fit$surv,
                    low = fit$lower, high = fit$upper),
       median = unname(q$quantile), medianLow = unname(q$lower), medianHigh = unname(q$upper))
}
fisher <- function(a, b, c, d) list(table = c(a, b, c, d), p = fisher.test(matrix(c(a, b, c, d), 2, byrow = TRUE))$p.value)
binom <- function(k, n) {
  interval <- binom.test(k, n)$conf.int
  list(successes = k, trials = n, low = interval[1], high = interval[2])
}
quantiles <- function(values, p) list(values = values, p = p, quantile = unname(quantile(values, p, type = 7)))

adjusted <- function(p) list(p = p, adjusted = p.adjust(p, "holm"))

# Acute myelogenous leukaemia, maintained arm (Miller, Survival Analysis, 1981): R's `aml`.
maintained <- aml[aml$x == "Maintained", ]
write(toJSON(list(
  command = "Rscript test/data/statistics/r_reference.R > test/data/statistics/r.json",
  versions = list(R = paste(R.version$major, R.version$minor, sep = "."), survival = as.character(packageVersion("survival"))),
  survival = list(
    curve(maintained$time, maintained$status),
    curve(c(0.4, 0.9, 0.9, 1.2, 2.5, 2.5, 3, 3, 4.1, 6), c(1, 1, 0, 1, 1, 1, 0, 0, 1, 0)),
    curve(c(1, 2, 3), c(0, 0, 0)),
    curve(c(5, 5, 7), c(1, 1, 1))
  ),
  fisher = list(fisher(3, 1, 1, 3), fisher(0, 10, 6, 4), fisher(12, 8, 9, 11)),
  clopperPearson = list(binom(0, 20), binom(682, 925), binom(19, 20)),
  holm = list(adjusted(c(0.01, 0.04, 0.03, 0.005)), adjusted(c(0.9, 0.8, 0.0001, 0.05, 0.05)), adjusted(c(0.2, 0.21))),
  quantiles = list(quantiles(c(3, 1, 4, 1, 5, 9, 2, 6), 0.25), quantiles(c(2.5, 7.1, 8), 0.9), quantiles(c(1, 2, 3, 4), 0.5))
), auto_unbox = TRUE, digits = NA, na = "null", null = "null"), stdout())
