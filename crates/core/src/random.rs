//! The generator every draw uses, reproducible in any language.

use crate::ids::digest64;

/// `SplitMix64` as a counter: output `i` depends on the seed and `i` alone.
///
/// # References
/// Steele, Lea, Flood: Fast splittable pseudorandom number generators. OOPSLA 2014.
#[derive(Clone, Debug)]
pub struct SplitMix64 {
    seed: u64,
    next: u64,
}

impl SplitMix64 {
    /// A stream that starts at output 0 of `seed`.
    pub fn new(seed: u64) -> Self {
        Self { seed, next: 0 }
    }

    /// A stream of its own for every purpose, so that one draw never shifts another.
    pub fn for_purpose(seed: u64, parts: &[&str]) -> Self {
        let seed_text = seed.to_string();
        let mut all = vec!["stream", seed_text.as_str()];
        all.extend_from_slice(parts);
        Self::new(digest64(&all))
    }

    /// The next 64 bits.
    pub fn next_u64(&mut self) -> u64 {
        self.next = self.next.wrapping_add(1);
        let mut x = self.seed.wrapping_add(self.next.wrapping_mul(0x9E37_79B9_7F4A_7C15));
        x = (x ^ (x >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        x = (x ^ (x >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        x ^ (x >> 31)
    }

    /// An index below `n` by multiply and shift; `n` must fit 32 bits.
    pub fn index(&mut self, n: usize) -> usize {
        let high = self.next_u64() >> 32;
        // The product is below n * 2^32, so the shifted value is below n.
        usize::try_from((high * (n as u64)) >> 32).unwrap_or(0)
    }

    /// Moves a random choice of `count` entries to the front, in random order (partial Fisher–Yates).
    ///
    /// A larger `count` with the same stream continues the same order.
    pub fn choose_front<T>(&mut self, entries: &mut [T], count: usize) {
        for i in 0..count.min(entries.len()) {
            self.bring_forward(entries, i);
        }
    }

    /// Step `i` of [`SplitMix64::choose_front`]: one of the entries from `i` on comes to place `i`.
    pub fn bring_forward<T>(&mut self, entries: &mut [T], i: usize) {
        if i < entries.len() {
            let j = i + self.index(entries.len() - i);
            entries.swap(i, j);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_stream_is_the_published_one() {
        // First outputs of the reference C implementation for seed 1234567.
        let mut stream = SplitMix64::new(1_234_567);
        let expected = [
            6_457_827_717_110_365_317_u64,
            3_203_168_211_198_807_973,
            9_817_491_932_198_370_423,
            4_593_380_528_125_082_431,
            16_408_922_859_458_223_821,
        ];
        assert_eq!(expected.map(|_| stream.next_u64()), expected);
    }

    #[test]
    fn a_longer_draw_continues_a_shorter_one() {
        let mut short: Vec<u32> = (0..100).collect();
        let mut long = short.clone();
        SplitMix64::new(14).choose_front(&mut short, 10);
        SplitMix64::new(14).choose_front(&mut long, 60);
        assert_eq!(short[..10], long[..10]);
        let mut all = long.clone();
        all.sort_unstable();
        assert_eq!(all, (0..100).collect::<Vec<_>>(), "nothing is lost or doubled");
    }
}
