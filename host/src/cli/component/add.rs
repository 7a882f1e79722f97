//! `component add`: a component is fetched, shown, agreed to, and kept.

use std::{
    fmt::Write as _,
    io::{BufRead as _, IsTerminal as _, Read as _},
    path::Path,
};

use super::folder;
use crate::{
    cli::{
        args::AddArgs,
        exit_code,
        failure::{Failure, Outcome},
        inspect, render, session,
    },
    component::{Component, Description, Limits, LoadErrorKind, LoadOptions},
    config::{Config, Overrides},
    http::{
        allow::HostPort,
        download::{self, DownloadOptions},
        proxy::Proxy,
        tls::TlsOptions,
    },
    lock::{Entry, Folder, Origin, is_name},
};

/// Adds a component, once the user has seen what it asks for and said yes.
pub(crate) async fn add(args: AddArgs) -> Outcome {
    let asks = !args.yes;
    let can_ask = std::io::stdin().is_terminal() && std::io::stderr().is_terminal();
    let from = Place::of(&args.component)?;
    if let (Place::Url(_), true, false) = (&from, asks, can_ask) {
        return Err(nobody_to_ask());
    }
    let settings = Settings::of(&args)?;
    let (bytes, origin) = settings.fetch(&from).await?;
    let options = LoadOptions { sha256: args.sha256.clone(), ..LoadOptions::from(&settings.limits) };
    let shown = match &origin {
        Origin::File(from) | Origin::Url(from) => from.clone(),
    };
    let engine = session::engine()?;
    let component = Component::load_bytes(&engine, Path::new(&shown), bytes.clone(), &options).map_err(|error| {
        let other = matches!(error.kind, LoadErrorKind::Digest { .. });
        let failure = Failure::from(error);
        if !other {
            return failure;
        }
        let hint = "it is not the file that you were told of: ask whoever gave you the digest".to_owned();
        Failure { hint: Some(hint), ..failure }
    })?;
    let description = component.describe(&settings.limits).await?;
    let entry = entry(&args, &component, description.as_ref(), origin, &shown)?;
    let folder = folder(&args.of.pipeline);
    let known = folder.lock()?.entry(&entry.name).cloned();
    let is_there = known.as_ref().is_some_and(|known| known.digest == entry.digest) && is_whole(&folder, &entry.name)?;
    if !is_there {
        show(&entry, &shown, known.as_ref(), &component, description.as_ref());
        if asks && !can_ask {
            return Err(nobody_to_ask());
        }
        if asks && !agreed()? {
            return Err(Failure::config("nothing was added", None));
        }
    }
    let path = folder.component(&entry.name);
    folder.add(entry.clone(), &bytes)?;
    let verb = if is_there { "kept" } else { "added" };
    let origins: Vec<String> =
        entry.origins.iter().map(|origin| toml::Value::from(origin.clone()).to_string()).collect();
    render::data(&render::harmless_lines(&format!(
        "{verb} {}\nrun it with these lines under [source] of {}:\ncomponent = \"components/{}.wasm\"\nallow = [{}]\n",
        path.display(),
        args.of.pipeline.display(),
        entry.name,
        origins.join(", ")
    )))?;
    Ok(exit_code::OK)
}

fn is_whole(folder: &Folder, name: &str) -> Result<bool, Failure> {
    Ok(folder.verify()?.iter().any(|found| found.name == name && found.state == crate::lock::State::Whole))
}

/// Where a component is.
enum Place {
    File(String),
    Url(url::Url),
}

impl Place {
    /// An address has a scheme; whatever has none is a file.
    fn of(text: &str) -> Result<Self, Failure> {
        if !text.contains("://") {
            return Ok(Self::File(text.to_owned()));
        }
        let hint = "write it as `https://host/path/name.wasm`".to_owned();
        let url =
            url::Url::parse(text).map_err(|error| Failure::config(format!("this is no URL: {error}"), Some(hint)))?;
        Ok(Self::Url(url))
    }
}

/// What the pipeline file says, if there is one, and the command line.
struct Settings {
    limits: Limits,
    tls: TlsOptions,
    proxy: Option<Proxy>,
    allow_private: Vec<HostPort>,
}

impl Settings {
    fn of(args: &AddArgs) -> Result<Self, Failure> {
        let wrong = |error| Failure::with_code(exit_code::CONFIG, error);
        let pairs = args.allow_private.iter().map(|pair| HostPort::parse(pair)).collect::<Result<_, _>>();
        let pipeline = &args.of.pipeline;
        let config = if pipeline.exists() { Some(Config::load(pipeline, &Overrides::default())?) } else { None };
        let proxy = config.as_ref().and_then(|config| config.proxy.as_deref()).map(Proxy::parse).transpose();
        Ok(Self {
            limits: config.as_ref().map_or_else(Limits::default, |config| session::limits(&config.limits)),
            tls: TlsOptions { ca_file: config.as_ref().and_then(|config| config.ca_file.clone()) },
            proxy: proxy.map_err(|error| Failure::with_code(exit_code::CONFIG, error))?,
            allow_private: pairs.map_err(|error: crate::http::origin::GrantError| wrong(anyhow::Error::new(error)))?,
        })
    }

    /// The bytes of a component, and what is kept of where they came from.
    async fn fetch(&self, from: &Place) -> Result<(Vec<u8>, Origin), Failure> {
        match from {
            Place::File(path) => Ok((read(Path::new(path), self.limits.component)?, Origin::File(path.clone()))),
            Place::Url(url) => {
                let mut limits = self.limits.http();
                limits.response = self.limits.component;
                let options = DownloadOptions {
                    allow_private: self.allow_private.clone(),
                    tls: self.tls.clone(),
                    proxy: self.proxy.clone(),
                    limits,
                    time: self.limits.page_time,
                };
                let bytes = download::download(url, &options).await?;
                Ok((bytes.to_vec(), Origin::Url(download::shown(url))))
            }
        }
    }
}

/// Reads no more than one byte beyond the limit: that is enough to refuse it.
fn read(path: &Path, limit: u64) -> Result<Vec<u8>, Failure> {
    let mut bytes = Vec::new();
    let read = std::fs::File::open(path).and_then(|file| file.take(limit.saturating_add(1)).read_to_end(&mut bytes));
    read.map_err(|error| {
        let error = anyhow::Error::new(error).context(format!("cannot read the component `{}`", path.display()));
        Failure::with_code(exit_code::CONFIG, error)
    })?;
    Ok(bytes)
}

/// What is kept of a component. Its name is one that cannot lead out of the folder.
fn entry(
    args: &AddArgs,
    component: &Component,
    description: Option<&Description>,
    from: Origin,
    shown: &str,
) -> Result<Entry, Failure> {
    let file = shown.rsplit(['/', '\\']).next().unwrap_or_default();
    let own = description.map_or(file.strip_suffix(".wasm").unwrap_or(file), |description| description.name.as_str());
    let name = args.name.as_deref().unwrap_or(own);
    if !is_name(name) {
        let hint = "give it another one with `--name NAME`".to_owned();
        return Err(Failure::config(
            format!("the component calls itself `{}`, which is no name", render::harmless(name)),
            Some(hint),
        ));
    }
    let info = component.info();
    let mut entry = Entry::new(name, &info.digest, &info.wit_package, from);
    entry.version = description.map(|description| description.version.clone());
    entry.origins = description.map(|description| description.origins.clone()).unwrap_or_default();
    Ok(entry)
}

/// Shows what the component is and asks for, and what it takes the place of.
fn show(entry: &Entry, shown: &str, known: Option<&Entry>, component: &Component, description: Option<&Description>) {
    let mut text = format!("from        {shown}\n");
    // Writing to a text cannot fail.
    let _ = inspect::write(&mut text, component.info(), description);
    if let Some(known) = known {
        let version = known.version.as_deref().unwrap_or("of no version");
        let _ = writeln!(text, "it takes the place of `{}` {version}, sha256 {}", known.name, known.sha256());
        for origin in entry.origins.iter().filter(|origin| !known.origins.contains(origin)) {
            let _ = writeln!(text, "note: that one did not ask for {origin}");
        }
    }
    eprint!("{}", render::harmless_lines(&text));
}

/// Waits for a yes.
fn agreed() -> Result<bool, Failure> {
    eprint!("add it? [y/N] ");
    let mut answer = String::new();
    let read = std::io::stdin().lock().take(100).read_line(&mut answer);
    read.map_err(|error| anyhow::Error::new(error).context("cannot read the answer"))?;
    Ok(matches!(answer.trim().to_ascii_lowercase().as_str(), "y" | "yes"))
}

fn nobody_to_ask() -> Failure {
    let hint = "look at it with `sluicegate inspect FILE`, then add it with `--yes`, best with `--sha256` as well";
    Failure::config("there is no terminal to ask on, and nothing was added", Some(hint.to_owned()))
}
