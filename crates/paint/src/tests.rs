use crate::{Area, Frame, Painter};
use egui::epaint::{ClippedPrimitive, Mesh, Primitive, Vertex};
use egui::{
    Color32, ColorImage, ImageData, Pos2, Rect, TextureId, TextureOptions, TexturesDelta,
    epaint::ImageDelta, pos2, vec2,
};
use proptest::prelude::*;

const SIZE: [usize; 2] = [64, 48];
const LETTERS: TextureId = TextureId::Managed(0);
const FILM: TextureId = TextureId::Managed(1);

fn rect(x: f32, y: f32, w: f32, h: f32) -> Rect {
    Rect::from_min_size(pos2(x, y), vec2(w, h))
}

/// A painter with a white texture for plain shapes and a film of this size.
fn painter(film: ColorImage) -> Painter {
    let mut painter = Painter::default();
    let mut delta = TexturesDelta::default();
    let white = ColorImage::filled([2, 2], Color32::WHITE);
    delta.push(LETTERS, ImageDelta::full(white, TextureOptions::LINEAR));
    delta.push(FILM, ImageDelta::full(film, TextureOptions::NEAREST));
    painter.take_textures(&mut delta);
    painter
}

fn film(size: [usize; 2]) -> ColorImage {
    let grey = |n: usize| Color32::from_gray(u8::try_from(n * 7 % 256).unwrap());
    ColorImage::new(size, (0..size[0] * size[1]).map(grey).collect())
}

fn clipped(mesh: Mesh, clip: Rect) -> ClippedPrimitive {
    ClippedPrimitive { clip_rect: clip, primitive: Primitive::Mesh(mesh) }
}

fn everywhere() -> Rect {
    rect(0.0, 0.0, 64.0, 48.0)
}

fn frame(primitives: Vec<ClippedPrimitive>) -> Frame {
    Frame { primitives, pixels_per_point: 1.0, size: SIZE, background: Color32::BLACK }
}

fn whole(painter: &Painter) -> Vec<u32> {
    let mut pixels = vec![0x0055_5555; SIZE[0] * SIZE[1]];
    painter.paint(&mut pixels, &[painter.whole()]);
    pixels
}

fn plain(corners: &[Pos2], color: Color32) -> Mesh {
    let mut mesh = Mesh::with_texture(LETTERS);
    mesh.vertices =
        corners.iter().map(|pos| Vertex { pos: *pos, uv: pos2(0.25, 0.25), color }).collect();
    mesh
}

#[test]
fn a_film_arrives_pixel_by_pixel() {
    let image = film([20, 10]);
    let mut painter = painter(image.clone());
    let mut mesh = Mesh::with_texture(FILM);
    let uv = rect(0.0, 0.0, 1.0, 1.0);
    mesh.add_rect_with_uv(rect(5.0, 7.0, 20.0, 10.0), uv, Color32::WHITE);
    painter.take_frame(frame(vec![clipped(mesh, everywhere())]));
    let pixels = whole(&painter);
    for (n, pixel) in pixels.iter().enumerate() {
        let (x, y) = (n % SIZE[0], n / SIZE[0]);
        let inside = (5..25).contains(&x) && (7..17).contains(&y);
        let expected = if inside { image.pixels[(y - 7) * 20 + x - 5] } else { Color32::BLACK };
        let [r, g, b, _] = expected.to_array();
        assert_eq!(*pixel, u32::from_be_bytes([0, r, g, b]), "at {x}, {y}");
    }
}

#[test]
fn a_coarse_film_is_enlarged_without_blur() {
    let image = film([10, 5]);
    let mut painter = painter(image.clone());
    let mut mesh = Mesh::with_texture(FILM);
    mesh.add_rect_with_uv(rect(0.0, 0.0, 20.0, 10.0), rect(0.0, 0.0, 1.0, 1.0), Color32::WHITE);
    painter.take_frame(frame(vec![clipped(mesh, everywhere())]));
    let pixels = whole(&painter);
    for y in 0..10 {
        for x in 0..20 {
            let expected = u32::from(image.pixels[y / 2 * 10 + x / 2].r());
            assert_eq!(pixels[y * SIZE[0] + x] & 0xff, expected, "at {x}, {y}");
        }
    }
}

#[test]
fn nothing_is_painted_outside_its_clip() {
    let mut painter = painter(film([1, 1]));
    let mut mesh = Mesh::with_texture(LETTERS);
    mesh.add_colored_rect(everywhere(), Color32::WHITE);
    painter.take_frame(frame(vec![clipped(mesh, rect(3.0, 4.0, 10.0, 5.0))]));
    let white = whole(&painter).iter().filter(|pixel| **pixel == 0x00ff_ffff).count();
    assert_eq!(white, 50);
}

#[test]
fn letters_are_mixed_by_their_coverage() {
    let mut painter = painter(film([1, 1]));
    let mut delta = TexturesDelta::default();
    let letter = ColorImage::new([2, 1], vec![Color32::from_white_alpha(128), Color32::WHITE]);
    delta.push(LETTERS, ImageDelta::full(letter, TextureOptions::LINEAR));
    painter.take_textures(&mut delta);
    let mut mesh = Mesh::with_texture(LETTERS);
    let red = Color32::from_rgb(200, 0, 0);
    mesh.add_rect_with_uv(rect(1.0, 0.0, 2.0, 1.0), rect(0.0, 0.0, 1.0, 1.0), red);
    painter.take_frame(frame(vec![clipped(mesh, everywhere())]));
    assert_eq!(whole(&painter)[..4], [0, 100 << 16, 200 << 16, 0]);
}

#[test]
fn a_part_of_a_texture_can_be_replaced() {
    let mut painter = painter(film([4, 4]));
    let mut delta = TexturesDelta::default();
    let patch = ImageData::from(ColorImage::filled([2, 2], Color32::RED));
    delta.push(FILM, ImageDelta::partial([1, 2], patch, TextureOptions::NEAREST));
    painter.take_textures(&mut delta);
    let mut mesh = Mesh::with_texture(FILM);
    mesh.add_rect_with_uv(rect(0.0, 0.0, 4.0, 4.0), rect(0.0, 0.0, 1.0, 1.0), Color32::WHITE);
    painter.take_frame(frame(vec![clipped(mesh, everywhere())]));
    let pixels = whole(&painter);
    let red = |x: usize, y: usize| pixels[y * SIZE[0] + x] == 0x00ff_0000;
    let all: Vec<_> = (0..16).map(|n| (n % 4, n / 4)).filter(|(x, y)| red(*x, *y)).collect();
    assert_eq!(all, [(1, 2), (2, 2), (1, 3), (2, 3)]);
}

#[test]
fn a_frame_like_the_one_before_changes_nothing() {
    let mut painter = painter(film([1, 1]));
    let primitives = || {
        let mut mesh = Mesh::with_texture(LETTERS);
        mesh.add_colored_rect(rect(2.0, 2.0, 5.0, 5.0), Color32::GREEN);
        vec![clipped(mesh, everywhere())]
    };
    assert_eq!(painter.take_frame(frame(primitives())), [painter.whole()]);
    assert_eq!(painter.take_frame(frame(primitives())), []);
}

#[test]
fn a_changed_word_leaves_the_page_alone() {
    let mut painter = painter(film([1, 1]));
    let word = |from: i16, tone| (0..5).map(move |n: i16| (from + n * 3, 4, 2, 3, tone));
    let page = |tone: u8, letters: usize| {
        let mut all: Vec<_> = (0..6).map(|n: i16| (2, n * 8, 1, 2, 200)).collect();
        all.extend(word(20, tone).take(letters));
        all.extend((0..6).map(|n: i16| (60, n * 8, 1, 2, 200)));
        one_mesh(&all)
    };
    painter.take_frame(frame(page(90, 5)));
    for (tone, letters) in [(91, 5), (91, 4), (90, 5)] {
        let changed = painter.take_frame(frame(page(tone, letters)));
        assert!(!changed.is_empty());
        for area in changed {
            assert!(10 < area.min[0] && area.max[0] < 55, "{area:?}");
            assert!(area.max[1] < 12, "{area:?}");
        }
    }
}

/// The rule by its definition: the centre is inside, or on an edge that leads up or right along the top.
fn holds(corners: [Pos2; 3], x: usize, y: usize) -> bool {
    let grid = |v: f32| f64::from((v * 256.0).round());
    let p = (x as f64 * 256.0 + 128.0, y as f64 * 256.0 + 128.0);
    let [a, b, c] = corners.map(|corner| (grid(corner.x), grid(corner.y)));
    let side = |a: (f64, f64), b: (f64, f64), p: (f64, f64)| {
        (b.0 - a.0) * (p.1 - a.1) - (b.1 - a.1) * (p.0 - a.0)
    };
    let area = side(a, b, c);
    let (b, c) = if area < 0.0 { (c, b) } else { (b, c) };
    let inside = |a: (f64, f64), b: (f64, f64)| {
        let at = side(a, b, p);
        at > 0.0 || (at == 0.0 && (b.1 < a.1 || (b.1 == a.1 && b.0 > a.0)))
    };
    area != 0.0 && inside(a, b) && inside(b, c) && inside(c, a)
}

fn place() -> impl Strategy<Value = Pos2> {
    // Quarters of a pixel hit centres and corners often.
    (-40_i16..300, -40_i16..230).prop_map(|(x, y)| pos2(f32::from(x) / 4.0, f32::from(y) / 4.0))
}

fn boxes() -> impl Strategy<Value = Vec<(i16, i16, i16, i16, u8)>> {
    prop::collection::vec((-5_i16..60, -5_i16..45, 1_i16..30, 1_i16..30, any::<u8>()), 0..12)
}

fn scene(boxes: &[(i16, i16, i16, i16, u8)]) -> Vec<ClippedPrimitive> {
    let mesh = |(x, y, w, h, tone): &(i16, i16, i16, i16, u8)| {
        let mut mesh = Mesh::with_texture(LETTERS);
        let [x, y, w, h] = [x, y, w, h].map(|v| f32::from(*v) + 0.25);
        mesh.add_colored_rect(rect(x, y, w, h), Color32::from_white_alpha(*tone));
        clipped(mesh, everywhere())
    };
    boxes.iter().map(mesh).collect()
}

/// All boxes in one mesh, as egui joins what shares a clip.
fn one_mesh(boxes: &[(i16, i16, i16, i16, u8)]) -> Vec<ClippedPrimitive> {
    let mut all = Mesh::with_texture(LETTERS);
    for (x, y, w, h, tone) in boxes {
        let place = rect((*x).into(), (*y).into(), (*w).into(), (*h).into());
        if (x + y) % 3 == 2 {
            let first = u32::try_from(all.vertices.len()).unwrap();
            let corners = [place.left_top(), place.right_top(), place.center_bottom()];
            all.vertices.extend(plain(&corners, Color32::from_white_alpha(*tone)).vertices);
            all.add_triangle(first, first + 1, first + 2);
        } else {
            all.add_colored_rect(place, Color32::from_white_alpha(*tone));
        }
    }
    vec![clipped(all, everywhere())]
}

proptest! {
    #[test]
    fn what_differs_within_a_mesh_is_found(
        kept in prop::collection::vec(boxes(), 2..5),
        before in boxes(),
        after in boxes(),
    ) {
        // Some of the first boxes stay, some go, some come, in the same order.
        let (first, rest) = kept.split_at(1);
        let with = |middle: &[_]| {
            let parts = first.iter().flatten().chain(middle).chain(rest.iter().flatten());
            one_mesh(&parts.copied().collect::<Vec<_>>())
        };
        let mut painter = painter(film([1, 1]));
        painter.take_frame(frame(with(&before)));
        let mut pixels = whole(&painter);
        let changed: Vec<Area> = painter.take_frame(frame(with(&after)));
        painter.paint(&mut pixels, &changed);
        prop_assert_eq!(pixels, whole(&painter));
        if before == after {
            prop_assert!(changed.is_empty());
        }
    }

    #[test]
    fn what_lies_under_a_film_need_not_be_painted(under in boxes(), above in boxes()) {
        let mut painter = painter(film([20, 10]));
        let mut mesh = Mesh::with_texture(FILM);
        let place = rect(30.0, 20.0, 20.0, 10.0);
        mesh.add_rect_with_uv(place, rect(0.0, 0.0, 1.0, 1.0), Color32::WHITE);
        let mut all = scene(&under);
        all.push(clipped(mesh, everywhere()));
        all.extend(scene(&above));
        painter.take_frame(frame(all));
        let pixels = whole(&painter);
        let mut again = vec![0x0012_3456; pixels.len()];
        let inside = Area { min: [31, 20], max: [50, 29] };
        painter.paint(&mut again, &[inside]);
        for (n, (pixel, expected)) in again.iter().zip(&pixels).enumerate() {
            let (x, y) = (n % SIZE[0], n / SIZE[0]);
            let painted = (31..50).contains(&x) && (20..29).contains(&y);
            prop_assert_eq!(*pixel, if painted { *expected } else { 0x0012_3456 });
        }
    }

    #[test]
    fn a_triangle_holds_the_pixels_of_the_rule(corners in prop::array::uniform3(place())) {
        let mut painter = painter(film([1, 1]));
        let mut mesh = plain(&corners, Color32::WHITE);
        mesh.indices = vec![0, 1, 2];
        painter.take_frame(frame(vec![clipped(mesh, everywhere())]));
        for (n, pixel) in whole(&painter).iter().enumerate() {
            let (x, y) = (n % SIZE[0], n / SIZE[0]);
            prop_assert_eq!(*pixel != 0, holds(corners, x, y), "at {}, {}", x, y);
        }
    }

    #[test]
    fn triangles_that_share_an_edge_neither_overlap_nor_gap(centre in place()) {
        // Four triangles around a point, each adding one: every pixel of the square has one.
        let centre = pos2(centre.x.clamp(5.0, 50.0), centre.y.clamp(5.0, 40.0));
        let corners = [pos2(4.0, 4.0), pos2(52.0, 4.0), pos2(52.0, 42.0), pos2(4.0, 42.0), centre];
        let mut painter = painter(film([1, 1]));
        let mut mesh = plain(&corners, Color32::from_rgba_premultiplied(1, 1, 1, 0));
        mesh.indices = vec![0, 1, 4, 1, 2, 4, 2, 3, 4, 3, 0, 4];
        painter.take_frame(frame(vec![clipped(mesh, everywhere())]));
        for (n, pixel) in whole(&painter).iter().enumerate() {
            let (x, y) = (n % SIZE[0], n / SIZE[0]);
            let inside = (4..52).contains(&x) && (4..42).contains(&y);
            prop_assert_eq!(*pixel & 0xff, u32::from(inside), "at {}, {}", x, y);
        }
    }

    #[test]
    fn painting_what_changed_gives_the_whole_frame(before in boxes(), after in boxes()) {
        let mut painter = painter(film([1, 1]));
        painter.take_frame(frame(scene(&before)));
        let mut pixels = whole(&painter);
        let changed: Vec<Area> = painter.take_frame(frame(scene(&after)));
        painter.paint(&mut pixels, &changed);
        prop_assert_eq!(pixels, whole(&painter));
    }

    #[test]
    fn a_colour_that_runs_is_right_within_half_a_level(
        corners in prop::array::uniform3(place()), tones in prop::array::uniform3(any::<u8>())
    ) {
        let mut painter = painter(film([1, 1]));
        let mut mesh = plain(&corners, Color32::WHITE);
        for (vertex, tone) in mesh.vertices.iter_mut().zip(tones) {
            vertex.color = Color32::from_gray(tone);
        }
        mesh.indices = vec![0, 1, 2];
        painter.take_frame(frame(vec![clipped(mesh, everywhere())]));
        let [a, b, c] = corners.map(|p| (f64::from(p.x), f64::from(p.y)));
        let cross = |a: (f64, f64), b: (f64, f64), p: (f64, f64)| {
            (b.0 - a.0) * (p.1 - a.1) - (b.1 - a.1) * (p.0 - a.0)
        };
        let area = cross(a, b, c);
        for (n, pixel) in whole(&painter).iter().enumerate() {
            let (x, y) = (n % SIZE[0], n / SIZE[0]);
            if !holds(corners, x, y) {
                continue;
            }
            let p = (x as f64 + 0.5, y as f64 + 0.5);
            let weights = [cross(b, c, p) / area, cross(c, a, p) / area, cross(a, b, p) / area];
            let tone: f64 = weights.iter().zip(tones).map(|(w, t)| w * f64::from(t)).sum();
            let got = f64::from(*pixel & 0xff);
            prop_assert!((got - tone).abs() <= 0.51, "{got} for {tone} at {x}, {y}");
        }
    }
}
