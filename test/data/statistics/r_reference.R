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

mantel <- function(strata) {
  # strata: rows of new yes, new all, old yes, old all
  counts <- array(apply(strata, 1, function(s) c(s[1], s[3], s[2] - s[1], s[4] - s[3])), c(2, 2, nrow(strata)))
  list(strata = strata, p = mantelhaen.test(counts, exact = TRUE, alternative = "greater")$p.value)
}
# Van Elteren's statistic against its own permutation distribution: shuffled within strata, 200,000 times.
elteren <- function(strata) {
  score <- function(fresh, old) sum(rank(c(fresh, old))[seq_along(fresh)]) / (length(fresh) + length(old) + 1)
  total <- function(data) sum(sapply(data, function(s) score(s$fresh, s$old)))
  shuffle <- function(s) {
    all <- sample(c(s$fresh, s$old))
    list(fresh = all[seq_along(s$fresh)], old = all[-seq_along(s$fresh)])
  }
  observed <- total(strata)
  list(strata = strata, p = mean(replicate(200000, total(lapply(strata, shuffle))) >= observed - 1e-9))
}
set.seed(20250101)
draw <- function(n, m, shift) list(fresh = round(rexp(n) + shift, 4), old = round(rexp(m), 4))

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
  mantel = list(
    mantel(rbind(c(3, 8, 0, 20), c(1, 8, 0, 20), c(0, 8, 1, 20))),
    mantel(rbind(c(8, 8, 19, 20), c(7, 8, 18, 20))),
    mantel(rbind(c(1, 12, 0, 40), c(5, 12, 4, 40)))
  ),
  elteren = list(
    elteren(list(draw(8, 20, 0.3), draw(6, 15, 0.3), draw(8, 20, 0))),
    elteren(list(draw(12, 40, 0.1), draw(12, 40, 0.2))),
    elteren(list(list(fresh = c(1, 1, 2, 3, 5, 5), old = c(0, 1, 1, 1, 2, 2, 3)), list(fresh = c(0, 0, 4), old = c(0, 0, 1, 1))))
  ),
  quantiles = list(quantiles(c(3, 1, 4, 1, 5, 9, 2, 6), 0.25), quantiles(c(2.5, 7.1, 8), 0.9), quantiles(c(1, 2, 3, 4), 0.5))
), auto_unbox = TRUE, digits = NA, na = "null", null = "null"), stdout())
