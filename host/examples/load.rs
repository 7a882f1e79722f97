//! Loads resources into a DuckDB file: `load COMPONENT ORIGIN FILE [RESOURCE]...`, the secret on stdin.

use std::{error::Error, io::Write as _};

use sluicegate::{
    embed::{Embedded, LoadInto},
    secret::Secret,
};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut args = std::env::args().skip(1);
    let (Some(component), Some(origin), Some(file)) = (args.next(), args.next(), args.next()) else {
        return Err("usage: load COMPONENT ORIGIN FILE [RESOURCE]..., the secret on stdin".into());
    };
    let resources: Vec<String> = args.collect();
    let resources: Vec<&str> = resources.iter().map(String::as_str).collect();
    let secret = std::io::read_to_string(std::io::stdin())?;
    let source = Embedded::open(component)
        .set("base_url", origin.as_str())
        .set("random", "rnd")
        .secret("jivo_public_id", Secret::new(secret.trim()))
        .allow(origin.as_str())
        .allow_private(origin.trim_start_matches("http://"))
        .build()?;
    let loaded = source.load_into(&LoadInto::new(file, "jivochat_data"), &resources).await?;
    for resource in &loaded.report.resources {
        let error = resource.error.as_ref().map(|error| format!(": {}", error.message)).unwrap_or_default();
        writeln!(std::io::stdout(), "{}: {} records{error}", resource.name, resource.records)?;
    }
    match loaded.loader_error {
        Some(error) => Err(error.into()),
        None => Ok(()),
    }
}
