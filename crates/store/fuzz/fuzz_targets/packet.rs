//! A packet that comes back with other bytes than it left with.
#![no_main]

use libfuzzer_sys::fuzz_target;
use overread_store_fuzz::{bent_packet, hostile, with_desk};

fuzz_target!(|input: &[u8]| with_desk(|desk| {
    hostile::packet(&desk.folder, &bent_packet(desk, input), &desk.project);
}));
