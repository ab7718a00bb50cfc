//! Opens the window, or says in words why it cannot.

use crate::app::OverreadApp;
use overread_session::view::Backend;

/// How to open the window.
#[derive(Clone, Debug)]
pub struct Options {
    /// Size in points.
    pub size: [f32; 2],
    /// Fill the monitor from the start.
    pub maximized: bool,
    /// Wait for the display's rhythm; only benchmarks do without.
    pub vsync: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self { size: [1600.0, 900.0], maximized: true, vsync: true }
    }
}

/// Why no window could be opened.
#[derive(Debug, thiserror::Error)]
pub enum AppError {
    /// Neither an X11 nor a Wayland display.
    #[error(
        "no display to open a window on: neither DISPLAY nor WAYLAND_DISPLAY is set. \
         The same work can be done without a window; see overread --help"
    )]
    NoDisplay,
    /// A library is missing that the window system needs.
    #[error(
        "a library is missing to open a window: {library}. On Debian and Ubuntu: apt install {package}"
    )]
    MissingLibrary {
        /// File name of the library.
        library: &'static str,
        /// Package that brings it.
        package: &'static str,
    },
    /// The graphics driver refused.
    #[error(
        "the window could not be opened with OpenGL: {reason}. \
         Set OVERREAD_RENDERER=cpu to do without it"
    )]
    Window {
        /// What the window system said.
        reason: String,
    },
    /// The window system refused.
    #[error("the window could not be opened: {reason}")]
    Display {
        /// What the window system said.
        reason: String,
    },
}

/// What paints the window.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Renderer {
    /// OpenGL.
    Gl,
    /// The processor.
    Cpu,
}

/// Chooses what paints: what `OVERREAD_RENDERER` says (`gl` or `cpu`), else the processor where there is
/// no graphics card or no OpenGL.
pub fn renderer() -> Renderer {
    match std::env::var("OVERREAD_RENDERER").as_deref() {
        Ok("gl") => Renderer::Gl,
        Ok("cpu") => Renderer::Cpu,
        _ if preflight::has_graphics() => Renderer::Gl,
        _ => Renderer::Cpu,
    }
}

/// Opens the window and returns when it is closed.
pub fn run<B: Backend + 'static>(options: &Options, backend: B) -> Result<(), AppError> {
    let renderer = renderer();
    preflight::check(renderer)?;
    let viewport = egui::ViewportBuilder::default()
        .with_title("Overread")
        .with_app_id("overread")
        .with_inner_size(options.size)
        .with_min_inner_size([640.0, 360.0])
        .with_maximized(options.maximized)
        .with_drag_and_drop(true);
    tracing::info!(?renderer, "opening the window");
    if renderer == Renderer::Cpu {
        overread_session::machine::note_renderer(overread_session::machine::PROCESSOR);
        return crate::soft::run(options, viewport, backend)
            .map_err(|reason| AppError::Display { reason });
    }
    crate::graphics::listen();
    let mut native = eframe::NativeOptions {
        viewport,
        renderer: eframe::Renderer::Glow,
        multisampling: 0,
        // Film values reach the screen as they are.
        dithering: false,
        persist_window: false,
        ..Default::default()
    };
    native.glow_options.vsync = options.vsync;
    eframe::run_native(
        "Overread",
        native,
        Box::new(|cc| Ok(Box::new(OverreadApp::new(&cc.egui_ctx, backend)))),
    )
    .map_err(|error| AppError::Window { reason: error.to_string() })
}

#[cfg(not(target_os = "linux"))]
mod preflight {
    pub(super) fn check(_renderer: super::Renderer) -> Result<(), super::AppError> {
        Ok(())
    }

    pub(super) fn has_graphics() -> bool {
        true
    }
}

/// Some of these libraries are loaded by code that panics without them.
#[cfg(target_os = "linux")]
mod preflight {
    use super::{AppError, Renderer};
    use std::path::{Path, PathBuf};

    const X11: [(&str, &str); 5] = [
        ("libX11.so.6", "libx11-6"),
        ("libX11-xcb.so.1", "libx11-xcb1"),
        ("libXcursor.so.1", "libxcursor1"),
        ("libXi.so.6", "libxi6"),
        ("libxkbcommon-x11.so.0", "libxkbcommon-x11-0"),
    ];
    const WAYLAND: [(&str, &str); 2] =
        [("libwayland-client.so.0", "libwayland-client0"), ("libxkbcommon.so.0", "libxkbcommon0")];
    const GRAPHICS: [(&str, &str); 1] = [("libEGL.so.1", "libegl1 libgl1")];

    /// The window system that will be asked for a window.
    #[derive(Clone, Copy)]
    enum Display {
        X11,
        Wayland,
    }

    /// Whether there is a graphics card and OpenGL for it.
    pub(super) fn has_graphics() -> bool {
        let card = std::fs::read_dir("/dev/dri").is_ok_and(|mut entries| {
            entries.any(|entry| {
                entry.is_ok_and(|entry| entry.file_name().as_encoded_bytes().starts_with(b"render"))
            })
        });
        let folders = folders();
        card && GRAPHICS.iter().all(|(library, _)| is_in(&folders, library))
    }

    pub(super) fn check(renderer: Renderer) -> Result<(), AppError> {
        let set = |name: &str| std::env::var_os(name).is_some_and(|value| !value.is_empty());
        let folders = folders();
        let find = |name: &str| is_in(&folders, name);
        let display = if set("WAYLAND_DISPLAY") || set("WAYLAND_SOCKET") {
            Some(Display::Wayland)
        } else {
            set("DISPLAY").then_some(Display::X11)
        };
        check_with((display, renderer), &find)
    }

    /// The first library that is missing for the display there is.
    fn check_with(
        (display, renderer): (Option<Display>, Renderer),
        find: &dyn Fn(&str) -> bool,
    ) -> Result<(), AppError> {
        let missing = |list: &[(&'static str, &'static str)]| {
            list.iter().copied().find(|(library, _)| !find(library))
        };
        let window = match display {
            None => return Err(AppError::NoDisplay),
            Some(Display::Wayland) => missing(&WAYLAND),
            Some(Display::X11) => missing(&X11),
        };
        let graphics = || if renderer == Renderer::Gl { missing(&GRAPHICS) } else { None };
        match window.or_else(graphics) {
            Some((library, package)) => Err(AppError::MissingLibrary { library, package }),
            None => Ok(()),
        }
    }

    /// Where the loader looks. A system that hides its libraries elsewhere names no folder here,
    /// and then nothing is refused.
    fn folders() -> Vec<PathBuf> {
        let mut folders: Vec<PathBuf> = Vec::new();
        if let Some(path) = std::env::var_os("LD_LIBRARY_PATH") {
            folders.extend(std::env::split_paths(&path));
        }
        for base in ["/lib", "/usr/lib", "/usr/local/lib", "/lib64", "/usr/lib64"] {
            let base = Path::new(base);
            folders.push(base.to_owned());
            let triple = format!("{}-linux-gnu", std::env::consts::ARCH);
            folders.push(base.join(triple));
        }
        folders.extend(configured(Path::new("/etc/ld.so.conf.d")));
        folders
    }

    fn configured(folder: &Path) -> Vec<PathBuf> {
        let Ok(entries) = std::fs::read_dir(folder) else { return Vec::new() };
        let mut files: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
        files.sort();
        let texts = files.iter().filter_map(|file| std::fs::read_to_string(file).ok());
        let lines = texts
            .flat_map(|text| text.lines().map(str::trim).map(PathBuf::from).collect::<Vec<_>>());
        lines.filter(|line| line.is_absolute()).collect()
    }

    fn is_in(folders: &[PathBuf], name: &str) -> bool {
        let here = |name: &str| folders.iter().any(|folder| folder.join(name).exists());
        // Without a C library in sight the folders are not those of this system.
        here(name) || !(here("libc.so.6") || here("libc.musl-x86_64.so.1"))
    }

    #[cfg(test)]
    mod tests {
        use super::*;

        #[test]
        fn a_missing_keyboard_library_is_named_with_its_package() {
            let error = check_with((Some(Display::X11), Renderer::Cpu), &|name| {
                !name.starts_with("libxkbcommon")
            });
            let text = error.unwrap_err().to_string();
            assert!(text.contains("apt install libxkbcommon-x11-0"), "{text}");
        }

        #[test]
        fn without_a_display_no_library_is_blamed() {
            assert!(matches!(
                check_with((None, Renderer::Gl), &|_| true),
                Err(AppError::NoDisplay)
            ));
        }

        #[test]
        fn a_complete_system_passes() {
            assert!(check_with((Some(Display::X11), Renderer::Gl), &|_| true).is_ok());
            let no_x11 = |name: &str| !X11.iter().any(|(lib, _)| *lib == name);
            assert!(check_with((Some(Display::Wayland), Renderer::Gl), &no_x11).is_ok());
        }

        #[test]
        fn opengl_is_asked_for_only_where_it_paints() {
            let no_gl = |name: &str| name != "libEGL.so.1";
            assert!(check_with((Some(Display::X11), Renderer::Cpu), &no_gl).is_ok());
            assert!(check_with((Some(Display::X11), Renderer::Gl), &no_gl).is_err());
        }

        #[test]
        fn a_system_whose_folders_are_unknown_is_not_refused() {
            assert!(is_in(&[PathBuf::from("/nonexistent")], "libX11.so.6"));
        }
    }
}
