//! `init`: a pipeline file for a JivoChat channel, with the resources that the channel answers.

mod channel;
mod files;

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use self::{channel::Channel, files::Files};
use super::{
    args::InitArgs,
    exit_code,
    failure::{Failure, Outcome},
    render,
    session::Session,
};
use crate::{
    component::ComponentSource,
    config::{Overrides, quoted_list},
    model::{PageRequest, ResourceSpec},
    retry::{Retrier, RetryPolicy},
    source::{ErrorKind, Source, SourceError},
};

/// Writes the files of a pipeline. Overwrites nothing, and writes nothing when the channel answers nothing.
pub(crate) async fn init(args: InitArgs, quiet: bool) -> Outcome {
    let channel = Channel::parse(&args.channel_url).map_err(|reason| {
        let hint = "copy it from JivoChat: https://wh.jivosite.com/<random>/<JIVO_PUBLIC_ID>".to_owned();
        Failure::config(format!("this is no channel URL: {reason}"), Some(hint))
    })?;
    let component = match args.component {
        Some(path) => path,
        None => find_component()?,
    };
    let files = Files::new(&args.dir, &channel, &component);
    files.refuse_another_channel()?;
    if files.pipeline().exists() {
        eprintln!("`{}` is there already, and nothing is overwritten", files.pipeline().display());
        return Ok(exit_code::OK);
    }

    // The channel is asked through the very file that will be written, in a folder of its own.
    let trial =
        tempfile::tempdir().map_err(|error| anyhow::Error::new(error).context("cannot make a temporary folder"))?;
    let trial_files = Files::new(trial.path(), &channel, &component);
    trial_files.write(None)?;
    let session = Session::open(&trial_files.pipeline(), &Overrides::default()).await?;
    let source = session.source(&session.tokens(&BTreeMap::new())?)?;
    let listed = session.list(&source).await?;
    let (answered, refused) = ask(&source, &listed).await;

    if answered.is_empty() {
        let error = refused.into_iter().map(|(_, error)| error).next();
        let error = error.unwrap_or_else(|| SourceError::new(ErrorKind::NotFound, "the component lists no resource"));
        let mut failure = Failure::from(error);
        failure.error =
            failure.error.map(|error| error.context("the channel answers none of the resources; nothing was written"));
        failure.hint.get_or_insert_with(|| "check the channel URL".into());
        return Err(failure);
    }
    let names: Vec<&str> = answered.iter().map(|spec| spec.name.as_str()).collect();
    let written = files.write(Some(&names))?;
    for path in written.iter().filter(|_| !quiet) {
        eprintln!("wrote {}", path.display());
    }
    for (spec, error) in &refused {
        eprintln!("left out {}: {error}", spec.name);
    }
    if refused.iter().any(|(_, error)| error.kind == ErrorKind::NotFound) {
        eprintln!("hint: JivoChat documents only `status` for reading; it pushes messages by webhook");
    }
    render::data(&format!(
        "{} reads {}\nload them with: sluicegate run{}\n",
        files.pipeline().display(),
        quoted_list(&names),
        if args.dir == Path::new(".") { String::new() } else { format!(" {}", files.pipeline().display()) }
    ))?;
    Ok(exit_code::OK)
}

/// Asks for the first page of each resource. One that is refused for good is left out; one that only fails for now stays.
async fn ask<'a>(
    source: &ComponentSource,
    listed: &'a [ResourceSpec],
) -> (Vec<&'a ResourceSpec>, Vec<(&'a ResourceSpec, SourceError)>) {
    let (mut answered, mut refused) = (Vec::new(), Vec::new());
    for spec in listed {
        match first_page(source, spec).await {
            Ok(()) => answered.push(spec),
            Err(error) => refused.push((spec, error)),
        }
    }
    // A channel that is there answers `status`, so one that answered nothing but failures for now is not known to be there.
    if !answered.is_empty() {
        let (later, never): (Vec<_>, Vec<_>) = refused.into_iter().partition(|(_, error)| error.kind.is_retried());
        answered.extend(later.into_iter().map(|(spec, _)| spec));
        answered.sort_by_key(|spec| listed.iter().position(|listed| listed.name == spec.name));
        refused = never;
    }
    (answered, refused)
}

async fn first_page(source: &ComponentSource, spec: &ResourceSpec) -> Result<(), SourceError> {
    let policy = RetryPolicy {
        attempts: 3,
        max_wait: std::time::Duration::from_secs(5),
        budget: std::time::Duration::from_secs(15),
    };
    let mut retrier = Retrier::new(policy);
    loop {
        let request = PageRequest {
            resource: spec.name.clone(),
            range: None,
            cursor: None,
            state: None,
            max_records: 1,
            max_bytes: 1 << 20,
        };
        match source.fetch_page(request).await {
            Ok(_) => return Ok(()),
            Err(error) => tokio::time::sleep(retrier.after_failure(error)?).await,
        }
    }
}

/// The component installed with this program: beside it, or in `share/sluicegate` of its prefix.
fn find_component() -> Result<PathBuf, Failure> {
    let exe = std::env::current_exe()
        .map_err(|error| anyhow::Error::new(error).context("cannot tell where this program is"))?;
    let folder = exe.parent().unwrap_or(Path::new("."));
    let places = [
        folder.join("jivochat.wasm"),
        folder.join("../jivochat.wasm"),
        folder.join("../share/sluicegate/jivochat.wasm"),
    ];
    places.iter().find(|path| path.is_file()).cloned().ok_or_else(|| {
        let tried: Vec<String> = places.iter().map(|path| format!("`{}`", path.display())).collect();
        Failure::config(
            format!("the component `jivochat.wasm` is missing; tried {}", tried.join(", ")),
            Some("name it with `--component FILE`".into()),
        )
    })
}
