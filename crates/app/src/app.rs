//! One frame after another: keys in, view out, actions back.

use crate::{
    dialogs::Dialogs,
    film::FilmSlot,
    home,
    keys::KeyPlugin,
    layers::{layer_ui, no_dialog, toast_ui},
    layout::{Regions, Room, film_count, pixels, regions, viewports},
    page,
    pen::Pen,
    screen, status, theme,
};
use egui::{Context, Rect, Ui, ViewportCommand};
use overread_session::view::{
    Backend, Effect, FrameInput, FrameView, LayerView, ScreenShape, ScreenView, UiAction,
};
use std::{sync::Arc, time::Instant};

/// The window around a backend.
pub struct OverreadApp<B> {
    backend: B,
    wake: Arc<dyn Fn() + Send + Sync>,
    dialogs: Dialogs,
    films: Vec<FilmSlot>,
    /// The picture that fills the monitor.
    bare: FilmSlot,
    monitor_name: Option<String>,
    title: String,
    full_screen: bool,
    may_close: bool,
}

impl<B: Backend> OverreadApp<B> {
    /// Installs fonts, style and keys in the context, and gives the backend its waker.
    pub fn new(ctx: &Context, mut backend: B) -> Self {
        theme::install(ctx);
        ctx.add_plugin(KeyPlugin::default());
        let waker = ctx.clone();
        let wake: Arc<dyn Fn() + Send + Sync> = Arc::new(move || waker.request_repaint());
        backend.set_waker(Arc::clone(&wake));
        Self {
            backend,
            wake,
            dialogs: Dialogs::default(),
            films: Vec::new(),
            bare: FilmSlot::default(),
            monitor_name: None,
            title: String::new(),
            full_screen: false,
            may_close: false,
        }
    }

    /// What the window draws for.
    pub fn backend(&self) -> &B {
        &self.backend
    }

    /// What the window draws for, to change it.
    pub fn backend_mut(&mut self) -> &mut B {
        &mut self.backend
    }

    /// One frame on a monitor of this name.
    pub(crate) fn frame_in(&mut self, ui: &mut Ui, monitor_name: Option<String>) {
        self.monitor_name = monitor_name;
        self.frame_ui(ui);
    }

    /// One frame.
    pub fn frame_ui(&mut self, ui: &mut Ui) {
        let ctx = ui.ctx().clone();
        self.take_input(&ctx);
        let window = ctx.content_rect();
        let shape = self.backend.shape();
        let regions = regions(window, &shape);
        let input = self.frame_input(&ctx, &regions, &shape);
        let view = self.backend.view(&input);
        ctx.with_plugin(|keys: &mut KeyPlugin| keys.set_table(Arc::clone(&view.keys)));

        let mut actions = Vec::new();
        self.draw(ui, &mut actions, (&regions, &shape), &view);
        self.window_state(&ctx, &view);
        let any = !actions.is_empty();
        for action in actions {
            self.backend.act(action);
        }
        for effect in view.effects {
            self.perform(&ctx, effect);
        }
        if any {
            ctx.request_repaint();
        }
        if let Some(after) = view.repaint_after {
            ctx.request_repaint_after(after);
        }
    }

    /// Everything that happened since the last frame, oldest first.
    fn take_input(&mut self, ctx: &Context) {
        let (focus, dropped, close) = ctx.input(|input| {
            let focus: Vec<bool> = input
                .raw
                .events
                .iter()
                .filter_map(|event| match event {
                    egui::Event::WindowFocused(focused) => Some(*focused),
                    _ => None,
                })
                .collect();
            let dropped: Vec<_> =
                input.raw.dropped_files.iter().map(|file| file.path().to_owned()).collect();
            (focus, dropped, input.viewport().close_requested())
        });
        for focused in focus {
            self.backend.act(UiAction::Focused(focused));
        }
        let pressed = ctx.with_plugin(|keys: &mut KeyPlugin| keys.take_pressed());
        for press in pressed.into_iter().flatten() {
            self.backend.act(UiAction::Key(press));
        }
        for path in dropped {
            self.backend.act(UiAction::Dropped(path));
        }
        while let Some(answer) = self.dialogs.answered() {
            self.backend.act(answer);
        }
        if close && !self.may_close {
            ctx.send_viewport_cmd(ViewportCommand::CancelClose);
            self.backend.act(UiAction::CloseRequested);
        }
    }

    fn frame_input(&self, ctx: &Context, regions: &Regions, shape: &ScreenShape) -> FrameInput {
        let pixels_per_point = ctx.pixels_per_point();
        let places = if shape.bare {
            vec![Some(ctx.content_rect())]
        } else if shape.reading {
            viewports(regions.film, shape.films, film_count(shape.films))
        } else {
            Vec::new()
        };
        let native = ctx.native_pixels_per_point().unwrap_or(1.0);
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "screen size")]
        let monitor = ctx
            .input(|input| input.viewport().monitor_size)
            .map(|size| [(size.x * native).round() as u32, (size.y * native).round() as u32]);
        FrameInput {
            now: Instant::now(),
            viewports: places.into_iter().map(|rect| pixels(rect, pixels_per_point)).collect(),
            painted: self.films.iter().map(|slot| slot.painted).collect(),
            pixels_per_point,
            window: ctx.content_rect().size().into(),
            monitor,
            monitor_name: self.monitor_name.clone(),
            monitor_scale: native,
            focused: ctx.input(|input| input.focused),
            typing: ctx.text_edit_focused(),
        }
    }

    fn draw(
        &mut self,
        ui: &mut Ui,
        actions: &mut Vec<UiAction>,
        (regions, shape): (&Regions, &ScreenShape),
        view: &FrameView,
    ) {
        let window = ui.ctx().content_rect();
        let page = window.with_max_y(regions.status.min.y);
        let mut pen = Pen { ui, out: actions };
        let mut messages = page;
        let reading = matches!(view.screen, ScreenView::Read(_));
        if !matches!(view.screen, ScreenView::Bare(_)) {
            self.bare = FilmSlot::default();
        }
        if !reading {
            // Pixels of the last film go with the reading room.
            self.films.clear();
        }
        match &view.screen {
            ScreenView::Home(home) => home::home_ui(&mut pen, page, home),
            ScreenView::DeckDone(done) => home::deck_done_ui(&mut pen, page, done),
            ScreenView::Page(blocks) => page::page_ui(&mut pen, page, blocks),
            ScreenView::Bare(bare) => {
                screen::bare_ui(&mut pen, window, &mut self.bare, bare);
                return;
            }
            ScreenView::Read(read) => {
                let covered = match &view.layer {
                    Some(LayerView::Palette(list)) => !list.beside_films,
                    Some(LayerView::Keys(_)) => true,
                    Some(LayerView::Dialog(_)) | None => false,
                };
                let state = (&**read, covered);
                screen::read_ui(&mut pen, regions, shape.films, &mut self.films, state);
                messages = message_region(regions);
            }
        }
        status::status_ui(&mut pen, regions.status, &view.status);
        if let Some(toast) = &view.toast {
            toast_ui(&mut pen, messages, toast);
        }
        match &view.layer {
            Some(layer) => {
                let films = if reading { regions.film } else { window };
                layer_ui(ui, actions, (window, films), layer, !reading);
            }
            None => no_dialog(ui.ctx()),
        }
    }

    fn window_state(&mut self, ctx: &Context, view: &FrameView) {
        if self.title != view.title {
            self.title.clone_from(&view.title);
            ctx.send_viewport_cmd(ViewportCommand::Title(self.title.clone()));
        }
        if self.full_screen != view.full_screen {
            self.full_screen = view.full_screen;
            ctx.send_viewport_cmd(ViewportCommand::Fullscreen(self.full_screen));
        }
        let zoom = view.zoom.clamp(0.5, 4.0);
        if (ctx.zoom_factor() - zoom).abs() > 0.001 {
            ctx.set_zoom_factor(zoom);
        }
    }

    fn perform(&mut self, ctx: &Context, effect: Effect) {
        match effect {
            Effect::Pick(request) => self.dialogs.open(request, Arc::clone(&self.wake)),
            Effect::Close => {
                self.may_close = true;
                ctx.send_viewport_cmd(ViewportCommand::Close);
            }
        }
    }
}

/// Toasts stand over the rail's hints, never over a film.
fn message_region(regions: &Regions) -> Rect {
    if regions.room == Room::Portrait {
        regions.rail.with_max_x(regions.rail.min.x + 296.0)
    } else {
        regions.rail
    }
}

impl<B: Backend> eframe::App for OverreadApp<B> {
    fn ui(&mut self, ui: &mut Ui, frame: &mut eframe::Frame) {
        let monitor = frame.winit_window().and_then(|window| window.current_monitor());
        self.frame_in(ui, monitor.and_then(|monitor| monitor.name()));
    }

    fn clear_color(&self, _visuals: &egui::Visuals) -> [f32; 4] {
        theme::FILM.to_normalized_gamma_f32()
    }

    fn on_exit(&mut self, _gl: Option<&eframe::glow::Context>) {
        self.backend.closing();
    }
}
