//! The random stream that gives the same draws in any language.

/// Indices that are drawn at once.
pub(crate) const BLOCK: usize = 128;

const GAMMA: u64 = 0x9E37_79B9_7F4A_7C15;

/// SplitMix64 as a counter: draw `i` depends on the seed and `i` only, so threads may start anywhere in the stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SplitMix64 {
    seed: u64,
}

impl SplitMix64 {
    /// The stream of `seed`.
    pub const fn new(seed: u64) -> Self {
        Self { seed }
    }

    /// The state before the mixing that makes output number `i`.
    const fn state(self, i: u64) -> u64 {
        self.seed.wrapping_add(i.wrapping_add(1).wrapping_mul(GAMMA))
    }

    /// The 64-bit output number `i`, counted from 0.
    pub const fn at(self, i: u64) -> u64 {
        mixed(self.state(i))
    }

    /// Output `i` mapped to `0..n`: the upper 32 bits scaled (bias below n/2³²).
    pub const fn index(self, i: u64, n: u64) -> u64 {
        scaled(self.at(i), n)
    }

    /// The indices of outputs `start..start + BLOCK` over `n` units, at most 2³²: a loop without branches, so that
    /// compilers make several at once.
    #[expect(
        clippy::inline_always,
        reason = "what is not inlined is compiled without the wide instructions"
    )]
    #[inline(always)]
    pub(crate) fn block(self, start: u64, n: u64, out: &mut [u32; BLOCK]) {
        let n = n & 0xFFFF_FFFF;
        let mut state = self.state(start);
        for index in out {
            // Below n, which fits.
            *index = (scaled(mixed(state), n) & 0xFFFF_FFFF) as u32;
            state = state.wrapping_add(GAMMA);
        }
    }

    /// The indices of outputs `start..start + count`, without a multiplication for the place of each.
    pub fn indices(self, start: u64, count: u64, n: u64) -> impl Iterator<Item = u64> {
        let mut state = self.state(start);
        (0..count).map(move |_| {
            let index = scaled(mixed(state), n);
            state = state.wrapping_add(GAMMA);
            index
        })
    }
}

#[expect(
    clippy::inline_always,
    reason = "what is not inlined is compiled without the wide instructions"
)]
#[inline(always)]
const fn mixed(mut x: u64) -> u64 {
    x = (x ^ (x >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    x = (x ^ (x >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    x ^ (x >> 31)
}

#[expect(
    clippy::inline_always,
    reason = "what is not inlined is compiled without the wide instructions"
)]
#[inline(always)]
const fn scaled(x: u64, n: u64) -> u64 {
    (x >> 32).wrapping_mul(n) >> 32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reference_outputs_of_splitmix64_are_reproduced() {
        let stream = SplitMix64::new(1_234_567);
        assert_eq!(stream.at(0), 6_457_827_717_110_365_317);
        assert_eq!(stream.at(4), 16_408_922_859_458_223_821);
        let indices: Vec<u64> = (0..5).map(|i| stream.index(i, 10)).collect();
        assert_eq!(indices, [3, 1, 5, 2, 8]);
    }

    #[test]
    fn a_run_of_indices_is_the_single_ones_in_order_also_across_the_end_of_the_counter() {
        let stream = SplitMix64::new(u64::MAX - 7);
        for start in [0, 12_345, u64::MAX - 2] {
            let run: Vec<u64> = stream.indices(start, 6, 1000).collect();
            let single: Vec<u64> =
                (0..6).map(|i| stream.index(start.wrapping_add(i), 1000)).collect();
            assert_eq!(run, single);
        }
    }
}
