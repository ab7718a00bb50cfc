//! Stored values, P-values and header facts of image files, for comparison with
//! other readers (docs/display-conformance.md).
//!
//! ```text
//! pixels inspect FILE...              one JSON object a line
//! pixels raw FILE OUT [FRAME]         stored values as 64-bit little endian integers
//! pixels render FILE OUT.png [VOI]    8-bit P-values; VOI as in `overread render --voi`
//! pixels time FILE                    decode and both stages at 1600×1200
//! ```
#![expect(clippy::print_stdout, reason = "a command-line tool")]

use std::error::Error;
use std::time::Instant;

use overread_imaging::{
    DecodeLimits, Presentation, RenderOptions, Renderer, Samples, ViewState, decode, decode_frame,
    inspect, render_pvalues,
};

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let limits = DecodeLimits::default();
    match words.as_slice() {
        ["inspect", files @ ..] => {
            for file in files {
                match decode(&std::fs::read(file)?, &limits) {
                    Ok(image) => println!("{}", serde_json::to_string(&inspect(&image))?),
                    Err(error) => println!("{{\"error\":{:?}}}", error.to_string()),
                }
            }
        }
        ["raw", file, out, frame @ ..] => {
            let frame = frame.first().map_or(Ok(0), |f| f.parse())?;
            let image = decode_frame(&std::fs::read(file)?, frame, &limits)?;
            let values: Vec<i64> = match &image.samples {
                Samples::Rgb { data, .. } => data.iter().map(|&v| i64::from(v)).collect(),
                _ => (0..image.pixel_count()).filter_map(|i| image.stored(i)).collect(),
            };
            let bytes: Vec<u8> = values.iter().flat_map(|v| v.to_le_bytes()).collect();
            std::fs::write(out, bytes)?;
            println!("OK {} {}", image.width, image.height);
        }
        ["render", file, out, voi @ ..] => {
            let mut options = RenderOptions::default();
            if let Some(voi) = voi.first() {
                options.voi = voi.parse()?;
            }
            let image = decode(&std::fs::read(file)?, &limits)?;
            std::fs::write(out, render_pvalues(&image, &options)?.to_png()?)?;
        }
        ["time", file] => time(&std::fs::read(file)?)?,
        _ => println!(
            "pixels inspect FILE... | raw FILE OUT [FRAME] | render FILE OUT [VOI] | time FILE"
        ),
    }
    Ok(())
}

fn time(bytes: &[u8]) -> Result<(), Box<dyn Error>> {
    let clock = Instant::now();
    let image = decode(bytes, &DecodeLimits::default())?;
    println!("decode {:?}", clock.elapsed());
    let clock = Instant::now();
    image.adequacy();
    println!("adequacy {:?}", clock.elapsed());
    let mut renderer = Renderer::new();
    let mut pres = Presentation::default_for(&image);
    let size = (1600, 1200);
    renderer.render(&image, &ViewState::default(), &pres, size);
    let clock = Instant::now();
    for i in 0..10 {
        let view = ViewState::default().panned(f64::from(i) + 0.3, 0.0);
        renderer.render(&image, &view, &pres, size);
    }
    println!("both stages {:?}", clock.elapsed() / 10);
    let clock = Instant::now();
    for _ in 0..20 {
        let (center, width) = pres.voi.center_width();
        pres.voi = pres.voi.with(center + 1.0, width);
        let view = ViewState::default().panned(9.3, 0.0);
        renderer.render(&image, &view, &pres, size);
    }
    println!("window only {:?}", clock.elapsed() / 20);
    Ok(())
}
