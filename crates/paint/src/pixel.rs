//! Single pixels: packing, blending.

use egui::Color32;

/// `0x00RRGGBB`.
pub(crate) fn pack(color: Color32) -> u32 {
    let [r, g, b, _] = color.to_array();
    u32::from_be_bytes([0, r, g, b])
}

/// Lays a premultiplied colour over what is there. Channels run from 0 to 255; rounded once, as a
/// graphics card does.
pub(crate) fn over(below: u32, [r, g, b, a]: [f32; 4]) -> u32 {
    let rest = 1.0 - a / 255.0;
    let [_, r0, g0, b0] = below.to_be_bytes();
    let mix = |new: f32, old: u8| {
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "saturates")]
        let byte = (new + f32::from(old) * rest + 0.5) as u8;
        byte
    };
    u32::from_be_bytes([0, mix(r, r0), mix(g, g0), mix(b, b0)])
}

/// The channels as numbers from 0 to 255.
pub(crate) fn channels(color: Color32) -> [f32; 4] {
    color.to_array().map(f32::from)
}

/// A colour seen through a texel; both from 0 to 255.
pub(crate) fn through(color: [f32; 4], texel: [f32; 4]) -> [f32; 4] {
    let mut out = color;
    for (out, texel) in out.iter_mut().zip(texel) {
        *out = *out * texel / 255.0;
    }
    out
}
