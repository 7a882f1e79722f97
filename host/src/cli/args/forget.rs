//! The command line of `forget`.

use clap::Args;

use super::PipelineArgs;

/// Arguments of `forget`.
#[derive(Debug, Args)]
pub(crate) struct ForgetArgs {
    #[command(flatten)]
    pub(crate) pipeline: PipelineArgs,
    /// The client's identity, or one of a kind, as `visitor:90017/311`; may be repeated
    #[arg(long = "client", value_name = "ID", required = true, value_parser = id)]
    pub(crate) clients: Vec<String>,
    /// Take it back, for a person who returns: what comes of them from now on is loaded again
    #[arg(long)]
    pub(crate) lift: bool,
}

fn id(text: &str) -> Result<String, String> {
    if text.trim().is_empty() { Err("it is empty".to_owned()) } else { Ok(text.trim().to_owned()) }
}
