//! Any file.
#![no_main]

use libfuzzer_sys::fuzz_target;
use overread_imaging::{DecodeLimits, RenderOptions, decode, inspect, render_pvalues};

fuzz_target!(|bytes: &[u8]| {
    let limits = DecodeLimits { max_bytes: 32 << 20 };
    if let Ok(image) = decode(bytes, &limits) {
        inspect(&image);
        render_pvalues(&image, &RenderOptions::default()).ok();
    }
});
