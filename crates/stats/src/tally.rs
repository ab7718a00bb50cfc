//! How often each code comes up in a resample: the inner loop of the bootstraps.

use crate::rng::{BLOCK, SplitMix64};

/// Units that a table without bounds checks holds.
const SMALL: usize = 1 << 16;

/// The code of every unit, in a form that is quick to count.
#[derive(Clone, Debug)]
pub(crate) enum Codes {
    /// At most four codes of at most 65,536 units.
    Small(Box<[u8; SMALL]>),
    /// At most four codes, as the places of their lanes.
    Lanes(Vec<u8>),
    /// Any number of them.
    Wide(Vec<u32>),
}

impl Codes {
    /// Codes below `kinds`.
    pub(crate) fn new(codes: impl Iterator<Item = usize>, kinds: usize) -> Self {
        if kinds > 4 {
            return Self::Wide(codes.map(|code| u32::try_from(code).unwrap_or(u32::MAX)).collect());
        }
        let mut all: Vec<u8> = codes.map(|code| [0, 1, 2, 3][code & 3]).collect();
        if all.len() <= SMALL {
            all.resize(SMALL, 0);
        }
        match <Box<[u8; SMALL]>>::try_from(all.into_boxed_slice()) {
            Ok(small) => Self::Small(small),
            Err(all) => Self::Lanes(all.iter().map(|code| code * 16).collect()),
        }
    }
}

/// How often each code is drawn in draws `start..start + n` of the stream over `n` units; `codes` has one for each of
/// them, all below the length of `counts`.
pub(crate) fn tally(stream: SplitMix64, start: u64, n: u64, codes: &Codes, counts: &mut [u64]) {
    counts.fill(0);
    match codes {
        Codes::Small(codes) => {
            // The same arithmetic with whatever the processor has: whole numbers, so the same counts everywhere.
            let found = pulp::Arch::new().dispatch(Small { stream, start, n, codes });
            for (count, found) in counts.iter_mut().zip(found) {
                *count = found;
            }
        }
        Codes::Lanes(shifts) => in_lanes(stream, start, n, shifts, counts),
        Codes::Wide(codes) => {
            for i in stream.indices(start, n, n) {
                let code = usize::try_from(i).ok().and_then(|i| codes.get(i));
                let code = code.and_then(|code| usize::try_from(*code).ok());
                if let Some(count) = code.and_then(|code| counts.get_mut(code)) {
                    *count += 1;
                }
            }
        }
    }
}

/// One count of a small table.
struct Small<'a> {
    stream: SplitMix64,
    start: u64,
    n: u64,
    codes: &'a [u8; SMALL],
}

impl pulp::NullaryFnOnce for Small<'_> {
    type Output = [u64; 4];

    /// Indices, then codes, then sums of their two bits, each over a block of its own: three loops that compilers turn
    /// into vector instructions or plain loads, where one loop would wait for a counter.
    #[expect(
        clippy::inline_always,
        reason = "what is not inlined is compiled without the wide instructions"
    )]
    #[inline(always)]
    fn call(self) -> [u64; 4] {
        let (mut indices, mut drawn) = ([0_u32; BLOCK], [0_u8; BLOCK]);
        let (mut low, mut high, mut both) = (0, 0, 0);
        let mut done = 0;
        while done < self.n {
            self.stream.block(self.start.wrapping_add(done), self.n, &mut indices);
            for (code, i) in drawn.iter_mut().zip(&indices) {
                *code = self.codes[(*i & 0xFFFF) as usize];
            }
            let left = usize::try_from(self.n - done).unwrap_or(BLOCK);
            // Code 0 adds to no sum.
            for code in drawn.iter_mut().skip(left) {
                *code = 0;
            }
            // At most BLOCK = 128 each: a byte holds it.
            let sums = drawn.iter().fold([0_u8; 3], |[a, b, c], code| {
                [a + (code & 1), b + (code >> 1), c + (code & (code >> 1))]
            });
            low += u64::from(sums[0]);
            high += u64::from(sums[1]);
            both += u64::from(sums[2]);
            done += BLOCK as u64;
        }
        [self.n + both - low - high, low - both, high - both, both]
    }
}

/// Four counters of 16 bits share a register, emptied before one can overflow: no draw waits for a counter in memory.
fn in_lanes(stream: SplitMix64, start: u64, n: u64, shifts: &[u8], counts: &mut [u64]) {
    const RUN: u64 = 0xFFFF;
    let mut done = 0;
    while done < n {
        let run = RUN.min(n - done);
        let draws = stream.indices(start.wrapping_add(done), run, n);
        let lanes = draws.fold(0_u64, |lanes, i| {
            let shift = usize::try_from(i).ok().and_then(|i| shifts.get(i)).copied().unwrap_or(0);
            lanes.wrapping_add(1_u64.wrapping_shl(u32::from(shift)))
        });
        for (lane, count) in counts.iter_mut().enumerate() {
            *count += (lanes >> (16 * lane)) & RUN;
        }
        done += run;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_of_the_codes_counts_the_same_draws() {
        let stream = SplitMix64::new(u64::MAX - 1000);
        for n in [0_usize, 1, 2, 127, 128, 129, 1000, 65_536, 65_537, 70_000] {
            for kinds in [1_usize, 2, 3, 4] {
                let code = |i: usize| (i * 7 + i / 3) % kinds;
                let units = n as u64;
                for start in [0, 990, u64::MAX - 500] {
                    let mut plain = vec![0_u64; kinds];
                    for i in stream.indices(start, units, units) {
                        plain[code(usize::try_from(i).unwrap())] += 1;
                    }
                    let wide =
                        Codes::Wide((0..n).map(|i| u32::try_from(code(i)).unwrap()).collect());
                    for codes in [Codes::new((0..n).map(code), kinds), wide] {
                        let mut counts = vec![9_u64; kinds];
                        tally(stream, start, units, &codes, &mut counts);
                        assert_eq!(counts, plain, "{n} units, {kinds} codes, from {start}");
                    }
                }
            }
        }
    }
}
