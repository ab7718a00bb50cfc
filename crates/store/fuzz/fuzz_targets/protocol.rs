//! A protocol.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| overread_store_fuzz::hostile::protocol(bytes));
