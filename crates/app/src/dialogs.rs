//! The desktop's file dialog, in a thread of its own: the window never waits for it.

use overread_session::view::{PickKind, PickRequest, UiAction};
use std::{
    sync::{
        Arc,
        mpsc::{Receiver, SyncSender, sync_channel},
    },
    time::Instant,
};

/// Asks for paths and collects the answers.
pub(crate) struct Dialogs {
    answers: (SyncSender<UiAction>, Receiver<UiAction>),
}

impl Default for Dialogs {
    fn default() -> Self {
        Self { answers: sync_channel(8) }
    }
}

impl Dialogs {
    /// Opens a dialog; `wake` is called when it closes.
    pub(crate) fn open(&self, request: PickRequest, wake: Arc<dyn Fn() + Send + Sync>) {
        let sender = self.answers.0.clone();
        let id = request.id.clone();
        let ask = move || {
            let start = Instant::now();
            let id = request.id.clone();
            let path = pick(&request);
            let open_for = start.elapsed();
            if sender.try_send(UiAction::Picked { id, path, open_for }).is_err() {
                tracing::error!("too many file dialogs were answered at once");
            }
            wake();
        };
        let thread = std::thread::Builder::new().name("file dialog".to_owned()).spawn(ask);
        if let Err(error) = thread {
            tracing::error!(%error, "the file dialog could not be started");
            let open_for = std::time::Duration::ZERO;
            self.answers.0.try_send(UiAction::Picked { id, path: None, open_for }).ok();
        }
    }

    /// The next answer, if one has come.
    pub(crate) fn answered(&self) -> Option<UiAction> {
        self.answers.1.try_recv().ok()
    }
}

fn pick(request: &PickRequest) -> Option<std::path::PathBuf> {
    let mut dialog = rfd::FileDialog::new().set_title(&request.title);
    for (name, extensions) in &request.filters {
        dialog = dialog.add_filter(name, extensions);
    }
    if let Some(name) = &request.file_name {
        dialog = dialog.set_file_name(name);
    }
    match request.kind {
        PickKind::OpenFile => dialog.pick_file(),
        PickKind::OpenFolder => dialog.pick_folder(),
        PickKind::SaveFile => dialog.save_file(),
    }
}
