//! A compressed frame inside a lawful object of 16 × 16 pixels.
#![no_main]

use libfuzzer_sys::fuzz_target;
use overread_imaging::{DecodeLimits, decode};

const SYNTAXES: [&str; 6] = [
    "1.2.840.10008.1.2.5",
    "1.2.840.10008.1.2.4.50",
    "1.2.840.10008.1.2.4.51",
    "1.2.840.10008.1.2.4.70",
    "1.2.840.10008.1.2.4.80",
    "1.2.840.10008.1.2.4.90",
];

fn short(out: &mut Vec<u8>, element: u16, value: u16) {
    out.extend([0x28, 0]);
    out.extend(element.to_le_bytes());
    out.extend(b"US\x02\0");
    out.extend(value.to_le_bytes());
}

fuzz_target!(|bytes: &[u8]| {
    let Some((&first, rest)) = bytes.split_first() else { return };
    let uid = SYNTAXES[usize::from(first) % SYNTAXES.len()];
    let mut file = vec![0; 128];
    file.extend(b"DICM\x02\0\x10\0UI");
    file.extend((uid.len().next_multiple_of(2) as u16).to_le_bytes());
    file.extend(uid.bytes());
    file.resize(file.len().next_multiple_of(2), 0);
    let deep = first & 0x80 != 0;
    for (element, value) in [(0x02, 1), (0x10, 16), (0x11, 16)] {
        short(&mut file, element, value);
    }
    short(&mut file, 0x100, if deep { 16 } else { 8 });
    short(&mut file, 0x101, if deep { 12 } else { 8 });
    short(&mut file, 0x102, if deep { 11 } else { 7 });
    short(&mut file, 0x103, 0);
    file.extend(b"\xE0\x7F\x10\0OB\0\0\xFF\xFF\xFF\xFF\xFE\xFF\0\xE0\0\0\0\0\xFE\xFF\0\xE0");
    file.extend((rest.len() as u32).to_le_bytes());
    file.extend(rest);
    file.extend(b"\xFE\xFF\xDD\xE0\0\0\0\0");
    decode(&file, &DecodeLimits { max_bytes: 32 << 20 }).ok();
});
