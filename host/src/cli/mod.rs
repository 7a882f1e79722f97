//! The command line. The one place that prints, reads the environment and ends the process.
//!
//! [`main`] parses the arguments, calls a command, prints what failed and returns the exit status. Data goes to stdout,
//! everything else to stderr.
#![expect(clippy::print_stderr, reason = "printing is this module's task")]

mod args;
mod check;
mod component;
mod conformance;
mod every;
mod exit_code;
mod failure;
mod forget;
mod hook;
mod inbox;
mod incremental;
mod init;
mod inspect;
mod log;
mod plan;
mod privacy;
mod progress;
mod query;
mod receiver;
mod refresh;
mod render;
mod replay;
mod resources;
mod retention;
mod run;
mod serve;
mod session;
mod signals;
mod state;

use std::process::ExitCode;

use clap::Parser;

use self::{
    args::{Cli, Command, ComponentCommand, HookCommand, InboxCommand, StateCommand},
    failure::{Failure, Outcome},
};

/// Runs the program with the process's arguments.
pub fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            // A reader that went away, as `| head` does, is no failure worth a word.
            let _ = error.print();
            return ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(exit_code::CONFIG));
        }
    };
    log::start(&cli);
    match dispatch(cli) {
        Ok(code) => ExitCode::from(code),
        Err(failure) => {
            render::failure(&failure);
            ExitCode::from(failure.code)
        }
    }
}

fn dispatch(cli: Cli) -> Outcome {
    arm_fault()?;
    let quiet = cli.global.quiet;
    // A server has many clients at once; all else has one thing to do.
    let mut builder = match cli.command {
        Command::Serve(_) => tokio::runtime::Builder::new_multi_thread(),
        _ => tokio::runtime::Builder::new_current_thread(),
    };
    let runtime = builder
        .enable_all()
        .build()
        .map_err(|error| anyhow::Error::new(error).context("cannot start the asynchronous runtime"))?;
    let outcome = runtime.block_on(async {
        signals::let_long_files_fail();
        match cli.command {
            Command::Init(args) => init::init(args, quiet).await,
            Command::Run(args) => run::run(args, quiet).await,
            Command::Check(args) => check::check(args).await,
            Command::Resources(args) => resources::resources(args).await,
            Command::Inspect(args) => inspect::inspect(&args).await,
            Command::Component { command: ComponentCommand::Add(args) } => component::add::add(args).await,
            Command::Component { command: ComponentCommand::List(args) } => component::list(&args),
            Command::Component { command: ComponentCommand::Remove(args) } => component::remove(&args),
            Command::Component { command: ComponentCommand::Verify(args) } => component::verify(&args),
            Command::Conformance(args) => conformance::conformance(args).await,
            Command::Query(args) => query::query(&args),
            Command::State { command: StateCommand::Show(args) } => state::show(&args).await,
            Command::State { command: StateCommand::Reset(args) } => state::reset(&args).await,
            Command::Serve(args) => serve::serve(args, quiet).await,
            Command::Hook { command: HookCommand::Url(args) } => hook::url(&args),
            Command::Hook { command: HookCommand::Rotate(args) } => hook::rotate(&args),
            Command::Inbox { command: InboxCommand::Status(args) } => inbox::status(&args),
            Command::Inbox { command: InboxCommand::Export(args) } => inbox::export(&args),
            Command::Inbox { command: InboxCommand::Prune(args) } => inbox::prune(&args),
            Command::Replay(args) => replay::replay(args).await,
            Command::Forget(args) => forget::forget(&args).await,
        }
    });
    // A look-up of a name that hangs must not hold up the end of the program.
    runtime.shutdown_background();
    outcome
}

/// Lets a test say where this process shall be killed.
#[cfg(debug_assertions)]
fn arm_fault() -> Result<(), Failure> {
    let Some(told) = environment("SLUICEGATE_FAULT") else { return Ok(()) };
    crate::fault::arm(&told).map_err(|error| Failure::with_code(exit_code::CONFIG, error))
}

/// A release cannot be told to kill itself.
#[cfg(not(debug_assertions))]
fn arm_fault() -> Result<(), Failure> {
    Ok(())
}

/// A variable of the environment.
#[expect(clippy::disallowed_methods, reason = "the environment is read here and handed on")]
fn environment(name: &str) -> Option<String> {
    std::env::var(name).ok()
}
