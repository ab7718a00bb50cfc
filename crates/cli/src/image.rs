//! `render` and `inspect`: the display pipeline without a display.

use std::path::Path;

use anyhow::anyhow;
use overread_imaging::{
    DecodeError, DecodeLimits, DecodedImage, Depth, RenderError, RenderOptions, StoredBits,
    VoiChoice, Window, decode_with, render_pvalues,
};

use crate::args::RenderArgs;
use crate::facts::facts;
use crate::run::Usage;

fn stored_bits(allocated: bool) -> StoredBits {
    if allocated { StoredBits::Allocated } else { StoredBits::Declared }
}

/// Reads and decodes one frame, counted from 0.
fn open(path: &Path, frame: u32, allocated_bits: bool, what: &str) -> anyhow::Result<DecodedImage> {
    let data = std::fs::read(path).map_err(|error| {
        let why = overread_session::words_of(&error);
        anyhow!("{} cannot be read: {why}. Check the path and its permissions.", path.display())
    })?;
    let bits = stored_bits(allocated_bits);
    decode_with(&data, frame, &DecodeLimits::default(), bits).map_err(|error: DecodeError| {
        anyhow!("{} cannot be {what}: {error}. {}", path.display(), error.advice())
    })
}

/// Renders into a file; says of what size.
pub(crate) fn render(args: &RenderArgs) -> anyhow::Result<serde_json::Value> {
    let window = match args.window.as_deref() {
        Some([center, width]) => Some((*center, *width)),
        _ => None,
    };
    let options = RenderOptions {
        window,
        voi: args.voi,
        depth: if args.depth == "16" { Depth::Sixteen } else { Depth::Eight },
        size: args.size,
        invert: args.invert,
        raw: args.raw,
    };
    options.check().map_err(|error| Usage(format!("{error}. {}", error.advice())))?;
    // Frames count from 1 on the command line, as DICOM counts them.
    let image = open(&args.image, args.frame - 1, args.allocated_bits, "rendered")?;
    if let Some((center, width)) = window
        && options.voi == VoiChoice::Default
    {
        let asked = Window::linear(center, width);
        if asked.is_usable() && asked.effective_function() != asked.function {
            tracing::warn!("LINEAR is defined for widths from 1: LINEAR_EXACT is used");
        }
    }
    let fail = |error: RenderError| {
        anyhow!("{} cannot be rendered: {error}. {}", args.image.display(), error.advice())
    };
    let rendered = render_pvalues(&image, &options).map_err(fail)?;
    let png = rendered.to_png().map_err(fail)?;
    overread_session::write_file(&args.output, &png, args.overwrite).map_err(|error| {
        let place = args.output.display();
        if error.kind() == std::io::ErrorKind::AlreadyExists {
            anyhow!("{place} is there already and was left as it is. Name another file with -o, or add --overwrite.")
        } else {
            let why = overread_session::words_of(&error);
            anyhow!("{place} cannot be written: {why}. Check that its folder is there and may be written to.")
        }
    })?;
    Ok(serde_json::json!({
        "output": args.output.display().to_string(),
        "width": rendered.width,
        "height": rendered.height,
        "bytes": png.len(),
        "offset": rendered.offset,
    }))
}

pub(crate) fn inspect(
    path: &Path,
    allocated_bits: bool,
) -> anyhow::Result<(serde_json::Value, String)> {
    let image = open(path, 0, allocated_bits, "shown")?;
    let found = overread_imaging::inspect(&image);
    Ok((serde_json::to_value(&found)?, facts(&found)))
}
