//! The command line of `inbox`.

use clap::{Args, Subcommand};

use super::{HookArgs, StateFormat, since};

/// What is done with the events that were received.
#[derive(Debug, Subcommand)]
pub(crate) enum InboxCommand {
    /// Show how many events wait, and what is kept
    Status(InboxStatusArgs),
    /// Write the events to stdout, a JSON object a line
    Export(InboxExportArgs),
    /// Remove events that are loaded and older than the retention
    Prune(InboxPruneArgs),
}

/// Arguments of `inbox status`.
#[derive(Debug, Args)]
pub(crate) struct InboxStatusArgs {
    #[command(flatten)]
    pub(crate) of: HookArgs,
    /// How it is written
    #[arg(long, value_name = "FORMAT", value_enum, default_value_t = StateFormat::Text, env = "SLUICEGATE_INBOX_FORMAT")]
    pub(crate) format: StateFormat,
}

/// Arguments of `inbox export`.
#[derive(Debug, Args)]
pub(crate) struct InboxExportArgs {
    #[command(flatten)]
    pub(crate) of: HookArgs,
    /// Only events that came since a time, as `2026-01-31T12:00:00Z`, or so long ago, as `2h` [default: all]
    #[arg(long, value_name = "TIME", value_parser = since)]
    pub(crate) since: Option<jiff::Timestamp>,
}

/// Arguments of `inbox prune`.
#[derive(Debug, Args)]
pub(crate) struct InboxPruneArgs {
    #[command(flatten)]
    pub(crate) of: HookArgs,
    /// Remove what came so long ago, as `7d`, instead of what is older than `retention` of the pipeline file
    #[arg(long, value_name = "DURATION", value_parser = crate::config::units::duration)]
    pub(crate) older_than: Option<std::time::Duration>,
}
