//! `hook`: the addresses that a service pushes events to, and that messages to it are sent to.

use super::{
    args::{HookArgs, HookUrlArgs},
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
pub(crate) fn url(args: &HookUrlArgs) -> Outcome {
    let config = Config::load(&args.of.pipeline, &Overrides::default())?;
    let key = HookKey::open(&own_folder(&config))?;
    show(&config, &if args.relay { key.relay_path() } else { key.path() })
}

/// Gives the hook a new key, and prints the address.
pub(crate) fn rotate(args: &HookArgs) -> Outcome {
    let config = Config::load(&args.pipeline, &Overrides::default())?;
    show(&config, &HookKey::rotate(&own_folder(&config))?.path())
}

fn show(config: &Config, path: &str) -> Result<u8, Failure> {
    let scheme = if config.serve.tls.is_some() { "https" } else { "http" };
    let base = config.serve.public_base.clone().unwrap_or_else(|| format!("{scheme}://{}", config.serve.listen));
    render::data(&format!("{base}{path}\n"))?;
    Ok(exit_code::OK)
}
