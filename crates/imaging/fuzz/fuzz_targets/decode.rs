//! Any file.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| overread_imaging_fuzz::everything(bytes));
