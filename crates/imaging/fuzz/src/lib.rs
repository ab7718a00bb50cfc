//! What the targets share: lawful wrappings around hostile bytes, and everything that is done with an image.

use overread_imaging::{
    DecodeLimits, Presentation, RenderOptions, Renderer, ViewState, decode, inspect, render_pvalues,
};

/// Far below what a picture may take, so that a missing check shows as lack of memory.
pub const LIMITS: DecodeLimits = DecodeLimits { max_bytes: 32 << 20 };

/// Transfer syntaxes of whole objects.
pub const SYNTAXES: [&str; 9] = [
    "1.2.840.10008.1.2",
    "1.2.840.10008.1.2.1",
    "1.2.840.10008.1.2.2",
    "1.2.840.10008.1.2.1.99",
    "1.2.840.10008.1.2.5",
    "1.2.840.10008.1.2.4.51",
    "1.2.840.10008.1.2.4.70",
    "1.2.840.10008.1.2.4.80",
    "1.2.840.10008.1.2.4.90",
];

/// Transfer syntaxes whose frames are compressed.
pub const COMPRESSED: [&str; 6] = [
    "1.2.840.10008.1.2.5",
    "1.2.840.10008.1.2.4.50",
    "1.2.840.10008.1.2.4.51",
    "1.2.840.10008.1.2.4.70",
    "1.2.840.10008.1.2.4.80",
    "1.2.840.10008.1.2.4.90",
];

/// Preamble and file meta group of an object in that transfer syntax.
pub fn part_10(uid: &str) -> Vec<u8> {
    let mut file = vec![0; 128];
    file.extend(b"DICM\x02\0\x10\0UI");
    file.extend((uid.len().next_multiple_of(2) as u16).to_le_bytes());
    file.extend(uid.bytes());
    file.resize(file.len().next_multiple_of(2), 0);
    file
}

/// A grey image of 16 × 16 pixels whose one frame is these bytes.
pub fn with_frame(uid: &str, deep: bool, frame: &[u8]) -> Vec<u8> {
    let mut file = part_10(uid);
    let (allocated, stored) = if deep { (16, 12) } else { (8, 8) };
    for (element, value) in [
        (0x02, 1),
        (0x10, 16),
        (0x11, 16),
        (0x100, allocated),
        (0x101, stored),
        (0x102, stored - 1),
        (0x103, 0),
    ] {
        short(&mut file, element, value);
    }
    file.extend(b"\xE0\x7F\x10\0OB\0\0\xFF\xFF\xFF\xFF\xFE\xFF\0\xE0\0\0\0\0\xFE\xFF\0\xE0");
    file.extend((frame.len() as u32).to_le_bytes());
    file.extend(frame);
    file.extend(b"\xFE\xFF\xDD\xE0\0\0\0\0");
    file
}

fn short(out: &mut Vec<u8>, element: u16, value: u16) {
    out.extend([0x28, 0]);
    out.extend(element.to_le_bytes());
    out.extend(b"US\x02\0");
    out.extend(value.to_le_bytes());
}

/// Decodes, describes, renders to a file and to a screen.
pub fn everything(file: &[u8]) {
    let Ok(image) = decode(file, &LIMITS) else { return };
    inspect(&image);
    render_pvalues(&image, &RenderOptions::default()).ok();
    render_pvalues(&image, &RenderOptions { raw: true, ..RenderOptions::default() }).ok();
    let presentation = Presentation::default_for(&image);
    Renderer::new().render(&image, &ViewState::default(), &presentation, (40, 30));
}
