//! `[serve]`: how events are received.

use std::{net::SocketAddr, path::PathBuf, time::Duration};

use url::Url;

use super::{ConfigError, file::ServeTable, resolve::Resolver};

/// How events are received.
#[derive(Clone, Debug)]
pub struct Serve {
    /// The address that events come to.
    pub listen: SocketAddr,
    /// What stands before the path in the address that the service is given; none: `http://` or `https://` and `listen`.
    pub public_base: Option<String>,
    /// Most bytes of an event's body.
    pub body: u64,
    /// Longest time that an event waits for others to be loaded with.
    pub flush_every: Duration,
    /// Most events of one load.
    pub flush_events: u32,
    /// How long after an event an equal one is taken for the same.
    pub dedupe_window: Duration,
    /// The address of readiness and metrics; none: that of `listen`.
    pub admin: Option<SocketAddr>,
    /// Certificate and key; none: plain HTTP.
    pub tls: Option<TlsFiles>,
    /// The folder where events are kept.
    pub inbox: PathBuf,
    /// Most bytes of events that wait to be loaded. Beyond it, events are refused for now.
    pub inbox_size: u64,
    /// How long events are kept after they were loaded.
    pub retention: Duration,
}

/// Files of a server's identity, in PEM.
#[derive(Clone, Debug)]
pub struct TlsFiles {
    /// The certificate, with those between it and its root.
    pub cert: PathBuf,
    /// The private key.
    pub key: PathBuf,
}

impl Resolver<'_> {
    pub(super) fn serve(&self, table: ServeTable) -> Result<Serve, ConfigError> {
        let duration = |key: &str, text: Option<String>| self.duration(&format!("serve.{key}"), text.as_deref());
        let size = |key: &str, text: Option<String>| self.size(&format!("serve.{key}"), text.as_deref());
        let public_base = table.public_base.map(|base| self.public_base(&base)).transpose()?;
        let flush_every =
            self.interval("serve.flush_every", table.flush_every.as_deref())?.unwrap_or(Duration::from_secs(1));
        let body = size("body", table.body)?.unwrap_or(1 << 20);
        if body == 0 {
            return Err(self.value_error("serve.body", "must be more than 0, or no event could be taken"));
        }
        Ok(Serve {
            listen: self.address("serve.listen", table.listen.as_deref().unwrap_or("127.0.0.1:8787"))?,
            public_base,
            body,
            flush_every,
            flush_events: table.flush_events.unwrap_or(1000).max(1),
            dedupe_window: duration("dedupe_window", table.dedupe_window)?.unwrap_or(Duration::from_mins(10)),
            admin: table.admin.map(|text| self.address("serve.admin", &text)).transpose()?,
            tls: table.tls.map(|tls| TlsFiles { cert: self.dir.join(tls.cert), key: self.dir.join(tls.key) }),
            inbox: self.dir.join(table.inbox.as_deref().unwrap_or(".sluicegate/inbox")),
            inbox_size: size("inbox_size", table.inbox_size)?.unwrap_or(1 << 30),
            retention: duration("retention", table.retention)?.unwrap_or(Duration::from_hours(30 * 24)),
        })
    }

    /// A duration that something is repeated after, which nothing can be without any time between.
    pub(super) fn interval(&self, key: &str, text: Option<&str>) -> Result<Option<Duration>, ConfigError> {
        match self.duration(key, text)? {
            Some(Duration::ZERO) => Err(self.value_error(key, "must be more than 0")),
            interval => Ok(interval),
        }
    }

    fn address(&self, key: &str, text: &str) -> Result<SocketAddr, ConfigError> {
        text.parse().map_err(|_| {
            self.value_error(
                key,
                format!("`{text}` is no address; write an IP address and a port, as `127.0.0.1:8787`"),
            )
        })
    }

    fn public_base(&self, text: &str) -> Result<String, ConfigError> {
        let fits = |url: &Url| {
            matches!(url.scheme(), "http" | "https")
                && url.has_host()
                && url.query().is_none()
                && url.fragment().is_none()
                && url.username().is_empty()
        };
        match Url::parse(text) {
            Ok(url) if fits(&url) => Ok(text.trim_end_matches('/').to_owned()),
            _ => Err(self.value_error(
                "serve.public_base",
                format!("`{text}` is no base of an address; write one as `https://hooks.example.com`"),
            )),
        }
    }
}
