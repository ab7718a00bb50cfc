"""The statistics of Overread computed a second time, in Python, from the written conventions alone.

Nothing here is translated from the Rust code: every function follows docs/methods and the formulas' sources, in the
most literal form that could be found (loops over subjects, scipy for distribution functions), so that a slip in one
of the two shows up as a difference. `differential.py` compares the two on random and awkward tables.

Needs numpy and scipy.
"""

import csv
import io
import math
from collections import OrderedDict, defaultdict

import numpy as np
from scipy import optimize, special, stats

MASK = (1 << 64) - 1


# --------------------------------------------------------------------------------------------- distributions

def z_of(level):
    return 1.959963984540054 if level == 0.95 else float(stats.norm.ppf(1 - (1 - level) / 2))


def t_of(level, df):
    """Student's quantile by solving the exact distribution function, not by a library's search."""
    tail = (1 - level) / 2
    f = lambda t: special.betainc(df / 2, 0.5, df / (df + t * t)) / 2 - tail
    high = 2.0
    while f(high) > 0:
        high *= 2
    return optimize.brentq(f, 0.0, high, xtol=1e-14, rtol=1e-15, maxiter=500)


def p_two_sided(z):
    return float(special.erfc(abs(z) / math.sqrt(2)))


# ------------------------------------------------------------------------------------------------ proportions

def wilson_pair(k, n, level=0.95):
    z = z_of(level)
    p = k / n
    centre = (p + z * z / (2 * n)) / (1 + z * z / n)
    half = z * math.sqrt(max(p * (1 - p), 0) / n + z * z / (4 * n * n)) / (1 + z * z / n)
    low, high = centre - half, centre + half
    return [0.0 if k == 0 else low, 1.0 if k == n else high]


def cp_pair(k, n, level=0.95):
    a = 1 - level
    low = 0.0 if k == 0 else float(stats.beta.ppf(a / 2, k, n - k + 1))
    high = 1.0 if k == n else float(stats.beta.ppf(1 - a / 2, k + 1, n - k))
    return [low, high]


def proportion(k, n, level=0.95):
    if n == 0:
        return dict(k=k, n=n, est=None, wilson=None, clopper_pearson=None)
    return dict(k=k, n=n, est=k / n, wilson=wilson_pair(k, n, level), clopper_pearson=cp_pair(k, n, level))


# --------------------------------------------------------------------------------------------------- 2x2 table

def clip(pair, low, high):
    return [min(max(x, low), high) for x in pair]


def newcombe(k1, n1, k2, n2, level=0.95):
    p1, p2 = k1 / n1, k2 / n2
    l1, u1 = wilson_pair(k1, n1, level)
    l2, u2 = wilson_pair(k2, n2, level)
    d = p1 - p2
    return clip([d - math.sqrt((p1 - l1) ** 2 + (u2 - p2) ** 2),
                 d + math.sqrt((u1 - p1) ** 2 + (p2 - l2) ** 2)], -1, 1)


def ratio_ci(est, s, level):
    z = z_of(level)
    return [math.exp(math.log(est) - z * s), math.exp(math.log(est) + z * s)]


def likelihood_ratio(a, A, b, B, level):
    if A == 0 or B == 0 or b == 0:
        return dict(est=None, ci=None)
    if a == 0:
        return dict(est=0.0, ci=None)
    est = (a / A) / (b / B)
    return dict(est=est, ci=ratio_ci(est, math.sqrt(max(1 / a - 1 / A + 1 / b - 1 / B, 0)), level))


def mapped_jaccard(same, other, level):
    """2x/(1+x) of the Wilson interval of same/(same+other)."""
    if same + other == 0:
        return dict(est=None, ci=None)
    return dict(est=2 * same / (2 * same + other),
                ci=[2 * x / (1 + x) for x in wilson_pair(same, same + other, level)])


def confusion(tp, fp, fn, tn, level=0.95):
    n = tp + fp + fn + tn
    P, N, lp, ln = tp + fn, tn + fp, tp + fp, fn + tn
    out = dict(tp=tp, fp=fp, fn=fn, tn=tn, n=n, n_label_pos=lp, n_label_neg=ln, n_ref_pos=P, n_ref_neg=N,
               one_arm=lp == 0 or ln == 0, ppv=proportion(tp, lp, level), npv=proportion(tn, ln, level))
    names = ['sensitivity', 'specificity', 'accuracy', 'prevalence', 'label_prevalence', 'f1', 'youden',
             'balanced_accuracy', 'lr_pos', 'lr_neg', 'kappa']
    if out['one_arm']:
        out.update({name: None for name in names})
        return out
    out.update(sensitivity=proportion(tp, P, level), specificity=proportion(tn, N, level),
               accuracy=proportion(tp + tn, n, level), prevalence=proportion(P, n, level),
               label_prevalence=proportion(lp, n, level), f1=mapped_jaccard(tp, fp + fn, level))
    if P and N:
        j, ci = tp / P - fp / N, newcombe(tp, P, fp, N, level)
        out['youden'] = dict(est=j, ci=ci)
        out['balanced_accuracy'] = dict(est=(1 + j) / 2, ci=[(1 + x) / 2 for x in ci])
    else:
        out['youden'] = out['balanced_accuracy'] = dict(est=None, ci=None)
    out['lr_pos'] = likelihood_ratio(tp, P, fp, N, level)
    out['lr_neg'] = likelihood_ratio(fn, P, tn, N, level)
    out['kappa'] = kappa([[tn, fn], [fp, tp]], level=level)
    return out


# ---------------------------------------------------------------------------------------------------- clusters

def cluster(y, m, level=0.95):
    used = [(a, b) for a, b in zip(y, m) if b > 0]
    C, M, Y = len(used), sum(b for _, b in used), sum(a for a, _ in used)
    out = dict(clusters=C, n=M, k=Y, est=Y / M if M else None, se=None, deff=None, n_eff=None, icc=None,
               ci_wilson_neff=None, ci_linear_t=None, max_cluster=max([b for _, b in used], default=0))
    if C < 2:
        return out
    p = Y / M
    if Y in (0, M):
        out.update(se=0.0, n_eff=float(C), ci_wilson_neff=wilson_pair(0 if Y == 0 else C, C, level))
        return out
    v = C / (C - 1) * sum((a - p * b) ** 2 for a, b in used) / M ** 2
    deff = v / (p * (1 - p) / M)
    neff = M / max(deff, 1)
    half = t_of(level, C - 1) * math.sqrt(v)
    out.update(se=math.sqrt(v), deff=deff, n_eff=neff, ci_wilson_neff=wilson_pair(p * neff, neff, level),
               ci_linear_t=clip([p - half, p + half], 0, 1))
    if M > C:
        ssb = sum(b * (a / b - p) ** 2 for a, b in used)
        ssw = sum(a * (1 - a / b) ** 2 + (b - a) * (a / b) ** 2 for a, b in used)
        msb, msw = ssb / (C - 1), ssw / (M - C)
        m0 = (M - sum(b * b for _, b in used) / M) / (C - 1)
        bottom = msb + (m0 - 1) * msw
        out['icc'] = (msb - msw) / bottom if bottom else None
    return out


# --------------------------------------------------------------------------------------------------- bootstrap

def splitmix(seed, i):
    x = (seed + (i + 1) * 0x9E3779B97F4A7C15) & MASK
    x = ((x ^ (x >> 30)) * 0xBF58476D1CE4E5B9) & MASK
    x = ((x ^ (x >> 27)) * 0x94D049BB133111EB) & MASK
    return x ^ (x >> 31)


def draws(seed, start, count, n):
    """Indices below n from draws start..start+count; n may be an array of the same length."""
    i = np.arange(start, start + count, dtype=np.uint64)
    with np.errstate(over='ignore'):
        x = np.uint64(seed & MASK) + (i + np.uint64(1)) * np.uint64(0x9E3779B97F4A7C15)
        x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        x = x ^ (x >> np.uint64(31))
        return (((x >> np.uint64(32)) * np.asarray(n, dtype=np.uint64)) >> np.uint64(32)).astype(np.int64)


def summary(values, reps, seed, level):
    good = np.array([v for v in values if v is not None and math.isfinite(v)])
    a = 1 - level
    ci = [float(np.quantile(good, a / 2)), float(np.quantile(good, 1 - a / 2))] if len(good) else None
    return dict(reps=reps, defined=len(good), seed=seed, ci=ci,
                se=float(np.std(good, ddof=1)) if len(good) > 1 else None)


def cluster_bootstrap(y, m, reps=2000, seed=20170601, level=0.95):
    used = [(a, b) for a, b in zip(y, m) if b > 0]
    C = len(used)
    Y, M = np.array([a for a, _ in used]), np.array([b for _, b in used])
    values = []
    for r in range(reps):
        if C == 0:
            values.append(None)
            continue
        i = draws(seed, r * C, C, C)
        values.append(Y[i].sum() / M[i].sum())
    return summary(values, reps, seed, level)


def bootstrap_kappa(x, y, reps=2000, seed=20170601, categories=(0, 1), weights='identity', level=0.95):
    at = {c: i for i, c in enumerate(categories)}
    q, n = len(categories), len(x)
    xi, yi = np.array([at[v] for v in x], dtype=int), np.array([at[v] for v in y], dtype=int)
    values = []
    for r in range(reps):
        if n == 0:
            values.append(None)
            continue
        i = draws(seed, r * n, n, n)
        table = np.zeros((q, q), dtype=int)
        np.add.at(table, (xi[i], yi[i]), 1)
        values.append(kappa(table.tolist(), weights)['kappa'])
    return summary(values, reps, seed, level)


# ------------------------------------------------------------------------------------------- stratified samples

def logit_pair(p, s, level):
    z = z_of(level)
    if s == 0:
        return [p, p]
    x = math.log(p / (1 - p))
    return [1 / (1 + math.exp(-(x - z * s))), 1 / (1 + math.exp(-(x + z * s)))]


def stratified(strata, level=0.95, reps=0, seed=20170601):
    used = [s for s in strata if s['N'] > 0]

    def limits(s):
        p = s['k'] / s['n']
        return [p, p] if s['n'] == s['N'] else cp_pair(s['k'], s['n'], level)

    def arm(select, hit):
        """Total, variance (None: not estimable), limits, census?, flat?, strata, size; None when unsampled."""
        rows = [s for s in used if select(s)]
        if any(s['n'] == 0 for s in rows):
            return None
        total, var, low, high, flat, census = 0.0, 0.0, 0.0, 0.0, True, True
        for s in rows:
            p, (l, u) = s['k'] / s['n'], limits(s)
            if not hit(s):
                p, l, u = 1 - p, 1 - u, 1 - l
            total += s['N'] * p
            low += s['N'] * l
            high += s['N'] * u
            if s['n'] < s['N']:
                census = False
                if 0 < s['k'] < s['n']:
                    flat = False
                if s['n'] < 2:
                    var = None
                elif var is not None:
                    var += s['N'] ** 2 * (1 - s['n'] / s['N']) * p * (1 - p) / (s['n'] - 1)
        return dict(total=total, var=var, low=low, high=high, flat=flat and not census, census=census,
                    strata=len(rows), size=sum(s['N'] for s in rows))

    nothing = dict(est=None, se=None, ci=None)

    def ratio(a, b):
        if a is None or b is None or a['total'] + b['total'] <= 0 or not (a['strata'] and b['strata']):
            return dict(nothing)
        A, B = a['total'], b['total']
        est = A / (A + B)
        if a['flat'] or b['flat'] or A == 0 or B == 0:
            f = lambda x, y: x / (x + y) if x + y > 0 else est
            return dict(est=est, se=0.0 if a['census'] and b['census'] else None,
                        ci=[f(a['low'], b['high']), f(a['high'], b['low'])])
        if a['var'] is None or b['var'] is None:
            return dict(est=est, se=None, ci=None)
        s = math.sqrt(a['var'] / A ** 2 + b['var'] / B ** 2)
        return dict(est=est, se=math.sqrt(B ** 2 * a['var'] + A ** 2 * b['var']) / (A + B) ** 2,
                    ci=logit_pair(est, s, level))

    def mean(a):
        if a is None or a['size'] == 0:
            return dict(nothing)
        est = a['total'] / a['size']
        if a['census']:
            return dict(est=est, se=0.0, ci=[est, est])
        if a['flat'] or a['total'] <= 0 or a['total'] >= a['size']:
            return dict(est=est, se=None, ci=[a['low'] / a['size'], a['high'] / a['size']])
        if a['var'] is None:
            return dict(est=est, se=None, ci=None)
        se = math.sqrt(a['var']) / a['size']
        return dict(est=est, se=se, ci=logit_pair(est, se / (est * (1 - est)), level))

    pos, neg = (lambda s: s['label'] == 1), (lambda s: s['label'] == 0)
    yes, no = (lambda s: True), (lambda s: False)
    TP, FP, FN, TN = arm(pos, yes), arm(pos, no), arm(neg, yes), arm(neg, no)
    total = lambda a: None if a is None else a['total']
    out = dict(
        strata=[dict(name=s['name'], label=s['label'], N=s['N'], n=s['n'], k=s['k'],
                     weight=s['N'] / s['n'] if s['n'] else None,
                     fpc=1 - s['n'] / s['N'] if s['N'] else None) for s in strata],
        N=sum(s['N'] for s in strata), n=sum(s['n'] for s in strata),
        expected_table=dict(tp=total(TP), fp=total(FP), fn=total(FN), tn=total(TN)),
        design=dict(sensitivity=ratio(TP, FN), specificity=ratio(TN, FP), ppv=mean(TP), npv=mean(TN),
                    prevalence=mean(arm(yes, yes)), accuracy=mean(arm(yes, pos))))
    out['begg_greenes'] = begg_greenes(used, level)
    s1, s0 = [s for s in used if s['label'] == 1], [s for s in used if s['label'] == 0]
    k1, n1 = sum(s['k'] for s in s1), sum(s['n'] for s in s1)
    k0, n0 = sum(s['k'] for s in s0), sum(s['n'] for s in s0)
    div = lambda a, b: a / b if b else None
    out['naive'] = dict(sensitivity=div(k1, k1 + k0), specificity=div(n0 - k0, n0 - k0 + n1 - k1),
                        prevalence=div(k1 + k0, n1 + n0))
    if reps:
        out['bootstrap'] = stratified_bootstrap(used, reps, seed, level)
    return out


def begg_greenes(used, level):
    s1, s0 = [s for s in used if s['label'] == 1], [s for s in used if s['label'] == 0]
    if len(s1) != 1 or len(s0) != 1 or s1[0]['n'] == 0 or s0[0]['n'] == 0:
        return dict(sensitivity=None, specificity=None)
    N = s1[0]['N'] + s0[0]['N']
    phi, n1, n0 = s1[0]['N'] / N, s1[0]['n'], s0[0]['n']
    p, q = s1[0]['k'] / n1, s0[0]['k'] / n0

    def one(phi, p, n1, q, n0):
        bottom = phi * p + (1 - phi) * q
        if bottom == 0:
            return dict(est=None, se_logit=None, ci=None)
        est = phi * p / bottom
        if p == 0 or q == 0:
            return dict(est=est, se_logit=None, ci=None)
        s = math.sqrt(1 / (N * phi * (1 - phi)) + (1 - p) / (p * n1) + (1 - q) / (q * n0))
        return dict(est=est, se_logit=s, ci=logit_pair(est, s, level))

    return dict(sensitivity=one(phi, p, n1, q, n0), specificity=one(1 - phi, 1 - q, n0, 1 - p, n1))


def stratified_bootstrap(used, reps, seed, level):
    n = sum(s['n'] for s in used)
    out = {'sensitivity': [], 'specificity': []}
    for r in range(reps):
        start, TP, FP, FN, TN = r * n, 0.0, 0.0, 0.0, 0.0
        if any(s['n'] == 0 for s in used):
            out['sensitivity'].append(None)
            out['specificity'].append(None)
            continue
        for s in used:
            hits = int((draws(seed, start, s['n'], s['n']) < s['k']).sum())
            start += s['n']
            p = hits / s['n']
            if s['label']:
                TP += s['N'] * p
                FP += s['N'] * (1 - p)
            else:
                FN += s['N'] * p
                TN += s['N'] * (1 - p)
        out['sensitivity'].append(TP / (TP + FN) if TP + FN > 0 else None)
        out['specificity'].append(TN / (TN + FP) if TN + FP > 0 else None)
    return {k: summary(v, reps, seed, level) for k, v in out.items()}


# ------------------------------------------------------------------------------------ paired and two-group tests

def mcnemar(b, c):
    t = b + c
    if t == 0:
        return dict(b=b, c=c, exact_p=1.0, mid_p=1.0, chi2=None, chi2_p=None, chi2_cc=None, chi2_cc_p=None)
    lo = min(b, c)
    exact = min(1.0, 2 * float(stats.binom.cdf(lo, t, 0.5)))
    f = float(stats.binom.pmf(lo, t, 0.5))
    mid = 1 - f / 2 if b == c else exact - f
    chi, cc = (b - c) ** 2 / t, max(0, abs(b - c) - 1) ** 2 / t
    return dict(b=b, c=c, exact_p=exact, mid_p=mid, chi2=chi, chi2_p=float(stats.chi2.sf(chi, 1)), chi2_cc=cc,
                chi2_cc_p=float(stats.chi2.sf(cc, 1)))


def paired_difference(a, b, c, d, level=0.95):
    n = a + b + c + d
    if n == 0:
        return dict(diff=None, newcombe=None, wald=None)
    diff = (b - c) / n
    se = math.sqrt(max(b + c - (b - c) ** 2 / n, 0)) / n
    p1, p2 = (a + b) / n, (a + c) / n
    l1, u1 = wilson_pair(a + b, n, level)
    l2, u2 = wilson_pair(a + c, n, level)
    product = (a + b) * (c + d) * (a + c) * (b + d)
    top = a * d - b * c
    if top > 0:
        top = max(top - n / 2, 0)
    phi = top / math.sqrt(product) if product else 0.0
    arm = lambda x, y: math.sqrt(max(x * x - 2 * phi * x * y + y * y, 0))
    z = z_of(level)
    return dict(diff=diff, wald=[diff - z * se, diff + z * se],
                newcombe=clip([diff - arm(p1 - l1, u2 - p2), diff + arm(u1 - p1, p2 - l2)], -1, 1))


def mcnemar_full(b, c, a=None, d=None, level=0.95):
    out = mcnemar(b, c)
    if a is not None and d is not None:
        out['paired'] = paired_difference(a, b, c, d, level)
    return out


def two_proportions(k1, n1, k2, n2, level=0.95):
    out = dict(k1=k1, n1=n1, k2=k2, n2=n2, p1=k1 / n1 if n1 else None, p2=k2 / n2 if n2 else None)
    rest = ['diff', 'newcombe', 'fisher_p', 'rr', 'rr_ci', 'or', 'or_ci', 'chi2_p']
    out.update({r: None for r in rest})
    if not (n1 and n2):
        return out
    a, b, c, d = k1, n1 - k1, k2, n2 - k2
    p1, p2 = out['p1'], out['p2']
    out.update(diff=p1 - p2, newcombe=newcombe(k1, n1, k2, n2, level),
               fisher_p=float(stats.fisher_exact([[a, b], [c, d]])[1]))
    if k2:
        out['rr'] = p1 / p2
        if k1:
            out['rr_ci'] = ratio_ci(p1 / p2, math.sqrt(max(1 / k1 - 1 / n1 + 1 / k2 - 1 / n2, 0)), level)
    if b * c:
        out['or'] = a * d / (b * c)
        if a * d:
            out['or_ci'] = ratio_ci(out['or'], math.sqrt(1 / a + 1 / b + 1 / c + 1 / d), level)
    pool = (k1 + k2) / (n1 + n2)
    if 0 < pool < 1:
        out['chi2_p'] = p_two_sided((p1 - p2) / math.sqrt(pool * (1 - pool) * (1 / n1 + 1 / n2)))
    return out


def adjust(p):
    known = [(v, i) for i, v in enumerate(p) if v is not None]
    m = len(known)
    holm, bh = [None] * len(p), [None] * len(p)
    ordered = sorted(known)
    for r, (v, i) in enumerate(ordered):
        holm[i] = min(1.0, max((m - s) * w for s, (w, _) in enumerate(ordered[:r + 1])))
        bh[i] = min(1.0, min(m * w / (s + 1 + r) for s, (w, _) in enumerate(ordered[r:])))
    return dict(holm=holm, bh=bh, m=m)


# --------------------------------------------------------------------------------------------------- two raters

def weight_matrix(name, q):
    i, j = np.indices((q, q))
    if name == 'linear':
        return 1 - abs(i - j) / max(q - 1, 1)
    if name == 'quadratic':
        return 1 - (i - j) ** 2 / max(q - 1, 1) ** 2
    return np.eye(q)


def kappa(table, weights='identity', level=0.95):
    T = np.array(table, dtype=float)
    q, n = len(T), T.sum()
    out = dict(n=int(n), po=None, pe=None, kappa=None, se_mchugh=None, ci_mchugh=None, se_fce=None, ci_fce=None,
               se_null=None, z=None, p=None)
    if n == 0:
        return out
    W, P = weight_matrix(weights, q), T / n
    r, c = P.sum(1), P.sum(0)
    po, pe = float((W * P).sum()), float((W * np.outer(r, c)).sum())
    out.update(po=po, pe=pe)
    if 1 - pe < 1e-12:
        return out
    k = (po - pe) / (1 - pe)
    wi, wj = W @ c, W.T @ r
    S = wi[:, None] + wj[None, :]
    root = lambda v: math.sqrt(v) if v > 1e-14 else 0.0
    fce = float((P * (W - S * (1 - k)) ** 2).sum()) - (k - pe * (1 - k)) ** 2
    null = float((np.outer(r, c) * (W - S) ** 2).sum()) - pe ** 2
    mchugh = root(po * (1 - po)) / (math.sqrt(n) * (1 - pe))
    fce, null = root(fce) / ((1 - pe) * math.sqrt(n)), root(null) / ((1 - pe) * math.sqrt(n))
    z = z_of(level)
    ci = lambda s: clip([k - z * s, k + z * s], -1, 1)
    out.update(kappa=k, se_mchugh=mchugh, ci_mchugh=ci(mchugh), se_fce=fce, ci_fce=ci(fce), se_null=null)
    if null > 0:
        out.update(z=k / null, p=p_two_sided(k / null))
    return out


def two_rater(table, ordinal=False, level=0.95):
    q, n = len(table), sum(map(sum, table))
    same = sum(table[i][i] for i in range(q))
    k = kappa(table, level=level)
    out = dict(n=n, table=table, kappa=k, percent_agreement=proportion(same, n, level))
    if n:
        po = same / n
        m = lambda x: (q * x - 1) / (q - 1)
        out['pabak'] = dict(est=m(po), se=q / (q - 1) * math.sqrt(po * (1 - po) / n),
                            ci=[m(x) for x in wilson_pair(same, n, level)])
        rows, cols = [sum(r) for r in table], [sum(r[j] for r in table) for j in range(q)]
        pe = sum(((rows[i] + cols[i]) / (2 * n)) ** 2 for i in range(q))
        out['scott_pi'] = dict(est=(po - pe) / (1 - pe) if 1 - pe >= 1e-12 else None, pe=pe)
    else:
        out['pabak'], out['scott_pi'] = dict(est=None, se=None, ci=None), dict(est=None, pe=None)
    if q == 2:
        (d, c), (b, a) = table[0], table[1]
        out['mcnemar'] = mcnemar(b, c)
        out['positive_agreement'] = mapped_jaccard(a, b + c, level)
        out['negative_agreement'] = mapped_jaccard(d, b + c, level)
        out['prevalence_index'] = (a - d) / n if n else None
        out['bias_index'] = (b - c) / n if n else None
        out['kappa_max'] = None
        if k['kappa'] is not None:
            most = sum(min(rows[i], cols[i]) for i in range(2)) / n
            out['kappa_max'] = (most - k['pe']) / (1 - k['pe'])
    else:
        out['mcnemar'] = None
    if ordinal:
        out['kappa_linear'], out['kappa_quadratic'] = kappa(table, 'linear', level), kappa(table, 'quadratic', level)
    subjects = []
    for i in range(q):
        for j in range(q):
            counts = [0] * q
            counts[i] += 1
            counts[j] += 1
            subjects += [counts] * table[i][j]
    out['gwet_ac1'] = many('gwet', subjects, level=level, q=q)
    return out


# -------------------------------------------------------------------------------------------------- many raters

def many(kind, counts, weights='identity', level=0.95, q=None):
    q = q or (len(counts[0]) if counts else 2)
    rated = [np.array(c, dtype=float) for c in counts if sum(c) > 0]
    n, n2 = len(rated), sum(1 for c in rated if c.sum() >= 2)
    out = dict(n=n, n_ge2=n2, pa=None, pe=None, est=None, se=None, ci_t=None, ci_z=None)
    if n2 == 0:
        return out
    W = weight_matrix(weights, q)
    Tw = W.sum()
    X = np.array(rated)
    R = X.sum(1)
    twice = R >= 2
    with np.errstate(invalid='ignore', divide='ignore'):
        own = np.where(twice, (X * (X @ W.T - 1)).sum(1) / (R * (R - 1)), 0.0)
    pa = own[twice].mean()
    share = X / R[:, None]
    pi = share.mean(0)
    if kind == 'fleiss':
        pe, own_pe = float(pi @ W @ pi), share @ (W @ pi)
    elif kind == 'gwet':
        f = Tw / (q * (q - 1))
        pe, own_pe = f * float((pi * (1 - pi)).sum()), f * (share @ (1 - pi))
    else:
        pe, own_pe = Tw / q ** 2, np.full(n, Tw / q ** 2)
    out.update(pa=float(pa), pe=float(pe))
    if 1 - pe < 1e-12:
        return out
    est = (pa - pe) / (1 - pe)
    out['est'] = float(est)
    if n < 2:
        return out
    x = (n / n2) * (own - pe * twice) / (1 - pe) - 2 * (1 - est) * (own_pe - pe) / (1 - pe)
    var = ((x - est) ** 2).sum() / (n * (n - 1))
    se = math.sqrt(var) if var * n > 1e-14 else 0.0
    t, z = t_of(level, n - 1), z_of(level)
    out.update(se=se, ci_t=clip([est - t * se, est + t * se], -1, 1), ci_z=clip([est - z * se, est + z * se], -1, 1))
    return out


def fleiss(counts, weights='identity', level=0.95, q=None):
    out = many('fleiss', counts, weights, level, q)
    rated = [c for c in counts if sum(c) > 0]
    sizes = {sum(c) for c in rated}
    out.update(balanced=len(sizes) == 1, se_null_fnl1979=None, z=None, p=None)
    if len(sizes) == 1 and max(sizes) >= 2:
        m, n = sizes.pop(), len(rated)
        p = np.array(rated).sum(0) / (n * m)
        s = float((p * (1 - p)).sum())
        if s > 1e-12:
            v = 2 / (n * m * (m - 1) * s * s) * (s * s - float((p * (1 - p) * (1 - 2 * p)).sum()))
            out['se_null_fnl1979'] = math.sqrt(v) if v > 1e-14 else 0.0
            if out['est'] is not None and out['se_null_fnl1979'] > 0:
                out['z'] = out['est'] / out['se_null_fnl1979']
                out['p'] = p_two_sided(out['z'])
    return out


def alpha_value(units, metric, values):
    q = len(values)
    O = np.zeros((q, q))
    for u in units:
        m = sum(u)
        for c in range(q):
            for k in range(q):
                O[c, k] += u[c] * (u[k] - (c == k)) / (m - 1)
    N = O.sum(1)
    n = N.sum()
    D = np.zeros((q, q))
    for c in range(q):
        for k in range(q):
            if c == k:
                continue
            lo, hi = min(c, k), max(c, k)
            if metric == 'nominal':
                D[c, k] = 1
            elif metric == 'ordinal':
                D[c, k] = (N[lo:hi + 1].sum() - (N[c] + N[k]) / 2) ** 2
            elif metric == 'interval':
                D[c, k] = (values[c] - values[k]) ** 2
            elif values[c] + values[k] != 0:
                D[c, k] = ((values[c] - values[k]) / (values[c] + values[k])) ** 2
    expected = float((np.outer(N, N) * D).sum())
    if expected <= 0:
        return None
    return 1 - (n - 1) * float((O * D).sum()) / expected


def alpha(counts, metric='nominal', reps=None, seed=20170601, categories=None, level=0.95):
    units = [u for u in counts if sum(u) >= 2]
    values = list(categories) if categories is not None else list(range(len(counts[0]) if counts else 2))
    out = dict(metric=metric, units_pairable=len(units), pairable_values=sum(map(sum, units)),
               alpha=alpha_value(units, metric, values))
    if reps:
        boot, n = [], len(units)
        for r in range(reps):
            boot.append(alpha_value([units[i] for i in draws(seed, r * n, n, n)], metric, values) if n else None)
        out['bootstrap'] = summary(boot, reps, seed, level)
    return out


def specific_agreement(counts, k):
    top = sum(c[k] * (c[k] - 1) for c in counts)
    bottom = sum(c[k] * (sum(c) - 1) for c in counts if sum(c) > 0)
    return top / bottom if bottom else None


def majority(ratings, tie='undecided', quorum=1, categories=(0, 1)):
    values, tied, insufficient = [], 0, 0
    for row in ratings:
        given = [v for v in row if v is not None]
        if len(given) < max(quorum, 1):
            insufficient += 1
            values.append(None)
            continue
        votes = [given.count(c) for c in categories]
        best = [c for c, v in zip(categories, votes) if v == max(votes)]
        if len(best) == 1:
            values.append(best[0])
            continue
        tied += 1
        values.append({'undecided': None, 'positive': best[-1], 'negative': best[0], 'first': given[0]}[tie])
    return dict(values=values, tied=tied, insufficient=insufficient)


# Set when a latent-class fit started on a saddle point: which way it leaves is decided by rounding alone, so that
# two correct programs may differ. `differential.py` does not compare such tables.
saddle = False


def dawid_skene(ratings, categories=(0, 1)):
    """ratings[i][j]: the answers of rater j about subject i (a list, None for missing)."""
    global saddle
    fit = latent_fit(ratings, categories)
    back = latent_fit([row[::-1] for row in ratings[::-1]], categories)
    if fit['n'] and any(p and abs(p[0] - q[0]) > 1e-7 for p, q in zip(fit['posterior'], back['posterior'][::-1])):
        saddle = True
    return fit


def latent_fit(ratings, categories):
    at = {c: i for i, c in enumerate(categories)}
    q = len(categories)
    J = max((len(r) for r in ratings), default=0)
    n_ijl = np.zeros((len(ratings), J, q))
    for i, row in enumerate(ratings):
        for j, answers in enumerate(row):
            for v in answers if isinstance(answers, list) else [answers]:
                if v is not None:
                    n_ijl[i, j, at[v]] += 1
    has = n_ijl.sum((1, 2)) > 0
    X = n_ijl[has]
    if len(X) == 0:
        return dict(n=0)
    T = X.sum(1)
    T = T / T.sum(1, keepdims=True)
    last, converged, iterations = None, False, 0
    while iterations < 5000:
        iterations += 1
        p = T.mean(0)
        C = np.einsum('ik,ijl->jkl', T, X)
        mass = C.sum(2, keepdims=True)
        C = np.where(mass > 0, C / np.where(mass > 0, mass, 1), 1 / q)
        with np.errstate(divide='ignore'):
            lC, lp = np.log(C), np.log(p)
        L = np.tile(lp, (len(X), 1))
        for j in range(J):
            for l in range(q):
                mask = X[:, j, l] > 0
                L[mask] += X[mask, j, l][:, None] * lC[j, :, l][None, :]
        top = L.max(1, keepdims=True)
        E = np.exp(L - top)
        ll = float((top[:, 0] + np.log(E.sum(1))).sum())
        T = E / E.sum(1, keepdims=True)
        if last is not None and abs(ll - last) < 1e-10 * (1 + abs(ll)):
            converged = True
            break
        last = ll
    posterior = [None] * len(ratings)
    for place, row in zip(np.flatnonzero(has), T):
        posterior[place] = row.tolist()
    return dict(n=len(X), prevalence=T.mean(0).tolist(), posterior=posterior, iterations=iterations,
                converged=converged, loglik=ll, confusion=C.tolist())


# ---------------------------------------------------------------------------------------------------------- ROC

def auc_parts(y, s):
    pos, neg = np.array(s)[np.array(y) == 1], np.array(s)[np.array(y) == 0]
    V10 = np.array([((neg < a).sum() + (neg == a).sum() / 2) / len(neg) for a in pos])
    V01 = np.array([((pos > b).sum() + (pos == b).sum() / 2) / len(pos) for b in neg])
    return V10, V01


def delong(y, scores, level=0.95):
    m, n = sum(1 for v in y if v), sum(1 for v in y if not v)
    z = z_of(level)
    out = dict(models=[], diff=None, se_diff=None, cov=None, ci=None, z=None, p=None)
    if m == 0 or n == 0:
        out['models'] = [dict(auc=None, n_pos=m, n_neg=n, se=None, ci=None, ci_logit=None) for _ in scores]
        return out
    parts = [auc_parts(y, s) for s in scores]
    cov = lambda a, b: (np.cov(a[0], b[0])[0, 1] / m + np.cov(a[1], b[1])[0, 1] / n) if m > 1 and n > 1 else None
    root = lambda v: math.sqrt(v) if v > 1e-20 else 0.0
    for p in parts:
        auc = float(p[0].mean())
        one = dict(auc=auc, n_pos=m, n_neg=n, se=None, ci=None, ci_logit=None)
        if m > 1 and n > 1:
            se = root(cov(p, p))
            one.update(se=se, ci=clip([auc - z * se, auc + z * se], 0, 1))
            if 0 < auc < 1:
                one['ci_logit'] = logit_pair(auc, se / (auc * (1 - auc)), level)
        out['models'].append(one)
    if len(scores) >= 2:
        a, b = parts[:2]
        diff = out['models'][0]['auc'] - out['models'][1]['auc']
        out['diff'] = diff
        if m > 1 and n > 1:
            c = cov(a, b)
            se = root(cov(a, a) + cov(b, b) - 2 * c)
            out.update(cov=float(c), se_diff=se, ci=clip([diff - z * se, diff + z * se], -1, 1))
            if se > 0:
                out.update(z=diff / se, p=p_two_sided(diff / se))
            elif abs(diff) < 1e-12:
                out['p'] = 1.0
    return out


def roc(y, score, threshold=0.5, level=0.95):
    P, N = sum(1 for v in y if v), sum(1 for v in y if not v)
    div = lambda a, b: a / b if b else None
    points = [[None, div(0, N), div(0, P)]]
    for t in sorted(set(score), reverse=True):
        points.append([t, div(sum(1 for a, s in zip(y, score) if not a and s >= t), N),
                       div(sum(1 for a, s in zip(y, score) if a and s >= t), P)])
    tp = sum(1 for a, s in zip(y, score) if a and s > threshold)
    fp = sum(1 for a, s in zip(y, score) if not a and s > threshold)
    best = None
    if P and N:
        for t, f, r in points:
            if best is None or r - f > best['j']:
                best = dict(threshold_ge=t, j=r - f, fpr=f, tpr=r)
    return dict(delong=delong(y, [score], level)['models'][0], n_points=len(points),
                operating_point=dict(threshold=threshold, strict=True, tp=tp, fp=fp, fn=P - tp, tn=N - fp,
                                     sensitivity=proportion(tp, P, level),
                                     specificity=proportion(N - fp, N, level)),
                youden=best, points=points)


# ------------------------------------------------------------------------------------------------ drift, repeats

def trend(k, n, w=None):
    rates = [a / b if b else None for a, b in zip(k, n)]
    out = dict(z=None, p=None, rates=rates)
    N, K = sum(n), sum(k)
    if N == 0 or K in (0, N):
        return out
    w = list(range(len(k))) if w is None else w
    p = K / N
    var = p * (1 - p) * (sum(b * x * x for b, x in zip(n, w)) - sum(b * x for b, x in zip(n, w)) ** 2 / N)
    if len({x for x, b in zip(w, n) if b}) > 1:
        z = sum(x * (a - b * p) for a, b, x in zip(k, n, w)) / math.sqrt(var)
        out.update(z=z, p=p_two_sided(z))
    return out


def logistic(x, y):
    none = dict(slope=None, se=None, z=None, p=None, intercept=None)
    x1, x0 = [a for a, b in zip(x, y) if b], [a for a, b in zip(x, y) if not b]
    if not x1 or not x0 or not (min(x1) < max(x0) and min(x0) < max(x1)):
        return none
    X, Y = np.array(x, dtype=float), np.array(y, dtype=float)
    A = np.column_stack([np.ones(len(X)), X])
    f = lambda b: np.logaddexp(0, A @ b).sum() - (Y * (A @ b)).sum()
    g = lambda b: A.T @ (special.expit(A @ b) - Y)
    h = lambda b: (A * (special.expit(A @ b) * special.expit(-(A @ b)))[:, None]).T @ A
    b = optimize.minimize(f, np.zeros(2), jac=g, hess=h, method='trust-exact', options=dict(gtol=1e-10)).x
    for _ in range(20):
        b = b - np.linalg.solve(h(b), g(b))
    se = math.sqrt(np.linalg.inv(h(b))[1, 1])
    return dict(slope=b[1], se=se, z=b[1] / se, p=p_two_sided(b[1] / se), intercept=b[0])


def drift(pos, y, blocks=5, level=0.95):
    order = sorted(range(len(pos)), key=lambda i: pos[i])
    y = [y[i] for i in order]
    n = len(y)
    groups = defaultdict(list)
    for i, v in enumerate(y):
        groups[i * blocks // n].append(v)
    k = [sum(groups[b]) for b in sorted(groups)]
    m = [len(groups[b]) for b in sorted(groups)]
    return dict(n=n, blocks=[proportion(a, b, level) for a, b in zip(k, m)], trend=trend(k, m),
                logistic=logistic([i / (n - 1) if n > 1 else 0.0 for i in range(n)], y))


def repeat_studies(per_patient):
    sizes = [s for s in per_patient if s > 0]
    P, S = len(sizes), sum(sizes)
    rows = []
    for t in (1, 5, 10, 50, 100):
        big = [s for s in sizes if s > t]
        rows.append(dict(more_than=t, patients=len(big), patients_frac=len(big) / P if P else None,
                         studies=sum(big), studies_frac=sum(big) / S if S else None))
    return dict(patients=P, studies=S, rows=rows)


# ----------------------------------------------------------------------------------------------------- planning

def ceil_slack(x):
    return int(math.ceil(x - 1e-9))


def n_proportion(p, half_width, N=None, deff=1.0, level=0.95):
    z = z_of(level)
    half = lambda n: z * math.sqrt(p * (1 - p) / n + z * z / (4 * n * n)) / (1 + z * z / n)
    raw = z * z * p * (1 - p) / half_width ** 2
    high = 1
    while half(high) > half_width:
        high *= 2
    low = high // 2
    while high - low > 1:
        mid = (low + high) // 2
        low, high = (low, mid) if half(mid) <= half_width else (mid, high)

    def finish(n):
        n = n * deff
        return ceil_slack(n / (1 + (n - 1) / N) if N else n)

    return dict(n_wald=finish(raw), n_wilson=finish(high), n_wald_raw=raw)


def n_kappa_precision(kappa, prevalence, half_width, level=0.95):
    s = prevalence * (1 - prevalence)
    v = (1 - kappa) * ((1 - kappa) * (1 - 2 * kappa) + kappa * (2 - kappa) / (2 * s))
    return dict(n=ceil_slack(z_of(level) ** 2 * v / half_width ** 2), var_times_n=v)


def n_kappa_test(kappa0, kappa1, prevalence, power=0.8, alpha=0.05):
    p, q = prevalence, 1 - prevalence
    cells = lambda k: [p * p + k * p * q, 2 * p * q * (1 - k), q * q + k * p * q]
    d = sum((b - a) ** 2 / a for a, b in zip(cells(kappa0), cells(kappa1)))
    raw = (z_of(1 - alpha) + float(stats.norm.ppf(power))) ** 2 / d
    return dict(n=ceil_slack(raw), raw=raw)


def sequence(k, n, alpha=0.05):
    if n == 0:
        return dict(k=k, n=n, ci=None)
    f = lambda p: (special.betaln(k + 1, n - k + 1) - (k * math.log(p) if k else 0)
                   - ((n - k) * math.log1p(-p) if n - k else 0)) + math.log(alpha)
    tiny = 1e-300
    low = 0.0 if k == 0 else optimize.brentq(f, tiny, k / n, xtol=1e-16, rtol=1e-14)
    high = 1.0 if k == n else optimize.brentq(f, k / n, 1 - 1e-16, xtol=1e-16, rtol=1e-14)
    return dict(k=k, n=n, ci=[low, high])


def rng(seed, count, n=None):
    u = [splitmix(seed, i) for i in range(count)]
    return dict(u64=[str(x) for x in u], indices=None if n is None else [((x >> 32) * n) >> 32 for x in u])


CALC = dict(
    proportion=proportion, confusion=lambda level=0.95, **a: confusion(a['tp'], a['fp'], a['fn'], a['tn'], level),
    cluster=cluster, cluster_bootstrap=cluster_bootstrap, stratified=stratified, mcnemar=mcnemar_full,
    two_proportions=two_proportions, adjust=adjust, kappa=kappa, two_rater=two_rater, fleiss=fleiss,
    gwet=lambda counts, **a: many('gwet', counts, **a), bp=lambda counts, **a: many('bp', counts, **a),
    alpha=alpha, delong=delong, roc=roc, dawid_skene=dawid_skene, trend=trend, logistic=logistic, drift=drift,
    n_proportion=n_proportion, n_kappa_precision=n_kappa_precision, n_kappa_test=n_kappa_test,
    bootstrap_kappa=bootstrap_kappa, rng=rng, majority=majority, sequence=sequence, repeat_studies=repeat_studies)


# ------------------------------------------------------------------------------------------------- a reads table

DEFAULTS = dict(categories=[0, 1], reference='majority', tie='undecided', quorum=1, gold_readers=None,
                test_readers=None, threshold=0.5, level=0.95, bootstrap_reps=0, seed=20170601, population=None,
                blocks=5, ordinal=False, rules=['permissive', 'clinical'], posterior=True, dawid_skene=True)


def number(text):
    value = float(text)
    return int(value) if value == int(value) else value


def name_of(category):
    return str(number(category))


def rows_of(text, o):
    """Reads of a table with value or level, in file order."""
    table = list(csv.DictReader(io.StringIO(text.lstrip('\ufeff'))))
    out = []
    for place, row in enumerate(table):
        row = {k.strip(): (v or '').strip() for k, v in row.items() if k is not None}
        row['_place'] = place
        if 'level' in row and not ('rule' in row and 'value' in row):
            level = row['level']
            level = {'': None, 'absent': 0, 'plausible': 1, 'reportable': 2}.get(level) if not level.isdigit() else int(level)
            for i, rule in enumerate(o['rules']):
                out.append(dict(row, rule=rule, value='' if level is None else str(int(level > i))))
        else:
            out.append(row)
    return table, out


def is_positive(value, o):
    return value != o['categories'][0]


class Cell:
    """The reads of one rule and finding."""

    def __init__(self, rows, o):
        self.readers = sorted({r['reader_id'] for r in rows})
        self.studies = sorted({r['study_id'] for r in rows})
        reads = defaultdict(list)
        for r in rows:
            reads[r['study_id'], r['reader_id']].append(r)
        value = lambda r: number(r['value']) if r['value'] != '' else None
        self.first, self.second, self.seq = {}, {}, {}
        for key, many in reads.items():
            if any(r.get('read_no') for r in many):
                numbered = [(int(r['read_no']) if r.get('read_no') else i + 1, r) for i, r in enumerate(many)]
                many = [r for _, r in sorted(numbered, key=lambda p: p[0])]
            self.first[key] = value(many[0])
            self.second[key] = value(many[1]) if len(many) > 1 else None
            self.seq[key] = (float(many[0]['seq']), many[0]['_place']) if many[0].get('seq') else None
        by_study = defaultdict(list)
        for r in rows:
            by_study[r['study_id']].append(r)
        self.facts = {}
        for study, many in by_study.items():
            first = lambda c: next((r[c] for r in many if r.get(c)), None)
            tags = first('tag')
            label = first('dataset_label')
            score = first('score')
            self.facts[study] = dict(
                label=None if label is None else number(label), stratum=first('stratum'),
                patient=first('patient_id') or 'study:' + study, known=first('patient_id') is not None,
                tags=sorted({t.strip() for t in tags.split(';') if t.strip()}) if tags else [],
                score=None if score is None else float(score))
        self.decide(o)

    def answers(self, study, readers=None):
        return [self.first.get((study, r)) for r in (self.readers if readers is None else readers)]

    def counts(self, o):
        return [[self.answers(s).count(c) for c in o['categories']] for s in self.studies]

    def decide(self, o):
        gold = o['gold_readers']
        self.gold = [r for r in self.readers if gold is None or r in gold]
        rows = [self.answers(s, self.gold) for s in self.studies]
        votes = majority(rows, o['tie'], o['quorum'], o['categories'])
        self.tied, self.insufficient = votes['tied'], votes['insufficient']
        self.reference = dict(zip(self.studies, votes['values']))
        if o['reference'] == 'dawid_skene':
            fit = dawid_skene([[[v] for v in row] for row in rows], o['categories'])
            self.tied = 0
            for i, study in enumerate(self.studies):
                given = sum(v is not None for v in rows[i])
                p = fit['posterior'][i] if fit['n'] else None
                if given < max(o['quorum'], 1) or p is None:
                    self.reference[study] = None
                    continue
                best = [k for k in range(len(p)) if max(p) - p[k] < 1e-9]
                self.reference[study] = o['categories'][best[0]] if len(best) == 1 else None
                self.tied += len(best) > 1


def label_table(pairs, o):
    tally, level = defaultdict(int), o['level']
    for label, ref in pairs:
        if label is not None and ref is not None:
            tally[is_positive(label, o), is_positive(ref, o)] += 1
    return confusion(tally[True, True], tally[True, False], tally[False, True], tally[False, False], level)


def compared(pairs, o):
    q = len(o['categories'])
    at = {c: i for i, c in enumerate(o['categories'])}
    table = [[0] * q for _ in range(q)]
    for a, b in pairs:
        if a is not None and b is not None:
            table[at[a]][at[b]] += 1
    return two_rater(table, o['ordinal'], o['level'])


def analyse(reads, config=None, scores=None):
    o = dict(DEFAULTS, **(config or {}))
    o['categories'] = sorted(o['categories'])
    level = o['level']
    binary = len(o['categories']) == 2
    table, rows = rows_of(reads, o)
    header = [h.strip() for h in next(csv.reader(io.StringIO(reads.lstrip('\ufeff'))))]
    blank = lambda r: (r.get('value') if 'value' in header and 'rule' in header else r.get('level', '')) or ''
    out = dict(input=dict(rows=len(table), blank_values=sum(not blank(r).strip() for r in table),
                          studies=len({r['study_id'] for r in rows}),
                          readers=sorted({r['reader_id'] for r in rows}), rules=sorted({r['rule'] for r in rows}),
                          findings=sorted({r['finding'] for r in rows})))
    if 'dataset_label' in header and rows:
        labels = defaultdict(set)
        for r in rows:
            if r['dataset_label']:
                labels[r['study_id'], r['finding']].add(number(r['dataset_label']))
        out['input']['dataset_label_conflicts'] = sum(len(v) > 1 for v in labels.values())
    if 'patient_id' in header:
        patient = OrderedDict()
        for r in rows:
            if r['patient_id']:
                patient.setdefault(r['study_id'], r['patient_id'])
        if patient:
            sizes = defaultdict(int)
            for p in patient.values():
                sizes[p] += 1
            out['repeat_studies'] = repeat_studies(sizes.values())
    groups = defaultdict(list)
    for r in rows:
        groups[r['rule'], r['finding']].append(r)
    cells = {key: Cell(v, o) for key, v in sorted(groups.items())}
    family, sections = [], {}
    views = score_table(scores) if scores is not None else None
    for (rule, finding), cell in cells.items():
        section = dict(reference=dict(
            policy=o['reference'], readers=cell.gold, studies=len(cell.studies),
            decided=sum(v is not None for v in cell.reference.values()), tied=cell.tied,
            insufficient=cell.insufficient,
            counts={name_of(c): sum(v == c for v in cell.reference.values()) for c in o['categories']}))
        ref, facts = cell.reference, cell.facts
        if binary and any(f['label'] is not None for f in facts.values()):
            label_sections(section, cell, o, header, family, rule, finding)
        if binary and o['population'] and finding in o['population']:
            strata = []
            for s in o['population'][finding]:
                inside = [ref[x] for x in cell.studies if facts[x]['stratum'] == s['stratum'] and ref[x] is not None]
                strata.append(dict(name=s['stratum'], label=s['label'], N=s['N'], n=len(inside),
                                   k=sum(is_positive(v, o) for v in inside)))
            section['label_quality_weighted'] = stratified(strata, level, o['bootstrap_reps'], o['seed'])
        if binary:
            scored(section, cell, finding, views, o)
            drifts(section, cell, o)
        repeated = {}
        for r in cell.readers:
            pairs = [(cell.first.get((s, r)), cell.second.get((s, r))) for s in cell.studies]
            if any(a is not None and b is not None for a, b in pairs):
                repeated[r] = compared(pairs, o)
        if repeated:
            section['repeatability'] = repeated
        if o['gold_readers'] is not None:
            test = o['test_readers'] if o['test_readers'] is not None else [r for r in cell.readers if r not in o['gold_readers']]
            section['vs_gold'] = {r: compared([(cell.first.get((s, r)), ref[s]) for s in cell.studies], o)
                                  for r in cell.readers if r in test}
        if len(cell.readers) > 1:
            section['agreement'] = panel(cell, o)
            if o['dawid_skene']:
                latent(section, cell, o)
        sections[f'{rule}|{finding}'] = section
    rules(out, cells, o, binary, family)
    if family:
        family.sort()
        a = adjust([p for _, p in family])
        out['multiplicity'] = {n: dict(p=p, holm=h, bh=b) for (n, p), h, b in zip(family, a['holm'], a['bh'])}
    out['by_rule_finding'] = sections
    return out


def label_sections(section, cell, o, header, family, rule, finding):
    ref, facts, level = cell.reference, cell.facts, o['level']
    pair = lambda s: (facts[s]['label'], ref[s])
    section['label_quality'] = label_table(map(pair, cell.studies), o)
    section['label_quality_by_reader'] = {
        r: label_table([(facts[s]['label'], cell.first.get((s, r))) for s in cell.studies], o) for r in cell.readers}
    if any(f['known'] for f in facts.values()):
        groups = defaultdict(list)
        for s in cell.studies:
            if None not in pair(s):
                groups[facts[s]['patient']].append(tuple(is_positive(v, o) for v in pair(s)))
        keys = sorted(groups)
        ways = dict(ppv=lambda l, r: (l and r, l), npv=lambda l, r: (not l and not r, not l),
                    sensitivity=lambda l, r: (l and r, r), specificity=lambda l, r: (not l and not r, not r),
                    accuracy=lambda l, r: (l == r, True))
        out = {}
        for name, way in ways.items():
            if name not in ('ppv', 'npv') and section['label_quality']['one_arm']:
                out[name] = None
                continue
            y = [sum(way(l, r)[0] for l, r in groups[g]) for g in keys]
            m = [sum(way(l, r)[1] for l, r in groups[g]) for g in keys]
            out[name] = cluster(y, m, level)
            if o['bootstrap_reps']:
                out[name]['bootstrap'] = cluster_bootstrap(y, m, o['bootstrap_reps'], o['seed'], level)
        section['label_quality_clustered'] = out
    if 'stratum' in header:
        names = sorted({f['stratum'] for f in facts.values() if f['stratum']})
        section['by_stratum'] = {n: label_table([pair(s) for s in cell.studies if facts[s]['stratum'] == n], o)
                                 for n in names}
    if 'tag' in header:
        section['by_tag'] = {}
        for t in sorted({t for f in facts.values() for t in f['tags']}):
            w = label_table([pair(s) for s in cell.studies if t in facts[s]['tags']], o)
            wo = label_table([pair(s) for s in cell.studies if t not in facts[s]['tags']], o)
            two = two_proportions(w['tp'], w['n_label_pos'], wo['tp'], wo['n_label_pos'], level)
            section['by_tag'][t] = {'with': w, 'without': wo, 'ppv_with_vs_without': two,
                                    'label_pos_with_tag': proportion(w['n_label_pos'], w['n_label_pos'] + wo['n_label_pos'], level)}
            family.append((f'{rule}|{finding}|tag:{t}|ppv', two['fisher_p']))


def score_table(text):
    out = defaultdict(lambda: defaultdict(list))
    for row in csv.DictReader(io.StringIO(text)):
        row = {k: (v or '').strip() for k, v in row.items()}
        model = out[row.get('model', '')]
        if row['score']:
            model[row.get('finding', ''), row['study_id']].append(float(row['score']))
    return {m: v for m, v in out.items() if v}


def scored(section, cell, finding, views, o):
    def of(model):
        out = {}
        for s in cell.studies:
            if views is None:
                v = cell.facts[s]['score']
            else:
                many = views[model].get((finding, s)) or views[model].get(('', s))
                v = sum(many) / len(many) if many else None
            if v is not None and cell.reference[s] is not None:
                out[s] = v
        return out

    def one(scores):
        y = [int(is_positive(cell.reference[s], o)) for s in scores]
        x = list(scores.values())
        result = roc(y, x, o['threshold'], o['level'])
        binary = dict(o, categories=[0, 1])
        result['kappa_at_threshold'] = compared([(int(v > o['threshold']), t) for v, t in zip(x, y)], binary)
        return result

    models = [''] if views is None else sorted(views)
    if len(models) == 1:
        scores = of(models[0])
        if scores:
            section['roc'] = one(scores)
        return
    by, paired = {}, {}
    for i, a in enumerate(models):
        if of(a):
            by[a] = one(of(a))
            for b in models[i + 1:]:
                both = [s for s in of(a) if s in of(b)]
                if both:
                    y = [int(is_positive(cell.reference[s], o)) for s in both]
                    paired[f'{a}|{b}'] = delong(y, [[of(m)[s] for s in both] for m in (a, b)], o['level'])
    if by:
        section['roc_by_model'], section['roc_paired'] = by, paired


def drifts(section, cell, o):
    out = {}
    for r in cell.readers:
        reads = [(cell.seq.get((s, r)), cell.first.get((s, r)), s) for s in cell.studies]
        reads = sorted([x for x in reads if x[0] is not None and x[1] is not None], key=lambda x: x[0])
        if not reads:
            continue
        part = dict(positive_rate=drift([x[0][0] for x in reads], [int(is_positive(x[1], o)) for x in reads], o['blocks'], o['level']))
        known = [x for x in reads if cell.facts[x[2]]['label'] is not None]
        if known:
            part['label_agreement'] = drift([x[0][0] for x in known], [int(cell.facts[x[2]]['label'] == x[1]) for x in known],
                                            o['blocks'], o['level'])
        out[r] = part
    if out:
        section['drift'] = out


def panel(cell, o):
    counts, level, q = cell.counts(o), o['level'], len(o['categories'])
    pairs, kappas = {}, []
    for i, a in enumerate(cell.readers):
        for b in cell.readers[i + 1:]:
            pairs[f'{a}|{b}'] = compared([(cell.first.get((s, a)), cell.first.get((s, b))) for s in cell.studies], o)
            kappas.append(pairs[f'{a}|{b}']['kappa']['kappa'])
    good = [k for k in kappas if k is not None]
    complete = [cell.answers(s) for s in cell.studies if None not in cell.answers(s)]
    f = fleiss(counts, level=level, q=q)
    boot = dict(reps=o['bootstrap_reps'] or None, seed=o['seed'], categories=o['categories'], level=level)
    out = dict(readers=cell.readers, n_subjects=len(cell.studies), pairs=pairs,
               light_kappa=dict(est=sum(good) / len(good) if good else None, pairs_defined=len(good),
                                pairs_undefined=len(kappas) - len(good)),
               fleiss=f, mean_pairwise_agreement=f['pa'], gwet_ac1=many('gwet', counts, level=level, q=q),
               brennan_prediger=many('bp', counts, level=level, q=q),
               specific_agreement={name_of(c): specific_agreement(counts, k) for k, c in enumerate(o['categories'])},
               complete_subjects=len(complete),
               unanimous=proportion(sum(len(set(a)) == 1 for a in complete), len(complete), level),
               krippendorff_nominal=alpha(counts, 'nominal', **boot))
    if o['ordinal']:
        for m in ('ordinal', 'interval'):
            out['krippendorff_' + m] = alpha(counts, m, **boot)
        for w in ('linear', 'quadratic'):
            out['gwet_ac2_' + w] = many('gwet', counts, w, level, q)
    return out


def latent(section, cell, o):
    fit = dawid_skene([[[v] for v in cell.answers(s)] for s in cell.studies], o['categories'])
    if fit['n'] == 0:
        return
    out = dict(n=fit["n"], iterations=fit["iterations"], converged=fit['converged'], loglik=fit['loglik'])
    if len(o['categories']) == 2:
        out['prevalence'] = fit['prevalence'][1]
        out['readers'] = {r: dict(sensitivity=m[1][1], specificity=m[0][0]) for r, m in zip(cell.readers, fit['confusion'])}
        if o['posterior']:
            out['posterior_positive'] = {s: p[1] for s, p in zip(cell.studies, fit['posterior']) if p}
    else:
        out['prevalence'] = fit['prevalence']
    section['dawid_skene'] = out


def rules(out, cells, o, binary, family):
    if len(o['rules']) < 2 or not binary:
        return
    loose, strict = o['rules'][:2]
    found = {}
    for finding in sorted({f for _, f in cells}):
        if (loose, finding) not in cells or (strict, finding) not in cells:
            continue
        x, y = cells[loose, finding].reference, cells[strict, finding].reference
        pairs = [(int(is_positive(x[s], o)), int(is_positive(y[s], o))) for s in x if x[s] is not None and y.get(s) is not None]
        a, b, c, d = (pairs.count(p) for p in ((1, 1), (1, 0), (0, 1), (0, 0)))
        found[finding] = {'both': a, f'{loose}_only': b, f'{strict}_only': c, 'neither': d, 'n': len(pairs),
                          'mcnemar': mcnemar(b, c), 'paired_diff': paired_difference(a, b, c, d, o['level']),
                          'kappa': kappa([[d, c], [b, a]], level=o['level']), 'order_violations': c}
        family.append((f'rules|{finding}|mcnemar_exact', found[finding]['mcnemar']['exact_p']))
    if found:
        out['rule_comparison'] = found
