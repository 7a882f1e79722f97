//! Runs a command and measures it as a whole: wall clock, CPU time of it and its children, and the peak memory of the
//! largest of them.
//!
//! The kernel counts the peak of a new process from that of the one that starts it. So a small process, which is this
//! program started anew as `measure FILE COMMAND…`, starts the command and writes down what it took.

use std::ffi::OsString;
use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Instant;

use anyhow::{Context as _, ensure};
use nix::sys::resource::{UsageWho, getrusage};
use nix::sys::time::TimeValLike as _;
use serde_json::{Value, json};

/// What one run took.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Sample {
    /// Seconds from start to end.
    pub(crate) wall: f64,
    /// Seconds of CPU time, of all threads and children.
    pub(crate) cpu: f64,
    /// Megabytes of the largest process at its peak.
    pub(crate) rss: f64,
}

impl Sample {
    pub(crate) fn to_json(self) -> Value {
        json!({"wall": self.wall, "cpu": self.cpu, "rss": self.rss})
    }

    pub(crate) fn from_json(value: &Value) -> Option<Self> {
        let number = |key: &str| value.get(key)?.as_f64();
        Some(Self { wall: number("wall")?, cpu: number("cpu")?, rss: number("rss")? })
    }
}

/// A command with its environment, which holds nothing of the user's own but what finds programs.
#[derive(Clone, Debug)]
pub(crate) struct Job {
    pub(crate) program: OsString,
    pub(crate) args: Vec<OsString>,
    pub(crate) env: Vec<(&'static str, OsString)>,
}

impl Job {
    /// Runs it in a folder and measures it. Fails, with what it said, when it fails.
    pub(crate) fn measure(&self, dir: &Path) -> anyhow::Result<Sample> {
        let file = dir.join("measured.json");
        #[expect(clippy::disallowed_methods, reason = "programs are found as the user finds them")]
        let path = std::env::var_os("PATH").unwrap_or_default();
        let mut command = Command::new(std::env::current_exe()?);
        command.arg("measure").arg(&file).arg(&self.program).args(&self.args).current_dir(dir).stdin(Stdio::null());
        command.env_clear().env("PATH", path);
        command.env("HOME", dir).env("LANG", "C.UTF-8").envs(self.env.iter().map(|(key, value)| (key, value)));
        let output = command.output()?;
        let said = || String::from_utf8_lossy(&[output.stdout.clone(), output.stderr.clone()].concat()).into_owned();
        ensure!(output.status.success(), "`{}` failed\n{}", self.program.display(), said());
        let text = fs::read_to_string(&file)?;
        let measured = serde_json::from_str(&text).ok().as_ref().and_then(Sample::from_json);
        let mut sample = measured.with_context(|| format!("no figures in `{text}`"))?;
        // A script that wants its interpreter's start left out says itself how long it worked.
        if let Some(seconds) = said().lines().find_map(|line| line.strip_prefix("seconds: ")?.parse().ok()) {
            sample.wall = seconds;
        }
        Ok(sample)
    }
}

/// The small process: runs the command and writes into the file what it took. The answer is its exit status.
pub(crate) fn wrap(file: &Path, command: &[OsString]) -> anyhow::Result<u8> {
    let [program, args @ ..] = command else { anyhow::bail!("measure what?") };
    let began = Instant::now();
    let status = Command::new(program).args(args).status().with_context(|| format!("`{}`", program.display()))?;
    let wall = began.elapsed().as_secs_f64();
    let usage = getrusage(UsageWho::RUSAGE_CHILDREN)?;
    let cpu = (usage.user_time().num_microseconds() + usage.system_time().num_microseconds()) as f64 / 1e6;
    // Kilobytes, but for the systems of Apple, which count bytes.
    let unit = if cfg!(target_vendor = "apple") { 1.0 } else { 1024.0 };
    let sample = Sample { wall, cpu, rss: usage.max_rss() as f64 * unit / 1e6 };
    fs::write(file, sample.to_json().to_string())?;
    Ok(status.code().and_then(|code| u8::try_from(code).ok()).unwrap_or(1))
}
