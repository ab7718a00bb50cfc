//! What stands on a virtual screen.

use anyhow::{Context as _, Result, ensure};
use std::collections::BTreeSet;
use std::path::Path;

/// An RGB picture of the screen.
#[derive(Clone, PartialEq, Eq)]
pub struct Picture {
    /// Pixels in a row.
    pub width: usize,
    /// Rows.
    pub height: usize,
    rgb: Vec<u8>,
}

impl Picture {
    /// Reads the frame buffer file of Xvfb: XWD version 7, 32 bits a pixel.
    pub fn from_xwd(bytes: &[u8]) -> Result<Self> {
        let word = |n: usize| -> Result<usize> {
            let part = bytes.get(n * 4..n * 4 + 4).context("the screen dump is cut short")?;
            Ok(usize::try_from(u32::from_be_bytes(part.try_into()?))?)
        };
        ensure!(word(1)? == 7 && word(11)? == 32, "an unknown kind of screen dump");
        let (width, height, stride) = (word(4)?, word(5)?, word(12)?);
        let little = word(7)? == 0;
        // Header, then the colour map of 12 bytes an entry, then the rows.
        let start = word(0)? + word(19)? * 12;
        let mut rgb = Vec::with_capacity(width * height * 3);
        for row in 0..height {
            let from = start + row * stride;
            let line = bytes.get(from..from + width * 4).context("the dump is cut short")?;
            for pixel in line.as_chunks::<4>().0 {
                let [b, g, r] = if little {
                    [pixel[0], pixel[1], pixel[2]]
                } else {
                    [pixel[3], pixel[2], pixel[1]]
                };
                rgb.extend([r, g, b]);
            }
        }
        Ok(Self { width, height, rgb })
    }

    /// The part from a share of the width to another, and of the height likewise.
    pub fn part(&self, across: [f64; 2], down: [f64; 2]) -> Self {
        let place = |length: usize, share: f64| {
            (0..length).take_while(|n| (*n as f64) < length as f64 * share).count()
        };
        let [left, right] = across.map(|share| place(self.width, share));
        let [top, bottom] = down.map(|share| place(self.height, share));
        let rgb = (top..bottom)
            .flat_map(|row| {
                &self.rgb[(row * self.width + left) * 3..(row * self.width + right) * 3]
            })
            .copied()
            .collect();
        Self { width: right - left, height: bottom - top, rgb }
    }

    /// The pixels of a row, from left to right.
    pub fn row(&self, row: usize) -> &[[u8; 3]] {
        let line = &self.rgb[row * self.width * 3..(row + 1) * self.width * 3];
        line.as_chunks::<3>().0
    }

    /// How many different greys stand in it, and the share of pixels that are not black.
    pub fn greys(&self) -> (usize, f64) {
        let pixels = self.rgb.as_chunks::<3>().0;
        let lit = pixels.iter().filter(|[r, g, b]| 40 < *r.max(g).max(b)).count();
        let grey = |[r, g, b]: &&[u8; 3]| r.abs_diff(*g) <= 2 && g.abs_diff(*b) <= 2;
        let greys: BTreeSet<u8> = pixels.iter().filter(grey).map(|pixel| pixel[1]).collect();
        (greys.len(), lit as f64 / pixels.len().max(1) as f64)
    }

    /// Whether a radiograph fills most of it: a hundred greys, and no black hole.
    pub fn is_film(&self) -> bool {
        let (greys, lit) = self.greys();
        100 <= greys && 0.25 <= lit
    }

    /// The share of pixels that differ from another picture of the same size.
    pub fn differs_from(&self, other: &Self) -> f64 {
        if (self.width, self.height) != (other.width, other.height) {
            return 1.0;
        }
        let pairs = self.rgb.as_chunks::<3>().0.iter().zip(other.rgb.as_chunks::<3>().0);
        let apart = pairs.filter(|(one, two)| one != two).count();
        apart as f64 / (self.width * self.height).max(1) as f64
    }

    /// Writes the picture as PNG, for a person who wants to know why a test failed.
    pub fn save(&self, path: &Path) -> Result<()> {
        let file = std::io::BufWriter::new(std::fs::File::create(path)?);
        let (width, height) = (u32::try_from(self.width)?, u32::try_from(self.height)?);
        let mut encoder = png::Encoder::new(file, width, height);
        encoder.set_color(png::ColorType::Rgb);
        encoder.set_depth(png::BitDepth::Eight);
        let mut writer = encoder.write_header()?;
        Ok(writer.write_image_data(&self.rgb)?)
    }
}
