//! `inspect`: what a component is, and what it asks for.

use std::fmt::Write as _;

use super::{args::InspectArgs, exit_code, failure::Outcome, render, session};
use crate::component::{ComponentInfo, Description, Limits};

/// Prints digest, size, WIT package, imports, exports and the origins asked for.
pub(crate) async fn inspect(args: &InspectArgs) -> Outcome {
    let component = session::load_component(&args.component, None, &Limits::default())?;
    let description = component.describe(&Limits::default()).await?;
    let mut text = format!("file        {}\n", args.component.display());
    // Writing to a text cannot fail.
    let _ = write(&mut text, component.info(), description.as_ref());
    render::data(&text)?;
    Ok(exit_code::OK)
}

fn write(text: &mut String, info: &ComponentInfo, description: Option<&Description>) -> std::fmt::Result {
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
    }
    if info.wants_sockets {
        writeln!(text, "note: it imports `wasi:sockets`; every call of it is denied")?;
    }
    Ok(())
}

fn list(text: &mut String, title: &str, items: &[String]) -> std::fmt::Result {
    writeln!(text, "{title}")?;
    items.iter().try_for_each(|item| writeln!(text, "  {item}"))
}
