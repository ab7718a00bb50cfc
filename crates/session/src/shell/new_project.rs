//! The form for a new project: label table, images, protocol, reader.

use std::path::{Path, PathBuf};

use overread_core::protocol::builtin_names;

use crate::verbs::{self, NewProject, SampleOptions, VerbError};
use crate::view::{
    Block, ButtonKind, ButtonView, ChoiceView, FieldView, PageView, PickKind, PickRequest, Span,
    WorkView,
};

const FORMATS: [(&str, &str); 6] = [
    ("cxr14", "ChestX-ray14"),
    ("mura", "MURA"),
    ("chexpert", "CheXpert"),
    ("mimic-cxr", "MIMIC-CXR"),
    ("dicom", "DICOM folder"),
    ("table", "Any table"),
];
const SEED: u64 = 14;

/// What was typed so far.
#[derive(Clone, Debug)]
pub(super) struct Form {
    labels: String,
    map: String,
    images: String,
    project: String,
    reader: String,
    format: usize,
    protocol: usize,
    problem: Option<String>,
    busy: bool,
}

impl Default for Form {
    fn default() -> Self {
        Self {
            labels: String::new(),
            map: String::new(),
            images: String::new(),
            project: String::new(),
            reader: "R1".to_owned(),
            format: 0,
            protocol: 0,
            problem: None,
            busy: false,
        }
    }
}

/// Everything a job needs to make the project.
pub(super) struct Plan {
    new: NewProject,
    reader: String,
}

impl Plan {
    /// Imports, adds the reader, draws.
    pub(super) fn carry_out(self) -> Result<(PathBuf, String), VerbError> {
        let path = self.new.path.clone();
        verbs::new(&self.new)?;
        verbs::add_reader(&path, &self.reader, "reader", None)?;
        verbs::sample(&path, SampleOptions { seed: SEED, dry_run: false })?;
        Ok((path, self.reader))
    }
}

fn protocols() -> Vec<&'static str> {
    builtin_names().filter(|name| *name != "demo").collect()
}

impl Form {
    pub(crate) fn set(&mut self, id: &str, text: &str) {
        match id {
            "new.labels" => {
                text.clone_into(&mut self.labels);
                if self.project.is_empty()
                    && let Some(folder) = Path::new(text).parent()
                    && Path::new(text).is_file()
                {
                    self.project = folder.join("audit.overread").display().to_string();
                }
            }
            "new.map" => text.clone_into(&mut self.map),
            "new.images" => text.clone_into(&mut self.images),
            "new.project" => text.clone_into(&mut self.project),
            "new.reader" => text.clone_into(&mut self.reader),
            _ => {}
        }
    }

    pub(crate) fn choose(&mut self, id: &str, index: usize) {
        match id {
            "new.format" => self.format = index,
            "new.protocol" => self.protocol = index,
            _ => {}
        }
    }

    /// A dropped folder holds images; a dropped file is the label table.
    pub(crate) fn dropped(&mut self, path: &Path) {
        let id = if path.is_dir() { "new.images" } else { "new.labels" };
        self.set(id, &path.display().to_string());
    }

    pub(crate) fn failed(&mut self, why: String) {
        self.problem = Some(why);
        self.busy = false;
    }

    pub(crate) fn pick(id: &str) -> Option<PickRequest> {
        let (id, title, kind) = match id {
            "new.pick-labels" => ("new.labels", "Label table", PickKind::OpenFile),
            "new.pick-map" => ("new.map", "Mapping of columns", PickKind::OpenFile),
            "new.pick-images" => ("new.images", "Folder of images", PickKind::OpenFolder),
            "new.pick-project" => ("new.project", "New project file", PickKind::SaveFile),
            _ => return None,
        };
        Some(PickRequest {
            id: id.to_owned(),
            title: title.to_owned(),
            kind,
            filters: Vec::new(),
            file_name: (kind == PickKind::SaveFile).then(|| "audit.overread".to_owned()),
        })
    }

    /// The work to do, or `None` with the reason shown in the form.
    pub(crate) fn begin(&mut self) -> Option<Plan> {
        if self.busy {
            return None;
        }
        let format = self.format_word();
        // Headers of DICOM files can do without a table.
        let headers = format == "dicom" && !self.images.trim().is_empty();
        let mapped = self.takes_map() && !self.labels.trim().is_empty();
        self.problem = if self.labels.trim().is_empty() && !headers {
            let what = if format == "dicom" { "folder of images" } else { "label table" };
            Some(format!("Name the {what} first."))
        } else if mapped && self.map.trim().is_empty() {
            Some("Name the mapping of the table's columns.".to_owned())
        } else if self.project.trim().is_empty() {
            Some("Say where the project file goes.".to_owned())
        } else if self.reader.trim().is_empty() {
            Some("Give the reader a pseudonym.".to_owned())
        } else {
            None
        };
        if self.problem.is_some() {
            return None;
        }
        self.busy = true;
        let images = self.images.trim();
        let mut path = PathBuf::from(self.project.trim());
        if path.extension().is_none() {
            path.set_extension("overread");
        }
        Some(Plan {
            reader: self.reader.trim().to_owned(),
            new: NewProject {
                path,
                labels: self
                    .labels
                    .split(';')
                    .map(str::trim)
                    .filter(|path| !path.is_empty())
                    .map(PathBuf::from)
                    .collect(),
                format: format.to_owned(),
                map: mapped.then(|| PathBuf::from(self.map.trim())),
                images: (!images.is_empty()).then(|| PathBuf::from(images)),
                protocol: protocols().get(self.protocol).copied().unwrap_or_default().to_owned(),
                dry_run: false,
            },
        })
    }

    fn format_word(&self) -> &'static str {
        FORMATS.get(self.format).map_or("cxr14", |(word, _)| word)
    }

    /// Whether the table's columns must be told by a mapping.
    fn takes_map(&self) -> bool {
        matches!(self.format_word(), "dicom" | "table")
    }

    pub(crate) fn view(&self) -> PageView {
        let button = |id: &str| {
            Some(ButtonView {
                id: id.to_owned(),
                text: "Choose…".to_owned(),
                key: None,
                kind: ButtonKind::Secondary,
                refused: None,
            })
        };
        let field = |id: &str, label: &str, text: &str, hint: &str, note: &str, pick| FieldView {
            id: id.to_owned(),
            label: label.to_owned(),
            text: text.to_owned(),
            placeholder: hint.to_owned(),
            note: note.to_owned(),
            problem: None,
            button: pick,
        };
        let mut blocks = vec![
            Block::Title {
                title: "New project".to_owned(),
                note: "Type paths, choose them, or drop a label file and an image folder here."
                    .to_owned(),
            },
            Block::Field(field(
                "new.labels",
                "Label table",
                &self.labels,
                "Data_Entry_2017_v2020.csv",
                "several: separated by ;",
                button("new.pick-labels"),
            )),
            Block::Choice(ChoiceView {
                id: "new.format".to_owned(),
                label: "Layout".to_owned(),
                options: FORMATS.iter().map(|(_, name)| (*name).to_owned()).collect(),
                selected: self.format,
                note: if self.format_word() == "dicom" {
                    "headers below the folder of images; a label table may join".to_owned()
                } else {
                    String::new()
                },
            }),
            Block::Field(field(
                "new.images",
                "Folder of images",
                &self.images,
                "images",
                "searched with everything below it",
                button("new.pick-images"),
            )),
            Block::Choice(ChoiceView {
                id: "new.protocol".to_owned(),
                label: "Protocol".to_owned(),
                options: protocols().into_iter().map(str::to_owned).collect(),
                selected: self.protocol,
                note: String::new(),
            }),
            Block::Field(field(
                "new.reader",
                "Reader",
                &self.reader,
                "R1",
                "a pseudonym, never a name",
                None,
            )),
            Block::Field(field(
                "new.project",
                "Project file",
                &self.project,
                "audit.overread",
                "never overwritten",
                button("new.pick-project"),
            )),
        ];
        if self.takes_map() {
            let map = field(
                "new.map",
                "Mapping",
                &self.map,
                "map.toml",
                "which column is what; the manual for leads shows one",
                button("new.pick-map"),
            );
            // Behind the layout, which asks for it.
            blocks.insert(3, Block::Field(map));
        }
        if let Some(why) = &self.problem {
            blocks.push(Block::Text(vec![Span::strong(why.clone())]));
        }
        if self.busy {
            blocks.push(Block::Work(WorkView {
                title: "Making the project".to_owned(),
                text: "Reading labels, looking for images, drawing decks".to_owned(),
                fraction: None,
                cancel: None,
            }));
        } else {
            blocks.push(Block::Buttons(vec![
                ButtonView {
                    id: "new.create".to_owned(),
                    text: "Make the project and read".to_owned(),
                    key: None,
                    kind: ButtonKind::Primary,
                    refused: None,
                },
                ButtonView {
                    id: "program.home".to_owned(),
                    text: "Home".to_owned(),
                    key: Some("Esc".to_owned()),
                    kind: ButtonKind::Secondary,
                    refused: None,
                },
            ]));
        }
        PageView { name: "Overread".to_owned(), blocks, ..PageView::default() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn form(format: &str, fields: &[(&str, &str)]) -> Form {
        let mut form = Form::default();
        let place = FORMATS.iter().position(|(word, _)| *word == format).unwrap();
        form.choose("new.format", place);
        for (id, text) in fields.iter().chain(&[("new.project", "audit")]) {
            form.set(id, text);
        }
        form
    }

    #[test]
    fn the_form_offers_every_layout_that_the_command_line_knows() {
        for (word, _) in FORMATS {
            assert!(word.parse::<overread_store::import::Format>().is_ok(), "{word}");
        }
        assert_eq!(FORMATS.len(), 6);
    }

    #[test]
    fn a_dicom_folder_needs_no_table_and_a_table_needs_its_mapping() {
        let plan = form("dicom", &[("new.images", "films")]).begin().unwrap();
        assert_eq!((plan.new.labels.len(), plan.new.map), (0, None));
        let mut nothing = form("dicom", &[]);
        assert!(nothing.begin().is_none());
        assert_eq!(nothing.problem.as_deref(), Some("Name the folder of images first."));
        let mut unmapped = form("table", &[("new.labels", "a.csv")]);
        assert!(unmapped.begin().is_none());
        let asks = |form: &Form| format!("{:?}", form.view()).contains("new.map");
        assert!(asks(&unmapped));
        unmapped.set("new.map", "map.toml");
        let plan = unmapped.begin().unwrap();
        assert_eq!(plan.new.map, Some(PathBuf::from("map.toml")));
        let mimic = form("mimic-cxr", &[("new.labels", "a.csv; b.csv")]);
        assert!(!asks(&mimic));
        assert_eq!(mimic.clone().begin().unwrap().new.labels.len(), 2);
    }
}
