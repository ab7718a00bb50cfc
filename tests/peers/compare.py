"""Where two results differ: every path of the expected one, null or absent alike, numbers within tolerance."""

import math


def differences(expected, got, path='', tolerance=1e-9):
    loose = any(part in path for part in ('dawid_skene', 'logistic'))
    # Student quantiles rest on a search that stops at 1e-8 (docs/methods/conventions.md).
    limit = 1e-6 if loose else 1e-8 if 'ci_t' in path or 'ci_linear_t' in path else tolerance
    if expected is None:
        return [] if got is None else [(path, expected, got)]
    if isinstance(expected, dict):
        if not isinstance(got, dict):
            empty = all(v is None for v in expected.values())
            return [] if got is None and empty else [(path, expected, got)]
        out = []
        for key, value in expected.items():
            if key == 'reason' or key.endswith('_reason') or key == 'ci_method':
                continue
            out += differences(value, got.get(key), f'{path}/{key}', tolerance)
        return out
    if isinstance(expected, (list, tuple)):
        if not isinstance(got, list) or len(got) != len(expected):
            return [(path, expected, got)]
        out = []
        for i, (a, b) in enumerate(zip(expected, got)):
            out += differences(a, b, f'{path}/{i}', tolerance)
        return out
    if isinstance(expected, bool) or isinstance(expected, str):
        return [] if expected == got else [(path, expected, got)]
    if isinstance(got, bool) or not isinstance(got, (int, float)):
        return [(path, expected, got)]
    if math.isclose(expected, got, rel_tol=limit, abs_tol=limit):
        return []
    return [(path, expected, got)]
