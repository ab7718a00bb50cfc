//! Headers without pixels.
#![no_main]

use libfuzzer_sys::fuzz_target;
use overread_imaging::index;

fuzz_target!(|bytes: &[u8]| {
    index::read_bytes(bytes).ok();
});
