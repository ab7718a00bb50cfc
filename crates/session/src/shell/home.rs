//! Home: recent projects and ways to start.

use crate::recent::Recent;
use crate::view::{
    BannerView, Block, ButtonKind, ButtonView, CardView, HomeView, KeyHint, Mark, PageView,
    RecentView, Span,
};

pub(super) fn view(recent: &[Recent], selected: usize) -> HomeView {
    let card = |id: &str, key: &str, title: &str, text: &str, note: &str| CardView {
        id: id.to_owned(),
        key: key.to_owned(),
        title: title.to_owned(),
        text: text.to_owned(),
        note: note.to_owned(),
    };
    HomeView {
        title: "Overread".to_owned(),
        lead: "Read studies a second time to find out how good the labels are.".to_owned(),
        hints: vec![KeyHint::new(&["Ctrl", "K"], "commands"), KeyHint::new(&["?"], "all keys")],
        recent_title: "Recent projects".to_owned(),
        recent: recent
            .iter()
            .enumerate()
            .map(|(i, project)| RecentView {
                name: project.name.clone(),
                detail: project.detail.clone(),
                reader: format!("Reader {}", project.reader),
                fraction: project.done as f64 / project.total.max(1) as f64,
                done: project.done.to_string(),
                done_of: format!("of {} read", project.total),
                when: project.when.clone(),
                action: if project.done < project.total {
                    format!("Continue at item {}", project.done + 1)
                } else {
                    "Open".to_owned()
                },
                selected: i == selected,
            })
            .collect(),
        empty: "No projects yet. Start one, or read the demo: public films, nothing is sent."
            .to_owned(),
        cards: vec![
            card(
                "project.new",
                "N",
                "New project",
                "From a label table and a folder of images. Every field has a working default.",
                "ChestX-ray14, MURA or CheXpert layout",
            ),
            card(
                "project.demo",
                "D",
                "Demo",
                "Public chest films with labels to audit, and phantoms at full depth.",
                "NIH ChestX-ray14, free use with attribution",
            ),
            card(
                "project.open",
                "O",
                "Open a project",
                "A project file of yours, or drop one on this window.",
                "Opens read-only if another window holds it",
            ),
        ],
        banner: Some(BannerView {
            mark: Mark::Warning,
            title: "This display is not calibrated.".to_owned(),
            text: "Contrast of an uncalibrated display is up to about 40 % off the grey-scale standard."
                .to_owned(),
            buttons: Vec::new(),
        }),
        note: "Overread is a research tool for auditing labels. It is not a medical device.".to_owned(),
    }
}

/// What failed, where, and what to do.
pub(super) fn failed(why: &str) -> PageView {
    PageView {
        name: "Overread".to_owned(),
        blocks: vec![
            Block::Title { title: "That did not work".to_owned(), note: String::new() },
            Block::Text(vec![Span::plain(why)]),
            Block::Buttons(vec![ButtonView {
                id: "program.home".to_owned(),
                text: "Home".to_owned(),
                key: Some("Esc".to_owned()),
                kind: ButtonKind::Primary,
                refused: None,
            }]),
        ],
        ..PageView::default()
    }
}
