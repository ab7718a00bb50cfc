//! What stands behind a preamble and a transfer syntax.
#![no_main]

use libfuzzer_sys::fuzz_target;
use overread_imaging::{DecodeLimits, decode, frame_count, inspect};

const SYNTAXES: [&str; 8] = [
    "1.2.840.10008.1.2",
    "1.2.840.10008.1.2.1",
    "1.2.840.10008.1.2.2",
    "1.2.840.10008.1.2.1.99",
    "1.2.840.10008.1.2.5",
    "1.2.840.10008.1.2.4.70",
    "1.2.840.10008.1.2.4.80",
    "1.2.840.10008.1.2.4.90",
];

fuzz_target!(|bytes: &[u8]| {
    let Some((&first, rest)) = bytes.split_first() else { return };
    let uid = SYNTAXES[usize::from(first) % SYNTAXES.len()];
    let mut file = vec![0; 128];
    file.extend(b"DICM\x02\0\x10\0UI");
    file.extend((uid.len().next_multiple_of(2) as u16).to_le_bytes());
    file.extend(uid.bytes());
    file.resize(file.len().next_multiple_of(2), 0);
    file.extend(rest);
    let limits = DecodeLimits { max_bytes: 32 << 20 };
    frame_count(&file, &limits).ok();
    if let Ok(image) = decode(&file, &limits) {
        inspect(&image);
    }
});
