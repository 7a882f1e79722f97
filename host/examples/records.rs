//! Prints the records of a resource, a JSON text a line. Needs no database: `cargo run -p sluicegate --no-default-features
//! --example records -- jivochat.wasm ORIGIN RESOURCE`, with the settings and the secret that the component wants below.

use std::{error::Error, io::Write as _, pin::pin};

use futures_util::TryStreamExt as _;
use sluicegate::{embed::Embedded, secret::Secret};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut args = std::env::args().skip(1);
    let (Some(component), Some(origin), Some(resource)) = (args.next(), args.next(), args.next()) else {
        return Err("usage: records COMPONENT ORIGIN RESOURCE, the secret on stdin".into());
    };
    let secret = std::io::read_to_string(std::io::stdin())?;
    let source = Embedded::open(component)
        .set("base_url", origin.as_str())
        .set("random", "rnd")
        .secret("jivo_public_id", Secret::new(secret.trim()))
        .allow(origin.as_str())
        .allow_private(origin.trim_start_matches("http://"))
        .build()?;
    if source.resources().await?.iter().all(|spec| spec.name.as_str() != resource) {
        return Err(format!("the component lists no resource `{resource}`").into());
    }
    let mut pages = pin!(source.pages(&resource)?);
    let mut stdout = std::io::stdout().lock();
    while let Some(page) = pages.try_next().await? {
        for record in page.lines() {
            stdout.write_all(record)?;
            stdout.write_all(b"\n")?;
        }
    }
    Ok(())
}
