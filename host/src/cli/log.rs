//! What is logged goes to stderr in the form of all other messages: `warning: …`.

use std::fmt;

use tracing::{Event, Level, Subscriber};
use tracing_subscriber::{
    EnvFilter,
    fmt::{FmtContext, FormatEvent, FormatFields, format::Writer},
    registry::LookupSpan,
};

use super::args::{Cli, Command, LogFormat};

/// Starts the log: warnings, with `-v` what is done, with `-vv` each request. Only this program's own events are shown,
/// for those of its libraries could hold what was filled in for a secret.
///
/// What a server does is its output, so it is told without `-v`, in the format that is asked for.
pub(crate) fn start(cli: &Cli) {
    let (level, serve) = match (cli.global.quiet, cli.global.verbose) {
        (true, _) => ("error", "error"),
        (false, 0) => ("warn", "info"),
        (false, 1) => ("info", "info"),
        (false, _) => ("trace", "trace"),
    };
    let filter = EnvFilter::new(format!("off,sluicegate={level},sluicegate::serve={serve}"));
    let log = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    match &cli.command {
        Command::Serve(args) if args.log_format == LogFormat::Json => log.json().flatten_event(true).init(),
        _ => log.event_format(Lines).init(),
    }
}

/// A line per event: its level, its message, its fields.
struct Lines;

impl<S, N> FormatEvent<S, N> for Lines
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
{
    fn format_event(&self, context: &FmtContext<'_, S, N>, mut writer: Writer<'_>, event: &Event<'_>) -> fmt::Result {
        let level = match *event.metadata().level() {
            Level::ERROR => "error",
            Level::WARN => "warning",
            Level::INFO => "info",
            Level::DEBUG => "debug",
            Level::TRACE => "trace",
        };
        write!(writer, "{level}: ")?;
        context.field_format().format_fields(writer.by_ref(), event)?;
        writeln!(writer)
    }
}
