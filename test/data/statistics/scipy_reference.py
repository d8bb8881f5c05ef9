"""Reference values for the statistics, from SciPy.

    /usr/bin/python3 test/data/statistics/scipy_reference.py > test/data/statistics/scipy.json

Debian 12: apt-get install python3-scipy
"""
import json
import sys

import numpy
import scipy
from scipy import optimize, stats

COMMAND = "/usr/bin/python3 test/data/statistics/scipy_reference.py > test/data/statistics/scipy.json"
rng = numpy.random.default_rng(20250101)


def rounded(values, digits=6):
    return [round(float(value), digits) for value in values]


def clopper_pearson():
    cases = []
    for k, n in [(0, 1), (0, 20), (1, 20), (7, 20), (20, 20), (3, 299), (0, 299), (150, 1000), (999, 1000)]:
        for confidence in (0.95, 0.99):
            interval = stats.binomtest(k, n).proportion_ci(confidence, method="exact")
            upper = stats.binomtest(k, n, alternative="less").proportion_ci(confidence, method="exact").high
            cases.append({"successes": k, "trials": n, "confidence": confidence,
                          "low": interval.low, "high": interval.high, "upper": upper})
    return cases


def fisher():
    tables = [(3, 1, 1, 3), (8, 2, 1, 5), (0, 20, 20, 0), (0, 20, 1, 19), (10, 10, 12, 8), (1, 9, 11, 3), (250, 50, 200, 100), (5, 0, 5, 0)]
    return [{"table": t, "p": stats.fisher_exact([[t[0], t[1]], [t[2], t[3]]])[1]} for t in tables]


def mann_whitney():
    samples = [
        (rounded(rng.normal(0, 1, 6)), rounded(rng.normal(1, 1, 7))),
        (rounded(rng.exponential(1, 20)), rounded(rng.exponential(2, 25))),
        (rng.integers(0, 5, 20).tolist(), rng.integers(0, 6, 20).tolist()),
        ([0] * 15 + [3, 9], [0] * 4 + rng.integers(1, 90, 12).tolist()),
        ([1, 2, 3], [4, 5, 6]),
        ([7], [7]),
    ]
    cases = []
    for xs, ys in samples:
        case = {"xs": xs, "ys": ys}
        for alternative in ("two-sided", "less", "greater"):
            constant = len(set(xs + ys)) == 1
            result = stats.mannwhitneyu(xs, ys, alternative=alternative)
            case["u"] = float(result.statistic)
            case[alternative] = 1.0 if constant else float(result.pvalue)
        greater = sum((x > y) - (x < y) for x in xs for y in ys)
        case["cliffsDelta"] = greater / (len(xs) * len(ys))
        cases.append(case)
    return cases


def kolmogorov():
    cases = []
    for n, scale in [(1, 2), (5, 2), (20, 2), (60, 2.6), (120, 2), (400, 2), (1000, 2.1)]:
        values = rounded(rng.uniform(0, scale, n))
        mode = "exact" if n < 200 else "asymp"
        result = stats.kstest(values, stats.uniform(0, 2).cdf, mode=mode)
        cases.append({"values": values, "low": 0, "high": 2, "d": float(result.statistic), "p": float(result.pvalue)})
    return cases


def bootstrap():
    cases = []
    for p, values in [
        (0.5, rounded(rng.exponential(1, 21))),
        (0.5, rounded(rng.lognormal(0, 1, 40))),
        (0.9, rounded(rng.normal(10, 2, 60))),
        (0.25, rng.integers(0, 200, 31).tolist()),
    ]:
        statistic = lambda sample, axis, p=p: numpy.quantile(sample, p, axis=axis)
        result = stats.bootstrap((values,), statistic, n_resamples=100_000, batch=10_000, method="BCa", random_state=7)
        cases.append({"p": p, "values": values, "estimate": float(numpy.quantile(values, p)),
                      "low": float(result.confidence_interval.low), "high": float(result.confidence_interval.high),
                      "error": float(result.standard_error)})
    return cases


def score_z(a, n, b, m, difference):
    """Miettinen and Nurminen's statistic, its restricted estimates found by maximising the likelihood."""
    def loss(p2):
        return -(stats.binom.logpmf(a, n, p2 + difference) + stats.binom.logpmf(b, m, p2))
    bounds = (max(0, -difference), min(1, 1 - difference))
    p2 = optimize.minimize_scalar(loss, bounds=bounds, method="bounded", options={"xatol": 1e-12}).x
    p1 = p2 + difference
    variance = (p1 * (1 - p1) / n + p2 * (1 - p2) / m) * (n + m) / (n + m - 1)
    return (a / n - b / m - difference) / variance ** 0.5


def equivalence():
    cases = []
    for a, n, b, m, margin in [(1, 40, 2, 40, 0.1), (18, 20, 19, 20, 0.2), (45, 60, 44, 60, 0.15), (5, 100, 9, 90, 0.1), (90, 100, 88, 100, 0.1)]:
        p = max(stats.norm.sf(score_z(a, n, b, m, -margin)), stats.norm.cdf(score_z(a, n, b, m, margin)))
        cases.append({"a": a, "n": n, "b": b, "m": m, "margin": margin, "p": float(p)})
    return cases


def location():
    cases = []
    for n, shift, margin in [(20, 0.0, 0.8), (25, 0.5, 0.6), (7, 0.1, 2.0)]:
        xs = numpy.array(rounded(rng.normal(0, 1, n)))
        ys = numpy.array(rounded(rng.normal(shift, 1, n)))
        p = max(stats.mannwhitneyu(xs + margin, ys, alternative="greater").pvalue,
                stats.mannwhitneyu(xs - margin, ys, alternative="less").pvalue)
        cases.append({"xs": xs.tolist(), "ys": ys.tolist(), "margin": margin, "p": float(p)})
    return cases


json.dump({
    "command": COMMAND,
    "versions": {"python": sys.version.split()[0], "scipy": scipy.__version__, "numpy": numpy.__version__},
    "clopperPearson": clopper_pearson(),
    "fisher": fisher(),
    "mannWhitney": mann_whitney(),
    "kolmogorov": kolmogorov(),
    "bootstrap": bootstrap(),
    "equivalence": equivalence(),
    "location": location(),
}, sys.stdout, separators=(",", ":"))
sys.stdout.write("\n")
