//! The command line of `conformance`.

use std::path::PathBuf;

use clap::Args;

use super::{Changes, StateFormat};

/// Arguments of `conformance`.
#[derive(Debug, Args)]
pub(crate) struct ConformanceArgs {
    /// The component
    #[arg(value_name = "COMPONENT")]
    pub(crate) component: PathBuf,
    /// A pipeline file, whose service is asked in place of the one inside of this program
    #[arg(value_name = "PIPELINE")]
    pub(crate) pipeline: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) changes: Changes,
    /// How it is written
    #[arg(long, value_name = "FORMAT", value_enum, default_value_t = StateFormat::Text, env = "SLUICEGATE_CONFORMANCE_FORMAT")]
    pub(crate) format: StateFormat,
}
