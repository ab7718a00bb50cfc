//! One thread owns the project file of an open window and writes to it, in order.

use std::path::PathBuf;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::JoinHandle;

use overread_core::{Event, EventBody};
use overread_store::Project;

use crate::access;
use crate::films::Waker;

enum Job {
    Append(Vec<EventBody>),
    Check,
    CopyTo(PathBuf),
    Close,
}

/// What the writer has to say.
#[derive(Debug)]
pub enum Written {
    /// On disk.
    Saved(Vec<Event>),
    /// Not on disk, and why; the same events may be sent again.
    Failed(String),
    /// Pages and chains were checked after opening; problems, if any.
    Checked(Vec<String>, Option<String>),
    /// The project was copied, or why not.
    Copied(Result<PathBuf, String>),
}

/// The way to the writer thread.
pub struct Writer {
    jobs: SyncSender<Job>,
    results: Receiver<Written>,
    thread: Option<JoinHandle<()>>,
}

impl Writer {
    /// Hands the project to a thread of its own.
    pub fn start(
        project: Project,
        actor: String,
        device: String,
        waker: Waker,
    ) -> std::io::Result<Self> {
        // The room sends one change at a time; a handful of places is plenty.
        let (jobs, inbox) = sync_channel(8);
        let (outbox, results) = sync_channel(8);
        let thread = std::thread::Builder::new()
            .name("writer".to_owned())
            .spawn(move || run(project, &actor, &device, &inbox, &outbox, &waker))?;
        Ok(Self { jobs, results, thread: Some(thread) })
    }

    /// Writes events; the answer comes with [`Writer::poll`].
    pub fn append(&self, events: Vec<EventBody>) {
        self.send(Job::Append(events));
    }

    /// Checks pages and chains.
    pub fn check(&self) {
        self.send(Job::Check);
    }

    /// Copies the project elsewhere.
    pub fn copy_to(&self, path: PathBuf) {
        self.send(Job::CopyTo(path));
    }

    fn send(&self, job: Job) {
        if self.jobs.send(job).is_err() {
            tracing::error!("the writer thread has gone");
        }
    }

    /// The next result, if there is one. Never waits.
    pub fn poll(&self) -> Option<Written> {
        self.results.try_recv().ok()
    }

    /// Writes what is left, folds the project into one file and waits for that.
    pub fn close(mut self, last: Option<EventBody>) {
        if let Some(event) = last {
            self.append(vec![event]);
        }
        self.send(Job::Close);
        if let Some(thread) = self.thread.take() {
            // Results nobody reads must not stop it.
            while !thread.is_finished() {
                if self.results.recv_timeout(std::time::Duration::from_millis(50)).is_err()
                    && thread.is_finished()
                {
                    break;
                }
            }
            if thread.join().is_err() {
                tracing::error!("the writer thread failed");
            }
        }
    }
}

fn run(
    mut project: Project,
    actor: &str,
    device: &str,
    inbox: &Receiver<Job>,
    outbox: &SyncSender<Written>,
    waker: &Waker,
) {
    while let Ok(job) = inbox.recv() {
        let written = match job {
            Job::Append(events) => match project.append(actor, device, &events) {
                Ok(events) => Written::Saved(events),
                Err(error) => Written::Failed(error.to_string()),
            },
            Job::Check => match project.check_after_open() {
                Ok(report) => {
                    access::note(&project, (actor, device), "open", "window");
                    Written::Checked(report.problems, report.not_kept)
                }
                Err(error) => Written::Checked(vec![error.to_string()], None),
            },
            Job::CopyTo(path) => {
                let copied = project.backup(&path).map_err(|error| error.to_string());
                if copied.is_ok() {
                    access::note(&project, (actor, device), "backup", &access::name_of(&path));
                }
                Written::Copied(copied.map(|()| path))
            }
            Job::Close => break,
        };
        if outbox.send(written).is_err() {
            break;
        }
        waker();
    }
    if let Err(error) = project.close() {
        tracing::error!(%error, "the project was not closed in one file");
    }
}
