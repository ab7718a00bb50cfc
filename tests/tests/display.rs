//! What reaches the screen of the real window is what was computed, pixel by pixel.

use anyhow::{Context as _, Result};
use overread_tests::{Picture, Place, Screen, Window, poll};
use std::time::Duration;

const SIZE: [u32; 2] = [1280, 800];
const PATIENCE: Duration = Duration::from_mins(1);

fn in_window(test: impl FnOnce(&Place, &Screen, &mut Window<'_>) -> Result<()>) -> Result<()> {
    on_screen(&Screen::start(SIZE[0], SIZE[1])?, test)
}

fn on_screen(
    screen: &Screen,
    test: impl FnOnce(&Place, &Screen, &mut Window<'_>) -> Result<()>,
) -> Result<()> {
    let place = Place::new()?;
    let project = place.demo("study")?;
    let mut window = Window::open(screen, &place, &project, "demo", SIZE)?;
    window.new_film(None)?;
    let done = test(&place, screen, &mut window);
    if done.is_err() {
        window.keep_picture();
    }
    done
}

/// Opens a command by its name.
fn command(window: &Window<'_>, screen: &Screen, name: &str) -> Result<()> {
    let before = screen.picture()?;
    window.key("ctrl+k")?;
    poll("the palette opens", PATIENCE, || {
        Ok((0.05 < screen.picture()?.differs_from(&before)).then_some(()))
    })?;
    window.type_keys(name)?;
    window.key("Return")
}

fn is_ramp(picture: &Picture) -> bool {
    let grey = |x: usize| u8::try_from(x * 256 / picture.width).ok();
    (0..picture.height).all(|y| {
        let row = picture.row(y).iter().enumerate();
        row.clone().all(|(x, pixel)| grey(x).is_some_and(|v| *pixel == [v; 3]))
    })
}

fn ramp_is_read_back(renderer: &'static str) -> Result<()> {
    let screen = Screen::start(SIZE[0], SIZE[1])?.painted_by(renderer);
    on_screen(&screen, |_place, screen, window| {
        command(window, screen, "256 steps")?;
        poll("the ramp is on screen", PATIENCE, || {
            let upper = screen.picture()?.part([0.0, 1.0], [0.0, 0.8]);
            Ok(is_ramp(&upper).then_some(()))
        })?;
        // Without its caption the ramp fills the screen.
        window.key("o")?;
        poll(
            "every pixel is the ramp's",
            PATIENCE,
            || Ok(is_ramp(&screen.picture()?).then_some(())),
        )
    })
}

#[test]
fn a_ramp_of_256_steps_is_read_back_from_the_screen_exactly_when_the_processor_paints() -> Result<()>
{
    ramp_is_read_back("cpu")
}

#[test]
fn a_ramp_of_256_steps_is_read_back_from_the_screen_exactly_when_opengl_paints() -> Result<()> {
    ramp_is_read_back("gl")
}

/// Luminances of a display of gamma 2.2 at 18 levels, as a meter would show them.
fn luminances() -> Vec<String> {
    (0..18)
        .map(|i| {
            let share = f64::from(i) * 15.0 / 255.0;
            format!("{:.3}", 0.5 + 299.5 * share.powf(2.2))
        })
        .collect()
}

#[test]
fn a_display_is_calibrated_by_typed_luminances_and_films_change_and_nothing_else() -> Result<()> {
    in_window(|place, screen, window| {
        let before = screen.picture()?;
        command(window, screen, "measure 18")?;
        for (n, text) in (0_u8..).zip(luminances()) {
            poll(&format!("patch {n}"), PATIENCE, || {
                let patch = screen.picture()?.part([0.45, 0.55], [0.4, 0.6]);
                let same = |pixel: &[u8; 3]| *pixel == [n * 15; 3];
                Ok((0..patch.height).all(|y| patch.row(y).iter().all(same)).then_some(()))
            })?;
            for digit in text.chars() {
                let name = if digit == '.' { "period".to_owned() } else { digit.to_string() };
                window.key(&name)?;
            }
            window.key("Return")?;
        }
        let kept = place.at("settings/displays.json");
        poll("the calibration is kept", PATIENCE, || Ok(kept.is_file().then_some(())))?;
        let text = std::fs::read_to_string(&kept)?;
        let records: serde_json::Value = serde_json::from_str(&text)?;
        let levels = records[0]["how"]["measured"].as_array().context("levels")?;
        assert_eq!(levels.len(), 18, "{text}");
        window.key("Escape")?;
        poll("the film is darker in its middle greys, and the rail as it was", PATIENCE, || {
            let now = screen.picture()?;
            let film = |p: &Picture| p.part([0.2, 0.55], [0.15, 0.8]);
            let rail = |p: &Picture| p.part([0.8, 1.0], [0.0, 0.9]);
            let changed = 0.5 < film(&now).differs_from(&film(&before));
            Ok((changed && rail(&now).differs_from(&rail(&before)) < 0.02).then_some(()))
        })
    })
}
