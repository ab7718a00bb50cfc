//! How far a sample lies from what it was drawn from.

/// Standardised difference of two shares: `(p − q)/√((p(1−p) + q(1−q))/2)`; `None` where neither varies.
///
/// A description, not a test: it does not grow with the number of studies.
///
/// # References
/// Austin, Stat Med 2009;28:3083.
pub fn standardised_difference(p: f64, q: f64) -> Option<f64> {
    let spread = f64::midpoint(p * (1.0 - p), q * (1.0 - q));
    if spread > 0.0 {
        Some((p - q) / spread.sqrt())
    } else if p == q {
        Some(0.0)
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_zero_for_equal_shares_and_turns_with_the_sides() {
        assert_eq!(standardised_difference(0.4, 0.4), Some(0.0));
        assert_eq!(standardised_difference(0.0, 0.0), Some(0.0));
        assert_eq!(standardised_difference(0.0, 1.0), None);
        let one = standardised_difference(0.5, 0.3).unwrap();
        assert!((one - 0.417_028_828_114_150_6).abs() < 1e-12);
        assert_eq!(standardised_difference(0.3, 0.5), Some(-one));
    }
}
