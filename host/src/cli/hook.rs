//! `hook`: the address that a service pushes events to.

use super::{
    args::HookArgs,
    exit_code,
    failure::{Failure, Outcome},
    render,
};
use crate::{
    config::{Config, Overrides},
    serve::HookKey,
};

/// The folder beside the pipeline file that is this program's own.
pub(crate) fn own_folder(config: &Config) -> std::path::PathBuf {
    config.dir.join(".sluicegate")
}

/// Prints the address, and makes its key when there is none.
pub(crate) fn url(args: &HookArgs) -> Outcome {
    let config = Config::load(&args.pipeline, &Overrides::default())?;
    show(&config, &HookKey::open(&own_folder(&config))?)
}

/// Gives the hook a new key, and prints the address.
pub(crate) fn rotate(args: &HookArgs) -> Outcome {
    let config = Config::load(&args.pipeline, &Overrides::default())?;
    show(&config, &HookKey::rotate(&own_folder(&config))?)
}

fn show(config: &Config, key: &HookKey) -> Result<u8, Failure> {
    let scheme = if config.serve.tls.is_some() { "https" } else { "http" };
    let base = config.serve.public_base.clone().unwrap_or_else(|| format!("{scheme}://{}", config.serve.listen));
    render::data(&format!("{base}{}\n", key.path()))?;
    Ok(exit_code::OK)
}
