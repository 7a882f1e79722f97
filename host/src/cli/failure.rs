//! A command that failed: what to print, and the exit status.

use super::exit_code;
use crate::{
    component::{LoadError, LoadErrorKind},
    config::ConfigError,
    forget::ForgetError,
    http::{allow::HostPort, download::DownloadError, record::Denial},
    lock::{LOCK_FILE, LockError},
    privacy::{KeyError, people::ForgottenError},
    serve::{HookKeyError, ReplayError, ServeError, inbox::InboxError},
    sink::SinkError,
    source::SourceError,
    state::StateError,
};

/// Why a command ended without doing what it was asked for.
#[derive(Debug)]
pub(crate) struct Failure {
    /// The exit status.
    pub(crate) code: u8,
    /// What failed, with its causes; none when it was told already.
    pub(crate) error: Option<anyhow::Error>,
    /// What to do about it.
    pub(crate) hint: Option<String>,
}

/// What a command returns: an exit status, or why it failed.
pub(crate) type Outcome = Result<u8, Failure>;

impl Failure {
    /// A failure of usage or configuration.
    pub(crate) fn config(message: impl Into<String>, hint: Option<String>) -> Self {
        Self { code: exit_code::CONFIG, error: Some(anyhow::Error::msg(message.into())), hint }
    }

    /// A failure with a status of its own.
    pub(crate) fn with_code(code: u8, error: impl Into<anyhow::Error>) -> Self {
        Self { code, error: Some(error.into()), hint: None }
    }
}

impl Failure {
    /// The failure to load a component that was added: its digest is the lock file's.
    pub(crate) fn of_locked(mut self, name: &str) -> Self {
        let kind = self.error.as_ref().and_then(|error| error.downcast_ref::<LoadError>()).map(|error| &error.kind);
        match kind {
            Some(LoadErrorKind::Digest { .. }) => {
                self.error =
                    self.error.map(|error| error.context(format!("it is not the component `{name}` of `{LOCK_FILE}`")));
                self.hint = Some(
                    "if you trust the file, add it anew with `sluicegate component add FILE`; `sluicegate component verify` \
                     compares all of them"
                        .to_owned(),
                );
            }
            Some(LoadErrorKind::Read(error)) if error.kind() == std::io::ErrorKind::NotFound => {
                self.hint = Some("`sluicegate component list` says where it came from: add it anew".to_owned());
            }
            _ => {}
        }
        self
    }
}

impl From<LockError> for Failure {
    fn from(error: LockError) -> Self {
        let code = match &error {
            LockError::Write { .. } => exit_code::DESTINATION,
            _ => exit_code::CONFIG,
        };
        Self { code, hint: error.hint(), error: Some(error.into()) }
    }
}

impl From<DownloadError> for Failure {
    fn from(error: DownloadError) -> Self {
        let mut hint = None;
        let code = match &error {
            DownloadError::Address { given, .. } => {
                hint = given
                    .then(|| "fetch it over `https`, or from a host that `--allow-private HOST:PORT` names".to_owned());
                if *given { exit_code::CONFIG } else { exit_code::REFUSED }
            }
            DownloadError::Grant(_) | DownloadError::Options(_) => exit_code::CONFIG,
            DownloadError::Denied(Denial::Address { origin, grantable: true, .. }) => {
                hint = Some(format!("let it with `--allow-private {}`", HostPort::from(origin)));
                exit_code::SANDBOX
            }
            DownloadError::Denied(_) => exit_code::SANDBOX,
            DownloadError::Limit(limit) => {
                hint = limit.key.map(|_| "raise `component` in [source.limits] of the pipeline file".to_owned());
                exit_code::SANDBOX
            }
            DownloadError::Status { status: 429 | 500.., .. } | DownloadError::Connection { .. } => {
                exit_code::UNAVAILABLE
            }
            DownloadError::Status { .. } | DownloadError::Endless { .. } => exit_code::REFUSED,
        };
        Self { code, hint, error: Some(error.into()) }
    }
}

impl From<ConfigError> for Failure {
    fn from(error: ConfigError) -> Self {
        Self { code: exit_code::CONFIG, hint: error.hint(), error: Some(error.into()) }
    }
}

impl From<LoadError> for Failure {
    fn from(error: LoadError) -> Self {
        let hint = match &error.kind {
            LoadErrorKind::Digest { .. } => {
                Some("if the file was meant to change, put its new digest into `sha256` in [source]".to_owned())
            }
            LoadErrorKind::Read(error) if error.kind() == std::io::ErrorKind::NotFound => {
                Some("name the component's file in `component` in [source]; `make guest` builds JivoChat's".to_owned())
            }
            LoadErrorKind::Limit(hit) => Some(hit.hint()),
            _ => None,
        };
        let code = match &error.kind {
            LoadErrorKind::Limit(_) => exit_code::SANDBOX,
            _ => exit_code::CONFIG,
        };
        Self { code, hint, error: Some(error.into()) }
    }
}

impl From<SinkError> for Failure {
    fn from(error: SinkError) -> Self {
        Self { code: exit_code::DESTINATION, hint: error.hint(), error: Some(error.into()) }
    }
}

impl From<StateError> for Failure {
    fn from(error: StateError) -> Self {
        let hint = match &error {
            StateError::TooNew { .. } => "install a newer sluicegate, or start again with `--full-refresh`".into(),
            StateError::Damaged { .. } => "start again with `--full-refresh`".into(),
        };
        Self { code: exit_code::DESTINATION, error: Some(error.into()), hint: Some(hint) }
    }
}

impl From<SourceError> for Failure {
    fn from(error: SourceError) -> Self {
        Self { code: exit_code::of_source(error.kind), hint: error.hint.clone(), error: Some(error.into()) }
    }
}

impl From<InboxError> for Failure {
    fn from(error: InboxError) -> Self {
        let code = match &error {
            InboxError::Missing { .. } | InboxError::InUse { .. } => exit_code::CONFIG,
            _ => exit_code::DESTINATION,
        };
        Self { code, hint: error.hint(), error: Some(error.into()) }
    }
}

impl From<ForgottenError> for Failure {
    fn from(error: ForgottenError) -> Self {
        Self { code: exit_code::CONFIG, hint: Some(error.hint()), error: Some(error.into()) }
    }
}

impl From<ForgetError> for Failure {
    fn from(error: ForgetError) -> Self {
        match error {
            ForgetError::Sink(error) => error.into(),
            ForgetError::Inbox(error) => error.into(),
            ForgetError::Forgotten(error) => error.into(),
            ForgetError::Ambiguous { .. } => {
                Self { code: exit_code::CONFIG, hint: error.hint(), error: Some(error.into()) }
            }
        }
    }
}

impl From<HookKeyError> for Failure {
    fn from(error: HookKeyError) -> Self {
        let hint = "check the permissions of the folder `.sluicegate` beside the pipeline file".to_owned();
        Self { hint: Some(hint), ..Self::with_code(exit_code::CONFIG, error) }
    }
}

impl From<KeyError> for Failure {
    fn from(error: KeyError) -> Self {
        let hint =
            "check the permissions of the folder `.sluicegate` beside the pipeline file; without its key, values get \
                    other hashes than before"
                .to_owned();
        Self { hint: Some(hint), ..Self::with_code(exit_code::CONFIG, error) }
    }
}

impl From<ServeError> for Failure {
    fn from(error: ServeError) -> Self {
        match error {
            ServeError::Inbox(error) => error.into(),
            ServeError::Key(error) => error.into(),
            ServeError::Listen { .. } => {
                let hint = "another program may have it: name another one with `--listen`, or as `listen` in `[serve]`";
                Self { hint: Some(hint.to_owned()), ..Self::with_code(exit_code::CONFIG, error) }
            }
            ServeError::Thread(_) => Self::with_code(exit_code::BUG, error),
            _ => Self::with_code(exit_code::CONFIG, error),
        }
    }
}

impl From<ReplayError> for Failure {
    fn from(error: ReplayError) -> Self {
        match error {
            ReplayError::Inbox(error) => error.into(),
            ReplayError::Destination { ref hint, .. } => {
                Self { code: exit_code::DESTINATION, hint: hint.clone(), error: Some(error.into()) }
            }
        }
    }
}

impl From<anyhow::Error> for Failure {
    fn from(error: anyhow::Error) -> Self {
        Self { code: exit_code::BUG, error: Some(error), hint: None }
    }
}
