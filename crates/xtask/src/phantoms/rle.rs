//! DICOM RLE (PS3.5 annex G): the high bytes of a frame, then the low bytes, each row packed.

use anyhow::Result;

/// Encodes one 16-bit frame: a header of 64 bytes and two segments.
pub(super) fn frame(pixels: &[u16], columns: usize) -> Result<Vec<u8>> {
    let high: Vec<u8> = pixels.iter().map(|v| v.to_be_bytes()[0]).collect();
    let low: Vec<u8> = pixels.iter().map(|v| v.to_be_bytes()[1]).collect();
    let segments = [segment(&high, columns), segment(&low, columns)];
    let mut header = vec![2_u32, 64, 64 + u32::try_from(segments[0].len())?];
    header.resize(16, 0);
    let mut bytes: Vec<u8> = header.iter().flat_map(|word| word.to_le_bytes()).collect();
    bytes.extend(segments.concat());
    Ok(bytes)
}

/// Packs each row for itself, as the standard asks, and pads to an even length.
fn segment(plane: &[u8], columns: usize) -> Vec<u8> {
    let mut packed = Vec::new();
    for row in plane.chunks(columns) {
        pack_row(row, &mut packed);
    }
    if packed.len() % 2 == 1 {
        packed.push(0);
    }
    packed
}

fn pack_row(row: &[u8], packed: &mut Vec<u8>) {
    let mut at = 0;
    while at < row.len() {
        let run = run_length(&row[at..]);
        if run >= 3 {
            packed.push(count_byte(257 - run));
            packed.push(row[at]);
            at += run;
            continue;
        }
        let mut end = at;
        while end < row.len() && end - at < 128 && run_length(&row[end..]) < 3 {
            end += 1;
        }
        packed.push(count_byte(end - at - 1));
        packed.extend(&row[at..end]);
        at = end;
    }
}

fn run_length(bytes: &[u8]) -> usize {
    bytes.iter().take(128).take_while(|b| **b == bytes[0]).count()
}

/// Runs and literals are at most 128 long, so the count always fits.
fn count_byte(count: usize) -> u8 {
    u8::try_from(count).unwrap_or(u8::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn unpack(segment: &[u8], length: usize) -> Vec<u8> {
        let mut bytes = Vec::new();
        let mut at = 0;
        while bytes.len() < length {
            let count = usize::from(segment[at]);
            if count < 128 {
                bytes.extend(&segment[at + 1..at + 2 + count]);
                at += count + 2;
            } else {
                bytes.extend(std::iter::repeat_n(segment[at + 1], 257 - count));
                at += 2;
            }
        }
        bytes
    }

    #[test]
    fn a_packed_frame_unpacks_to_its_pixels() {
        let pixels: Vec<u16> = (0..40_u16)
            .flat_map(|row| {
                (0..301_u16)
                    .map(move |x| if x < row * 7 { row } else { (x * row).wrapping_mul(31) })
            })
            .map(|v| v & 0xFFF)
            .collect();
        let bytes = frame(&pixels, 301).unwrap();
        let start =
            |n: usize| u32::from_le_bytes(bytes[n * 4..n * 4 + 4].try_into().unwrap()) as usize;
        assert_eq!(start(0), 2);
        let high = unpack(&bytes[start(1)..start(2)], pixels.len());
        let low = unpack(&bytes[start(2)..], pixels.len());
        let back: Vec<u16> =
            high.iter().zip(&low).map(|(h, l)| u16::from_be_bytes([*h, *l])).collect();
        assert!(back == pixels);
    }
}
