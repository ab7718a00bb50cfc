//! Home: recent projects and ways to start.

use crate::recent::Recent;
use crate::view::{
    BannerView, Block, ButtonKind, ButtonView, CardView, HomeView, KeyHint, Mark, PageView,
    RecentView, Span, StatusItem,
};

pub(super) fn view(recent: &[Recent], selected: usize, display: &StatusItem) -> HomeView {
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
                name: told_apart(recent, i, project),
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
        banner: (display.mark != Some(Mark::Check)).then(|| BannerView {
            mark: Mark::Warning,
            title: format!("{}.", display.text),
            text: "Contrast may be 40 % and more off the grey-scale standard.".to_owned(),
            buttons: vec![ButtonView {
                id: "program.display".to_owned(),
                text: "Calibrate…".to_owned(),
                key: None,
                kind: ButtonKind::Secondary,
                refused: None,
            }],
        }),
        note: "Overread is a research tool for auditing labels. It is not a medical device."
            .to_owned(),
    }
}

/// The name of a project; where another is called the same, with four digits of its own. They are
/// made from its place, and lead nobody back to it.
fn told_apart(all: &[Recent], index: usize, project: &Recent) -> String {
    let same = |(i, other): (usize, &Recent)| {
        i != index && other.name == project.name && other.reader == project.reader
    };
    if all.iter().enumerate().any(same) {
        let place = project.path.to_string_lossy();
        let digits = overread_core::ids::digest64(&["recent", &place]) >> 48;
        return format!("{}, copy {digits:04X}", project.name);
    }
    project.name.clone()
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_projects_of_one_name_are_told_apart_without_their_paths() {
        let recent = |path: &str, name: &str| Recent {
            path: path.into(),
            name: name.to_owned(),
            detail: "Pneumothorax deck, verify".to_owned(),
            reader: "demo".to_owned(),
            done: 0,
            total: 10,
            when: "2026-11-26 14:02".to_owned(),
        };
        let all = [
            recent("/a/x.overread", "Demo"),
            recent("/b/x.overread", "Demo"),
            recent("/c", "Other"),
        ];
        let status = StatusItem {
            mark: Some(Mark::Warning),
            text: "Display not calibrated".to_owned(),
            short: None,
            tone: crate::view::Tone::Body,
            keep: crate::view::StatusKeep::Least,
        };
        let names: Vec<String> =
            view(&all, 0, &status).recent.into_iter().map(|row| row.name).collect();
        assert_ne!(names[0], names[1]);
        assert!(names[0].starts_with("Demo, copy ") && names[2] == "Other", "{names:?}");
        assert!(names.iter().all(|name| !name.contains('/')), "{names:?}");
    }
}
