//! Speed of the large statistics, how it grows, and how often intervals hold what they promise.
//!
//! `cargo bench -p overread-stats --bench statistics` prints medians, `-- --json` a JSON list, `--small` leaves out the
//! larger sizes. Arguments that do not start with `-` choose by name. `tests/peers/large_statistics.py` runs it against others.

#![expect(clippy::print_stdout, reason = "a benchmark prints")]

mod coverage;

use std::hint::black_box;
use std::time::Instant;

use overread_stats::alpha::{Metric, alpha_of_panel};
use overread_stats::bootstrap::{Resampling, cluster_bootstrap, kappa_bootstrap};
use overread_stats::cluster::Cluster;
use overread_stats::compare::fisher_exact;
use overread_stats::dawid_skene::dawid_skene;
use overread_stats::kappa::{Weights, kappa};
use overread_stats::panel::Panel;
use overread_stats::raters::fleiss_of_panel;
use overread_stats::rng::SplitMix64;
use overread_stats::roc::delong;
use overread_stats::{Level, proportion};

/// Numbers of the portable stream, so that the Python side can make the same data.
struct Stream {
    stream: SplitMix64,
    next: u64,
}

impl Stream {
    fn new(seed: u64) -> Self {
        Self { stream: SplitMix64::new(seed), next: 0 }
    }

    fn below(&mut self, n: u64) -> u64 {
        self.next += 1;
        self.stream.index(self.next - 1, n)
    }

    fn share(&mut self) -> f64 {
        self.below(1 << 20) as f64 / f64::from(1 << 20)
    }
}

/// How long it took, and what came out, for those who compute the same elsewhere.
struct Measured {
    ms: f64,
    value: Option<f64>,
}

/// Median of `runs` runs in milliseconds, of work whose value is of no interest.
fn median(runs: usize, mut work: impl FnMut()) -> Measured {
    median_of(runs, || {
        work();
        None
    })
}

/// Median of `runs` runs in milliseconds, with the value of the last.
fn median_of(runs: usize, mut work: impl FnMut() -> Option<f64>) -> Measured {
    let mut value = None;
    let mut times: Vec<f64> = (0..runs)
        .map(|_| {
            let start = Instant::now();
            value = black_box(work());
            start.elapsed().as_secs_f64() * 1000.0
        })
        .collect();
    times.sort_by(f64::total_cmp);
    Measured { ms: times[runs / 2], value }
}

/// Five readers who are each right four times in five.
fn ratings(studies: usize) -> Vec<Vec<Option<usize>>> {
    let mut random = Stream::new(1);
    (0..studies)
        .map(|_| {
            let truth = usize::from(random.below(10) < 3);
            (0..5).map(|_| Some(if random.below(10) < 8 { truth } else { 1 - truth })).collect()
        })
        .collect()
}

fn fleiss_and_alpha(ratings: &[Vec<Option<usize>>]) -> Option<f64> {
    let panel = Panel::of_ratings(ratings.iter().map(Vec::as_slice), 2);
    black_box(alpha_of_panel(&panel, &[0.0, 1.0], Metric::Nominal, None, Level::P95));
    fleiss_of_panel(&panel, Weights::Identity, Level::P95).coefficient.est
}

fn pairwise_kappas(ratings: &[Vec<Option<usize>>]) {
    for i in 0..5 {
        for j in i + 1..5 {
            let mut table = vec![vec![0_u64; 2]; 2];
            for row in ratings {
                if let (Some(a), Some(b)) = (row[i], row[j]) {
                    table[a][b] += 1;
                }
            }
            black_box(kappa(&table, Weights::Identity, Level::P95));
        }
    }
}

fn scores(studies: usize) -> (Vec<bool>, Vec<f64>) {
    let mut random = Stream::new(2);
    (0..studies)
        .map(|_| {
            let y = random.below(10) < 3;
            let sum: f64 = (0..4).map(|_| random.share()).sum();
            (y, sum + if y { 0.7 } else { 0.0 })
        })
        .unzip()
}

fn pairs(studies: usize) -> Vec<(usize, usize)> {
    let mut random = Stream::new(3);
    (0..studies)
        .map(|_| {
            let truth = usize::from(random.below(10) < 3);
            (truth, if random.below(10) < 8 { truth } else { 1 - truth })
        })
        .collect()
}

fn clusters(patients: usize) -> Vec<Cluster> {
    let mut random = Stream::new(4);
    (0..patients)
        .map(|_| {
            let size = 1 + random.below(4);
            Cluster { successes: random.below(size + 1), size }
        })
        .collect()
}

/// PPV and Wilson interval of 15 classes over columns of labels and references.
fn predictive_values(columns: &[(Vec<u8>, Vec<u8>)]) {
    for (label, reference) in columns {
        let (mut k, mut n) = (0_u64, 0_u64);
        for (label, reference) in label.iter().zip(reference) {
            n += u64::from(*label);
            k += u64::from(label & reference);
        }
        black_box(proportion(k, n, Level::P95));
    }
}

const PLAN: Resampling = Resampling { reps: 2000, seed: 20_170_601 };

/// A benchmark at a size.
struct Bench {
    name: &'static str,
    sizes: &'static [usize],
    measure: fn(usize) -> Measured,
}

const BENCHES: &[Bench] = &[
    Bench {
        name: "fleiss and krippendorff, 5 readers",
        sizes: &[100_000, 1_000_000],
        measure: |n| {
            let ratings = ratings(n);
            median_of(9, || fleiss_and_alpha(&ratings))
        },
    },
    Bench {
        name: "ten pairwise kappas",
        sizes: &[100_000, 1_000_000],
        measure: |n| {
            let ratings = ratings(n);
            median(9, || pairwise_kappas(&ratings))
        },
    },
    Bench {
        name: "dawid-skene, 5 readers",
        sizes: &[100_000, 1_000_000],
        measure: |n| {
            let ratings: Vec<Vec<Vec<usize>>> = ratings(n)
                .iter()
                .map(|row| row.iter().map(|v| v.iter().copied().collect()).collect())
                .collect();
            median(5, || {
                black_box(dawid_skene(&ratings, 2));
            })
        },
    },
    Bench {
        name: "auroc with delong",
        sizes: &[100_000, 1_000_000],
        measure: |n| {
            let (y, score) = scores(n);
            median_of(9, || delong(&y, &[&score], Level::P95).models.first()?.auc)
        },
    },
    Bench {
        name: "kappa bootstrap, 2000 replicates",
        sizes: &[10_000, 100_000],
        measure: |n| {
            let pairs = pairs(n);
            median_of(9, || {
                let drawn = kappa_bootstrap(&pairs, 2, Weights::Identity, PLAN, Level::P95);
                drawn.ci.map(|ci| ci.low)
            })
        },
    },
    Bench {
        name: "patient bootstrap, 2000 replicates",
        sizes: &[10_000, 100_000],
        measure: |n| {
            let clusters = clusters(n);
            median(9, || {
                black_box(cluster_bootstrap(&clusters, PLAN, Level::P95));
            })
        },
    },
    Bench {
        name: "alpha bootstrap, 2000 replicates",
        sizes: &[10_000, 100_000],
        measure: |n| {
            let ratings = ratings(n);
            let panel = Panel::of_ratings(ratings.iter().map(Vec::as_slice), 2);
            median(5, || {
                let values = [0.0, 1.0];
                black_box(alpha_of_panel(&panel, &values, Metric::Nominal, Some(PLAN), Level::P95));
            })
        },
    },
    Bench {
        name: "ppv and wilson, 15 classes",
        sizes: &[112_120, 1_121_200],
        measure: |n| {
            let mut random = Stream::new(5);
            let mut column =
                |of: u64| -> Vec<u8> { (0..n).map(|_| u8::from(random.below(of) == 0)).collect() };
            let columns: Vec<(Vec<u8>, Vec<u8>)> =
                (0..15).map(|_| (column(10), column(2))).collect();
            median(9, || predictive_values(&columns))
        },
    },
    Bench {
        name: "fisher exact, margins of this size",
        sizes: &[100_000, 1_000_000],
        measure: |n| {
            let n = n as u64;
            median(99, || {
                black_box(fisher_exact(n / 3, n - n / 3, n / 3 + n / 500, n - n / 3));
            })
        },
    },
];

fn main() {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let given = |name: &str| words.iter().any(|word| word == name);
    let (json, small) = (given("--json"), given("--small"));
    let wanted: Vec<&String> = words.iter().filter(|word| !word.starts_with('-')).collect();
    let chosen = |name: &str| wanted.is_empty() || wanted.iter().any(|word| name.contains(*word));
    let mut figures = Vec::new();
    for bench in BENCHES.iter().filter(|bench| chosen(bench.name)) {
        let sizes = if small { &bench.sizes[..1] } else { bench.sizes };
        let times: Vec<Measured> = sizes.iter().map(|size| (bench.measure)(*size)).collect();
        for (size, Measured { ms, value }) in sizes.iter().zip(&times) {
            if !json {
                println!("{:<40} {size:>10}  {ms:>10.3} ms", bench.name);
            }
            let value = value.map_or("null".to_owned(), |value| value.to_string());
            figures.push(format!(
                "{{\"name\":\"{}\",\"size\":{size},\"ms\":{ms},\"value\":{value}}}",
                bench.name
            ));
        }
        if let ([small, large], [first, second], false) = (sizes, times.as_slice(), json) {
            let exponent = (second.ms / first.ms).ln() / (*large as f64 / *small as f64).ln();
            println!("{:<40} grows with the {exponent:.2}th power of the size", "");
        }
    }
    if json {
        println!("[{}]", figures.join(","));
    } else if chosen("coverage") {
        coverage::print();
    }
}
