//! What stands behind a preamble and a transfer syntax.
#![no_main]

use libfuzzer_sys::fuzz_target;
use overread_imaging::{blinded_image, frame_count};
use overread_imaging_fuzz::{LIMITS, SYNTAXES, everything, part_10};

fuzz_target!(|bytes: &[u8]| {
    let Some((&first, rest)) = bytes.split_first() else { return };
    let mut file = part_10(SYNTAXES[usize::from(first) % SYNTAXES.len()]);
    file.extend(rest);
    frame_count(&file, &LIMITS).ok();
    blinded_image(&file, 0, &LIMITS).ok();
    everything(&file);
});
