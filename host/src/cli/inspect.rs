//! `inspect`: what a component is, and what it asks for.

use super::{args::InspectArgs, exit_code, failure::Outcome, session};
use crate::component::Limits;

/// Prints digest, size, WIT package, imports, exports and the origins asked for.
pub(crate) async fn inspect(args: &InspectArgs) -> Outcome {
    let component = session::load_component(&args.component, None, &Limits::default())?;
    let info = component.info();
    let description = component.describe(&Limits::default()).await?;
    println!("file        {}", args.component.display());
    println!("sha256      {}", info.digest);
    println!("size        {} bytes", info.size_bytes);
    println!("wit         {}", info.wit_package);
    if let Some(description) = &description {
        println!("name        {} {}", description.name, description.version);
        if let Some(url) = &description.documentation_url {
            println!("about       {url}");
        }
    }
    list("imports", &info.imports);
    list("exports", &info.exports);
    if let Some(description) = &description {
        list("origins asked for (none is granted by asking)", &description.origins);
    }
    if info.wants_sockets {
        println!("note: it imports `wasi:sockets`; every call of it is denied");
    }
    Ok(exit_code::OK)
}

fn list(title: &str, items: &[String]) {
    println!("{title}");
    for item in items {
        println!("  {item}");
    }
}
