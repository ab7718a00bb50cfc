//! Shows the window with a made-up session, to look at: `gallery FILM.png [WORD…]`.
//!
//! Words: `panel`, `sealed`, `relabel`, `banner`, `toast`, `zoom2`, `tags7`, `editing`; a screen
//! (`home`, `done`, `page`, `wizard`), a layer (`palette`, `keys`, `dialog`), or a state
//! (`loading`, `early`, `unsaved`, `undecodable`, `reopened`, `clipped`).

#[path = "../tests/fixture/mod.rs"]
mod fixture;

use fixture::{Fixture, Scene};
use overread_session::view::FilmPicture;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut args = std::env::args().skip(1);
    let path = args.next().ok_or("the first argument is a PNG of a film")?;
    let film = image::open(path)?.to_luma8();
    let mut scene = Scene::default();
    let mut editing = false;
    let mut size = [1920.0, 1080.0];
    for word in args {
        match word.as_str() {
            "panel" => scene.panel = true,
            "sealed" => (scene.panel, scene.sealed) = (true, true),
            "relabel" => scene.relabel = true,
            "banner" => scene.banner = true,
            "toast" => scene.toast = true,
            "editing" => editing = true,
            "zoom2" => scene.zoom = 2,
            "tags7" => scene.tags = 7,
            "home" | "done" | "page" | "wizard" => scene.screen = word,
            "palette" | "keys" | "dialog" => scene.layer = word,
            other => match other.split_once('x').map(|(w, h)| (w.parse(), h.parse())) {
                Some((Ok(w), Ok(h))) => size = [w, h],
                _ => scene.state = word,
            },
        }
    }
    let mut backend = Fixture::new(scene);
    backend.editing = editing;
    backend.render = Box::new(move |size, generation| fit(&film, size, generation));
    let options = overread_app::Options { size, maximized: false, vsync: true };
    Ok(overread_app::run(&options, backend)?)
}

/// The film fitted into a black viewport.
fn fit(film: &image::GrayImage, [w, h]: [usize; 2], generation: u64) -> FilmPicture {
    let (fw, fh) = (f64::from(film.width()), f64::from(film.height()));
    let scale = (w as f64 / fw).min(h as f64 / fh).max(0.001);
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "screen sizes")]
    let (nw, nh) = ((fw * scale).round().max(1.0) as u32, (fh * scale).round().max(1.0) as u32);
    let kind = image::imageops::FilterType::Triangle;
    let small = image::imageops::resize(film, nw, nh, kind);
    let mut rgba = [0, 0, 0, 255].repeat(w * h);
    let (left, top) = (w.saturating_sub(nw as usize) / 2, h.saturating_sub(nh as usize) / 2);
    for (x, y, pixel) in small.enumerate_pixels() {
        let (x, y) = (x as usize + left, y as usize + top);
        if x < w && y < h {
            let at = (y * w + x) * 4;
            rgba[at..at + 3].fill(pixel.0[0]);
        }
    }
    FilmPicture { size: [w, h], coarse: 1, rgba: rgba.into(), generation }
}
