//! A compressed frame inside a lawful object.
#![no_main]

use libfuzzer_sys::fuzz_target;
use overread_imaging_fuzz::{COMPRESSED, everything, with_frame};

fuzz_target!(|bytes: &[u8]| {
    let Some((&first, frame)) = bytes.split_first() else { return };
    let uid = COMPRESSED[usize::from(first & 0x7F) % COMPRESSED.len()];
    everything(&with_frame(uid, first & 0x80 != 0, frame));
});
