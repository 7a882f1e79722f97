//! The JivoChat stand-in as a program: serves invented chats on loopback, alone or around a command.

use std::io::{self, Write as _};
use std::process::{Command, ExitCode, ExitStatus};

use acceptance::fake_jivo::{Contract, FakeJivo, Options, Paging};
use anyhow::Context as _;
use clap::Parser;

/// A stand-in for JivoChat on 127.0.0.1 that serves invented chats
#[derive(Debug, Parser)]
#[command(name = "jivochat-standin", version)]
struct Args {
    /// Whose description of the service to serve
    #[arg(long, value_enum, default_value_t)]
    contract: Contract,
    /// Port to listen on; 0 takes a free one
    #[arg(long, default_value_t = 0)]
    port: u16,
    /// First segment of the channel URL's path
    #[arg(long, default_value_t = Options::default().random)]
    random: String,
    /// Second segment of the channel URL's path, the credential
    #[arg(long, value_name = "ID", default_value_t = Options::default().public_id)]
    public_id: String,
    /// Number of inbound messages
    #[arg(long, value_name = "N", default_value_t = Options::default().inbound)]
    inbound: u64,
    /// Number of outbound messages
    #[arg(long, value_name = "N", default_value_t = Options::default().outbound)]
    outbound: u64,
    /// Messages per page where a request names no limit
    #[arg(long, value_name = "N", default_value_t = Options::default().page_size, value_parser = clap::value_parser!(u64).range(1..))]
    page_size: u64,
    /// How an answer says where the next page is
    #[arg(long, value_enum, default_value_t)]
    paging: Paging,
    /// Number of the first page with page-number paging
    #[arg(long, value_name = "N", default_value_t = 0)]
    first_page: u64,
    /// Body of the status answer
    #[arg(long, value_name = "TEXT", default_value_t = Options::default().status)]
    status: String,
    /// Serve HTTPS with a self-signed certificate
    #[arg(long)]
    tls: bool,
    /// Run the command after `--` with `CHANNEL_URL` in its environment, and end with it
    #[arg(long, requires = "command")]
    exec: bool,
    /// The command and its arguments
    #[arg(last = true, requires = "exec", value_name = "CMD")]
    command: Vec<String>,
}

fn main() -> anyhow::Result<ExitCode> {
    let args = Args::parse();
    let server = FakeJivo::start(Options {
        contract: args.contract,
        port: args.port,
        random: args.random,
        public_id: args.public_id,
        inbound: args.inbound,
        outbound: args.outbound,
        page_size: args.page_size,
        paging: args.paging,
        first_page: args.first_page,
        status: args.status,
        tls: args.tls,
    })
    .with_context(|| format!("could not listen on 127.0.0.1:{}", args.port))?;

    let [program, arguments @ ..] = args.command.as_slice() else {
        // The reader of the URL may close the pipe; the server is wanted all the same.
        let _ = writeln!(io::stdout(), "{}", server.channel_url());
        server.wait()?;
        return Ok(ExitCode::SUCCESS);
    };
    let status = run(program, arguments, &server)?;
    Ok(exit_code(status))
}

/// Runs the command to its end. Ctrl-C goes to the command alone, which may want to finish something it fetches here.
fn run(program: &str, arguments: &[String], server: &FakeJivo) -> anyhow::Result<ExitStatus> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let _interrupt = {
        let _entered = runtime.enter();
        tokio::signal::unix::signal(tokio::signal::unix::SignalKind::interrupt())?
    };
    let mut command = Command::new(program);
    command.args(arguments).env("CHANNEL_URL", server.channel_url());
    command.status().with_context(|| format!("could not run `{program}`"))
}

/// The command's own status; 128 and the signal's number when a signal ended it, as shells say it.
fn exit_code(status: ExitStatus) -> ExitCode {
    use std::os::unix::process::ExitStatusExt as _;
    let code = status.code().or_else(|| status.signal().map(|signal| 128 + signal));
    code.and_then(|code| u8::try_from(code).ok()).map_or(ExitCode::FAILURE, ExitCode::from)
}
