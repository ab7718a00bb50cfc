//! Whether a PNG is whole: signature, every chunk's checksum, and pixels that decode.

use anyhow::{Context as _, Result};

/// Decodes the first frame to its end; the decoder checks the checksums on its way.
pub(super) fn check(bytes: &[u8]) -> Result<()> {
    let decoder = png::Decoder::new(std::io::Cursor::new(bytes));
    let mut reader = decoder.read_info().context("its header is broken")?;
    let size = reader.output_buffer_size().context("it is too large")?;
    reader.next_frame(&mut vec![0; size]).context("its pixels are broken")?;
    reader.finish().context("its end is missing")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn small() -> Vec<u8> {
        let mut bytes = Vec::new();
        let mut encoder = png::Encoder::new(&mut bytes, 4, 2);
        encoder.set_color(png::ColorType::Grayscale);
        let mut writer = encoder.write_header().unwrap();
        writer.write_image_data(&[1, 2, 3, 4, 5, 6, 7, 8]).unwrap();
        writer.finish().unwrap();
        bytes
    }

    #[test]
    fn a_whole_file_passes() {
        check(&small()).unwrap();
    }

    #[test]
    fn any_flipped_bit_of_header_or_pixels_and_any_cut_is_found() {
        let whole = small();
        // Bytes after the last pixel chunk's checksum belong to the end mark.
        for at in 0..whole.len() - 12 {
            let mut broken = whole.clone();
            broken[at] ^= 0x10;
            assert!(check(&broken).is_err(), "byte {at}");
        }
        for end in 0..whole.len() - 12 {
            assert!(check(&whole[..end]).is_err(), "cut at {end}");
        }
    }
}
