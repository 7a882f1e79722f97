//! What a component is lent: the interfaces that it imports, and only those.

use wasmtime::{
    Result,
    component::{HasData, Linker, ResourceTable},
};
use wasmtime_wasi::{
    WasiView,
    cli::{WasiCli, WasiCliView},
    clocks::{WasiClocks, WasiClocksView},
    filesystem::{WasiFilesystem, WasiFilesystemView},
    p2::bindings::{cli, clocks, filesystem, io, random, sockets},
    random::WasiRandom,
    sockets::{WasiSockets, WasiSocketsView},
};

use crate::component::{inspect::ComponentInfo, state::State};

struct Io;

impl HasData for Io {
    type Data<'a> = &'a mut ResourceTable;
}

/// Fills a linker for a component. Which interfaces may be imported at all was judged before, in
/// [`inspect`](super::inspect); a package that is not imported is not there.
pub(super) fn link(linker: &mut Linker<State>, info: &ComponentInfo) -> Result<()> {
    let imports = |package: &str| info.imports.iter().any(|name| name.starts_with(package));
    let l = linker;
    // The types of all other packages build on these.
    io::error::add_to_linker::<State, Io>(l, |state| state.ctx().table)?;
    io::poll::add_to_linker::<State, Io>(l, |state| state.ctx().table)?;
    io::streams::add_to_linker::<State, Io>(l, |state| state.ctx().table)?;
    if imports("wasi:http/") {
        wasmtime_wasi_http::p2::add_only_http_to_linker_async(l)?;
    }
    if imports("wasi:clocks/") {
        clocks::wall_clock::add_to_linker::<State, WasiClocks>(l, State::clocks)?;
        clocks::monotonic_clock::add_to_linker::<State, WasiClocks>(l, State::clocks)?;
    }
    if imports("wasi:random/") {
        random::random::add_to_linker::<State, WasiRandom>(l, |state| state.ctx().ctx.random())?;
        random::insecure::add_to_linker::<State, WasiRandom>(l, |state| state.ctx().ctx.random())?;
        random::insecure_seed::add_to_linker::<State, WasiRandom>(l, |state| state.ctx().ctx.random())?;
    }
    if imports("wasi:cli/") {
        link_cli(l)?;
    }
    // No folder is opened to a component, so there is nothing that these could reach.
    if imports("wasi:filesystem/") {
        filesystem::types::add_to_linker::<State, WasiFilesystem>(l, State::filesystem)?;
        filesystem::preopens::add_to_linker::<State, WasiFilesystem>(l, State::filesystem)?;
    }
    if imports("wasi:sockets/") {
        link_sockets(l)?;
    }
    Ok(())
}

/// No arguments, no variables, no terminal; what is written goes to the log.
fn link_cli(l: &mut Linker<State>) -> Result<()> {
    cli::environment::add_to_linker::<State, WasiCli>(l, State::cli)?;
    cli::exit::add_to_linker::<State, WasiCli>(l, State::cli)?;
    cli::stdin::add_to_linker::<State, WasiCli>(l, State::cli)?;
    cli::stdout::add_to_linker::<State, WasiCli>(l, State::cli)?;
    cli::stderr::add_to_linker::<State, WasiCli>(l, State::cli)?;
    cli::terminal_input::add_to_linker::<State, WasiCli>(l, State::cli)?;
    cli::terminal_output::add_to_linker::<State, WasiCli>(l, State::cli)?;
    cli::terminal_stdin::add_to_linker::<State, WasiCli>(l, State::cli)?;
    cli::terminal_stdout::add_to_linker::<State, WasiCli>(l, State::cli)?;
    cli::terminal_stderr::add_to_linker::<State, WasiCli>(l, State::cli)
}

/// Stubs: the context of a call allows neither TCP nor UDP nor looking names up.
fn link_sockets(l: &mut Linker<State>) -> Result<()> {
    let options = sockets::network::LinkOptions::default();
    sockets::network::add_to_linker::<State, WasiSockets>(l, &options, State::sockets)?;
    sockets::instance_network::add_to_linker::<State, WasiSockets>(l, State::sockets)?;
    sockets::tcp::add_to_linker::<State, WasiSockets>(l, State::sockets)?;
    sockets::tcp_create_socket::add_to_linker::<State, WasiSockets>(l, State::sockets)?;
    sockets::udp::add_to_linker::<State, WasiSockets>(l, State::sockets)?;
    sockets::udp_create_socket::add_to_linker::<State, WasiSockets>(l, State::sockets)?;
    sockets::ip_name_lookup::add_to_linker::<State, WasiSockets>(l, State::sockets)
}
