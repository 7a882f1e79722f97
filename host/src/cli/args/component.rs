//! The command line of `component`.

use std::path::PathBuf;

use clap::{Args, Subcommand};

/// What is done with the components of a pipeline's folder.
#[derive(Debug, Subcommand)]
pub(crate) enum ComponentCommand {
    /// Copy a component into `components/` beside the pipeline file, and its digest into `sluicegate.lock`
    ///
    /// Shows what the component is and what it asks for, and waits for a yes. From then on `run`, `check`, `resources`, `serve`
    /// and `replay` refuse another file in its place. Adding one with the same name replaces it.
    Add(AddArgs),
    /// List the components that were added
    List(ComponentArgs),
    /// Take a component and its entry away
    Remove(RemoveArgs),
    /// Compare each component with its entry; what differs, is missing or was not added ends with status 2
    Verify(ComponentArgs),
}

/// The pipeline that components belong to.
#[derive(Debug, Args)]
pub(crate) struct ComponentArgs {
    /// The pipeline file, whose folder has the components; it need not be there yet
    #[arg(value_name = "PIPELINE", default_value = "sluicegate.toml", env = "SLUICEGATE_PIPELINE")]
    pub(crate) pipeline: PathBuf,
}

/// Arguments of `component add`.
#[derive(Debug, Args)]
pub(crate) struct AddArgs {
    /// The component: a file, or an address that begins with `https://`
    #[arg(value_name = "FILE | URL")]
    pub(crate) component: String,
    #[command(flatten)]
    pub(crate) of: ComponentArgs,
    /// The digest that it must have
    #[arg(long, value_name = "DIGEST", value_parser = digest)]
    pub(crate) sha256: Option<String>,
    /// The name that it gets here [default: the one that it says it has, else the file's]
    #[arg(long, value_name = "NAME", value_parser = name)]
    pub(crate) name: Option<String>,
    /// Add it without asking
    #[arg(short, long, env = "SLUICEGATE_YES")]
    pub(crate) yes: bool,
    /// Let the address be a private or loopback one, and `http://`; may be repeated
    #[arg(long, value_name = "HOST:PORT", env = "SLUICEGATE_ALLOW_PRIVATE", value_delimiter = ',')]
    pub(crate) allow_private: Vec<String>,
}

/// Arguments of `component remove`.
#[derive(Debug, Args)]
pub(crate) struct RemoveArgs {
    /// The name of the component, as `component list` has it
    #[arg(value_name = "NAME", value_parser = name)]
    pub(crate) name: String,
    #[command(flatten)]
    pub(crate) of: ComponentArgs,
}

fn name(text: &str) -> Result<String, String> {
    if crate::lock::is_name(text) {
        return Ok(text.to_owned());
    }
    Err("a name begins with a small letter and goes on with at most 63 small letters, digits, `_` and `-`".to_owned())
}

fn digest(text: &str) -> Result<String, String> {
    let digest = text.trim().trim_start_matches("sha256:").to_ascii_lowercase();
    if crate::lock::is_sha256(&digest) { Ok(digest) } else { Err("it is not 64 hexadecimal digits".to_owned()) }
}
