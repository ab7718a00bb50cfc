//! `render` and `inspect`: the display pipeline without a display.

use std::fmt::Write as _;
use std::path::Path;

use anyhow::Context as _;
use overread_imaging::{
    DecodeLimits, Depth, RenderOptions, StoredBits, VoiChoice, Window, decode_with, render_pvalues,
};

use crate::args::RenderArgs;

fn bytes(path: &Path) -> anyhow::Result<Vec<u8>> {
    std::fs::read(path).with_context(|| format!("could not read {}", path.display()))
}

fn size(text: &str) -> anyhow::Result<(u32, u32)> {
    let parts = text.split_once(['x', 'X', '×']);
    let both = parts.and_then(|(w, h)| Some((w.trim().parse().ok()?, h.trim().parse().ok()?)));
    both.with_context(|| format!("a size is WxH, such as 1024x1024, not `{text}`"))
}

fn stored_bits(allocated: bool) -> StoredBits {
    if allocated { StoredBits::Allocated } else { StoredBits::Declared }
}

pub(crate) fn render(args: &RenderArgs) -> anyhow::Result<()> {
    let place = || format!("{} cannot be rendered", args.image.display());
    let data = bytes(&args.image)?;
    // Frames count from 1 on the command line, as DICOM counts them.
    let frame = args.frame.checked_sub(1).context("--frame counts from 1")?;
    let bits = stored_bits(args.allocated_bits);
    let image = decode_with(&data, frame, &DecodeLimits::default(), bits).with_context(place)?;
    let window = match args.window.as_deref() {
        Some([center, width]) => Some((*center, *width)),
        _ => None,
    };
    let options = RenderOptions {
        window,
        voi: args.voi.parse().context("--voi")?,
        depth: if args.depth == "16" { Depth::Sixteen } else { Depth::Eight },
        size: args.size.as_deref().map(size).transpose()?,
        invert: args.invert,
        raw: args.raw,
    };
    if let Some((center, width)) = window
        && options.voi == VoiChoice::Default
    {
        let asked = Window::linear(center, width);
        if asked.is_usable() && asked.effective_function() != asked.function {
            tracing::warn!("LINEAR is defined for widths from 1: LINEAR_EXACT is used");
        }
    }
    let png = render_pvalues(&image, &options).and_then(|r| r.to_png()).with_context(place)?;
    overread_session::write_file(&args.output, &png)
        .with_context(|| format!("could not write {}", args.output.display()))
}

pub(crate) fn inspect(
    path: &Path,
    allocated_bits: bool,
) -> anyhow::Result<(serde_json::Value, String)> {
    let bits = stored_bits(allocated_bits);
    let image = decode_with(&bytes(path)?, 0, &DecodeLimits::default(), bits)
        .with_context(|| format!("{} cannot be shown", path.display()))?;
    let json = serde_json::to_value(overread_imaging::inspect(&image))?;
    let mut text = String::new();
    for (key, value) in json.as_object().into_iter().flatten() {
        let line = match value {
            serde_json::Value::String(word) => word.clone(),
            other => other.to_string(),
        };
        writeln!(text, "{key}: {line}").ok();
    }
    Ok((json, text.trim_end().to_owned()))
}
