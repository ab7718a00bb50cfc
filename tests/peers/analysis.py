#!/usr/bin/env python3
"""The whole analysis, after one more read and fresh: Overread against pandas, scipy and statsmodels.

    cargo bench -p overread-analysis --bench analysis --no-run
    python3 tests/peers/analysis.py [--runs 3]

112,120 studies, 15 decks of 50 label-positives and 50 controls, two readers, two rules, 20 strata of each finding:
the benchmark `analysis` makes them for itself, this script for its peer, of the same size; the figures are not the same,
since the answers are not. The peer computes label quality with intervals, the comparison of the rules with Holm's
correction, the strata with Newcombe's interval, Fisher's test and Benjamini-Hochberg, and Cohen's and Fleiss' kappa. Overread
computes those and everything else that an analysis holds (running views, drift, flow, refusals), so the ratios flatter
the peer. `fresh` is one pure analysis of all reads. `after_one_more_read` is what a reader waits for: Overread keeps what
a read cannot change and computes the rest, while the peer, which keeps nothing, computes all of it again; so this ratio
compares two ways of working, and `ratio_fresh` the same work.
A peer that is not installed is named and left out.
"""

import argparse
import json
import statistics
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
STUDIES, FINDINGS, ARM, STRATA = 112_120, 15, 50, 20
RULES = {"permissive": 1, "clinical": 2}


def ours():
    """The medians over the last reads, at full size, in milliseconds."""
    command = ["cargo", "bench", "-q", "-p", "overread-analysis", "--bench", "analysis", "--", "--json"]
    out = subprocess.run(command, check=True, capture_output=True, text=True, cwd=ROOT).stdout
    return json.loads(out.splitlines()[-1])


def made(np, pd):
    """The label table of the dataset, and the reads with their strata as a long table."""
    random = np.random.default_rng(14)
    labels = pd.DataFrame(random.random((STUDIES, FINDINGS)) < 0.05)
    labels["patient"] = np.arange(STUDIES) * 30_805 // STUDIES
    marks = [f"s{k}" for k in range(STRATA)]
    strata = pd.DataFrame(random.random((STUDIES, STRATA)) < 0.3, columns=marks)
    reads = []
    for finding in range(FINDINGS):
        for label in (True, False):
            arm = random.choice(np.flatnonzero(labels[finding] == label), ARM, replace=False)
            truth = random.random(ARM) < (0.8 if label else 0.05)
            for reader in ("R1", "R2"):
                level = np.where(random.random(ARM) < 0.9, truth, ~truth) * random.integers(1, 3, ARM)
                reads.append(pd.DataFrame(
                    {"study": arm, "reader": reader, "finding": finding, "level": level}
                ))
    return labels, strata, pd.concat(reads, ignore_index=True)


def analysis(np, pd, labels, strata, reads, tools):
    """What a statistician would write with pandas: one pass over findings and rules, vectorised within."""
    stats, sm, rater, multi = tools
    out, mcnemar_p, fisher_p = [], [], []
    wide = reads.pivot_table(index=["finding", "study"], columns="reader", values="level")
    wide = wide.join(strata, on="study")
    columns = labels.columns
    wide["label"] = labels.to_numpy()[
        wide.index.get_level_values("study"), columns.get_indexer(wide.index.get_level_values("finding"))
    ].astype(bool)
    for finding, part in wide.groupby(level="finding"):
        references = {}
        for rule, level in RULES.items():
            first, second = part["R1"] >= level, part["R2"] >= level
            decided = first == second
            truth = first & second
            references[rule] = truth[decided]
            tp, fp = (truth & part.label & decided).sum(), (~truth & part.label & decided).sum()
            fn, tn = (truth & ~part.label & decided).sum(), (~truth & ~part.label & decided).sum()
            for x, n in ((tp, tp + fp), (tn, tn + fn), (tp, tp + fn), (tn, tn + fp)):
                out.append(sm.proportion_confint(x, max(n, 1), method="wilson"))
            table = pd.crosstab(first, second).reindex([False, True], fill_value=0)
            table = table.reindex([False, True], axis=1, fill_value=0).to_numpy()
            out.append(rater.cohens_kappa(table).kappa)
            counts, _ = rater.aggregate_raters(np.column_stack([first, second]).astype(int), 2)
            out.append(rater.fleiss_kappa(counts))
            positives = part[part.label & decided]
            confirmed = truth[positives.index]
            for stratum in strata.columns:
                inside = positives[stratum]
                a, m = int(confirmed[inside].sum()), int(inside.sum())
                b, n = int(confirmed[~inside].sum()), int((~inside).sum())
                out.append(sm.proportion_confint(m, m + n, method="wilson"))
                out.append(sm.proportion_confint(a, m, method="wilson"))
                out.append(sm.proportion_confint(b, n, method="wilson"))
                out.append(sm.confint_proportions_2indep(a, m, b, n, method="newcomb"))
                fisher_p.append(stats.fisher_exact([[a, m - a], [b, n - b]])[1])
        both = references["permissive"].to_frame("p").join(references["clinical"].rename("c"), how="inner")
        b, c = (both.p & ~both.c).sum(), (~both.p & both.c).sum()
        mcnemar_p.append(stats.binomtest(int(min(b, c)), int(b + c), 0.5).pvalue if b + c else 1.0)
    out.append(multi.multipletests(mcnemar_p, method="holm")[1])
    out.append(multi.multipletests(fisher_p, method="fdr_bh")[1])
    return out


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=int, default=3)
    options = parser.parse_args()
    kinds = {"after_one_more_read": "after one more read", "fresh": "fresh"}
    figures = {"target_ms": 5, "target_ratio": 100, "pandas_ms": []} | {f"{kind}_ms": [] for kind in kinds}
    try:
        import numpy as np
        import pandas as pd
        import scipy.stats as stats
        import statsmodels.stats.inter_rater as rater
        import statsmodels.stats.multitest as multi
        import statsmodels.stats.proportion as sm
    except ImportError as error:
        print(f"{error.name} is not installed: no ratio", file=sys.stderr)
        pd = None
    if pd:
        figures["pandas"] = pd.__version__
        labels, strata, reads = made(np, pd)
    for _ in range(options.runs):
        rows = {row["name"]: row for row in ours()}
        figures["what"] = rows["fresh"]["what"]
        for kind, name in kinds.items():
            figures[f"{kind}_ms"].append(round(rows[name]["ms"], 3))
        if pd:
            start = time.perf_counter()
            analysis(np, pd, labels, strata, reads, (stats, sm, rater, multi))
            figures["pandas_ms"].append(round((time.perf_counter() - start) * 1000, 1))
    if pd:
        peer = statistics.median(figures["pandas_ms"])
        for kind in kinds:
            figures[f"ratio_{kind}"] = round(peer / statistics.median(figures[f"{kind}_ms"]), 1)
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
