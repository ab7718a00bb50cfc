//! Conversions from floating point that saturate instead of surprising.

#![expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "float-to-integer casts saturate, which is what is wanted here"
)]

/// Towards zero, saturating; NaN is 0.
pub(crate) fn to_u16(v: f64) -> u16 {
    v as u16
}

/// Towards zero, saturating; NaN is 0.
pub(crate) fn to_u8(v: f64) -> u8 {
    v as u8
}

/// Towards zero, saturating; NaN is 0.
pub(crate) fn to_u32(v: f64) -> u32 {
    v as u32
}

/// Towards zero, saturating; NaN is 0.
pub(crate) fn to_usize(v: f64) -> usize {
    v as usize
}

/// Towards zero, saturating; NaN is 0.
pub(crate) fn to_i64(v: f64) -> i64 {
    v as i64
}

/// The fast path's rounding: half up, saturating.
pub(crate) fn round_u16(v: f32) -> u16 {
    (v + 0.5) as u16
}

/// A pixel count as 32 bits; saturating.
pub(crate) fn count_u32(v: usize) -> u32 {
    u32::try_from(v).unwrap_or(u32::MAX)
}

/// An index as a signed value; saturating.
pub(crate) fn index_i64(v: usize) -> i64 {
    i64::try_from(v).unwrap_or(i64::MAX)
}
