//! The window's structure, keys and words, without a renderer.

mod fixture;

use egui::accesskit::Role;
use egui_kittest::{
    Harness,
    kittest::{NodeT as _, Queryable as _},
};
use fixture::{Fixture, Scene};
use overread_app::OverreadApp;
use overread_session::view::*;

/// The window, made on its first frame because it needs the context.
#[derive(Default)]
struct App(Option<OverreadApp<Fixture>>);

#[expect(clippy::panic, reason = "a test without a window has failed")]
impl App {
    fn backend(&self) -> &Fixture {
        let Some(app) = &self.0 else { panic!("no frame was drawn") };
        app.backend()
    }

    fn backend_mut(&mut self) -> &mut Fixture {
        let Some(app) = &mut self.0 else { panic!("no frame was drawn") };
        app.backend_mut()
    }
}

fn open(scene: Scene, size: [f32; 2]) -> Harness<'static, App> {
    let mut harness = Harness::builder()
        .with_size(size)
        .with_max_steps(20)
        .with_context_setup(overread_app::install)
        .build_ui_state(
            move |ui, app: &mut App| {
                let fixture = || Fixture::new(scene.clone());
                app.0.get_or_insert_with(|| OverreadApp::new(ui.ctx(), fixture())).frame_ui(ui);
            },
            App::default(),
        );
    harness.run();
    harness
}

fn reading() -> Harness<'static, App> {
    open(Scene::default(), [1920.0, 1080.0])
}

fn done(harness: &mut Harness<'static, App>) -> Vec<UiAction> {
    std::mem::take(&mut harness.state_mut().backend_mut().actions)
}

fn pressed(harness: &mut Harness<'static, App>) -> Vec<String> {
    let actions = done(harness);
    let chord = |action| match action {
        UiAction::Key(press) => Some(press.chord),
        _ => None,
    };
    actions.into_iter().filter_map(chord).collect()
}

fn scene(change: impl Fn(&mut Scene)) -> Scene {
    let mut scene = Scene::default();
    change(&mut scene);
    scene
}

const SIZES: [[f32; 2]; 6] = [
    [1920.0, 1080.0],
    [1280.0, 720.0],
    [960.0, 540.0],
    [640.0, 360.0],
    [1080.0, 1440.0],
    [1536.0, 2048.0],
];

#[test]
fn every_answer_is_named_with_its_key_and_both_rules_in_every_room() {
    for size in SIZES {
        let harness = open(Scene::default(), size);
        for name in [
            "1, absent, permissive no, clinical no",
            "2, plausible, permissive yes, clinical no",
            "3, reportable, permissive yes, clinical yes",
            "U, unsure, no answer under either rule",
            "X, inadequate pixels, no answer under either rule",
        ] {
            let rect = harness.get_by_label(name).rect();
            let window = egui::Rect::from_min_size(egui::Pos2::ZERO, size.into());
            assert!(window.contains_rect(rect), "{name} at {size:?}: {rect:?}");
            assert!(rect.width() >= 32.0 && rect.height() >= 32.0, "{name} at {size:?}: {rect:?}");
        }
    }
}

#[test]
fn up_to_six_tags_are_all_in_sight_in_portrait() {
    for extra in 0..=3 {
        let harness = open(scene(|s| s.tags = extra), [1080.0, 1440.0]);
        let strip = egui::Rect::from_min_size(egui::Pos2::ZERO, egui::vec2(1080.0, 1440.0 - 32.0));
        let mut places: Vec<egui::Rect> = Vec::new();
        for tag in
            harness.get_all_by(|node| node.label().is_some_and(|label| label.contains(", tag ")))
        {
            let rect = tag.rect();
            assert!(strip.contains_rect(rect), "{extra} more: {rect:?}");
            assert!(places.iter().all(|other| !other.intersects(rect.shrink(1.0))), "{rect:?}");
            places.push(rect);
        }
        assert_eq!(places.len(), 3 + extra);
    }
}

#[test]
fn answers_stand_in_the_order_of_the_scale() {
    for size in SIZES {
        let harness = open(Scene::default(), size);
        let place = |name: &str| harness.get_by_label_contains(name).rect();
        let [a, b, c] = ["1, absent", "2, plausible", "3, reportable"].map(place);
        let before = |a: egui::Rect, b: egui::Rect| {
            a.max.y <= b.min.y || (a.min.y == b.min.y && a.max.x <= b.min.x)
        };
        assert!(before(a, b) && before(b, c), "{size:?}");
    }
}

#[test]
fn nothing_in_the_rail_moves_when_the_state_changes() {
    let names = ["1, absent", "2, plausible", "3, reportable", "U, unsure", "tag Chest drain"];
    for size in SIZES {
        let places = |state: &str| {
            let harness = open(scene(|s| s.state = state.to_owned()), size);
            names.map(|name| harness.get_by_label_contains(name).rect())
        };
        let ready = places("");
        for state in ["loading", "early", "unsaved", "reopened", "fresh"] {
            assert_eq!(places(state), ready, "{state} at {size:?}");
        }
    }
}

#[test]
fn the_panel_never_moves_an_answer() {
    for size in SIZES {
        // A portrait window gives the panel a strip of its own beneath.
        let place = |panel: bool| {
            let harness = open(scene(|s| s.panel = panel), size);
            harness.get_by_label_contains("3, reportable").rect()
        };
        let (closed, open) = (place(false), place(true));
        if size[1] > size[0] {
            assert_eq!(closed.size(), open.size(), "{size:?}");
        } else {
            assert_eq!(closed, open, "{size:?}");
        }
    }
}

/// What a hand or a screen reader can do something with.
const HANDLES: [Role; 12] = [
    Role::Button,
    Role::CheckBox,
    Role::RadioButton,
    Role::Link,
    Role::Slider,
    Role::Switch,
    Role::TextInput,
    Role::MultilineTextInput,
    Role::ListBoxOption,
    Role::Tab,
    Role::Row,
    Role::Cell,
];

#[test]
fn every_scene_draws_at_every_size_with_names_and_known_glyphs() {
    let scenes = [
        scene(|s| s.panel = true),
        scene(|s| (s.panel, s.sealed) = (true, true)),
        scene(|s| s.relabel = true),
        scene(|s| (s.state, s.banner) = ("unsaved".to_owned(), true)),
        scene(|s| (s.state, s.toast) = ("undecodable".to_owned(), true)),
        scene(|s| (s.state, s.tags) = ("clipped".to_owned(), 7)),
        scene(|s| s.screen = "home".to_owned()),
        scene(|s| s.screen = "done".to_owned()),
        scene(|s| s.screen = "page".to_owned()),
        scene(|s| s.screen = "wizard".to_owned()),
        scene(|s| s.layer = "palette".to_owned()),
        scene(|s| s.layer = "keys".to_owned()),
        scene(|s| s.layer = "dialog".to_owned()),
    ];
    for scene in scenes {
        for size in SIZES {
            // The harness fails on a glyph that the font lacks.
            let harness = open(scene.clone(), size);
            let mut named = 0;
            let mut nodes = vec![harness.root()];
            while let Some(node) = nodes.pop() {
                let access = node.accesskit_node();
                if HANDLES.contains(&access.role()) {
                    let name = access.label().or(access.value()).unwrap_or_default();
                    assert!(!name.trim().is_empty(), "{scene:?} at {size:?}: {:?}", access.role());
                    named += 1;
                }
                nodes.extend(node.children());
            }
            assert!(0 < named, "{scene:?} at {size:?}: nothing can be clicked");
        }
    }
}

#[test]
fn reading_keys_win_over_focus_and_buttons() {
    let mut harness = reading();
    harness.get_by_label_contains("1, absent").focus();
    harness.run();
    done(&mut harness);
    harness.key_press(egui::Key::Space);
    harness.key_press(egui::Key::ArrowDown);
    harness.key_press(egui::Key::Tab);
    harness.run();
    assert_eq!(pressed(&mut harness), ["Space", "ArrowDown", "Tab"]);
    assert!(harness.get_by_label_contains("1, absent").is_focused(), "focus stayed");
}

#[test]
fn a_held_key_is_told_apart_from_a_press() {
    let mut harness = reading();
    harness.key_down(egui::Key::Num3);
    harness.key_down(egui::Key::Num3);
    harness.key_up(egui::Key::Num3);
    harness.key_down(egui::Key::Num3);
    harness.run();
    let repeats: Vec<bool> = done(&mut harness)
        .into_iter()
        .filter_map(|action| match action {
            UiAction::Key(press) => Some(press.repeat),
            _ => None,
        })
        .collect();
    assert_eq!(repeats, [false, true, false]);
}

#[test]
fn a_text_box_swallows_reading_keys_but_not_function_keys() {
    let mut harness = reading();
    harness.state_mut().backend_mut().editing = true;
    harness.run();
    harness.run();
    done(&mut harness);
    harness.key_press(egui::Key::Num1);
    harness.event(egui::Event::Text("1".to_owned()));
    harness.key_press(egui::Key::F8);
    harness.run();
    let actions = done(&mut harness);
    assert!(actions.contains(&UiAction::CommentText("1".to_owned())), "{actions:?}");
    let keys: Vec<_> = actions.iter().filter(|a| matches!(a, UiAction::Key(_))).collect();
    assert!(matches!(keys.as_slice(), [UiAction::Key(press)] if press.chord == "F8"), "{keys:?}");
}

#[test]
fn enter_keeps_a_comment_and_escape_drops_it() {
    for (key, kept) in [(egui::Key::Enter, true), (egui::Key::Escape, false)] {
        let mut harness = reading();
        harness.state_mut().backend_mut().editing = true;
        harness.run();
        harness.run();
        done(&mut harness);
        harness.key_press(key);
        harness.step();
        assert!(done(&mut harness).contains(&UiAction::CommentDone(kept)), "{key:?}");
    }
}

#[test]
fn the_key_that_opens_the_text_box_does_not_type_into_it() {
    let mut harness = reading();
    done(&mut harness);
    // One press comes as two events at once: the key and what it types.
    harness.input_mut().events.extend([
        egui::Event::Key {
            key: egui::Key::Slash,
            physical_key: Some(egui::Key::Slash),
            pressed: true,
            repeat: false,
            modifiers: egui::Modifiers::NONE,
        },
        egui::Event::Text("/".to_owned()),
    ]);
    harness.state_mut().backend_mut().editing = true;
    harness.run();
    let actions = done(&mut harness);
    assert!(actions.iter().any(|a| matches!(a, UiAction::Key(press) if press.chord == "/")));
    assert!(!actions.iter().any(|a| matches!(a, UiAction::CommentText(_))), "{actions:?}");
}

#[test]
fn clicks_do_what_the_keys_do() {
    let mut harness = reading();
    done(&mut harness);
    for (name, wanted) in [
        ("3, reportable", UiAction::ClickAnswer(2)),
        ("X, inadequate pixels", UiAction::ClickNoAnswer(1)),
        ("tag Rotated film", UiAction::ToggleTag(2)),
        ("0, Also: Effusion, Cardiomegaly", UiAction::ToggleTag(3)),
        ("/, comment", UiAction::OpenComment),
        ("G, flag to discuss", UiAction::ToggleFlag),
        ("Menu", UiAction::Menu),
        ("Grey levels adequate", UiAction::ClickBadge(0)),
    ] {
        harness.get_by_label_contains(name).click();
        harness.run();
        assert_eq!(done(&mut harness), [wanted], "{name}");
    }
}

#[test]
fn waiting_answers_cannot_be_clicked() {
    let mut harness = open(scene(|s| s.state = "loading".to_owned()), [1920.0, 1080.0]);
    done(&mut harness);
    harness.get_by_label_contains("3, reportable").click();
    harness.run();
    assert_eq!(done(&mut harness), []);
}

#[test]
fn a_left_drag_windows_and_ends_when_the_hand_rests() {
    let mut harness = reading();
    done(&mut harness);
    harness.drag_at(egui::pos2(700.0, 500.0));
    harness.step();
    harness.hover_at(egui::pos2(740.0, 500.0));
    harness.step();
    harness.hover_at(egui::pos2(760.0, 510.0));
    harness.step();
    harness.drop_at(egui::pos2(760.0, 510.0));
    harness.run();
    let drags: Vec<_> = done(&mut harness)
        .into_iter()
        .filter_map(|action| match action {
            UiAction::DragWindow { film: 0, phase, delta, .. } => Some((phase, delta)),
            _ => None,
        })
        .collect();
    assert_eq!(drags.first().map(|d| d.0), Some(Phase::Start), "{drags:?}");
    assert!(drags.contains(&(Phase::Move, [20.0, 10.0])), "{drags:?}");
    assert_eq!(drags.last().map(|d| d.0), Some(Phase::End), "{drags:?}");
}

fn turn_wheel(harness: &mut Harness<'static, App>, modifiers: egui::Modifiers) {
    harness.hover_at(egui::pos2(700.0, 500.0));
    harness.run();
    done(harness);
    harness.event(egui::Event::MouseWheel {
        unit: egui::MouseWheelUnit::Line,
        delta: egui::vec2(0.0, 1.0),
        phase: egui::TouchPhase::Move,
        modifiers,
        source: egui::MouseWheelSource::Wheel,
    });
    harness.run();
}

#[test]
fn the_wheel_zooms_one_view_steps_among_several_and_zooms_with_ctrl() {
    let mut one = reading();
    turn_wheel(&mut one, egui::Modifiers::NONE);
    assert_eq!(done(&mut one), [UiAction::ZoomAt { film: 0, at: [700.0, 500.0], steps: 1.0 }]);

    let mut three = open(scene(|s| s.relabel = true), [1920.0, 1080.0]);
    turn_wheel(&mut three, egui::Modifiers::NONE);
    assert_eq!(done(&mut three), [UiAction::StepView(-1)]);
    turn_wheel(&mut three, egui::Modifiers::CTRL);
    assert!(matches!(done(&mut three).as_slice(), [UiAction::ZoomAt { .. }]));
}

#[test]
fn the_session_learns_when_a_picture_is_on_screen_and_when_it_is_covered() {
    let mut harness = reading();
    let seen = |harness: &Harness<'static, App>| {
        let backend = harness.state().backend();
        backend.painted.first().copied().flatten().map(|painted| painted.generation)
    };
    assert_eq!(seen(&harness), Some(harness.state().backend().generation * 8));
    harness.state_mut().backend_mut().scene.layer = "keys".to_owned();
    harness.run();
    harness.run();
    assert_eq!(seen(&harness), None, "the film is black behind the key sheet");
    harness.state_mut().backend_mut().scene = scene(|s| s.state = "loading".to_owned());
    harness.run();
    harness.run();
    assert_eq!(seen(&harness), None, "a film that loads is not on screen");
}

#[test]
fn an_idle_window_asks_for_no_frame() {
    for screen in ["", "home", "done", "page", "wizard"] {
        let mut harness = open(scene(|s| s.screen = screen.to_owned()), [1280.0, 720.0]);
        harness.run();
        assert_eq!(harness.run(), 1, "{screen}");
        let delay = harness.output().viewport_output[&egui::ViewportId::ROOT].repaint_delay;
        assert!(delay > std::time::Duration::from_mins(1), "{screen}: {delay:?}");
    }
}

#[test]
fn the_wanted_film_is_the_viewport_in_physical_pixels() {
    let harness = reading();
    assert_eq!(harness.state().backend().wanted, [[1600, 1048]]);
    let open_panel = open(scene(|s| s.panel = true), [1920.0, 1080.0]);
    assert_eq!(open_panel.state().backend().wanted, [[1120, 1048]]);
    let home = open(scene(|s| s.screen = "home".to_owned()), [1920.0, 1080.0]);
    assert!(home.state().backend().wanted.is_empty());
}

#[test]
fn a_dialog_gives_the_first_focus_to_the_safe_choice() {
    let layer = |s: &mut Scene| {
        s.layer = "dialog".to_owned();
        s.screen = "home".to_owned();
    };
    let mut harness = open(scene(layer), [1280.0, 720.0]);
    harness.run();
    assert!(harness.get_by_label("Stay blinded").is_focused());
    done(&mut harness);
    harness.key_press(egui::Key::Escape);
    harness.step();
    assert!(done(&mut harness).contains(&UiAction::CloseLayer));
}

#[test]
fn typing_in_the_palette_is_sent_and_arrows_stay_commands() {
    let mut harness = open(scene(|s| s.layer = "palette".to_owned()), [1280.0, 720.0]);
    harness.run();
    done(&mut harness);
    harness.event(egui::Event::Text("d".to_owned()));
    harness.key_press(egui::Key::ArrowDown);
    harness.run();
    let actions = done(&mut harness);
    assert!(actions.contains(&UiAction::PaletteQuery("wind".to_owned())), "{actions:?}");
    assert!(actions.iter().any(|a| matches!(a, UiAction::Key(p) if p.chord == "ArrowDown")));
}

#[test]
fn what_can_be_marked_stands_in_a_list_that_says_what_is() {
    for size in SIZES {
        let mut harness = open(scene(|s| s.layer = "beside".to_owned()), size);
        done(&mut harness);
        harness.get_by_label("Effusion, marked").click();
        harness.run();
        harness.get_by_label("Hernia").click();
        harness.run();
        assert_eq!(done(&mut harness), [UiAction::PaletteRun(0), UiAction::PaletteRun(1)]);
        harness.get_by_label("Also present: name of a finding");
    }
}

#[test]
fn home_and_pages_send_what_was_chosen() {
    let mut harness = open(scene(|s| s.screen = "home".to_owned()), [1920.0, 1080.0]);
    done(&mut harness);
    harness.get_by_label_contains("Bone label audit").click();
    harness.run();
    harness.get_by_label_contains("D, Demo").click();
    harness.run();
    assert_eq!(done(&mut harness), [UiAction::OpenRecent(1), UiAction::Run("home.D".to_owned())]);

    let mut wizard = open(scene(|s| s.screen = "wizard".to_owned()), [1920.0, 1080.0]);
    done(&mut wizard);
    wizard.get_by_label("Design: Panel").click();
    wizard.run();
    let chosen = UiAction::Choose { id: "design".to_owned(), index: 2 };
    assert_eq!(done(&mut wizard), [chosen]);
    wizard.get_by_label("Draw deck").click();
    wizard.run();
    assert_eq!(done(&mut wizard), [], "a refused button does nothing");
}

#[test]
fn the_reading_room_names_no_path_and_no_patient() {
    let harness = reading();
    let mut names = Vec::new();
    let mut nodes = vec![harness.root()];
    while let Some(node) = nodes.pop() {
        names.extend(node.accesskit_node().label());
        names.extend(node.accesskit_node().value());
        nodes.extend(node.children());
    }
    assert!(names.len() > 20, "the tree was read: {names:?}");
    for name in names {
        assert!(!name.contains(".png") && !name.contains("_0"), "{name}");
    }
}
