//! The command line: options and their help, and nothing that acts.

mod component;
mod conformance;
mod forget;
mod inbox;

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

pub(crate) use self::{
    component::{AddArgs, ComponentArgs, ComponentCommand, RemoveArgs},
    conformance::ConformanceArgs,
    forget::ForgetArgs,
    inbox::{InboxCommand, InboxExportArgs, InboxPruneArgs, InboxStatusArgs},
};

/// Load data through sandboxed WebAssembly components into DuckDB
#[derive(Debug, Parser)]
#[command(name = "sluicegate", version, max_term_width = 100, propagate_version = true)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,
    #[command(flatten)]
    pub(crate) global: Global,
}

/// Options of every command.
#[derive(Clone, Debug, Args)]
pub(crate) struct Global {
    /// Say more: -v for what is done, -vv for each request
    #[arg(short, long, global = true, action = clap::ArgAction::Count, help_heading = "Global options")]
    pub(crate) verbose: u8,
    /// Say nothing on stderr but errors
    #[arg(short, long, global = true, conflicts_with = "verbose", help_heading = "Global options")]
    pub(crate) quiet: bool,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Write a pipeline file for a JivoChat channel, with the resources it answers
    ///
    /// Asks the channel for each resource once, writes `sluicegate.toml` with those it answers, the credential apart in
    /// `.dlt/secrets.toml` (mode 0600), and the settings that dlt needs to open the dataset. Overwrites nothing.
    Init(InitArgs),
    /// Load the resources of a pipeline into its destination
    ///
    /// Goes on where the last run stopped. Data goes to the destination, the summary to stdout, everything else to stderr.
    Run(RunArgs),
    /// Check configuration, grants and credentials with one cheap request; write nothing
    Check(PipelineArgs),
    /// List the resources of a pipeline, or of a component without configuration
    Resources(ResourcesArgs),
    /// Show what a component is, and what it asks for
    Inspect(InspectArgs),
    /// Add components to a pipeline's folder, and keep them as they were when they were added
    Component {
        #[command(subcommand)]
        command: ComponentCommand,
    },
    /// Run the rules of the contract against a component
    ///
    /// Without a pipeline file a service inside of this program answers, with settings made of the component's own schema, and
    /// nothing is contacted. With one, its settings, grants, secrets and service are used. Ends with 2 when a rule is broken.
    Conformance(ConformanceArgs),
    /// Run a SQL query on the destination of a pipeline
    Query(QueryArgs),
    /// Receive what a service pushes, and load it
    ///
    /// An event is answered once it is durable in the inbox beside the pipeline file, and loaded with others soon after. With
    /// `[schedule]` the resources of the pipeline are loaded as well, again and again. Ends with Ctrl-C or SIGTERM.
    Serve(ServeArgs),
    /// Print the address that a service pushes events to, or give it a new key
    Hook {
        #[command(subcommand)]
        command: HookCommand,
    },
    /// Show where the resources of a pipeline stopped, or forget it
    State {
        #[command(subcommand)]
        command: StateCommand,
    },
    /// Look after the events that were received
    Inbox {
        #[command(subcommand)]
        command: InboxCommand,
    },
    /// Load events once more, after the component was improved
    ///
    /// Rows take the place of their older selves. Not while `serve` receives into the same inbox.
    Replay(ReplayArgs),
    /// Remove a person from tables, inbox and rejected records, and leave out what comes of them later
    ///
    /// Finds all that is linked to the client, as the component says. What is left of the database is written into a new file,
    /// which needs as much room again, so that no byte of the person stays. Of them only a keyed hash of identities and contacts
    /// is kept. Not while `serve` receives into the same inbox. When it is interrupted, call it again.
    Forget(ForgetArgs),
}

/// What is done with the address of a hook.
#[derive(Debug, Subcommand)]
pub(crate) enum HookCommand {
    /// Print the address; its key is made when there is none
    Url(HookUrlArgs),
    /// Make a new key, and print the new address; the old one ends at once
    Rotate(HookArgs),
}

/// The pipeline that a hook belongs to.
#[derive(Debug, Args)]
pub(crate) struct HookArgs {
    /// The pipeline file
    #[arg(value_name = "PIPELINE", default_value = "sluicegate.toml", env = "SLUICEGATE_PIPELINE")]
    pub(crate) pipeline: PathBuf,
}

/// Arguments of `hook url`.
#[derive(Debug, Args)]
pub(crate) struct HookUrlArgs {
    #[command(flatten)]
    pub(crate) of: HookArgs,
    /// Print the address that messages of clients are posted to, to be passed on to the service
    #[arg(long)]
    pub(crate) relay: bool,
}

/// Arguments of `serve`.
#[derive(Debug, Args)]
pub(crate) struct ServeArgs {
    #[command(flatten)]
    pub(crate) pipeline: PipelineArgs,
    /// The address that events come to [default: the pipeline file's, or 127.0.0.1:8787]
    #[arg(long, value_name = "ADDR", env = "SLUICEGATE_LISTEN")]
    pub(crate) listen: Option<std::net::SocketAddr>,
    /// How the log is written
    #[arg(long, value_name = "FORMAT", value_enum, default_value_t = LogFormat::Text, env = "SLUICEGATE_LOG_FORMAT")]
    pub(crate) log_format: LogFormat,
}

/// How the log is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum LogFormat {
    /// Lines for people
    #[default]
    Text,
    /// A JSON object a line, with the time
    Json,
}

/// Arguments of `replay`.
#[derive(Debug, Args)]
pub(crate) struct ReplayArgs {
    #[command(flatten)]
    pub(crate) pipeline: PipelineArgs,
    /// Load the events of a file that `inbox export` wrote, or of stdin with `-`, instead of those of the inbox
    #[arg(long, value_name = "FILE")]
    pub(crate) from: Option<PathBuf>,
    /// Only events that came since a time, as `2026-01-31T12:00:00Z`, or so long ago, as `2h` [default: all]
    #[arg(long, value_name = "TIME", value_parser = since)]
    pub(crate) since: Option<jiff::Timestamp>,
}

/// What is done with the state of a pipeline.
#[derive(Debug, Subcommand)]
pub(crate) enum StateCommand {
    /// Show where resources stopped, and what they remember
    Show(StateShowArgs),
    /// Forget where resources stopped, so that the next run reads them from their beginning; rows stay
    Reset(StateArgs),
}

/// The resources that `state` is about.
#[derive(Debug, Args)]
pub(crate) struct StateArgs {
    /// Resources [default: all], and the pipeline file, which ends in `.toml` [default: sluicegate.toml]
    #[arg(value_name = "RESOURCE | PIPELINE")]
    pub(crate) names: Vec<String>,
}

/// Arguments of `state show`.
#[derive(Debug, Args)]
pub(crate) struct StateShowArgs {
    #[command(flatten)]
    pub(crate) of: StateArgs,
    /// How it is written
    #[arg(long, value_name = "FORMAT", value_enum, default_value_t = StateFormat::Text, env = "SLUICEGATE_STATE_FORMAT")]
    pub(crate) format: StateFormat,
}

/// How the state is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum StateFormat {
    /// Lines for people
    Text,
    /// A JSON object
    Json,
}

/// Arguments of `init`.
#[derive(Debug, Args)]
pub(crate) struct InitArgs {
    #[arg(
        help = "The channel's URL as JivoChat shows it: https://wh.jivosite.com/<random>/<JIVO_PUBLIC_ID>",
        value_name = "CHANNEL_URL",
        env = "CHANNEL_URL",
        hide_env_values = true
    )]
    pub(crate) channel_url: String,
    /// The folder to write to, made when it is missing
    #[arg(long, value_name = "DIR", default_value = ".", env = "SLUICEGATE_DIR")]
    pub(crate) dir: PathBuf,
    /// The component to copy there [default: the one installed with this program]
    #[arg(long, value_name = "FILE", env = "SLUICEGATE_COMPONENT")]
    pub(crate) component: Option<PathBuf>,
}

/// Where the pipeline file is, and what changes in it.
#[derive(Clone, Debug, Args)]
pub(crate) struct PipelineArgs {
    /// The pipeline file
    #[arg(value_name = "PIPELINE", default_value = "sluicegate.toml", env = "SLUICEGATE_PIPELINE")]
    pub(crate) pipeline: PathBuf,
    #[command(flatten)]
    pub(crate) changes: Changes,
}

/// Options that change the pipeline file's settings.
#[derive(Clone, Debug, Default, Args)]
pub(crate) struct Changes {
    /// Set a key of the component's configuration (`source.config.KEY`); may be repeated
    #[arg(long = "set", value_name = "KEY=VALUE", value_parser = key_value, help_heading = "Settings")]
    pub(crate) set: Vec<(String, String)>,
    /// Grant an origin, `scheme://host[:port]`; may be repeated
    #[arg(long, value_name = "ORIGIN", env = "SLUICEGATE_ALLOW", value_delimiter = ',', help_heading = "Settings")]
    pub(crate) allow: Vec<String>,
    /// Let a granted host be at a private or loopback address; may be repeated
    #[arg(
        long,
        value_name = "HOST:PORT",
        env = "SLUICEGATE_ALLOW_PRIVATE",
        value_delimiter = ',',
        help_heading = "Settings"
    )]
    pub(crate) allow_private: Vec<String>,
}

/// Arguments of `run`.
#[derive(Debug, Args)]
pub(crate) struct RunArgs {
    #[command(flatten)]
    pub(crate) pipeline: PipelineArgs,
    /// Load this resource only; may be repeated [default: those of the pipeline file]
    #[arg(long = "resource", value_name = "NAME", env = "SLUICEGATE_RESOURCE", value_delimiter = ',')]
    pub(crate) resources: Vec<String>,
    /// Forget where the chosen resources stopped, and replace their tables once
    #[arg(long, env = "SLUICEGATE_FULL_REFRESH", conflicts_with = "refresh")]
    pub(crate) full_refresh: bool,
    /// Start anew: forget what is known, and have the new rows take the place of all earlier ones once they are complete
    #[arg(long, value_name = "MODE", value_enum, env = "SLUICEGATE_REFRESH")]
    pub(crate) refresh: Option<RefreshMode>,
    /// The destination, `duckdb:FILE` [default: the pipeline file's]
    #[arg(long, value_name = "URL", env = "SLUICEGATE_DESTINATION")]
    pub(crate) destination: Option<String>,
    /// The dataset [default: the pipeline file's]
    #[arg(long, value_name = "NAME", env = "SLUICEGATE_DATASET")]
    pub(crate) dataset: Option<String>,
    /// Run again and again, each time so long after the last one began, until Ctrl-C or SIGTERM [without DURATION: as
    /// `[schedule]` of the pipeline file says]
    #[arg(
        long,
        value_name = "DURATION",
        env = "SLUICEGATE_EVERY",
        num_args = 0..=1,
        default_missing_value = "",
        conflicts_with_all = ["full_refresh", "refresh"]
    )]
    pub(crate) every: Option<String>,
    /// Write a report of the run as JSON
    #[arg(long, value_name = "FILE", env = "SLUICEGATE_REPORT")]
    pub(crate) report: Option<PathBuf>,
    /// How progress is shown: bars on a terminal and lines elsewhere, lines, or nothing
    #[arg(long, value_name = "KIND", value_enum, default_value_t = ProgressKind::Auto, env = "SLUICEGATE_PROGRESS")]
    pub(crate) progress: ProgressKind,
}

/// What is started anew. The words are dlt's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum RefreshMode {
    /// All tables of the source, those of resources that are not chosen as well
    #[value(name = "drop-sources")]
    Sources,
    /// The tables of the chosen resources
    #[value(name = "drop-resources")]
    Resources,
    /// The rows of the chosen resources; their tables keep their columns
    #[value(name = "drop-data")]
    Data,
}

/// How progress is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum ProgressKind {
    /// Bars on a terminal, lines elsewhere
    Auto,
    /// Lines
    Log,
    /// Nothing
    None,
}

/// Arguments of `resources`.
#[derive(Debug, Args)]
pub(crate) struct ResourcesArgs {
    /// A pipeline file, or a component
    #[arg(value_name = "PIPELINE | COMPONENT", default_value = "sluicegate.toml", env = "SLUICEGATE_PIPELINE")]
    pub(crate) target: PathBuf,
    #[command(flatten)]
    pub(crate) changes: Changes,
}

/// Arguments of `inspect`.
#[derive(Debug, Args)]
pub(crate) struct InspectArgs {
    /// A component, or a pipeline file
    #[arg(value_name = "COMPONENT | PIPELINE")]
    pub(crate) target: PathBuf,
}

/// Arguments of `query`.
#[derive(Debug, Args)]
pub(crate) struct QueryArgs {
    /// The query, after the pipeline file if that is not `sluicegate.toml`
    #[arg(value_name = "[PIPELINE] SQL", required = true, num_args = 1..=2)]
    pub(crate) pipeline_and_sql: Vec<String>,
    /// How the result is written
    #[arg(long, value_name = "FORMAT", value_enum, default_value_t = QueryFormat::Table, env = "SLUICEGATE_FORMAT")]
    pub(crate) format: QueryFormat,
}

/// How the result of a query is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum QueryFormat {
    /// A table for people
    Table,
    /// Comma-separated values with a header
    Csv,
    /// A JSON array of objects
    Json,
}

fn key_value(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((key, value)) if !key.is_empty() => Ok((key.to_owned(), value.to_owned())),
        _ => Err(format!("`{text}` is not of the form KEY=VALUE")),
    }
}

/// A point in time: told as such, or by how long ago it was.
fn since(text: &str) -> Result<jiff::Timestamp, String> {
    if let Ok(time) = text.parse::<jiff::Timestamp>() {
        return Ok(time);
    }
    let ago = humantime::parse_duration(text).ok().and_then(|ago| jiff::SignedDuration::try_from(ago).ok());
    let time = ago.and_then(|ago| jiff::Timestamp::now().checked_sub(ago).ok());
    time.ok_or_else(|| {
        format!("`{text}` is no time; write one as `2026-01-31T12:00:00Z`, or how long ago it was, as `2h`")
    })
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn a_time_is_a_point_or_an_age() {
        assert_eq!(since("2026-01-31T12:00:00Z").unwrap().to_string(), "2026-01-31T12:00:00Z");
        assert!(since("2h").unwrap() < jiff::Timestamp::now());
        assert!(since("yesterday").is_err() && since("").is_err());
    }

    #[test]
    fn a_setting_needs_a_key() {
        assert_eq!(key_value("a=b=c"), Ok(("a".into(), "b=c".into())));
        assert!(key_value("=b").is_err() && key_value("a").is_err());
    }
}
