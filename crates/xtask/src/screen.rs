//! Pictures of a virtual screen: read from its frame buffer, judged, written as PNG.

use anyhow::{Context as _, Result, ensure};
use std::collections::BTreeSet;
use std::io::BufWriter;
use std::path::Path;

/// An RGB picture of the screen.
#[derive(PartialEq, Eq)]
pub(crate) struct Picture {
    width: u32,
    height: u32,
    rgb: Vec<u8>,
}

impl Picture {
    /// Reads an XWD version 7 dump with 32 bits a pixel, which is what Xvfb's depth 24 gives.
    pub(crate) fn from_xwd(bytes: &[u8]) -> Result<Self> {
        let word = |n: usize| -> Result<u32> {
            let part = bytes.get(n * 4..n * 4 + 4).context("the screen dump is cut short")?;
            Ok(u32::from_be_bytes(part.try_into()?))
        };
        ensure!(word(1)? == 7, "the screen dump is not of XWD version 7");
        let (width, height, bits, stride) = (word(4)?, word(5)?, word(11)?, word(12)?);
        ensure!(bits == 32, "the screen dump has {bits} bits a pixel, not 32");
        let little = word(7)? == 0;
        // Header, then the colour map of 12 bytes an entry, then the rows.
        let start = usize::try_from(word(0)?)? + usize::try_from(word(19)?)? * 12;
        let row_bytes = usize::try_from(width)? * 4;
        let mut rgb = Vec::with_capacity(row_bytes / 4 * 3 * usize::try_from(height)?);
        for row in 0..usize::try_from(height)? {
            let from = start + row * usize::try_from(stride)?;
            let line = bytes.get(from..from + row_bytes).context("the screen dump is cut short")?;
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

    /// Whether a radiograph fills a good part of the screen: many different greys, none of them
    /// flat, where an interface has few and large even areas.
    pub(crate) fn shows_film(&self) -> bool {
        let pixels = self.rgb.as_chunks::<3>().0;
        let mut greys = BTreeSet::new();
        let mut textured = 0_usize;
        for pair in pixels.windows(2) {
            let [r, g, b] = pair[0];
            let grey = r.abs_diff(g) <= 2 && g.abs_diff(b) <= 2 && (24..=240).contains(&g);
            if grey && pair[1][1].abs_diff(g) <= 24 {
                greys.insert(g);
                textured += usize::from(pair[1][1] != g);
            }
        }
        greys.len() >= 100 && textured * 20 >= pixels.len()
    }

    /// Writes the picture as PNG.
    pub(crate) fn save(&self, path: &Path) -> Result<()> {
        let file = std::fs::File::create(path)
            .with_context(|| format!("could not write {}", path.display()))?;
        let mut encoder = png::Encoder::new(BufWriter::new(file), self.width, self.height);
        encoder.set_color(png::ColorType::Rgb);
        encoder.set_depth(png::BitDepth::Eight);
        let mut writer = encoder.write_header().context("could not begin the picture")?;
        writer.write_image_data(&self.rgb).context("could not write the picture")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn dump(width: u32, height: u32, pixel: impl Fn(u32, u32) -> [u8; 3]) -> Vec<u8> {
        let mut words = [0_u32; 25];
        words[0] = 104;
        words[1] = 7;
        words[4] = width;
        words[5] = height;
        words[11] = 32;
        words[12] = width * 4;
        words[19] = 1;
        let mut bytes: Vec<u8> = words.iter().flat_map(|w| w.to_be_bytes()).collect();
        bytes.extend([0; 4 + 12]);
        for y in 0..height {
            for x in 0..width {
                let [r, g, b] = pixel(x, y);
                bytes.extend([b, g, r, 0]);
            }
        }
        bytes
    }

    fn noise(x: u32, y: u32) -> u8 {
        let hash = (x * 7919 + y * 104_729).wrapping_mul(2_654_435_761) >> 29;
        u8::try_from((x + y) % 200 + 20 + hash).unwrap()
    }

    #[test]
    fn a_dump_gives_its_colours_in_order() {
        let picture =
            Picture::from_xwd(&dump(2, 1, |x, _| [10 + u8::from(x == 1), 20, 30])).unwrap();
        assert_eq!(picture.rgb, [10, 20, 30, 11, 20, 30]);
    }

    #[test]
    fn a_dump_cut_short_is_an_error() {
        let bytes = dump(20, 20, |_, _| [0; 3]);
        assert!(Picture::from_xwd(&bytes[..bytes.len() - 1]).is_err());
        assert!(Picture::from_xwd(&bytes[..50]).is_err());
    }

    #[test]
    fn a_flat_interface_is_no_film() {
        let flat =
            dump(200, 100, |x, y| if x > 150 { [18; 3] } else { [y.is_multiple_of(9).into(); 3] });
        assert!(!Picture::from_xwd(&flat).unwrap().shows_film());
    }

    #[test]
    fn a_colourful_texture_is_no_film() {
        let colour = dump(200, 100, |x, y| [noise(x, y), 255 - noise(y, x), 90]);
        assert!(!Picture::from_xwd(&colour).unwrap().shows_film());
    }

    #[test]
    fn a_grey_texture_on_a_third_of_the_screen_is_a_film() {
        let film = dump(300, 200, |x, y| if x < 100 { [noise(x, y); 3] } else { [18; 3] });
        assert!(Picture::from_xwd(&film).unwrap().shows_film());
    }
}
