//! `sluicegate serve` in the folder of a project, and a client that posts to it.

use std::cell::RefCell;
use std::io::{self, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use rustix::process::Signal;

use crate::cli::{Cli, Output, Running};
use crate::places;
use crate::project::Project;

/// A receiver that runs. It is killed when it is dropped before its end.
#[derive(Debug)]
pub struct Receiver {
    running: RefCell<Running>,
    client: Client,
    admin: Option<SocketAddr>,
}

/// One who posts events to a receiver.
#[derive(Clone, Debug)]
pub struct Client {
    address: SocketAddr,
    path: String,
}

impl Receiver {
    /// Starts it on an address of the system's choice, and waits until it listens.
    #[track_caller]
    pub fn start(project: &Project) -> Self {
        Self::start_with(project, &[])
    }

    /// As [`Receiver::start`], with further options.
    #[track_caller]
    pub fn start_with(project: &Project, options: &[&str]) -> Self {
        Self::spawn(project, command(project).args(options)).unwrap_or_else(|output| panic!("{}", output.transcript()))
    }

    /// As [`Receiver::start`], with a fault point at which it kills itself. An error when it came to that before it listened.
    pub fn start_to_fail(project: &Project, fault: &str) -> Result<Self, Output> {
        Self::spawn(project, command(project).env("SLUICEGATE_FAULT", fault))
    }

    /// As [`Receiver::start`], unable to make a file longer than some kibibytes: what a full disk does to it, without one.
    #[track_caller]
    pub fn start_limited(project: &Project, kibibytes: u64) -> Self {
        let script = format!("ulimit -f {} && exec \"$0\" serve --listen 127.0.0.1:0", kibibytes * 2);
        let cli = Cli::new("sh", project.dir()).args(["-c", &script]).arg(places::sluicegate());
        let cli = cli.env("XDG_CACHE_HOME", places::lasting("cache"));
        Self::spawn(project, cli).unwrap_or_else(|output| panic!("{}", output.transcript()))
    }

    fn spawn(project: &Project, command: Cli) -> Result<Self, Output> {
        let url = project.cli().args(["hook", "url"]).run();
        url.code(0);
        let path = url.stdout.find("/hook/").map(|at| url.stdout[at..].trim().to_owned()).unwrap();
        let mut running = command.timeout(Duration::from_mins(5)).spawn();
        let told = |running: &Running, before: &str| -> Option<SocketAddr> {
            let said = running.stderr();
            let line = said.lines().find_map(|line| line.split_once(before))?.1.to_owned();
            // A line that is not there whole may lack digits.
            let whole = said.ends_with('\n') || !said.ends_with(&line);
            let address = line.split_once("://")?.1.split(';').next()?.parse().ok();
            address.filter(|_| whole)
        };
        let address = loop {
            if running.is_over() {
                return Err(running.wait());
            }
            if let Some(address) = told(&running, "receiving on ") {
                break address;
            }
            std::thread::sleep(Duration::from_millis(2));
        };
        let has_admin = std::fs::read_to_string(project.path("sluicegate.toml")).unwrap().contains("admin = ");
        let mut admin = None;
        while has_admin && admin.is_none() {
            admin = told(&running, "readiness and metrics on ");
            std::thread::sleep(Duration::from_millis(2));
        }
        Ok(Self { running: RefCell::new(running), client: Client { address, path }, admin })
    }

    /// Where events come to.
    pub fn address(&self) -> SocketAddr {
        self.client.address
    }

    /// One who posts to it, from any thread.
    pub fn client(&self) -> Client {
        self.client.clone()
    }

    /// Where readiness and metrics are.
    pub fn admin(&self) -> SocketAddr {
        self.admin.unwrap_or(self.client.address)
    }

    /// One who posts messages to its relay; `more` stands behind the address.
    pub fn relay(&self, more: &str) -> Client {
        self.client.relay(more)
    }

    /// The path of the hook.
    pub fn path(&self) -> String {
        self.client.path.clone()
    }

    /// Posts an event as JSON. The answer is its status and its body.
    #[track_caller]
    pub fn post(&self, body: &str) -> (u16, String) {
        let (status, answer) = self.post_raw(body);
        (status, answer.split_once("\r\n\r\n").unwrap().1.to_owned())
    }

    /// Posts an event as JSON. The answer is its status, and all of it as text.
    #[track_caller]
    pub fn post_raw(&self, body: &str) -> (u16, String) {
        self.try_post(body).unwrap_or_else(|error| panic!("{error}\n{}", self.running.borrow().stderr()))
    }

    /// As [`Receiver::post_raw`], of a receiver that may be killed meanwhile.
    ///
    /// # Errors
    /// When no whole answer came.
    pub fn try_post(&self, body: &str) -> io::Result<(u16, String)> {
        self.client.try_post(body)
    }

    /// Asks for health, readiness or metrics. The answer is its status and its body.
    #[track_caller]
    pub fn get(&self, path: &str) -> (u16, String) {
        let address = self.admin();
        let request = format!("GET {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n");
        let (status, answer) = exchange(address, &request).unwrap();
        (status, answer.split_once("\r\n\r\n").unwrap().1.to_owned())
    }

    /// A figure of the metrics.
    #[track_caller]
    pub fn metric(&self, name: &str) -> u64 {
        let text = self.get("/metrics").1;
        let value = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
        value.unwrap_or_else(|| panic!("no `{name}` in\n{text}")).parse().unwrap()
    }

    /// Waits until so many events are loaded since the start.
    #[track_caller]
    pub fn loaded(&self, events: u64) {
        self.until("the events", || self.metric("sluicegate_events_loaded_total") >= events);
    }

    /// Waits until `done` holds; panics when the receiver ends first or it takes too long.
    #[track_caller]
    pub fn until(&self, what: &str, done: impl FnMut() -> bool) {
        self.running.borrow_mut().until(what, done);
    }

    /// Tells it to stop, and waits for that.
    #[track_caller]
    pub fn stop(self) -> Output {
        let running = self.running.into_inner();
        running.signal(Signal::TERM);
        running.wait()
    }

    /// Ends it on the spot.
    #[track_caller]
    pub fn kill(self) -> Output {
        let running = self.running.into_inner();
        running.signal(Signal::KILL);
        running.wait()
    }

    /// Tells whether it has killed itself, within a moment; if not, it is killed now.
    pub fn kill_unless_over(self) -> bool {
        let mut running = self.running.into_inner();
        for _ in 0..500 {
            if running.is_over() {
                return running.wait().was_killed();
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        false
    }
}

impl Client {
    /// One who posts messages to the relay; `more` stands behind the address.
    #[must_use]
    pub fn relay(&self, more: &str) -> Self {
        self.at(&format!("{}{more}", self.path.replacen("/hook/", "/relay/", 1)))
    }

    /// One who posts to another path.
    #[must_use]
    pub fn at(&self, path: &str) -> Self {
        Self { address: self.address, path: path.to_owned() }
    }

    /// Posts JSON. The answer is its status and its body.
    #[track_caller]
    pub fn post(&self, body: &str) -> (u16, String) {
        let (status, answer) = self.try_post(body).unwrap();
        (status, answer.split_once("\r\n\r\n").unwrap().1.to_owned())
    }

    /// Posts an event as JSON. The answer is its status, and all of it as text.
    ///
    /// # Errors
    /// When no whole answer came.
    pub fn try_post(&self, body: &str) -> io::Result<(u16, String)> {
        let (address, path, length) = (self.address, &self.path, body.len());
        exchange(
            address,
            &format!(
                "POST {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\nContent-Type: application/json; \
                 charset=utf-8\r\nContent-Length: {length}\r\n\r\n{body}"
            ),
        )
    }
}

fn command(project: &Project) -> Cli {
    project.cli().args(["serve", "--listen", "127.0.0.1:0"])
}

/// Sends a request and reads the answer to its end: its status, and all of it as text.
fn exchange(address: SocketAddr, request: &str) -> io::Result<(u16, String)> {
    let mut stream = TcpStream::connect(address)?;
    stream.set_read_timeout(Some(Duration::from_mins(1)))?;
    stream.write_all(request.as_bytes())?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer)?;
    let answer = String::from_utf8_lossy(&answer).into_owned();
    let status = answer.split(' ').nth(1).and_then(|status| status.parse().ok());
    let whole = status.filter(|_| answer.contains("\r\n\r\n"));
    whole.map(|status| (status, answer)).ok_or_else(|| io::Error::from(io::ErrorKind::UnexpectedEof))
}
