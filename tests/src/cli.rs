//! Runs the program under test. Every failed assertion shows the whole transcript: command, exit status, both streams.

use std::ffi::{OsStr, OsString};
use std::io::Read;
use std::os::unix::process::ExitStatusExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

use crate::places;
use crate::redact::redact;

/// A command to run, with an environment that holds nothing of the user's own.
#[derive(Clone, Debug)]
pub struct Cli {
    program: PathBuf,
    args: Vec<OsString>,
    env: Vec<(OsString, OsString)>,
    cwd: PathBuf,
    timeout: Duration,
}

impl Cli {
    /// The `sluicegate` binary, run in `cwd`, which is its home as well.
    pub fn sluicegate(cwd: &Path) -> Self {
        let cli = Self::new(places::sluicegate(), cwd);
        // Compiling the component takes seconds; all tests share what was compiled once.
        cli.env("XDG_CACHE_HOME", places::lasting("cache")).env("SLUICEGATE_COMPONENT", places::component())
    }

    /// Any program, run in `cwd`, which is its home as well.
    pub fn new(program: impl Into<PathBuf>, cwd: &Path) -> Self {
        let path = std::env::var_os("PATH").unwrap_or_default();
        let env = [("PATH", path), ("HOME", cwd.into()), ("LANG", "C.UTF-8".into())];
        Self {
            program: program.into(),
            args: Vec::new(),
            env: env.map(|(key, value)| (key.into(), value)).into(),
            cwd: cwd.to_owned(),
            timeout: Duration::from_mins(2),
        }
    }

    /// Adds an argument.
    #[must_use]
    pub fn arg(mut self, arg: impl AsRef<OsStr>) -> Self {
        self.args.push(arg.as_ref().to_owned());
        self
    }

    /// Adds arguments.
    #[must_use]
    pub fn args<A: AsRef<OsStr>>(mut self, args: impl IntoIterator<Item = A>) -> Self {
        self.args.extend(args.into_iter().map(|arg| arg.as_ref().to_owned()));
        self
    }

    /// Sets an environment variable.
    #[must_use]
    pub fn env(mut self, key: impl Into<OsString>, value: impl Into<OsString>) -> Self {
        self.env.push((key.into(), value.into()));
        self
    }

    /// Takes an environment variable out again.
    #[must_use]
    pub fn without_env(mut self, key: &str) -> Self {
        self.env.retain(|(name, _)| name != key);
        self
    }

    /// Sets how long the command may take before it is killed and the test fails.
    #[must_use]
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// Runs the command to its end.
    #[track_caller]
    pub fn run(self) -> Output {
        self.spawn().wait()
    }

    /// Starts the command.
    #[track_caller]
    pub fn spawn(self) -> Running {
        let mut command = Command::new(&self.program);
        command.args(&self.args).env_clear().envs(self.env.iter().map(|(key, value)| (key, value)));
        command.current_dir(&self.cwd).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = match command.spawn() {
            Ok(child) => child,
            Err(error) => panic!("could not start `{}`: {error}", self.program.display()),
        };
        let stdout = Said::read(child.stdout.take().unwrap());
        let stderr = Said::read(child.stderr.take().unwrap());
        let line = command_line(&self.program, &self.args);
        Running { child, stdout, stderr, line, started: Instant::now(), timeout: self.timeout }
    }
}

fn command_line(program: &Path, args: &[OsString]) -> String {
    let mut line = program.file_name().unwrap_or_default().to_string_lossy().into_owned();
    for arg in args {
        line.push(' ');
        line.push_str(&arg.to_string_lossy());
    }
    line
}

/// What a stream has said, read on a thread of its own, so that neither stream's pipe fills up.
#[derive(Debug)]
struct Said {
    bytes: Arc<Mutex<Vec<u8>>>,
    reader: Option<JoinHandle<()>>,
}

impl Said {
    fn read(mut stream: impl Read + Send + 'static) -> Self {
        let bytes = Arc::new(Mutex::new(Vec::new()));
        let shared = Arc::clone(&bytes);
        let reader = std::thread::spawn(move || {
            let mut block = vec![0; 64 << 10];
            loop {
                let length = stream.read(&mut block).unwrap();
                if length == 0 {
                    break;
                }
                shared.lock().unwrap().extend_from_slice(&block[..length]);
            }
        });
        Self { bytes, reader: Some(reader) }
    }

    fn so_far(&self) -> String {
        String::from_utf8_lossy(&self.bytes.lock().unwrap()).into_owned()
    }

    fn all(&mut self) -> String {
        if let Some(reader) = self.reader.take() {
            reader.join().unwrap();
        }
        self.so_far()
    }
}

/// A command that runs. It is killed when it is dropped before its end.
#[derive(Debug)]
pub struct Running {
    child: Child,
    stdout: Said,
    stderr: Said,
    line: String,
    started: Instant,
    timeout: Duration,
}

impl Running {
    /// Sends a signal.
    pub fn signal(&self, signal: Signal) {
        let pid = Pid::from_raw(i32::try_from(self.child.id()).unwrap()).unwrap();
        kill_process(pid, signal).unwrap();
    }

    /// Process id.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// What it has said on stderr so far.
    pub fn stderr(&self) -> String {
        self.stderr.so_far()
    }

    /// Whether it came to its end.
    pub fn is_over(&mut self) -> bool {
        self.child.try_wait().unwrap().is_some()
    }

    /// Waits until `done` holds; panics when the command ends first or takes too long.
    #[track_caller]
    pub fn until(&mut self, what: &str, mut done: impl FnMut() -> bool) {
        while !done() {
            assert!(
                !(self.child.try_wait().unwrap().is_some() || self.started.elapsed() > self.timeout),
                "waited in vain for: {what}\n{}",
                self.finish().transcript()
            );
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    /// Kills it so long after its start, unless it came to its end before.
    pub fn kill_after(mut self, time: Duration) -> Output {
        while self.child.try_wait().unwrap().is_none() {
            match time.checked_sub(self.started.elapsed()) {
                Some(left) => std::thread::sleep(left.min(Duration::from_millis(5))),
                None => break,
            }
        }
        self.finish()
    }

    /// Waits for the end; panics when it takes too long.
    #[track_caller]
    pub fn wait(mut self) -> Output {
        while self.child.try_wait().unwrap().is_none() {
            if self.started.elapsed() > self.timeout {
                let timeout = self.timeout;
                panic!("still runs after {timeout:?}\n{}", self.finish().transcript());
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        self.finish()
    }

    /// Collects what was said, after killing what still runs.
    fn finish(&mut self) -> Output {
        // It fails for a process that ended already, which is fine.
        let _ = self.child.kill();
        let status = self.child.wait().unwrap();
        Output {
            line: self.line.clone(),
            status,
            stdout: self.stdout.all(),
            stderr: self.stderr.all(),
            elapsed: self.started.elapsed(),
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// What a command said, and how it ended.
#[derive(Clone, Debug)]
pub struct Output {
    line: String,
    /// How it ended.
    pub status: ExitStatus,
    /// Data.
    pub stdout: String,
    /// Everything else.
    pub stderr: String,
    /// From start to end.
    pub elapsed: Duration,
}

impl Output {
    /// Asserts the exit status.
    #[track_caller]
    pub fn code(&self, expect: i32) -> &Self {
        assert!(self.status.code() == Some(expect), "expected exit status {expect}\n{}", self.transcript());
        self
    }

    /// Whether a SIGKILL ended it.
    pub fn was_killed(&self) -> bool {
        self.status.signal() == Some(Signal::KILL.as_raw())
    }

    /// Asserts that stdout holds each of the texts.
    #[track_caller]
    pub fn stdout_has(&self, texts: &[&str]) -> &Self {
        self.has("stdout", &self.stdout, texts)
    }

    /// Asserts that stderr holds each of the texts.
    #[track_caller]
    pub fn stderr_has(&self, texts: &[&str]) -> &Self {
        self.has("stderr", &self.stderr, texts)
    }

    /// Asserts that neither stream holds the text.
    #[track_caller]
    pub fn lacks(&self, text: &str) -> &Self {
        let found = self.stdout.contains(text) || self.stderr.contains(text);
        assert!(!found, "expected nowhere: {text}\n{}", self.transcript());
        self
    }

    #[track_caller]
    fn has(&self, stream: &str, said: &str, texts: &[&str]) -> &Self {
        for text in texts {
            assert!(said.contains(text), "expected in {stream}: {text}\n{}", self.transcript());
        }
        self
    }

    /// All of it, as it was.
    pub fn transcript(&self) -> String {
        let Self { line, status, stdout, stderr, .. } = self;
        format!("$ {line}\n{status}\n----- stdout -----\n{stdout}----- stderr -----\n{stderr}")
    }

    /// All of it, without what differs from run to run.
    pub fn redacted(&self) -> String {
        redact(&self.transcript())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_streams_and_the_status_are_kept() {
        let dir = tempfile::tempdir().unwrap();
        let script = "echo data; echo more >&2; test \"$HOME\" = \"$PWD\" && test -z \"$CARGO\" && exit 7";
        let output = Cli::new("sh", dir.path()).args(["-c", script]).run();
        output.code(7).stdout_has(&["data\n"]).stderr_has(&["more\n"]).lacks("nothing of the kind");
        let mut running = Cli::new("sh", dir.path()).args(["-c", "touch here; exec sleep 60"]).spawn();
        running.until("the file", || dir.path().join("here").exists());
        running.signal(Signal::TERM);
        assert_eq!(running.wait().status.code(), None);
    }

    #[test]
    #[should_panic(expected = "still runs after 50ms\n$ sh -c exec sleep 60")]
    fn a_command_that_hangs_is_killed() {
        let dir = tempfile::tempdir().unwrap();
        Cli::new("sh", dir.path()).args(["-c", "exec sleep 60"]).timeout(Duration::from_millis(50)).run();
    }
}
