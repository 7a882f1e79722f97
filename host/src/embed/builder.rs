//! A component is put together: what it is given, what it may reach, what it may use.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    time::Duration,
};

use serde_json::{Map, Value};

use super::{Embedded, Error, Settings};
use crate::{
    component::{Component, Engine, Limits, LoadOptions},
    http::{
        allow::{AllowList, HostPort},
        tls::TlsOptions,
    },
    retry::RetryPolicy,
    secret::Secret,
};

/// Puts a component together. Without a grant it reaches nothing.
#[derive(Debug)]
#[must_use = "nothing is loaded before `build`"]
pub struct Builder {
    component: PathBuf,
    sha256: Option<String>,
    cache: Option<PathBuf>,
    config: Map<String, Value>,
    allow: Vec<String>,
    allow_private: Vec<String>,
    secrets: Vec<(String, Secret)>,
    limits: Limits,
    retry: RetryPolicy,
    ca_file: Option<PathBuf>,
}

impl Builder {
    pub(super) fn new(component: PathBuf) -> Self {
        let retry = RetryPolicy { attempts: 5, max_wait: Duration::from_mins(1), budget: Duration::from_mins(5) };
        Self {
            component,
            sha256: None,
            cache: None,
            config: Map::new(),
            allow: Vec::new(),
            allow_private: Vec::new(),
            secrets: Vec::new(),
            limits: Limits::default(),
            retry,
            ca_file: None,
        }
    }

    /// Refuses a file with another digest: SHA-256 in hexadecimal digits.
    pub fn sha256(mut self, digest: impl Into<String>) -> Self {
        self.sha256 = Some(digest.into());
        self
    }

    /// Keeps compiled components in a folder, which must be this user's alone: what lies in it is run as machine code.
    pub fn cache(mut self, folder: impl AsRef<Path>) -> Self {
        self.cache = Some(folder.as_ref().to_owned());
        self
    }

    /// Sets a key of the component's configuration.
    pub fn set(mut self, key: impl Into<String>, value: impl Into<Value>) -> Self {
        self.config.insert(key.into(), value.into());
        self
    }

    /// Grants an origin, `scheme://host[:port]`. Secrets are bound to the first one.
    pub fn allow(mut self, origin: impl Into<String>) -> Self {
        self.allow.push(origin.into());
        self
    }

    /// Lets a granted host be at a private or loopback address: `host:port`.
    pub fn allow_private(mut self, pair: impl Into<String>) -> Self {
        self.allow_private.push(pair.into());
        self
    }

    /// Gives the component a token under a key of its configuration, and puts the secret in its place in requests to the first
    /// origin that is granted, and in no other.
    pub fn secret(mut self, key: impl Into<String>, value: Secret) -> Self {
        self.secrets.push((key.into(), value));
        self
    }

    /// Sets how much the component may use.
    pub fn limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// Sets how often and how long a page is tried.
    pub fn retry(mut self, policy: RetryPolicy) -> Self {
        self.retry = policy;
        self
    }

    /// Trusts the roots in a PEM file as well.
    pub fn ca_file(mut self, file: impl Into<PathBuf>) -> Self {
        self.ca_file = Some(file.into());
        self
    }

    /// Checks and compiles the component. Nothing of it runs, and nothing is contacted.
    ///
    /// # Errors
    /// [`Error::Load`] for a file that is no source component, and [`Error::Grant`] or [`Error::Options`] for settings that
    /// cannot be worked with.
    pub fn build(self) -> Result<Embedded, Error> {
        let engine = Engine::new(self.cache.as_deref())?;
        let options = LoadOptions { sha256: self.sha256, ..LoadOptions::from(&self.limits) };
        let component = Component::load(&engine, &self.component, &options)?;
        let private = self.allow_private.iter().map(|pair| HostPort::parse(pair)).collect::<Result<_, _>>()?;
        let settings = Settings {
            config: self.config,
            grants: AllowList::parse(&self.allow)?,
            allow_private: private,
            secrets: self.secrets,
            limits: self.limits,
            retry: self.retry,
            tls: TlsOptions { ca_file: self.ca_file },
        };
        let source = settings.source(&component, &settings.tokens(&BTreeMap::new())?)?;
        Ok(Embedded { component, settings, source })
    }
}
