//! `component`: the components of a pipeline's folder.

pub(crate) mod add;

use std::path::Path;

use comfy_table::{Table, presets};

use super::{
    args::{ComponentArgs, RemoveArgs},
    exit_code,
    failure::{Failure, Outcome},
    render,
};
use crate::lock::{Entry, Folder, LOCK_FILE, Origin, State};

/// The folder of a pipeline file, which need not be there.
fn folder(pipeline: &Path) -> Folder {
    Folder::new(pipeline.parent().unwrap_or(Path::new("")))
}

/// Prints the components that were added.
pub(crate) fn list(args: &ComponentArgs) -> Outcome {
    let lock = folder(&args.pipeline).lock()?;
    let mut table = Table::new();
    table.load_preset(presets::NOTHING).set_header(["name", "version", "sha256", "wit", "origins asked for", "from"]);
    for entry in &lock.components {
        let from = match &entry.from {
            Origin::File(from) | Origin::Url(from) => from,
        };
        let or_none = |text: String| if text.is_empty() { "-".to_owned() } else { text };
        table.add_row(
            [
                entry.name.clone(),
                or_none(entry.version.clone().unwrap_or_default()),
                entry.sha256().to_owned(),
                entry.wit.clone(),
                or_none(entry.origins.join(", ")),
                from.clone(),
            ]
            .map(|text| render::harmless(&text)),
        );
    }
    render::data(&format!("{}\n", table.trim_fmt()))?;
    Ok(exit_code::OK)
}

/// Takes a component and its entry away.
pub(crate) fn remove(args: &RemoveArgs) -> Outcome {
    let folder = folder(&args.of.pipeline);
    let path = folder.component(&args.name);
    if !folder.remove(&args.name)? {
        let hint = "`sluicegate component list` shows those that there are".to_owned();
        return Err(Failure::config(format!("there is no component `{}`", args.name), Some(hint)));
    }
    render::data(&format!("removed {}\n", path.display()))?;
    Ok(exit_code::OK)
}

/// Prints how each component is, compared with its entry.
pub(crate) fn verify(args: &ComponentArgs) -> Outcome {
    let folder = folder(&args.pipeline);
    let lock = folder.lock()?;
    let mut table = Table::new();
    table.load_preset(presets::NOTHING).set_header(["name", "state"]);
    let (mut wrong, found) = (0_u64, folder.verify()?);
    for found in &found {
        let expected = || lock.entry(&found.name).map(Entry::sha256).unwrap_or_default();
        let state = match &found.state {
            State::Whole => "ok".to_owned(),
            State::Differs { found } => format!("differs: its digest is `{found}`, not `{}`", expected()),
            State::Missing => "missing".to_owned(),
            State::NoFile => "no file: a link or a folder is in its place".to_owned(),
            State::Unlisted => format!("not in `{LOCK_FILE}`"),
        };
        wrong += u64::from(found.state != State::Whole);
        table.add_row([found.name.clone(), state]);
    }
    render::data(&format!("{}\n", table.trim_fmt()))?;
    if wrong == 0 {
        return Ok(exit_code::OK);
    }
    let message = format!("{} not as `{}` says", render::count(wrong, "component"), folder.lock_file().display());
    let hint = "add what you trust anew with `sluicegate component add`, and remove the rest";
    Err(Failure::config(message, Some(hint.to_owned())))
}
