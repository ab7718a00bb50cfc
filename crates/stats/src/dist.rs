//! Distribution functions, accurate enough that printed decimals never depend on them.
//!
//! `ln_gamma` and `erfc` come from `libm`: those of `statrs` are good to about 1e-11 only. The incomplete beta function
//! is our own, since the continued fraction of `statrs` stops after 140 terms, too few for counts near 100 000.
//! Binomial probabilities use Loader's saddle-point form (Loader 2000), which does not lose digits at large counts.
//! `statrs` gives the other chi-square tails and the start of the normal quantile.

use std::cell::Cell;
use std::sync::LazyLock;

use libm::erfc;
use statrs::distribution::{ContinuousCDF as _, Normal};
use statrs::function::gamma::gamma_ur;

const TINY: f64 = 1e-300;

/// ln Γ(x), x > 0.
pub fn ln_gamma(x: f64) -> f64 {
    libm::lgamma(x)
}

/// P(Z > z) of the standard normal.
pub fn normal_sf(z: f64) -> f64 {
    0.5 * erfc(z / std::f64::consts::SQRT_2)
}

/// Two-sided p-value of a standard normal statistic.
pub fn two_sided_p(z: f64) -> f64 {
    erfc(z.abs() / std::f64::consts::SQRT_2)
}

/// The standard normal quantile, 0 < p < 1, polished by one Newton step.
pub fn normal_quantile(p: f64) -> f64 {
    let upper = p > 0.5;
    let tail = if upper { 1.0 - p } else { p };
    let start = Normal::standard().inverse_cdf(tail);
    let density = (-0.5 * start * start).exp() / (2.0 * std::f64::consts::PI).sqrt();
    let error = normal_sf(-start) - tail;
    let z = if density > TINY { start - error / density } else { start };
    if upper { -z } else { z }
}

/// P(X > x) of chi-square with `df` degrees of freedom.
pub fn chi_square_sf(x: f64, df: f64) -> f64 {
    if x <= 0.0 {
        1.0
    } else if df == 1.0 {
        erfc((x / 2.0).sqrt())
    } else {
        gamma_ur(df / 2.0, x / 2.0)
    }
}

/// ln Γ(x+1) − Stirling's leading terms.
fn stirling_error(x: f64) -> f64 {
    if x <= 15.0 {
        /// Counts are asked for again and again.
        static OF_COUNTS: LazyLock<[f64; 16]> =
            LazyLock::new(|| std::array::from_fn(|count| small_stirling_error(count as f64)));
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "0 to 15")]
        let whole = x as usize;
        return match OF_COUNTS.get(whole) {
            Some(error) if whole as f64 == x => *error,
            _ => small_stirling_error(x),
        };
    }
    let xx = x * x;
    (1.0 / 12.0
        - (1.0 / 360.0 - (1.0 / 1260.0 - (1.0 / 1680.0 - 1.0 / (1188.0 * xx)) / xx) / xx) / xx)
        / x
}

fn small_stirling_error(x: f64) -> f64 {
    let half_ln_two_pi = 0.5 * (2.0 * std::f64::consts::PI).ln();
    ln_gamma(x + 1.0) - (x + 0.5) * x.ln() + x - half_ln_two_pi
}

/// x ln(x/m) + m − x without cancellation near x = m.
fn deviance_part(x: f64, m: f64) -> f64 {
    if (x - m).abs() < 0.1 * (x + m) {
        let v = (x - m) / (x + m);
        let mut sum = (x - m) * v;
        let mut term = 2.0 * x * v;
        for j in 1..1000_i32 {
            term *= v * v;
            let next = sum + term / f64::from(2 * j + 1);
            if next == sum {
                return next;
            }
            sum = next;
        }
        return sum;
    }
    x * (x / m).ln() + m - x
}

/// The binomial probability with real-valued count and size, 0 ≤ k ≤ n.
pub fn binomial_pmf(k: f64, n: f64, p: f64) -> f64 {
    let q = 1.0 - p;
    binomial_pmf_pq(k, n, p, q)
}

fn binomial_pmf_pq(k: f64, n: f64, p: f64, q: f64) -> f64 {
    if p == 0.0 {
        return if k == 0.0 { 1.0 } else { 0.0 };
    }
    if q == 0.0 {
        return if k == n { 1.0 } else { 0.0 };
    }
    if k == 0.0 {
        return (n * (-p).ln_1p()).exp();
    }
    if k == n {
        return (n * p.ln()).exp();
    }
    let log = stirling_error(n)
        - stirling_error(k)
        - stirling_error(n - k)
        - deviance_part(k, n * p)
        - deviance_part(n - k, n * q);
    let scale = 2.0 * std::f64::consts::PI * k * (n - k) / n;
    log.exp() / scale.sqrt()
}

/// The hypergeometric probability of `k` marked in a draw of `n` from `marked` and `unmarked`.
pub fn hypergeometric_pmf(k: u64, marked: u64, unmarked: u64, n: u64) -> f64 {
    if k > n || k > marked || n - k > unmarked {
        return 0.0;
    }
    if n == 0 {
        return 1.0;
    }
    let total = (marked + unmarked) as f64;
    let p = n as f64 / total;
    let q = (total - n as f64) / total;
    binomial_pmf_pq(k as f64, marked as f64, p, q)
        * binomial_pmf_pq((n - k) as f64, unmarked as f64, p, q)
        / binomial_pmf_pq(n as f64, total, p, q)
}

/// The regularised incomplete beta function `I_x(a, b)`, a, b > 0.
pub fn beta_cdf(x: f64, a: f64, b: f64) -> f64 {
    if x <= 0.0 {
        return 0.0;
    }
    if x >= 1.0 {
        return 1.0;
    }
    let front = binomial_pmf_pq(a, a + b, x, 1.0 - x) * a * b / (a + b);
    if x < (a + 1.0) / (a + b + 2.0) {
        front * beta_fraction(x, a, b) / a
    } else {
        1.0 - front * beta_fraction(1.0 - x, b, a) / b
    }
}

/// Lentz's continued fraction of the incomplete beta function.
fn beta_fraction(x: f64, a: f64, b: f64) -> f64 {
    let guard = |v: f64| if v.abs() < TINY { TINY } else { v };
    let mut c = 1.0;
    let mut d = 1.0 / guard(1.0 - (a + b) * x / (a + 1.0));
    let mut h = d;
    for step in 1..200_000_i32 {
        let m = f64::from(step);
        let even = m * (b - m) * x / ((a + 2.0 * m - 1.0) * (a + 2.0 * m));
        d = 1.0 / guard(1.0 + even * d);
        c = guard(1.0 + even / c);
        h *= d * c;
        let odd = -(a + m) * (a + b + m) * x / ((a + 2.0 * m) * (a + 2.0 * m + 1.0));
        d = 1.0 / guard(1.0 + odd * d);
        c = guard(1.0 + odd / c);
        let change = d * c;
        h *= change;
        if (change - 1.0).abs() < 3e-16 {
            break;
        }
    }
    h
}

/// The beta quantile: the x with `I_x(a, b) = p`; bisection with Newton steps where they stay inside the bracket.
pub fn beta_quantile(p: f64, a: f64, b: f64) -> f64 {
    if p <= 0.0 {
        return 0.0;
    }
    if p >= 1.0 {
        return 1.0;
    }
    let (mut low, mut high) = (0.0_f64, 1.0_f64);
    let mut x = a / (a + b);
    for _ in 0..400 {
        let error = beta_cdf(x, a, b) - p;
        if error == 0.0 {
            return x;
        }
        if error < 0.0 {
            low = x;
        } else {
            high = x;
        }
        let density =
            binomial_pmf_pq(a, a + b, x, 1.0 - x) * a * b / (a + b) / (x * (1.0 - x)).max(TINY);
        let newton = x - error / density.max(TINY);
        let next = if newton > low && newton < high { newton } else { f64::midpoint(low, high) };
        if (next - x).abs() <= 4.0 * f64::EPSILON * x || high - low <= f64::MIN_POSITIVE {
            return next;
        }
        x = next;
    }
    x
}

/// P(T > t) of Student's distribution.
pub fn t_sf(t: f64, df: f64) -> f64 {
    let tail = 0.5 * beta_cdf(df / (df + t * t), df / 2.0, 0.5);
    if t >= 0.0 { tail } else { 1.0 - tail }
}

/// Relative tolerance of the Student quantile.
const T_TOLERANCE: f64 = 1e-8;

/// The two-sided Student quantile: t with P(|T| > t) = `alpha`.
///
/// An asymptotic start (Abramowitz & Stegun 26.7.5), a bracket grown around it, and Bus & Dekker's algorithm R down to
/// a relative width of 1e-8. Steps and tolerance are those of CDFLIB, on which `SciPy` rests: stopping at the same place
/// gives the same digits, where an exact root would differ from published recomputations in the ninth.
///
/// # References
/// Bus & Dekker, ACM TOMS 1975;1:330; Abramowitz & Stegun 1964, 26.7.5.
pub fn t_two_sided(alpha: f64, df: f64) -> f64 {
    thread_local! {
        /// Figures of one question ask for the same quantile one after the other.
        static LAST: Cell<[f64; 3]> = const { Cell::new([f64::NAN; 3]) };
    }
    let [last_alpha, last_df, last] = LAST.get();
    if last_alpha == alpha && last_df == df {
        return last;
    }
    let quantile = student_quantile(alpha, df);
    LAST.set([alpha, df, quantile]);
    quantile
}

fn student_quantile(alpha: f64, df: f64) -> f64 {
    let tail = alpha / 2.0;
    let excess = |t: f64| t_sf(t, df) - tail;
    let start = t_start(normal_quantile(1.0 - tail), df);
    let at_start = excess(start);
    if at_start == 0.0 {
        return start;
    }
    let mut step = (0.5 * start.abs()).max(0.5);
    let (mut low, mut high) = (start, start);
    for _ in 0..200 {
        if at_start > 0.0 {
            high = low + step;
            if excess(high) <= 0.0 {
                break;
            }
            low = high;
        } else {
            low = high - step;
            if excess(low) >= 0.0 {
                break;
            }
            high = low;
        }
        step *= 5.0;
    }
    bus_dekker(low, high, T_TOLERANCE, excess)
}

/// The Cornish–Fisher expansion of the Student quantile around the normal quantile `z`.
fn t_start(z: f64, df: f64) -> f64 {
    let u = z * z;
    let terms = [
        (u + 1.0) / 4.0,
        ((5.0 * u + 16.0) * u + 3.0) / 96.0,
        (((3.0 * u + 19.0) * u + 17.0) * u - 15.0) / 384.0,
        ((((79.0 * u + 776.0) * u + 1482.0) * u - 1920.0) * u - 945.0) / 92_160.0,
    ];
    let mut scale = z;
    let mut t = z;
    for term in terms {
        scale /= df;
        t += term * scale;
    }
    t
}

/// Bus & Dekker's algorithm R: the root of `f` between `low` and `high`, where it changes sign.
///
/// Secant first, then rational interpolation through three points, bisection when a bracket end has stood still too
/// long; every step moves by at least half the tolerance.
fn bus_dekker(low: f64, high: f64, tolerance: f64, f: impl Fn(f64) -> f64) -> f64 {
    // best: the iterate; other: the bracket's far end; last and before: earlier iterates.
    let (mut best, mut last) = ((low, f(low)), (high, f(high)));
    let mut other = last;
    let mut before: Option<(f64, f64)> = None;
    let mut extrapolations = 0;
    for _ in 0..500 {
        if other.1.abs() < best.1.abs() {
            if other.0 != last.0 {
                before = Some(last);
            }
            (last, best) = (best, other);
            other = last;
        }
        let least = 0.5 * tolerance * best.0.abs();
        let half = f64::midpoint(other.0, best.0) - best.0;
        if half.abs() <= least {
            break;
        }
        let least = least.copysign(half);
        let step = if extrapolations > 3 {
            half
        } else {
            let (p, q) = interpolation(best, last, before);
            let p = if extrapolations == 3 { 2.0 * p } else { p };
            if p == 0.0 || p <= q * least {
                least
            } else if p < half * q {
                p / q
            } else {
                half
            }
        };
        before = Some(last);
        last = best;
        best.0 += step;
        best.1 = f(best.0);
        if other.1 * best.1 >= 0.0 {
            other = last;
            extrapolations = 0;
        } else if step == half {
            extrapolations = 0;
        } else {
            extrapolations += 1;
        }
    }
    best.0
}

/// Numerator (never negative) and denominator of the next step.
fn interpolation(b: (f64, f64), a: (f64, f64), d: Option<(f64, f64)>) -> (f64, f64) {
    let secant = (b.0 - a.0) * b.1;
    let (p, q) = match d {
        None => (secant, a.1 - b.1),
        Some(d) => {
            let to_b = (d.1 - b.1) / (d.0 - b.0);
            let to_a = (d.1 - a.1) / (d.0 - a.0);
            (to_a * secant, to_b * a.1 - to_a * b.1)
        }
    };
    if p < 0.0 { (-p, -q) } else { (p, q) }
}

/// P(X ≤ k) for X binomial with size n and p = ½.
pub fn binomial_half_cdf(k: u64, n: u64) -> f64 {
    /// Up to here the terms are summed one by one.
    const FEW: u64 = 200;
    if n <= k {
        1.0
    } else if k <= FEW {
        (0..=k).map(|i| binomial_pmf(i as f64, n as f64, 0.5)).sum()
    } else {
        beta_cdf(0.5, (n - k) as f64, (k + 1) as f64)
    }
}

/// The margins of a 2×2 table: how many of the `drawn` could be among the `marked`.
#[derive(Clone, Copy)]
pub(crate) struct Hypergeometric {
    /// Marked in all.
    pub(crate) marked: u64,
    /// Unmarked in all.
    pub(crate) unmarked: u64,
    /// Size of the draw.
    pub(crate) drawn: u64,
}

impl Hypergeometric {
    fn pmf(self, k: u64) -> f64 {
        hypergeometric_pmf(k, self.marked, self.unmarked, self.drawn)
    }

    /// The sum of the probabilities that are at most `limit`: the two tails, each from its inner end outwards.
    ///
    /// Only the terms that count are visited, so that the work grows with the square root of the counts.
    pub(crate) fn no_likelier_than(self, limit: f64) -> f64 {
        let first = self.drawn.saturating_sub(self.unmarked);
        let last = self.drawn.min(self.marked);
        let total = (self.marked + self.unmarked) as f64;
        let mode = (self.drawn + 1) as f64 * (self.marked + 1) as f64 / (total + 2.0);
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a count")]
        let mode = (mode.floor() as u64).clamp(first, last);
        let within = |k: u64| self.pmf(k) <= limit;
        // Below the mode the probabilities rise, above it they fall.
        let below = turn(first, mode + 1, within);
        let above = last + 1 - turn(0, last - mode, |back| within(last - back));
        let left = below.checked_sub(1).filter(|k| *k >= first);
        let left = left.map_or(0.0, |k| self.tail(k, first, false));
        let right = if above <= last { self.tail(above, last, true) } else { 0.0 };
        (left + right).min(1.0)
    }

    /// Probabilities from `k` outwards to `end`, until they no longer count.
    fn tail(self, mut k: u64, end: u64, up: bool) -> f64 {
        /// The recurrence starts anew after so many steps, before its rounding adds up.
        const RUN: u32 = 500;
        let mut sum = 0.0;
        let mut term = self.pmf(k);
        let mut steps = 0;
        loop {
            sum += term;
            if k == end || term < 1e-18 * sum {
                return sum;
            }
            steps += 1;
            let (m, u, n) = (self.marked as f64, self.unmarked as f64, self.drawn as f64);
            let x = k as f64;
            let ratio = if up {
                (m - x) * (n - x) / ((x + 1.0) * (u - n + x + 1.0))
            } else {
                x * (u - n + x) / ((m - x + 1.0) * (n - x + 1.0))
            };
            k = if up { k + 1 } else { k - 1 };
            term = if steps % RUN == 0 { self.pmf(k) } else { term * ratio };
            if term == 0.0 {
                return sum;
            }
        }
    }
}

/// The first number from `low` on that does not hold, where all that hold come first; `high` when all below it do.
fn turn(mut low: u64, mut high: u64, holds: impl Fn(u64) -> bool) -> u64 {
    while low < high {
        let middle = low + (high - low) / 2;
        if holds(middle) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    low
}

#[cfg(test)]
mod tests {
    use super::*;

    fn close(a: f64, b: f64, tolerance: f64) {
        assert!((a - b).abs() <= tolerance * b.abs().max(1e-12), "{a} is not {b}");
    }

    #[test]
    fn normal_quantiles_match_published_digits() {
        close(normal_quantile(0.975), 1.959_963_984_540_054, 1e-14);
        close(normal_quantile(0.995), 2.575_829_303_548_901, 1e-14);
        close(normal_quantile(0.8), 0.841_621_233_572_914_3, 1e-14);
    }

    #[test]
    fn student_quantiles_are_good_to_their_tolerance() {
        // Exact values by integration of the density.
        for (df, t) in [
            (1.0, 12.706_204_736_174_7),
            (9.0, 2.262_157_162_798_2),
            (39.0, 2.022_690_920_036_76),
            (59.0, 2.000_995_378_088_27),
        ] {
            close(t_two_sided(0.05, df), t, 1e-8);
        }
    }

    #[test]
    fn student_quantiles_stop_where_scipy_stops() {
        // scipy.stats.t.ppf(0.975, df).
        for (df, t) in [(9.0, 2.262_157_162_740_99), (39.0, 2.022_690_911_734_73)] {
            close(t_two_sided(0.05, df), t, 1e-13);
        }
    }

    #[test]
    fn beta_quantile_inverts_the_distribution_even_at_large_counts() {
        for (a, b) in [(3.0, 8.0), (0.5, 60.0), (1.0, 112_120.0), (60_361.0, 51_760.0), (2e6, 1e6)]
        {
            for p in [1e-9, 0.025, 0.5, 0.975, 1.0 - 1e-9] {
                close(beta_cdf(beta_quantile(p, a, b), a, b), p, 1e-9);
            }
        }
        close(beta_quantile(0.025, 3.0, 8.0), 0.066_739_51, 1e-7);
    }

    #[test]
    fn binomial_and_hypergeometric_probabilities_sum_to_one() {
        let binomial: f64 = (0..=1000_u32).map(|k| binomial_pmf(f64::from(k), 1000.0, 0.3)).sum();
        close(binomial, 1.0, 1e-12);
        let hyper: f64 = (0..=400).map(|k| hypergeometric_pmf(k, 400, 700, 500)).sum();
        close(hyper, 1.0, 1e-12);
    }

    #[test]
    fn the_half_binomial_is_the_same_summed_and_as_incomplete_beta() {
        for (k, n) in [(150_u64, 320_u64), (200, 401), (190, 5000)] {
            let summed: f64 = (0..=k).map(|i| binomial_pmf(i as f64, n as f64, 0.5)).sum();
            let (a, b) = ((n - k) as f64, (k + 1) as f64);
            close(beta_cdf(0.5, a, b), summed, 1e-11);
        }
        assert_eq!(binomial_half_cdf(7, 7), 1.0);
        close(binomial_half_cdf(500_000_000, 1_000_000_001), 0.5, 1e-9);
    }

    #[test]
    fn the_tails_hold_exactly_the_tables_that_are_no_likelier() {
        for (marked, unmarked, drawn) in
            [(5, 7, 6), (1, 1, 1), (40, 3, 20), (9, 0, 4), (700, 900, 300)]
        {
            let all = Hypergeometric { marked, unmarked, drawn };
            let (first, last) = (drawn.saturating_sub(unmarked), drawn.min(marked));
            for seen in first..=last {
                let limit = all.pmf(seen) * (1.0 + 1e-7);
                let direct: f64 = (first..=last).map(|k| all.pmf(k)).filter(|p| *p <= limit).sum();
                close(all.no_likelier_than(limit), direct.min(1.0), 1e-11);
            }
        }
    }

    #[test]
    fn chi_square_tail_matches_tables() {
        close(chi_square_sf(3.841_458_820_694_124, 1.0), 0.05, 1e-12);
        close(chi_square_sf(12.591_587_243_743_977, 6.0), 0.05, 1e-12);
    }
}
