"""Random and awkward tables through the program and through `oracle.py`; prints every difference.

    python tests/peers/differential.py PATH/TO/overread [--tables 300] [--calc 40] [--seed 1] [--keep DIR]

Exit status 1 when anything differs. Needs numpy and scipy. Tables come from a seeded generator: the same seed gives
the same tables. Covered: tiny and empty tables, one class, all missing, ties, constant readers, repeats with and
without numbers, blanks, label conflicts, level instead of rule and value, several findings and rules, identifiers
whose order depends on the encoding, tags with spaces, blank patients, every option of an analysis, view and model
scores; and for `calc` every function with random arguments.
"""

import argparse
import csv
import io
import json
import math
import pathlib
import random
import subprocess
import sys
import tempfile

import oracle
from compare import differences

# Code-point order is UTF-8 order but not UTF-16 order, and not what a locale would do.
NAMES = ['A', 'B', 'a', 'Zoë', 'é', 'ß', '日本', '\uff5e', '\U0001f600', '10', '2', 'reader one', 'x"y', 'k,l', '-', '007']


def plain(value):
    return json.loads(json.dumps(value, default=lambda o: o.item()))


def names(r, count, prefix):
    if r.random() < 0.5:
        return [f'{prefix}{i}' for i in range(count)]
    many = NAMES[:]
    r.shuffle(many)
    return (many + [f'{prefix}{i}' for i in range(count)])[:count]


def chance(r):
    return r.choice([0.0, 0.02, 0.2, 0.5, 0.8, 0.97, 1.0])


def random_config(r, readers, strata, findings):
    c = {}
    if r.random() < 0.2:
        c['categories'] = r.choice([[0, 1, 2], [1, 2, 3, 4], [1, 2], [0, 0.5, 2]])
    if r.random() < 0.25:
        c['reference'] = 'dawid_skene'
    if r.random() < 0.5:
        c['tie'] = r.choice(['undecided', 'positive', 'negative', 'first'])
    if r.random() < 0.3:
        c['quorum'] = r.choice([0, 1, 2, 3, 9])
    if r.random() < 0.3:
        c['gold_readers'] = r.sample(readers, r.randint(0, len(readers)))
        if r.random() < 0.5:
            c['test_readers'] = r.sample(readers, r.randint(0, len(readers)))
    if r.random() < 0.3:
        c['threshold'] = r.choice([0, 0.25, 0.5, 1, -3])
    if r.random() < 0.3:
        c['level'] = r.choice([0.9, 0.99, 0.5, 0.8])
    if r.random() < 0.3:
        c['bootstrap_reps'] = r.choice([1, 2, 37, 60])
        c['seed'] = r.choice([0, 1, 20170601, 2 ** 63])
    if r.random() < 0.3:
        c['blocks'] = r.choice([1, 2, 5, 7, 50])
    if r.random() < 0.3:
        c['ordinal'] = True
    if r.random() < 0.2:
        c['rules'] = r.choice([['clinical', 'permissive'], ['permissive', 'strict'], ['permissive'], ['a', 'b', 'c']])
    if r.random() < 0.2:
        c['dawid_skene'] = r.random() < 0.5
    if r.random() < 0.2:
        c['posterior'] = False
    if strata and r.random() < 0.7:
        c['population'] = {f: [dict(stratum=s, label=i % 2, N=r.choice([60, 500, 112120]))
                               for i, s in enumerate(strata)] for f in findings if r.random() < 0.8}
    return c


def random_table(r):
    """A reads table as text, its options, and perhaps a scores table."""
    readers = names(r, r.choice([1, 1, 2, 3, 4, 5]), 'r')
    studies = [f's{i}' for i in range(r.choice([0, 1, 2, 3, 7, 20, 50]))]
    if studies and r.random() < 0.4:
        studies = list(dict.fromkeys(names(r, len(studies), 's')))
    findings = names(r, r.choice([1, 1, 2, 3]), 'f')
    strata = [f'h{i}' for i in range(r.choice([1, 2, 2, 4]))] if r.random() < 0.4 else []
    config = random_config(r, readers, strata, findings)
    categories = sorted(config.get('categories', [0, 1]))
    by_level = len(categories) == 2 and categories[0] == 0 and r.random() < 0.15
    rules = r.sample(['permissive', 'clinical', 'strict'], r.choice([1, 1, 2, 3]))
    has = {c: r.random() < p for c, p in
           dict(dataset_label=.6, patient_id=.4, tag=.4, score=.3, read_no=.3, seq=.3, no_answer=.2, note=.1).items()}
    has['stratum'] = bool(strata)
    if by_level:
        rules = ['']
    missing, skipped, repeat, wrong = (r.choice([0, 0, .1, .4, 1.0]), r.choice([0, 0, .3]),
                                       r.choice([0, 0, .3, 1.0]), chance(r) / 2)
    tags = ['chest drain', 'é tag', 'x', 'portable', 'drain']
    rows = []
    for finding in findings:
        base, label_rate = chance(r), chance(r)
        for study in studies:
            truth = r.choice(categories[1:]) if r.random() < base else categories[0]
            label = categories[-1] if r.random() < label_rate else categories[0]
            if r.random() < 0.1:
                label = ''
            patient = r.choice(['', 'P1', 'P2', 'P10', 'é', f'P{study}', 'study:s1'])
            cell = r.choice(['', ';', ';'.join(r.sample(tags, r.randint(0, 3))), ' x ; x;drain '])
            stratum = r.choice(strata + ['']) if strata else ''
            for rule in rules:
                for reader in readers:
                    if r.random() < skipped:
                        continue
                    count = r.choice([2, 3]) if r.random() < repeat else 1
                    numbers = r.sample([1, 2, 3, 5, 10], count)
                    for t in range(count):
                        value = r.choice(categories) if r.random() < wrong else truth
                        value = '' if r.random() < missing else r.choice([str(value), f' {value}', f'{value}.0' if isinstance(value, int) else str(value)])
                        row = dict(study_id=study, reader_id=reader, finding=finding)
                        if by_level:
                            row['level'] = '' if r.random() < missing else r.choice(['0', '1', '2', 'absent', 'plausible', 'reportable'])
                            if len(config.get('rules', 'xx')) < 2:
                                row['level'] = r.choice(['0', '1', ''])
                        else:
                            row.update(rule=rule, value=value)
                        extra = dict(
                            dataset_label=(r.choice(categories) if r.random() < .02 else label) if r.random() < .9 else '',
                            patient_id=patient if r.random() < .9 else '', tag=cell if r.random() < .9 else '',
                            stratum=stratum, score=r.choice([0, 1, .5, .25, -2, 1e-9, round(r.random(), 2), '']),
                            read_no=numbers[t], seq=r.choice([r.randint(1, 30), round(r.random() * 9, 1), '']),
                            no_answer=r.choice(['', 'unsure', 'inadequate']) if row.get('value', row.get('level')) == '' else '',
                            note='free, "text"')
                        row.update({k: v for k, v in extra.items() if has[k]})
                        rows.append(row)
    if r.random() < 0.5:
        r.shuffle(rows)
    header = ['study_id', 'reader_id', 'finding'] + (['level'] if by_level else ['rule', 'value']) + [k for k, v in has.items() if v]
    r.shuffle(header)
    text = io.StringIO()
    out = csv.DictWriter(text, header, lineterminator=r.choice(['\n', '\r\n']))
    out.writeheader()
    out.writerows(rows)
    text = r.choice(['', '', '\ufeff']) + text.getvalue()
    return text, config, random_scores(r, studies, findings) if r.random() < .25 else None


def random_scores(r, studies, findings):
    models, by_finding, views = r.choice([[''], ['m'], ['m', 'n', 'ö']]), r.random() < .4, r.random() < .5
    rows = []
    for model in models:
        for study in studies + ['unread']:
            for finding in r.sample(findings + [''], r.randint(1, len(findings))) if by_finding else ['']:
                for view in range(r.choice([1, 1, 2, 3]) if views else 1):
                    if r.random() < .9:
                        rows.append(dict(study_id=study, score=r.choice(['', 0.5, round(r.random(), 1), r.gauss(0, 1)]),
                                         view_id=view, model=model, finding=finding))
    header = ['study_id', 'score'] + (['view_id'] if views else []) + (['model'] if models != [''] else []) + (['finding'] if by_finding else [])
    text = io.StringIO()
    out = csv.DictWriter(text, header, extrasaction='ignore', lineterminator='\n')
    out.writeheader()
    out.writerows(rows)
    return text.getvalue()


def random_calls(r, count):
    """Random arguments for every function of `calc`."""
    n = lambda high=60: r.choice([0, 1, 2, 5, r.randint(0, high), r.randint(0, 200000)])

    def split(high=60):
        total = n(high)
        return r.choice([0, total, r.randint(0, total)]), total

    def table(q):
        return [[r.choice([0, 0, 1, 3, r.randint(0, 40)]) for _ in range(q)] for _ in range(q)]

    def counts():
        q = r.choice([2, 2, 3, 5])
        return [[r.choice([0, 0, 1, 2, 3]) for _ in range(q)] for _ in range(r.choice([0, 1, 2, 6, 30]))]

    level = lambda: r.choice([{}, {}, {'level': 0.9}, {'level': 0.99}])
    weights = lambda: r.choice([{}, {'weights': 'linear'}, {'weights': 'quadratic'}])
    y = lambda size: [int(r.random() < p) for p in [chance(r)] for _ in range(size)]
    size = lambda: r.choice([0, 1, 2, 3, 10, 40])

    def strata():
        out = []
        for i in range(r.choice([0, 1, 2, 2, 2, 3, 5])):
            total = r.choice([0, 1, 2, 50, 1431, 110689])
            k, sampled = split(40)
            sampled = min(sampled, total)
            out.append(dict(name=f'h{i}', label=r.choice([i % 2, r.randint(0, 1)]), N=total, n=sampled, k=min(k, sampled)))
        return dict(strata=out, **level(), **r.choice([{}, {'reps': 30, 'seed': 5}]))

    def clusters():
        m = [r.choice([0, 1, 1, 2, 5, 40]) for _ in range(size())]
        p = chance(r)
        return dict(y=[sum(r.random() < p for _ in range(b)) for b in m], m=m, **level())

    def ratings():
        q = r.choice([2, 2, 3, 4])
        rows = [[[r.choice(list(range(q)) + [None]) for _ in range(r.choice([1, 1, 2]))] for _ in range(3)] for _ in range(size())]
        return dict(ratings=rows, categories=list(range(q)))

    def drift():
        k = max(size(), 1)
        return dict(pos=[r.choice([i, r.randint(0, 9), r.random()]) for i in range(k)], y=y(k), blocks=r.choice([1, 3, 5, 60]))

    def trend():
        m = [r.choice([0, 1, 5, 30]) for _ in range(r.choice([1, 2, 5]))]
        return dict(k=[r.randint(0, b) for b in m], n=m, **r.choice([{}, {'w': [r.choice([1, 2.5, -1, 1e-7]) for _ in m]}]))

    def scores():
        k = size()
        one = lambda: [r.choice([r.random(), r.choice([0, .5, 1])]) for _ in range(k)]
        return dict(y=y(k), scores=[one() for _ in range(r.choice([1, 2, 2, 3]))], **level())

    make = dict(
        proportion=lambda: dict(zip('kn', split()), **level()),
        confusion=lambda: dict(zip(['tp', 'fp', 'fn', 'tn'], [n() for _ in range(4)]), **level()),
        cluster=clusters, cluster_bootstrap=lambda: dict(clusters(), reps=r.choice([1, 50]), seed=r.randint(0, 99)),
        stratified=strata, mcnemar=lambda: dict(zip('abcd', [n() for _ in range(4)]), **level()),
        two_proportions=lambda: dict(zip(['k1', 'n1', 'k2', 'n2'], split() + split()), **level()),
        adjust=lambda: dict(p=[r.choice([None, 0, 1, r.random(), r.random() / 50, .04]) for _ in range(size())]),
        kappa=lambda: dict(table=table(r.choice([2, 3, 5])), **weights(), **level()),
        two_rater=lambda: dict(table=table(r.choice([2, 2, 3])), **r.choice([{}, {'ordinal': True}]), **level()),
        fleiss=lambda: dict(counts=counts(), **weights(), **level()), gwet=lambda: dict(counts=counts(), **weights(), **level()),
        bp=lambda: dict(counts=counts(), **weights(), **level()),
        alpha=lambda: dict(counts=counts(), metric=r.choice(['nominal', 'ordinal', 'interval', 'ratio']), **r.choice([{}, {'reps': 40, 'seed': 3}])),
        delong=scores, roc=lambda: (lambda s: dict(y=s['y'], score=s['scores'][0], threshold=r.choice([0, .5])))(scores()),
        dawid_skene=ratings, trend=trend,
        logistic=lambda: (lambda k: dict(x=[r.choice([i, r.random() * 5, 1e4 * r.random()]) for i in range(k)], y=y(k)))(max(size(), 1)),
        drift=drift,
        n_proportion=lambda: dict(p=r.choice([0, .5, .9, r.random()]), half_width=r.choice([.01, .05, .2]), deff=r.choice([1, 1.7]), **r.choice([{}, {'N': 5302}]), **level()),
        n_kappa_precision=lambda: dict(kappa=r.random(), prevalence=r.uniform(.01, .99), half_width=r.choice([.05, .1])),
        n_kappa_test=lambda: dict(kappa0=r.choice([.2, .4]), kappa1=r.choice([.5, .81]), prevalence=r.uniform(.05, .95), power=r.choice([.8, .9])),
        bootstrap_kappa=lambda: (lambda k: dict(x=y(k), y=y(k), reps=40, seed=r.randint(0, 9), **weights()))(size()),
        rng=lambda: dict(seed=r.choice([0, r.getrandbits(64)]), count=r.randint(0, 6), n=r.choice([1, 7, 2 ** 32 - 1])),
        majority=lambda: dict(ratings=[[r.choice([0, 1, None]) for _ in range(r.choice([1, 2, 3, 4]))] for _ in range(size())],
                              tie=r.choice(['undecided', 'positive', 'negative', 'first']), quorum=r.choice([0, 1, 2])),
        sequence=lambda: dict(zip('kn', split()), **r.choice([{}, {'alpha': 0.025}])),
        repeat_studies=lambda: dict(per_patient=[r.choice([1, 1, 2, 6, 11, 51, 101]) for _ in range(size())]))
    assert set(make) == set(oracle.CALC)
    return [(f'{name}/{i}', name, f()) for name, f in make.items() for i in range(count)]


def run(binary, *arguments):
    done = subprocess.run([binary, *map(str, arguments)], capture_output=True)
    return done.returncode, done.stdout.decode(), done.stderr.decode()


def check_calc(binary, folder, r, count):
    calls = random_calls(r, count)
    path = folder / 'batch.csv'
    with open(path, 'w', newline='') as file:
        out = csv.writer(file)
        out.writerow(['id', 'fn', 'args'])
        out.writerows((i, fn, json.dumps(args)) for i, fn, args in calls)
    status, text, error = run(binary, 'calc', '--batch', path, '--json')
    if status:
        print('calc failed:', error)
        return 1
    got, bad = json.loads(text), 0
    for i, fn, args in calls:
        oracle.saddle = False
        expected = plain(oracle.CALC[fn](**args))
        if oracle.saddle:
            continue
        for path, want, have in differences(expected, got[i], f'/{fn}'):
            bad += 1
            print(f'{i} {path}: expected {want}, got {have}; {json.dumps(args)[:300]}')
    return bad


def check_tables(binary, folder, r, count, keep):
    bad = unstable = 0
    for number in range(count):
        reads, config, scores = random_table(r)
        files = {'input.csv': reads, 'config.json': json.dumps(config), 'scores.csv': scores}
        for name, text in files.items():
            if text is not None:
                (folder / name).write_text(text, newline='')
        extra = ['--scores', folder / 'scores.csv'] if scores is not None else []
        status, text, error = run(binary, 'analyse', '--reads', folder / 'input.csv', '--config', folder / 'config.json', *extra, '--json')
        unknown = [x for k in ('gold_readers', 'test_readers') for x in config.get(k) or [] if f',{x},' not in reads]
        if status:
            found = [('', 'status 0', error.strip())] if not (unknown and 'not in the table' in error) else []
        else:
            oracle.saddle = False
            expected = plain(oracle.analyse(reads, config, scores))
            found = [] if oracle.saddle else differences(expected, json.loads(text)['statistics'])
            unstable += oracle.saddle
        if found:
            bad += len(found)
            print(f'table {number}: {len(found)} differences; config {json.dumps(config)}')
            for path, want, have in found[:6]:
                print(f'   {path}: expected {str(want)[:160]}, got {str(have)[:160]}')
            if keep:
                for name, text in files.items():
                    if text is not None:
                        (keep / f'{number}-{name}').write_text(text, newline='')
    print(f'{count} tables, {unstable} of them not compared: latent classes on a saddle point')
    return bad


def main():
    p = argparse.ArgumentParser()
    p.add_argument('binary')
    p.add_argument('--tables', type=int, default=300)
    p.add_argument('--calc', type=int, default=40)
    p.add_argument('--seed', type=int, default=1)
    p.add_argument('--keep', type=pathlib.Path)
    a = p.parse_args()
    if a.keep:
        a.keep.mkdir(parents=True, exist_ok=True)
    r = random.Random(a.seed)
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        bad = check_calc(a.binary, folder, r, a.calc) + check_tables(a.binary, folder, r, a.tables, a.keep)
    print(f'{bad} differences')
    sys.exit(bad > 0)


if __name__ == '__main__':
    main()
