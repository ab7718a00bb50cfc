//! Blinded packets out, reads back in.

mod part;

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs::File;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use overread_core::{Dataset, ImageId, Item, ItemId, Protocol, Study, Worklist};
use overread_imaging::{DecodeLimits, blinded_image};
use overread_store::{
    Conflict, ImageShelf, MergeReport, MergedFile, OpenMode, PacketImage, PacketImages,
    PacketItems, PacketKey, PacketOrder, PacketOut, PacketStudy, Project, StoreError,
    packet_images,
};
use serde_json::json;

use self::part::{Part, clear_left_overs, not_written};
use super::project::{LEAD, open_writable};
use super::{Said, VerbError};
use crate::desk::DeskError;

/// What a packet is made of.
#[derive(Clone, Debug)]
pub struct NewPacket {
    /// The project.
    pub project: PathBuf,
    /// Whose packet it is.
    pub reader: String,
    /// Whether the images go along: `copy` or `match`.
    pub images: String,
    /// Whether items that are locked in the project go along as well.
    pub all: bool,
    /// The file to make.
    pub output: PathBuf,
}

/// The folder that images are written into, and the name under which it is spoken of.
type Target<'a> = (&'a Path, &'a Path);

/// Images that could not go along, and why.
#[derive(Default)]
struct Left {
    missing: u64,
    broken: BTreeMap<String, u64>,
    burned_in: u64,
}

/// Makes a reader's packet, and a folder of images beside it.
pub fn packet(what: &NewPacket) -> Result<Said, VerbError> {
    let images = match what.images.as_str() {
        "copy" => PacketImages::Copy,
        _ => PacketImages::Match,
    };
    super::check_target(&what.output)?;
    let mut project = open_writable(&what.project)?;
    let out = project.packets_out(&what.reader)?;
    let (dataset, protocol) = (project.dataset()?, project.protocol()?);
    let PacketItems { list, locked } = items(&mut project, &dataset, &protocol, what)?;
    let folder = packet_images(&what.output);
    clear_left_overs(&what.output, &folder);
    for path in [&what.output, &folder] {
        if path.symlink_metadata().is_ok() && (path != &folder || images == PacketImages::Copy) {
            return Err(StoreError::Exists { path: path.clone() }.into());
        }
    }
    let key = PacketKey::random();
    let part = (images == PacketImages::Copy).then(|| Part::new(&folder)).transpose()?;
    let (studies, left) = {
        let into = part.as_ref().map(|part| (part.path.as_path(), folder.as_path()));
        blinded_studies(&project, (&dataset, &protocol), &list, into, &key)?
    };
    let part = part.map(Part::publish).transpose()?;
    let name = crate::access::name_of(&folder);
    let order = PacketOrder {
        reader: &what.reader,
        images,
        folder: if part.is_some() { &name } else { "" },
        key: &key,
        all: what.all,
        studies: &studies,
    };
    project.make_packet(&what.output, &order, LEAD)?;
    if let Some(part) = part {
        part.keep();
    }
    // The packet is made and noted: what is only for looking up later does not undo it.
    if let Err(error) =
        project.log_access(LEAD, &crate::recent::device_id(), "packet", &what.reader)
    {
        tracing::warn!(%error, "the packet is not in the access log");
    }
    project.close()?;
    let copied = (images == PacketImages::Copy).then_some(folder);
    let mut said =
        describe_packet(what, &key.packet_id(), (&studies, locked), copied.as_deref(), &left);
    tell_of_earlier(&mut said, &what.reader, &out);
    Ok(said)
}

/// What goes along; the worklist is laid out now for one who joined after the draw.
fn items(
    project: &mut Project,
    dataset: &Dataset,
    protocol: &Protocol,
    what: &NewPacket,
) -> Result<PacketItems, VerbError> {
    let (path, reader) = (project.path().to_owned(), what.reader.as_str());
    if let Some(packet) = project.packet()? {
        return Err(StoreError::Packet { path, reader: packet.reader }.into());
    }
    let Some(known) = project.readers()?.into_iter().find(|known| known.name == reader) else {
        return Err(super::no_reader(project, reader));
    };
    let Some(sample) = project.sample()? else {
        return Err(DeskError::NotSampled(path).into());
    };
    if project.worklist(reader)?.is_none() && known.role != "adjudicator" {
        let lists = project.worklists()?;
        let list =
            overread_core::sampling::late_worklist(dataset, protocol, &sample, &lists, reader)?;
        let device = crate::chains::device_for(project, LEAD)?;
        project.save_worklist(&list, LEAD, &device)?;
    }
    let nothing = |why: String| {
        let reader = reader.to_owned();
        Err(DeskError::NothingToRead { path, reader, why }.into())
    };
    match project.packet_items(reader, what.all)? {
        Some(items) if !items.list.items.is_empty() => Ok(items),
        Some(PacketItems { locked, .. }) if 0 < locked => nothing(format!(
            "all {locked} items are locked in the project already, and `--all` makes a packet of them once more"
        )),
        _ => nothing("the worklist is empty".to_owned()),
    }
}

/// What the protocol lets the reader know of a study.
fn visible_study(study: &Study, protocol: &Protocol, images: Vec<PacketImage>) -> PacketStudy {
    let shown = protocol.reading.show_sex_age;
    PacketStudy {
        region: study.region.clone(),
        sex: study.sex.filter(|_| shown),
        age_years: study.age_years.filter(|_| shown),
        images,
    }
}

/// An image that is to go along, and where it stands.
struct Job<'a> {
    item: &'a Item,
    study: &'a Study,
    place: usize,
}

/// The studies of a worklist as a reader may know them, their images blinded and written into the folder.
fn blinded_studies(
    project: &Project,
    (dataset, protocol): (&Dataset, &Protocol),
    list: &Worklist,
    into: Option<Target<'_>>,
    key: &PacketKey,
) -> Result<(Vec<PacketStudy>, Left), VerbError> {
    let jobs: Vec<Job<'_>> = list
        .items
        .iter()
        .filter_map(|item| Some((item, dataset.studies.get(dataset.study_index(item.study)?)?)))
        .flat_map(|(item, study)| {
            (0..study.images.len().max(1)).map(move |place| Job { item, study, place })
        })
        .collect();
    let shelf = shelf_of(project, &jobs)?;
    let mut left = Left::default();
    let mut studies: Vec<PacketStudy> = Vec::with_capacity(list.items.len());
    for (job, image) in jobs.iter().zip(all_images(&shelf, &jobs, into, key)?) {
        if job.place == 0 {
            studies.push(visible_study(job.study, protocol, Vec::new()));
        }
        let (Some(view), Some(study)) = (job.study.images.get(job.place), studies.last_mut())
        else {
            continue;
        };
        let mut picture = match image {
            Made::Image(picture, burned_in) => {
                left.burned_in += u64::from(burned_in);
                picture
            }
            Made::Missing => {
                left.missing += 1;
                PacketImage::default()
            }
            Made::Broken(why) => {
                *left.broken.entry(why).or_default() += 1;
                PacketImage::default()
            }
        };
        picture.view.clone_from(&view.view);
        study.images.push(picture);
    }
    Ok((studies, left))
}

/// The images for other threads; of those that have no hash yet, it is taken first.
fn shelf_of(project: &Project, jobs: &[Job<'_>]) -> Result<ImageShelf, VerbError> {
    let ids: Vec<ImageId> = jobs
        .iter()
        .filter_map(|job| job.study.images.get(job.place))
        .map(|image| image.id)
        .collect();
    let shelf = project.image_shelf(&ids)?;
    let unhashed: Vec<ImageId> =
        ids.iter().copied().filter(|id| shelf.is_available(*id) && !shelf.is_hashed(*id)).collect();
    if unhashed.is_empty() {
        return Ok(shelf);
    }
    for id in unhashed {
        // One that cannot be read is counted when its turn comes.
        project.image_bytes(id).ok();
    }
    Ok(project.image_shelf(&ids)?)
}

/// What became of one image.
enum Made {
    /// It goes along; the file says whether text is burned into its pixels.
    Image(PacketImage, bool),
    Missing,
    Broken(String),
}

/// Reads, blinds and writes on as many threads as there are processors.
fn all_images(
    shelf: &ImageShelf,
    jobs: &[Job<'_>],
    into: Option<Target<'_>>,
    key: &PacketKey,
) -> Result<Vec<Made>, VerbError> {
    let threads = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let share = jobs.len().div_ceil(threads).max(1);
    let some = |jobs: &[Job<'_>]| some_images(shelf, jobs, into, key);
    let done: Vec<Result<Vec<Made>, VerbError>> = std::thread::scope(|scope| {
        let begun: Vec<_> = jobs
            .chunks(share)
            .map(|jobs| {
                let named = std::thread::Builder::new().name("packet-images".to_owned());
                named.spawn_scoped(scope, move || some(jobs))
            })
            .collect();
        let fault =
            || VerbError::Other("A thread that wrote images ended early. Try again.".to_owned());
        begun
            .into_iter()
            .map(|thread| {
                thread.ok().and_then(|thread| thread.join().ok()).unwrap_or_else(|| Err(fault()))
            })
            .collect()
    });
    let mut made = Vec::with_capacity(jobs.len());
    for some in done {
        made.extend(some?);
    }
    Ok(made)
}

fn some_images(
    shelf: &ImageShelf,
    jobs: &[Job<'_>],
    into: Option<Target<'_>>,
    key: &PacketKey,
) -> Result<Vec<Made>, VerbError> {
    let made = jobs.iter().map(|job| one_image(shelf, job, into, key));
    let made = made.collect::<Result<Vec<Made>, VerbError>>()?;
    let Some((folder, shown)) = into else { return Ok(made) };
    // All are written before the first is waited for: the disk then writes them in one go.
    for image in &made {
        let Made::Image(PacketImage { name: Some(name), .. }, _) = image else { continue };
        let path = folder.join(name);
        let synced = File::options().write(true).open(&path).and_then(|file| file.sync_all());
        synced.map_err(|error| not_written(shown, error))?;
    }
    Ok(made)
}

fn one_image(
    shelf: &ImageShelf,
    job: &Job<'_>,
    into: Option<Target<'_>>,
    key: &PacketKey,
) -> Result<Made, VerbError> {
    let image = job.study.images.get(job.place);
    let Some(bytes) = image.and_then(|image| shelf.bytes(image.id).ok()) else {
        return Ok(Made::Missing);
    };
    let Some((folder, shown)) = into else {
        let file = Some((bytes.len() as u64, overread_store::sha256(&bytes)));
        return Ok(Made::Image(PacketImage { file, ..PacketImage::default() }, false));
    };
    let stem = key.file_name(job.item, job.place);
    let number = PacketKey::copy_number(job.item, job.place);
    match blinded_image(&bytes, number, &DecodeLimits::default()) {
        Err(error) => Ok(Made::Broken(error.to_string())),
        Ok(image) => {
            let name = format!("{stem}.{}", image.ending);
            write_image(&folder.join(&name), &image.bytes)
                .map_err(|error| not_written(shown, error))?;
            let file = Some((image.bytes.len() as u64, overread_store::sha256(&image.bytes)));
            Ok(Made::Image(PacketImage { view: None, name: Some(name), file }, image.burned_in))
        }
    }
}

/// One time for all files: when a file was written would tell the order of the dataset.
fn write_image(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    let mut file = File::create_new(path)?;
    file.write_all(bytes)?;
    file.set_modified(SystemTime::UNIX_EPOCH)
}

/// Names the packets of this reader of which nothing has come back: their items may be answered twice.
fn tell_of_earlier(said: &mut Said, reader: &str, out: &[PacketOut]) {
    said.json["still_out"] = json!(out);
    if out.is_empty() {
        return;
    }
    let each: Vec<String> = out
        .iter()
        .map(|packet| {
            let made = super::figures::minute(&packet.made_at);
            format!("{} of {made}, {} items", packet.id, packet.items)
        })
        .collect();
    let (packets, are) = if out.len() == 1 { ("packet", "is") } else { ("packets", "are") };
    let text = format!(
        "Of {reader} {} earlier {packets} {are} still out, not merged: {}. An item that is answered in both is a conflict, and the answer first in the order of the chains counts.\n",
        out.len(),
        each.join("; ")
    );
    let end = said.text.rfind("When it comes back").unwrap_or(said.text.len());
    said.text.insert_str(end, &text);
}

fn describe_packet(
    what: &NewPacket,
    id: &str,
    (studies, locked): (&[PacketStudy], usize),
    folder: Option<&Path>,
    left: &Left,
) -> Said {
    let pictures = || studies.iter().flat_map(|study| &study.images);
    let images = pictures().filter(|image| image.file.is_some()).count();
    let broken: u64 = left.broken.values().sum();
    let mut text = format!(
        "Made {} for {}: {} items, {images} images.\n",
        what.output.display(),
        what.reader,
        studies.len()
    );
    match (locked, what.all) {
        (0, _) => {}
        (_, false) => {
            writeln!(
                text,
                "{} open items; {locked} are locked in the project already and stay out. `--all` takes them along.",
                studies.len()
            )
            .ok();
        }
        (_, true) => {
            writeln!(
                text,
                "{locked} of them are locked in the project already; what is answered once more is a conflict when it is merged."
            )
            .ok();
        }
    }
    match folder {
        Some(folder) => {
            writeln!(text, "The images lie in {}; send both.", folder.display()).ok();
        }
        None => {
            writeln!(
                text,
                "The reader needs the images and names their folder: `overread images {} FOLDER`.",
                what.output.display()
            )
            .ok();
        }
    }
    if 0 < left.missing {
        writeln!(text, "{} images were not found and are not in the packet.", left.missing).ok();
    }
    for (why, count) in &left.broken {
        writeln!(text, "{count} images are not in the packet: {why}.").ok();
    }
    if 0 < left.burned_in {
        writeln!(
            text,
            "{} images say that text is burned into their pixels. It goes along: look at them before sending.",
            left.burned_in
        )
        .ok();
    }
    write!(text, "When it comes back: `overread merge {} FILE`.", what.project.display()).ok();
    let json = json!({
        "packet": what.output.display().to_string(),
        "id": id,
        "reader": what.reader,
        "items": studies.len(),
        "locked": locked,
        "images": images,
        "images_mode": what.images,
        "images_folder": folder.map(|folder| folder.display().to_string()),
        "missing": left.missing,
        "broken": broken,
        "burned_in": left.burned_in,
    });
    Said::new(json, text)
}

/// Takes in what packets hold. Files that are refused change nothing; the others come in.
pub fn merge(path: &Path, files: &[PathBuf]) -> Result<Said, VerbError> {
    let looking = Project::open(path, OpenMode::ReadOnly)?.project;
    let plan = looking.plan_merge(files)?;
    // A project is opened for writing only where something comes in: what is refused changes no byte.
    let (project, report) = if plan.changes() {
        drop(looking);
        let mut project = open_writable(path)?;
        let device = crate::chains::device_for(&mut project, LEAD)?;
        let report = project.merge_planned(plan, LEAD, &device)?;
        (project, report)
    } else {
        (looking, plan.into_report())
    };
    let places: Vec<(ItemId, usize)> = places(&project, &report.conflicts)?;
    project.close()?;
    let refused: Vec<String> = report
        .files
        .iter()
        .filter_map(|file| {
            Some(format!("{} was not merged. {}", file.file, file.refused.as_ref()?))
        })
        .collect();
    let text = merge_text(&report, &places);
    let sum = |count: fn(&MergedFile) -> u64| report.files.iter().map(count).sum::<u64>();
    let json = json!({
        "files": report.files,
        "came_in": sum(|file| file.came_in),
        "reads": sum(|file| file.reads),
        "was_there": sum(|file| file.was_there),
        "other_protocol": sum(|file| file.other_protocol),
        "conflicts": report.conflicts,
        "refused": refused.len(),
    });
    let failed = (!refused.is_empty()).then(|| refused.join("\n"));
    Ok(Said { failed, ..Said::new(json, text) })
}

/// Where the items in conflict stand in their readers' worklists, from 1.
fn places(project: &Project, conflicts: &[Conflict]) -> Result<Vec<(ItemId, usize)>, VerbError> {
    let mut places = Vec::new();
    for conflict in conflicts {
        let list = project.worklist(&conflict.reader)?.unwrap_or_default();
        let place = list.items.iter().position(|item| item.id == conflict.item);
        places.push((conflict.item, place.map_or(0, |place| place + 1)));
    }
    Ok(places)
}

fn merge_text(report: &MergeReport, places: &[(ItemId, usize)]) -> String {
    let mut text = String::new();
    for file in report.files.iter().filter(|file| file.refused.is_none()) {
        let whose = file.reader.as_ref().map(|reader| format!(" ({reader})")).unwrap_or_default();
        write!(
            text,
            "{}{whose}: {} events came in, with answers to {} item{}; {} were there.",
            file.file,
            file.came_in,
            file.reads,
            if file.reads == 1 { "" } else { "s" },
            file.was_there
        )
        .ok();
        if 0 < file.other_protocol {
            write!(
                text,
                " Answers to {} of them are of another version of the protocol and are kept apart in the analysis.",
                file.other_protocol
            )
            .ok();
        }
        text.push('\n');
    }
    for (conflict, (_, place)) in report.conflicts.iter().zip(places) {
        write!(
            text,
            "Conflict: {} answered item {place} ({}) on {} devices, {}:",
            conflict.reader,
            conflict.item,
            conflict.answers.len(),
            if conflict.same { "and says the same" } else { "and says different things" }
        )
        .ok();
        for answer in &conflict.answers {
            let said: Vec<String> = answer
                .answers
                .iter()
                .map(|a| match (a.answer.level(), a.answer.no_answer()) {
                    (Some(level), _) => format!("{} level {}", a.finding, level.0),
                    (None, Some(why)) => format!("{} {}", a.finding, why.word()),
                    (None, None) => a.finding.clone(),
                })
                .collect();
            let used = if answer.used { " (used)" } else { "" };
            write!(text, " {} {}{used};", answer.chain, said.join(", ")).ok();
        }
        text.truncate(text.trim_end_matches(';').len());
        text.push_str(". All are kept.\n");
    }
    text.trim_end().to_owned()
}
