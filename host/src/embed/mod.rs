//! Components in another program: loaded with grants, limits and secrets, read page by page.
//!
//! [`Embedded::open`] begins, [`Embedded::resources`] lists, [`Embedded::pages`] reads. With the feature `duckdb` (on by
//! default) `Embedded::load_into` loads resources into a DuckDB file as the program's `run` does. Without it, none of this
//! needs a database, neither to build nor to run. All of it is called within a tokio runtime with I/O and time enabled.
//!
//! ```no_run
//! # async fn f() -> Result<(), sluicegate::embed::Error> {
//! use futures_util::TryStreamExt as _;
//! use sluicegate::{embed::Embedded, secret::Secret};
//!
//! let source = Embedded::open("jivochat.wasm")
//!     .set("random", "a1b2c3")
//!     .allow("https://wh.jivosite.com")
//!     .secret("jivo_public_id", Secret::new("the credential"))
//!     .build()?;
//! let mut pages = std::pin::pin!(source.pages("inbound_messages")?);
//! while let Some(page) = pages.try_next().await? {
//!     for record in page.lines() {
//!         println!("{}", String::from_utf8_lossy(record));
//!     }
//! }
//! # Ok(())
//! # }
//! ```

mod builder;
mod error;
#[cfg(feature = "duckdb")]
mod load;
mod pages;

use std::collections::BTreeMap;

use serde_json::{Map, Value};

#[cfg(feature = "duckdb")]
pub use self::load::{LoadInto, Loaded};
pub use self::{builder::Builder, error::Error};
use crate::{
    component::{Component, ComponentInfo, ComponentSource, Description, Limits, SourceOptions},
    http::{
        allow::{AllowList, HostPort},
        secrets::SecretGrant,
        tls::TlsOptions,
    },
    model::ResourceSpec,
    retry::RetryPolicy,
    secret::Secret,
    source::Source as _,
};

/// A component with its configuration, in its sandbox. Each call runs in an instance of its own; calls may overlap.
pub struct Embedded {
    component: Component,
    settings: Settings,
    source: ComponentSource,
}

/// What a component is run with, before its secrets have tokens.
struct Settings {
    config: Map<String, Value>,
    grants: AllowList,
    allow_private: Vec<HostPort>,
    secrets: Vec<(String, Secret)>,
    limits: Limits,
    retry: RetryPolicy,
    tls: TlsOptions,
}

impl Settings {
    /// The component as a source, with the given tokens in place of its secrets.
    fn source(&self, component: &Component, tokens: &BTreeMap<String, String>) -> Result<ComponentSource, Error> {
        let mut config = self.config.clone();
        let mut secrets = Vec::with_capacity(self.secrets.len());
        for (key, value) in &self.secrets {
            let Some(token) = tokens.get(key) else { continue };
            config.insert(key.clone(), Value::String(token.clone()));
            let (token, value, origins) = (token.clone(), value.clone(), self.grants.first());
            secrets.push(SecretGrant { token, value, origins, exposed: false });
        }
        let options = SourceOptions {
            config: Value::Object(config).to_string(),
            grants: self.grants.clone(),
            allow_private: self.allow_private.clone(),
            secrets,
            limits: self.limits,
            tls: self.tls.clone(),
            proxy: None,
            withholds_words: false,
        };
        Ok(ComponentSource::new(component.clone(), options)?)
    }

    /// A token for each secret: the one that is known, or else a new one.
    fn tokens(&self, known: &BTreeMap<String, String>) -> Result<BTreeMap<String, String>, Error> {
        let mut tokens = known.clone();
        for (key, _) in &self.secrets {
            if !tokens.contains_key(key) {
                tokens.insert(key.clone(), crate::http::token::new_token().map_err(|_| Error::Random)?);
            }
        }
        Ok(tokens)
    }
}

impl Embedded {
    /// Begins with a component's file. Nothing is read before [`Builder::build`].
    pub fn open(component: impl Into<std::path::PathBuf>) -> Builder {
        Builder::new(component.into())
    }

    /// Digest, size, contract, imports and exports of the component.
    pub fn info(&self) -> &ComponentInfo {
        self.component.info()
    }

    /// What the component says of itself; none when it does not.
    ///
    /// # Errors
    /// [`Error::Source`] when it fails or breaks a limit.
    pub async fn describe(&self) -> Result<Option<Description>, Error> {
        Ok(self.component.describe(&self.settings.limits).await?)
    }

    /// Tries the configuration with one cheap request. False when the component cannot.
    ///
    /// # Errors
    /// [`Error::Source`] when reading would fail.
    pub async fn check(&self) -> Result<bool, Error> {
        Ok(self.source.check().await?)
    }

    /// The resources that there are with this configuration. Makes no request.
    ///
    /// # Errors
    /// [`Error::Source`] when the configuration is not accepted, or the list breaks the contract.
    pub async fn resources(&self) -> Result<Vec<ResourceSpec>, Error> {
        Ok(self.source.resources().await?)
    }
}
