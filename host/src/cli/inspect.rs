//! `inspect`: what a component is, what it asks for, and what a pipeline grants it.

use std::{fmt::Write as _, path::Path};

use super::{args::InspectArgs, exit_code, failure::Outcome, render, session};
use crate::{
    component::{ComponentInfo, Description, Limits},
    config::{Config, Overrides, SecretBinding},
};

/// Prints digest, size, WIT package, imports, exports, the origins and secrets asked for, and what is granted.
pub(crate) async fn inspect(args: &InspectArgs) -> Outcome {
    let named = args.target.extension().is_some_and(|extension| extension == "toml");
    let pipeline =
        if named { Some(Config::load(&args.target, &Overrides::default())?) } else { pipeline_of(&args.target) };
    let file = pipeline.as_ref().filter(|_| named).map_or(&args.target, |pipeline| &pipeline.component);
    let limits = pipeline.as_ref().map_or_else(Limits::default, |pipeline| session::limits(&pipeline.limits));
    let component = session::load_component(file, None, &limits)?;
    let description = component.describe(&limits).await?;
    let mut text = format!("file        {}\n", file.display());
    // Writing to a text cannot fail.
    let _ = write(&mut text, component.info(), description.as_ref());
    if let Some(pipeline) = &pipeline {
        let _ = write_grants(&mut text, pipeline, description.as_ref());
    }
    render::data(&text)?;
    if let Some(pipeline) = &pipeline {
        session::tell_exposed(&pipeline.secret_bindings(), &pipeline.file);
    }
    Ok(exit_code::OK)
}

/// The pipeline file of this folder, when it is one for this component.
fn pipeline_of(component: &Path) -> Option<Config> {
    let pipeline = Config::load(Path::new("sluicegate.toml"), &Overrides::default()).ok()?;
    let same = pipeline.component.canonicalize().ok()? == component.canonicalize().ok()?;
    same.then_some(pipeline)
}

/// Writes what a component is and asks for.
pub(crate) fn write(text: &mut String, info: &ComponentInfo, description: Option<&Description>) -> std::fmt::Result {
    writeln!(text, "sha256      {}", info.digest)?;
    writeln!(text, "size        {} bytes", info.size_bytes)?;
    writeln!(text, "wit         {}", info.wit_package)?;
    if let Some(description) = description {
        writeln!(text, "name        {} {}", description.name, description.version)?;
        if let Some(url) = &description.documentation_url {
            writeln!(text, "about       {url}")?;
        }
    }
    list(text, "imports", &info.imports)?;
    list(text, "exports", &info.exports)?;
    if let Some(description) = description {
        list(text, "origins asked for (none is granted by asking)", &description.origins)?;
        let secrets = session::marked_secrets(Some(description)).into_iter();
        let secrets = secrets.map(|(key, required)| if required { key } else { format!("{key} (optional)") });
        list(text, "secrets asked for (it gets tokens in their place)", &secrets.collect::<Vec<_>>())?;
    }
    if info.wants_sockets {
        writeln!(text, "note: it imports `wasi:sockets`; every call of it is denied")?;
    }
    Ok(())
}

/// What a pipeline lends the component.
fn write_grants(text: &mut String, pipeline: &Config, description: Option<&Description>) -> std::fmt::Result {
    list(text, &format!("origins granted by `{}`", pipeline.file.display()), &pipeline.allow)?;
    if !pipeline.allow_private.is_empty() {
        list(text, "private addresses granted", &pipeline.allow_private)?;
    }
    let mut bindings = pipeline.secret_bindings();
    for (key, _) in session::marked_secrets(description) {
        if bindings.iter().all(|binding| binding.key != key) {
            bindings.push(SecretBinding { key, origins: None, exposed: false });
        }
    }
    let first: Vec<String> = pipeline.allow.first().cloned().into_iter().collect();
    let secrets = bindings.into_iter().map(|SecretBinding { key, origins, exposed }| {
        let origins = origins.unwrap_or_else(|| first.clone());
        let origins = if origins.is_empty() { "no origin".to_owned() } else { origins.join(", ") };
        let how = if exposed { "EXPOSED: the component is given the value itself" } else { "a token" };
        format!("{key}: {how}; the host puts the value into requests to {origins}")
    });
    list(text, "secrets", &secrets.collect::<Vec<_>>())
}

fn list(text: &mut String, title: &str, items: &[String]) -> std::fmt::Result {
    writeln!(text, "{title}")?;
    if items.is_empty() {
        writeln!(text, "  none")?;
    }
    items.iter().try_for_each(|item| writeln!(text, "  {item}"))
}
