//! What clipping and re-quantisation left of an image's grey levels.

use overread_core::AdequacyClass;
use serde::Serialize;

use crate::image::{DecodedImage, Samples};

/// Where the clipped area lies.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct ClippedArea {
    /// Left column of the bounding box.
    pub left: u32,
    /// Top row.
    pub top: u32,
    /// Columns.
    pub width: u32,
    /// Rows.
    pub height: u32,
    /// Share of the area's pixels that lie in the central third of both axes.
    pub central_share: f64,
}

/// One end of the scale.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct End {
    /// The lowest or highest level in use.
    pub level: i64,
    /// Share of pixels at that level; at the low end, without what touches the frame.
    pub saturated: f64,
    /// Pixels at the level over the mean of its eight neighbours inwards.
    pub edge: f64,
    /// Share of the largest connected area at the level (low end: inside the body).
    pub plateau: f64,
    /// Share of 16×16 tiles entirely at the level.
    pub tiles: f64,
    /// Where the largest area lies.
    pub area: Option<ClippedArea>,
}

/// The measures and the judgement.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Adequacy {
    /// The judgement.
    pub class: AdequacyClass,
    /// All findings, the worst first.
    pub findings: Vec<AdequacyClass>,
    /// The high end.
    pub high: End,
    /// The low end.
    pub low: End,
    /// Levels in use.
    pub used: u32,
    /// Share of the levels between the ends that are in use.
    pub occupancy: f64,
    /// Share of empty levels between the 0.1st and 99.9th percentile, where no more
    /// than 15 are empty in a row.
    pub gap_fraction: f64,
    /// Levels more than 1.8 times as frequent as their neighbours.
    pub spikes: u32,
    /// Entropy of the levels, bits.
    pub entropy: f64,
    /// One sentence for the reader.
    pub text: String,
}

const TILE: usize = 16;
/// A dark area this near to the frame, as a share of the side, is surround: scanned films have a
/// bright edge of a few pixels between the air around the body and the frame.
const NEAR_FRAME: usize = 64;
/// Empty levels in a row that part two distributions.
const SEPARATION: usize = 16;
/// Beyond this the comb measures mean nothing: films use a part of 16 bits.
const LEVELS_JUDGED: usize = 256;

const NO_END: End =
    End { level: 0, saturated: 0.0, edge: 0.0, plateau: 0.0, tiles: 0.0, area: None };

impl Adequacy {
    /// Measures an image.
    pub fn of(image: &DecodedImage) -> Self {
        let Samples::Grey16 { data, offset } = &image.samples else {
            return Self::not_applicable();
        };
        let stats = image.stats();
        if stats.count == 0 {
            return Self::not_applicable();
        }
        let base = i64::from(*offset);
        let index = |stored: i64| usize::try_from(stored - base).unwrap_or(0);
        let (lo, hi) = (index(stats.min), index(stats.max));
        let bins = &stats.bins;
        let n = stats.count as f64;
        let shape = Shape { width: image.width as usize, data };
        let high = Self::end(&shape, bins, hi, false, n, base);
        let low = if lo == hi { NO_END } else { Self::end(&shape, bins, lo, true, n, base) };
        let used = bins.iter().filter(|c| **c > 0).count();
        let occupancy = used as f64 / (hi - lo + 1) as f64;
        let gap_fraction = gap_fraction(bins, lo, hi, n);
        let spikes = spikes(bins, lo, hi);
        let levels = hi - lo + 1;
        let mut out = Self {
            class: AdequacyClass::Adequate,
            findings: Vec::new(),
            high,
            low,
            used: crate::num::count_u32(used),
            occupancy,
            gap_fraction,
            spikes: crate::num::count_u32(spikes),
            entropy: entropy(bins, n),
            text: String::new(),
        };
        out.findings = out.judge(levels, regular(bins, lo, hi));
        out.class = out.findings.first().copied().unwrap_or(AdequacyClass::Adequate);
        out.text = out.describe();
        out
    }

    fn not_applicable() -> Self {
        Self {
            class: AdequacyClass::NotApplicable,
            findings: Vec::new(),
            high: NO_END,
            low: NO_END,
            used: 0,
            occupancy: 0.0,
            gap_fraction: 0.0,
            spikes: 0,
            entropy: 0.0,
            text: "grey levels not judged".to_owned(),
        }
    }

    fn end(shape: &Shape<'_>, bins: &[u64], level: usize, low: bool, n: f64, base: i64) -> End {
        let neighbours: Vec<u64> = if low {
            (level + 1..=level + 8).filter_map(|i| bins.get(i)).copied().collect()
        } else {
            (level.saturating_sub(8)..level).filter_map(|i| bins.get(i)).copied().collect()
        };
        let mean = neighbours.iter().sum::<u64>() as f64 / neighbours.len().max(1) as f64;
        // An end without neighbours is as sharp as one pixel beside it would make it.
        let mean = if mean > 0.0 { mean } else { 1.0 / 8.0 };
        let found = shape.areas(level, low);
        End {
            level: crate::num::index_i64(level) + base,
            saturated: (bins[level] as f64 - found.border as f64) / n,
            edge: bins[level] as f64 / mean,
            plateau: found.largest as f64 / n,
            tiles: found.tiles,
            area: found.area,
        }
    }

    fn judge(&self, levels: usize, regular: bool) -> Vec<AdequacyClass> {
        use AdequacyClass::*;
        let sharp = |e: &End| e.edge >= 10.0;
        let severe = |e: &End| sharp(e) && (e.plateau >= 0.05 || e.tiles >= 0.05);
        let clipped = |e: &End| sharp(e) && e.plateau >= 0.01;
        let mut found = Vec::new();
        if severe(&self.high) || severe(&self.low) {
            found.push(SeverelyClipped);
        } else if clipped(&self.high) || clipped(&self.low) {
            found.push(Clipped);
        }
        if levels <= LEVELS_JUDGED && levels > 1 {
            if self.occupancy < 0.5 && regular {
                found.push(Posterised);
            }
            if self.gap_fraction >= 0.05 {
                found.push(Stretched);
            }
            if f64::from(self.spikes) >= 0.1 * f64::from(self.used) {
                found.push(Requantised);
            }
        }
        if self.used < 128 {
            found.push(FewLevels);
        }
        found
    }

    fn describe(&self) -> String {
        use AdequacyClass::*;
        let ends = || {
            let mut parts = Vec::new();
            for (name, end) in [("highest", &self.high), ("lowest", &self.low)] {
                if end.edge >= 10.0 && (end.plateau >= 0.01 || end.tiles >= 0.05) {
                    parts.push(format!(
                        "{:.1} % of the pixels stand at the {name} level ({})",
                        end.saturated * 100.0,
                        end.level
                    ));
                }
            }
            parts.join("; ")
        };
        match self.class {
            Adequate => "grey levels adequate".to_owned(),
            SeverelyClipped => {
                format!("severely clipped: {}; no window can bring back what was there", ends())
            }
            Clipped => format!("clipped: {}; no window can bring back what was there", ends()),
            Stretched => format!(
                "stretched after quantisation: {:.0} % of the levels are empty",
                self.gap_fraction * 100.0
            ),
            Requantised => "levels were merged after quantisation".to_owned(),
            Posterised => format!("posterised: {} levels in use", self.used),
            FewLevels => format!("only {} grey levels in use", self.used),
            NotApplicable => "grey levels not judged".to_owned(),
        }
    }
}

fn gap_fraction(bins: &[u64], lo: usize, hi: usize, n: f64) -> f64 {
    let at = |share: f64| {
        let mut seen = 0;
        (lo..=hi)
            .find(|&i| {
                seen += bins[i];
                seen as f64 >= share * n
            })
            .unwrap_or(hi)
    };
    let (from, to) = (at(0.001), at(0.999));
    // A comb has short gaps. A long one lies between the picture and a black
    // surround or a white letter, and says nothing about quantisation.
    let (mut empty, mut separations) = (0, 0);
    for run in bins[from..=to].chunk_by(|a, b| (*a == 0) == (*b == 0)) {
        match run {
            [0, ..] if run.len() < SEPARATION => empty += run.len(),
            [0, ..] => separations += run.len(),
            _ => {}
        }
    }
    empty as f64 / (to - from + 1 - separations) as f64
}

fn spikes(bins: &[u64], lo: usize, hi: usize) -> usize {
    (lo + 2..hi.saturating_sub(1))
        .filter(|&i| {
            let mut around = [bins[i - 2], bins[i - 1], bins[i + 1], bins[i + 2]];
            around.sort_unstable();
            let median = (around[1] + around[2]) as f64 / 2.0;
            bins[i] as f64 > 1.8 * median && bins[i] > 0
        })
        .count()
}

/// Whether the levels in use stand at one distance, give or take one.
fn regular(bins: &[u64], lo: usize, hi: usize) -> bool {
    let used: Vec<usize> = (lo..=hi).filter(|&i| bins[i] > 0).collect();
    let steps: Vec<usize> = used.windows(2).map(|w| w[1] - w[0]).collect();
    let Some(&step) = steps.get(steps.len() / 2) else { return false };
    let near = steps.iter().filter(|s| s.abs_diff(step) <= 1).count();
    step >= 2 && near * 10 >= steps.len() * 9
}

fn entropy(bins: &[u64], n: f64) -> f64 {
    -bins
        .iter()
        .filter(|c| **c > 0)
        .map(|&c| {
            let p = c as f64 / n;
            p * p.log2()
        })
        .sum::<f64>()
}

struct Shape<'a> {
    width: usize,
    data: &'a [u16],
}

struct Areas {
    border: usize,
    largest: usize,
    tiles: f64,
    area: Option<ClippedArea>,
}

struct Region {
    size: usize,
    touches: bool,
    left: usize,
    right: usize,
    top: usize,
    bottom: usize,
    central: usize,
}

impl Shape<'_> {
    fn height(&self) -> usize {
        self.data.len() / self.width.max(1)
    }

    /// Connected areas at a level; with `inside` those that reach the frame do not count.
    fn areas(&self, level: usize, inside: bool) -> Areas {
        let mut seen: Vec<bool> = self.data.iter().map(|&v| usize::from(v) != level).collect();
        let mut border = vec![false; if inside { self.data.len() } else { 0 }];
        let (mut at_border, mut largest, mut area) = (0, 0, None);
        let mut members: Vec<u32> = Vec::new();
        for start in 0..self.data.len() {
            if seen[start] {
                continue;
            }
            let region = self.flood(start, &mut seen, &mut members);
            if inside && region.touches {
                at_border += region.size;
                for &i in &members {
                    border[i as usize] = true;
                }
                continue;
            }
            if region.size > largest {
                largest = region.size;
                area = Some(region.area());
            }
        }
        let ours = |i: usize| {
            usize::from(self.data[i]) == level && !border.get(i).copied().unwrap_or(false)
        };
        Areas { border: at_border, largest, tiles: self.tiles(ours), area }
    }

    /// `members` is the queue as well: what was visited stays in it.
    fn flood(&self, start: usize, seen: &mut [bool], members: &mut Vec<u32>) -> Region {
        let (w, h) = (self.width, self.height());
        let mut region =
            Region { size: 0, touches: false, left: w, right: 0, top: h, bottom: 0, central: 0 };
        members.clear();
        members.push(crate::num::count_u32(start));
        seen[start] = true;
        let mut next = 0;
        while let Some(&member) = members.get(next) {
            next += 1;
            let i = member as usize;
            let (x, y) = (i % w, i / w);
            region.add(x, y, w, h);
            let mut visit = |j: usize| {
                if !seen[j] {
                    seen[j] = true;
                    members.push(crate::num::count_u32(j));
                }
            };
            if x > 0 {
                visit(i - 1);
            }
            if x + 1 < w {
                visit(i + 1);
            }
            if y > 0 {
                visit(i - w);
            }
            if y + 1 < h {
                visit(i + w);
            }
        }
        region
    }

    fn tiles(&self, ours: impl Fn(usize) -> bool) -> f64 {
        let (across, down) = (self.width / TILE, self.height() / TILE);
        let full = (0..across * down)
            .filter(|&t| {
                let (tx, ty) = (t % across * TILE, t / across * TILE);
                (0..TILE * TILE).all(|k| ours((ty + k / TILE) * self.width + tx + k % TILE))
            })
            .count();
        full as f64 / (across * down).max(1) as f64
    }
}

impl Region {
    fn add(&mut self, x: usize, y: usize, w: usize, h: usize) {
        self.size += 1;
        let near = |v: usize, n: usize| v <= n / NEAR_FRAME || n - 1 - v <= n / NEAR_FRAME;
        self.touches |= near(x, w) || near(y, h);
        self.left = self.left.min(x);
        self.right = self.right.max(x);
        self.top = self.top.min(y);
        self.bottom = self.bottom.max(y);
        let middle = |v: usize, n: usize| v * 3 >= n && v * 3 < n * 2;
        self.central += usize::from(middle(x, w) && middle(y, h));
    }

    fn area(&self) -> ClippedArea {
        let n = crate::num::count_u32;
        ClippedArea {
            left: n(self.left),
            top: n(self.top),
            width: n(self.right - self.left + 1),
            height: n(self.bottom - self.top + 1),
            central_share: self.central as f64 / self.size.max(1) as f64,
        }
    }
}
