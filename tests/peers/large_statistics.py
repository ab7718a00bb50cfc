#!/usr/bin/env python3
"""Large statistics: Overread's benchmark against statsmodels, krippendorff, scikit-learn and numpy.

    cargo bench -p overread-stats --bench statistics --no-run
    python3 tests/peers/large_statistics.py [--runs 5]

Both sides have the same data, made from the same portable stream: 100,000 studies with 5 readers, 100,000 scores, and
10,000 pairs of answers resampled 2,000 times. They take turns; the ratio is that of the medians. A peer that is not
installed is named and left out. Where both compute the same quantity the values must agree, or the script fails.

(Not named after the module `statistics`, which scripts of this folder use.) The numpy peers are written as one would for speed: DeLong in the fast form of Sun and Xu, and for the bootstrap draws of
32 bits, one byte a subject, counts without a loop over subjects. (Resampling a 2x2 table needs no subjects at all: a
multinomial draw gives the same distribution in well under a millisecond, but not the reproducible resamples that both
sides are asked for here.)
"""

import argparse
import json
import statistics
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
STUDIES, SUBJECTS, REPLICATES = 100_000, 10_000, 2_000
TARGETS = {"fleiss and krippendorff": 20, "auroc with delong": 5, "kappa bootstrap": 50}


def imported(name):
    """A module, or nothing but a word about it."""
    try:
        return __import__(name, fromlist=["_"])
    except ImportError:
        print(f"{name} is not installed: no ratio", file=sys.stderr)
        return None


np = imported("numpy")


def stream(seed, count, below):
    """SplitMix64 outputs 0..count from the seed, mapped to 0..below as Overread does."""
    with np.errstate(over="ignore"):
        x = np.uint64(seed) + np.arange(1, count + 1, dtype=np.uint64) * np.uint64(0x9E3779B97F4A7C15)
        x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        x = x ^ (x >> np.uint64(31))
        return ((x >> np.uint64(32)) * np.uint64(below)) >> np.uint64(32)


def ratings():
    """Five readers who are each right four times in five; a row a study."""
    draws = stream(1, STUDIES * 6, 10).reshape(STUDIES, 6)
    truth = draws[:, :1] < 3
    return np.where(draws[:, 1:] < 8, truth, ~truth).astype(np.int64)


def scores():
    """Classes, and scores that are higher in one of them."""
    tenths = stream(2, STUDIES * 5, 10).reshape(STUDIES, 5)
    fine = stream(2, STUDIES * 5, 1 << 20).reshape(STUDIES, 5)
    positive = tenths[:, 0] < 3
    return positive, (fine[:, 1:] / (1 << 20)).sum(axis=1) + 0.7 * positive


def pairs():
    """Two answers of each subject as one code: 2 x first + second."""
    draws = stream(3, SUBJECTS * 2, 10).reshape(SUBJECTS, 2)
    first = draws[:, 0] < 3
    second = np.where(draws[:, 1] < 8, first, ~first)
    return (2 * first + second).astype(np.uint8)


def fleiss_and_alpha(data, inter_rater, krippendorff):
    table, _ = inter_rater.aggregate_raters(data)
    kappa = inter_rater.fleiss_kappa(table)
    krippendorff.alpha(reliability_data=data.T, level_of_measurement="nominal")
    return kappa


def midranks(values):
    order = np.argsort(values, kind="stable")
    ordered = values[order]
    starts = np.flatnonzero(np.concatenate(([True], ordered[1:] != ordered[:-1])))
    sizes = np.diff(np.append(starts, len(values)))
    ranks = np.empty(len(values))
    ranks[order] = np.repeat(starts + (sizes + 1) / 2, sizes)
    return ranks


def delong(positive, score):
    """Area and its error by the midranks of Sun and Xu."""
    x, y = score[positive], score[~positive]
    m, n = len(x), len(y)
    together = midranks(np.concatenate((x, y)))
    above = (together[:m] - midranks(x)) / n
    below = 1 - (together[m:] - midranks(y)) / m
    return above.mean(), np.sqrt(above.var(ddof=1) / m + below.var(ddof=1) / n)


def kappa_bootstrap(codes):
    random = np.random.default_rng(20170601)
    tables = np.empty((REPLICATES, 4))
    for b in range(REPLICATES):
        drawn = codes[random.integers(0, SUBJECTS, SUBJECTS, dtype=np.int32)]
        tables[b] = [np.count_nonzero(drawn == cell) for cell in range(4)]
    first, second = tables[:, 2] + tables[:, 3], tables[:, 1] + tables[:, 3]
    n = SUBJECTS
    observed = (tables[:, 0] + tables[:, 3]) / n
    chance = (first * second + (n - first) * (n - second)) / n**2
    low, high = np.percentile((observed - chance) / (1 - chance), [2.5, 97.5])
    return low, high


def ours(name):
    """Milliseconds and value of one benchmark at the smaller of its sizes."""
    command = ["cargo", "bench", "-q", "-p", "overread-stats", "--bench", "statistics", "--"]
    out = subprocess.run(
        [*command, "--json", "--small", name], check=True, capture_output=True, text=True, cwd=ROOT
    ).stdout
    [row] = json.loads(out.splitlines()[-1])
    return row["ms"], row["value"]


def timed(work):
    start = time.perf_counter()
    value = work()
    return (time.perf_counter() - start) * 1000, value


def peers():
    """Per benchmark: the name of each peer, what it does, and how close its value must be to ours."""
    if np is None:
        return {}
    out = {name: {} for name in TARGETS}
    inter_rater, krippendorff = imported("statsmodels.stats.inter_rater"), imported("krippendorff")
    if inter_rater and krippendorff:
        data = ratings()
        work = lambda: fleiss_and_alpha(data, inter_rater, krippendorff)  # noqa: E731
        out["fleiss and krippendorff"]["statsmodels + krippendorff"] = (work, 1e-9)
    positive, score = scores()
    sklearn = imported("sklearn.metrics")
    if sklearn:
        work = lambda: sklearn.roc_auc_score(positive, score)  # noqa: E731
        out["auroc with delong"]["scikit-learn, area alone"] = (work, 1e-9)
    out["auroc with delong"]["numpy, area and error"] = (lambda: delong(positive, score)[0], 1e-9)
    codes = pairs()
    # Another generator: the limits agree as far as 2,000 replicates let them.
    out["kappa bootstrap"]["numpy"] = (lambda: kappa_bootstrap(codes)[0], 5e-3)
    return out


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=int, default=5)
    options = parser.parse_args()
    figures, wrong = [], []
    for name, others in peers().items():
        times = {peer: [] for peer in ["overread", *others]}
        ours(name)
        for _ in range(options.runs):
            milliseconds, value = ours(name)
            times["overread"].append(milliseconds)
            for peer, (work, close) in others.items():
                milliseconds, other = timed(work)
                times[peer].append(milliseconds)
                if abs(value - other) > close:
                    wrong.append(f"{name}: {value} here, {other} by {peer}")
        medians = {peer: statistics.median(list_) for peer, list_ in times.items() if list_}
        figures.append({
            "name": name,
            "target": TARGETS[name],
            "ms": {peer: round(ms, 3) for peer, ms in medians.items()},
            "ratio": {p: round(medians[p] / medians["overread"], 1) for p in others},
        })
    print(json.dumps(figures, indent=1))
    if wrong:
        sys.exit("\n".join(wrong))


if __name__ == "__main__":
    main()
