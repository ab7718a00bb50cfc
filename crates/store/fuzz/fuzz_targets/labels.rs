//! Label files of every layout.
#![no_main]

use libfuzzer_sys::fuzz_target;
use overread_store_fuzz::{folder, hostile};

fuzz_target!(|bytes: &[u8]| hostile::labels(&folder(), bytes));
