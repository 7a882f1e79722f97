//! What can go wrong with an embedded component.

use crate::{
    component::{EngineError, LoadError},
    http::{egress::EgressError, limits::LimitHit, origin::GrantError},
    model::InvalidResourceName,
    source::SourceError,
};

/// Why a component cannot be used, or stopped.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The runtime cannot be started on this machine.
    #[error(transparent)]
    Engine(#[from] EngineError),
    /// The file is no source component, or not the one that was meant.
    #[error(transparent)]
    Load(#[from] LoadError),
    /// An origin or a pair of host and port that cannot be granted.
    #[error(transparent)]
    Grant(#[from] GrantError),
    /// Secrets or certificates that cannot be worked with.
    #[error(transparent)]
    Options(#[from] EgressError),
    /// A text that is no name of a resource.
    #[error(transparent)]
    Name(#[from] InvalidResourceName),
    /// A call failed: its kind says whether the service or the sandbox is behind it.
    #[error(transparent)]
    Source(#[from] SourceError),
    /// A resource has more pages than `Limits::pages`.
    #[error(transparent)]
    Limit(LimitHit),
    /// The system has no random bytes for tokens.
    #[error("the system has no random bytes")]
    Random,
    /// The destination cannot be opened or read.
    #[cfg(feature = "duckdb")]
    #[error(transparent)]
    Sink(#[from] crate::sink::SinkError),
    /// What is remembered in the destination cannot be read.
    #[cfg(feature = "duckdb")]
    #[error(transparent)]
    State(#[from] crate::state::StateError),
    /// The component lists no such resource.
    #[error("the component lists no resource `{0}`")]
    UnknownResource(String),
}
