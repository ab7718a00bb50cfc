//! A window that is painted without a graphics card.
//!
//! eframe paints through OpenGL. Where only a software driver stands behind that, most of a frame is
//! spent in egui's shader; [`overread_paint`] does the same in a fraction of the time, and needs no
//! driver at all. Everything else, from keys to screen readers, is what eframe does, by the same means.

use crate::{app::OverreadApp, theme, window::Options};
use egui::{ViewportCommand, ViewportEvent, ViewportId, ViewportInfo};
use egui_winit::{
    accesskit_winit::{Event as AccessEvent, WindowEvent as Access},
    winit::{
        application::ApplicationHandler,
        event::WindowEvent,
        event_loop::{ActiveEventLoop, ControlFlow, EventLoop, EventLoopProxy, OwnedDisplayHandle},
        window::{Window, WindowId},
    },
};
use overread_paint::{Area, Frame, Painter};
use overread_session::view::Backend;
use softbuffer::{Context, Rect, Surface};
use std::{
    num::NonZeroU32,
    sync::Arc,
    time::{Duration, Instant},
};

/// The longest side of a picture. The processor needs no limit; egui takes 2,048 where it is told none, less than the
/// films of a large monitor, and stops a program that is built for tests.
const MOST_SIDE: usize = 8_000;
/// A display's rhythm where none is known.
const RHYTHM: Duration = Duration::from_micros(16_600);

/// Opens the window and returns when it is closed.
pub(crate) fn run<B: Backend + 'static>(
    options: &Options,
    builder: egui::ViewportBuilder,
    backend: B,
) -> Result<(), String> {
    let events = EventLoop::<Wake>::with_user_event().build().map_err(|error| error.to_string())?;
    let mut program = Program {
        backend: Some(backend),
        // Shown when its first frame is painted.
        builder: builder.with_visible(false),
        rhythm: if options.vsync { RHYTHM } else { Duration::ZERO },
        proxy: events.create_proxy(),
        open: None,
        failed: None,
    };
    events.run_app(&mut program).map_err(|error| error.to_string())?;
    program.failed.map_or(Ok(()), Err)
}

/// What wakes the loop from elsewhere.
enum Wake {
    Repaint { at: Instant, pass: u64 },
    Access(AccessEvent),
}

impl From<AccessEvent> for Wake {
    fn from(event: AccessEvent) -> Self {
        Self::Access(event)
    }
}

/// The program before and after its window is there.
struct Program<B> {
    backend: Option<B>,
    builder: egui::ViewportBuilder,
    rhythm: Duration,
    proxy: EventLoopProxy<Wake>,
    open: Option<Open<B>>,
    failed: Option<String>,
}

/// An open window.
struct Open<B> {
    app: OverreadApp<B>,
    window: Arc<Window>,
    surface: Surface<OwnedDisplayHandle, Arc<Window>>,
    hands: egui_winit::State,
    info: ViewportInfo,
    /// Asking the window system where the window is waits until all is painted: only when it may have moved.
    moved: bool,
    monitor: Option<String>,
    painter: Painter,
    /// What the frame before changed: a second buffer lacks it.
    before: Vec<Area>,
    /// When the next frame is due.
    due: Option<Instant>,
    last: Instant,
    /// This redraw was asked for here, and not by the window system.
    asked: bool,
    shown: bool,
}

impl<B: Backend + 'static> Program<B> {
    fn open(&mut self, events: &ActiveEventLoop) -> Result<Option<Open<B>>, String> {
        let Some(backend) = self.backend.take() else { return Ok(None) };
        let ctx = egui::Context::default();
        ctx.options_mut(|options| {
            options.max_passes = std::num::NonZeroUsize::MIN.saturating_add(1);
        });
        let window = egui_winit::create_window(&ctx, events, &self.builder)
            .map_err(|error| error.to_string())?;
        let window = Arc::new(window);
        let mut hands = egui_winit::State::new(
            ctx.clone(),
            ViewportId::ROOT,
            events,
            Some(scale_of(&window)),
            window.theme(),
            Some(MOST_SIDE),
        );
        hands.init_accesskit(events, &window, self.proxy.clone());
        let proxy = self.proxy.clone();
        ctx.set_request_repaint_callback(move |info| {
            // Without a loop there is nobody left to wake.
            if let Some(at) = Instant::now().checked_add(info.delay) {
                proxy.send_event(Wake::Repaint { at, pass: info.current_cumulative_pass_nr }).ok();
            }
        });
        let screen = |error: softbuffer::SoftBufferError| error.to_string();
        let display = Context::new(events.owned_display_handle()).map_err(screen)?;
        let surface = Surface::new(&display, Arc::clone(&window)).map_err(screen)?;
        let mut info = ViewportInfo::default();
        egui_winit::update_viewport_info(&mut info, &ctx, &window, true);
        Ok(Some(Open {
            app: OverreadApp::new(&ctx, backend),
            window,
            surface,
            hands,
            info,
            moved: true,
            monitor: None,
            painter: Painter::new(),
            before: Vec::new(),
            due: Some(Instant::now()),
            last: Instant::now(),
            asked: false,
            shown: false,
        }))
    }

    /// Asks for the frame that is due, or sleeps until it is.
    fn pace(&mut self, events: &ActiveEventLoop) {
        let Some(open) = &mut self.open else { return };
        let Some(due) = open.due else {
            events.set_control_flow(ControlFlow::Wait);
            return;
        };
        let due = due.max(open.last + self.rhythm);
        if due > Instant::now() {
            events.set_control_flow(ControlFlow::WaitUntil(due));
            return;
        }
        events.set_control_flow(ControlFlow::Wait);
        open.due = None;
        if open.shown {
            open.asked = true;
            open.window.request_redraw();
        } else {
            // A hidden window is not asked to be drawn.
            self.frame(events);
        }
    }

    fn frame(&mut self, events: &ActiveEventLoop) {
        let Some(open) = &mut self.open else { return };
        match open.frame(events) {
            Ok(false) => {}
            Ok(true) => self.close(events),
            Err(error) => {
                self.failed = Some(error);
                self.close(events);
            }
        }
    }

    fn close(&mut self, events: &ActiveEventLoop) {
        if let Some(mut open) = self.open.take() {
            open.app.backend_mut().closing();
        }
        events.exit();
    }
}

impl<B: Backend + 'static> ApplicationHandler<Wake> for Program<B> {
    fn resumed(&mut self, events: &ActiveEventLoop) {
        match self.open(events) {
            Ok(Some(open)) => {
                self.open = Some(open);
                self.frame(events);
            }
            Ok(None) => {}
            Err(error) => {
                self.failed = Some(error);
                events.exit();
            }
        }
    }

    fn user_event(&mut self, _events: &ActiveEventLoop, event: Wake) {
        let Some(open) = &mut self.open else { return };
        match event {
            Wake::Repaint { at, pass } => {
                // What was asked for during a pass that is long over has been painted since.
                let now = open.hands.egui_ctx().cumulative_pass_nr();
                if now == pass || now == pass + 1 {
                    open.soon(at);
                }
            }
            Wake::Access(event) => match event.window_event {
                Access::InitialTreeRequested => {
                    open.hands.egui_ctx().enable_accesskit();
                    open.soon(Instant::now());
                }
                Access::ActionRequested(request) => {
                    open.hands.on_accesskit_action_request(request);
                    open.soon(Instant::now());
                }
                Access::AccessibilityDeactivated => open.hands.egui_ctx().disable_accesskit(),
            },
        }
    }

    fn window_event(&mut self, events: &ActiveEventLoop, _id: WindowId, event: WindowEvent) {
        if matches!(event, WindowEvent::RedrawRequested) {
            self.frame(events);
            return;
        }
        let Some(open) = &mut self.open else { return };
        match &event {
            WindowEvent::CloseRequested => {
                open.info.events.push(ViewportEvent::Close);
                open.soon(Instant::now());
            }
            WindowEvent::Occluded(hidden) => open.info.occluded = Some(*hidden),
            WindowEvent::Moved(_)
            | WindowEvent::Resized(_)
            | WindowEvent::ScaleFactorChanged { .. }
            | WindowEvent::Focused(_) => open.moved = true,
            _ => {}
        }
        let answer = open.hands.on_window_event(&open.window, &event);
        if answer.repaint || matches!(event, WindowEvent::Resized(_)) {
            open.soon(Instant::now());
        }
    }

    fn about_to_wait(&mut self, events: &ActiveEventLoop) {
        self.pace(events);
    }

    fn exiting(&mut self, events: &ActiveEventLoop) {
        self.close(events);
    }
}

impl<B: Backend + 'static> Open<B> {
    fn soon(&mut self, at: Instant) {
        self.due = Some(self.due.map_or(at, |due| due.min(at)));
    }

    /// One frame; whether the window is to close.
    fn frame(&mut self, events: &ActiveEventLoop) -> Result<bool, String> {
        self.last = Instant::now();
        let whole = !std::mem::take(&mut self.asked);
        let ctx = self.hands.egui_ctx().clone();
        if std::mem::take(&mut self.moved) {
            egui_winit::update_viewport_info(&mut self.info, &ctx, &self.window, false);
            self.monitor = self.window.current_monitor().and_then(|monitor| monitor.name());
        }
        let mut input = self.hands.take_egui_input(&self.window);
        input.viewports = std::iter::once((ViewportId::ROOT, self.info.clone())).collect();
        self.info.events.clear();
        let closing = input.viewport().close_requested();
        let mut output = ctx.run_ui(input, |ui| self.app.frame_in(ui, self.monitor.clone()));

        let commands = output
            .viewport_output
            .remove(&ViewportId::ROOT)
            .map(|viewport| viewport.commands)
            .unwrap_or_default();
        let asked = !commands.is_empty();
        let stays = commands.contains(&ViewportCommand::CancelClose);
        self.hands.handle_platform_output_with_event_loop(
            &self.window,
            events,
            output.platform_output,
        );
        let primitives = ctx.tessellate(output.shapes, output.pixels_per_point);
        self.painter.take_textures(&mut output.textures_delta);
        self.show(primitives, output.pixels_per_point, whole)?;

        egui_winit::process_viewport_commands(
            &ctx,
            &mut self.info,
            commands,
            &self.window,
            &mut Vec::new(),
        );
        self.moved |= asked;
        if !self.info.events.is_empty() {
            self.soon(Instant::now());
        }
        Ok(closing && !stays)
    }

    /// Paints what changed and hands it to the window system.
    fn show(
        &mut self,
        primitives: Vec<egui::ClippedPrimitive>,
        pixels_per_point: f32,
        whole: bool,
    ) -> Result<(), String> {
        let size = self.window.inner_size();
        let (Some(width), Some(height)) =
            (NonZeroU32::new(size.width), NonZeroU32::new(size.height))
        else {
            return Ok(());
        };
        let screen = |error: softbuffer::SoftBufferError| error.to_string();
        let changed = self.painter.take_frame(Frame {
            primitives,
            pixels_per_point,
            size: [size.width as usize, size.height as usize],
            background: theme::FILM,
        });
        self.surface.resize(width, height).map_err(screen)?;
        let mut buffer = self.surface.buffer_mut().map_err(screen)?;
        let all = vec![self.painter.whole()];
        let stale = match buffer.age() {
            1 => changed.clone(),
            2 => changed.iter().chain(&self.before).copied().collect(),
            _ => all.clone(),
        };
        self.painter.paint(&mut buffer, &stale);
        let seen = if whole || buffer.age() == 0 { all } else { stale };
        self.window.pre_present_notify();
        let damage: Vec<Rect> = seen.iter().filter_map(damage).collect();
        if !damage.is_empty() {
            buffer.present_with_damage(&damage).map_err(screen)?;
        }
        self.before = changed;
        if !self.shown {
            self.shown = true;
            self.window.set_visible(true);
        }
        Ok(())
    }
}

fn damage(area: &Area) -> Option<Rect> {
    let side = |n: usize| NonZeroU32::new(u32::try_from(area.max[n] - area.min[n]).ok()?);
    Some(Rect {
        x: u32::try_from(area.min[0]).ok()?,
        y: u32::try_from(area.min[1]).ok()?,
        width: side(0)?,
        height: side(1)?,
    })
}

#[expect(clippy::cast_possible_truncation, reason = "a scale between 0.5 and 5")]
fn scale_of(window: &Window) -> f32 {
    window.scale_factor() as f32
}
