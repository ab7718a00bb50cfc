//! A table of scores of models.
#![no_main]

use libfuzzer_sys::fuzz_target;
use overread_store_fuzz::{hostile, with_desk};

fuzz_target!(|bytes: &[u8]| with_desk(|desk| {
    hostile::outside(&desk.folder, bytes, &desk.known, &desk.protocol, true);
}));
