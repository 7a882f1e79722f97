//! From an origin to the addresses that may be connected to: looked up once, each judged, no other used.

use std::{
    future::Future,
    io,
    net::{IpAddr, Ipv4Addr, SocketAddr},
    pin::Pin,
};

use tokio::net::lookup_host;
use url::Host;

use crate::http::{
    address::{Special, special},
    allow::HostPort,
    connect::ConnectError,
    origin::Origin,
    record::Denial,
};

/// Looks a name up. The system's resolver, but for tests of names whose addresses change.
pub(crate) type LookUp = Box<dyn Fn(String, u16) -> Answer + Send + Sync>;

type Answer = Pin<Box<dyn Future<Output = io::Result<Vec<SocketAddr>>> + Send>>;

/// The resolver of one source.
pub(crate) struct Resolver {
    allow_private: Vec<HostPort>,
    look_up: LookUp,
}

impl Resolver {
    pub(crate) fn new(allow_private: Vec<HostPort>) -> Self {
        let look_up = |name: String, port| -> Answer {
            Box::pin(async move { Ok(lookup_host((name.as_str(), port)).await?.collect()) })
        };
        Self { allow_private, look_up: Box::new(look_up) }
    }

    /// One that looks names up in another way.
    #[cfg(test)]
    pub(crate) fn with(allow_private: Vec<HostPort>, look_up: LookUp) -> Self {
        Self { allow_private, look_up }
    }

    /// The addresses of an origin that may be connected to; never none.
    pub(crate) async fn addresses(&self, origin: &Origin) -> Result<Vec<SocketAddr>, ConnectError> {
        let found = match &origin.host {
            Host::Domain(name) => (self.look_up)(name.clone(), origin.port).await.map_err(ConnectError::Resolve)?,
            Host::Ipv4(address) => vec![SocketAddr::new((*address).into(), origin.port)],
            Host::Ipv6(address) => vec![SocketAddr::new((*address).into(), origin.port)],
        };
        if found.is_empty() {
            return Err(ConnectError::Resolve(io::Error::other("the name has no address")));
        }
        Ok(self.judge(origin, &found)?)
    }

    /// Judges what needs no looking up, for a proxy that does the rest.
    pub(crate) fn judge_written(&self, origin: &Origin) -> Result<(), Denial> {
        let written: IpAddr = match &origin.host {
            // These are this machine wherever they are looked up (RFC 6761).
            Host::Domain(name) if name == "localhost" || name.ends_with(".localhost") => Ipv4Addr::LOCALHOST.into(),
            Host::Domain(_) => return Ok(()),
            Host::Ipv4(address) => (*address).into(),
            Host::Ipv6(address) => (*address).into(),
        };
        self.judge(origin, &[SocketAddr::new(written, origin.port)]).map(drop)
    }

    fn judge(&self, origin: &Origin, found: &[SocketAddr]) -> Result<Vec<SocketAddr>, Denial> {
        let granted = self.allow_private.iter().any(|pair| pair.is_of(origin));
        let is_name = matches!(origin.host, Host::Domain(_));
        // Whoever answers for a granted name must not be able to lead it to the credentials of this machine.
        let grantable = |reason| reason != Special::Metadata || !is_name;
        let may = |address: &&SocketAddr| special(address.ip()).is_none_or(|reason| granted && grantable(reason));
        let passed: Vec<_> = found.iter().filter(may).copied().collect();
        if !passed.is_empty() {
            return Ok(passed);
        }
        let reasons = || found.iter().filter_map(|address| Some((address.ip(), special(address.ip())?)));
        let addresses: Vec<String> = reasons().map(|(address, reason)| format!("{address} is {reason}")).collect();
        Err(Denial::Address {
            origin: origin.clone(),
            addresses: addresses.join(", "),
            grantable: reasons().any(|(_, reason)| grantable(reason)),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What the addresses of a name come to: those that are left, or why there is none.
    fn check(grants: &[&str], origin: &str, found: &[&str], expect: Result<&[&str], &str>) {
        let resolver = Resolver::new(grants.iter().map(|pair| HostPort::parse(pair).unwrap()).collect());
        let origin = Origin::parse(origin).unwrap();
        let found: Vec<SocketAddr> =
            found.iter().map(|address| SocketAddr::new(address.parse().unwrap(), origin.port)).collect();
        let judged = resolver.judge(&origin, &found);
        let judged = judged.map(|left| left.iter().map(|address| address.ip().to_string()).collect::<Vec<_>>());
        let judged = judged.map_err(|denial| denial.hint().unwrap_or_else(|| "no grant".to_owned()));
        assert_eq!(judged, expect.map(|left| left.iter().map(ToString::to_string).collect()).map_err(str::to_owned));
    }

    #[test]
    fn special_addresses_are_dropped() {
        let add = "add \"a.example:443\" to `allow_private` in [source]";
        check(&[], "https://a.example", &["8.8.8.8", "10.0.0.1", "::1"], Ok(&["8.8.8.8"]));
        check(&[], "https://a.example", &["10.0.0.1", "::1"], Err(add));
        check(&["a.example:80"], "https://a.example", &["10.0.0.1"], Err(add));
        check(&["a.example:443"], "https://a.example", &["10.0.0.1", "8.8.8.8"], Ok(&["10.0.0.1", "8.8.8.8"]));
    }

    #[test]
    fn no_name_leads_to_a_metadata_service() {
        let metadata = "169.254.169.254";
        check(&["a.example:80"], "http://a.example", &[metadata, "10.0.0.1"], Ok(&["10.0.0.1"]));
        check(&["a.example:80"], "http://a.example", &[metadata], Err("no grant"));
        check(&["a.example:80"], "http://a.example", &["::ffff:169.254.169.254"], Err("no grant"));
        check(
            &[],
            "http://169.254.169.254",
            &[metadata],
            Err("add \"169.254.169.254:80\" to `allow_private` in [source]"),
        );
        check(&["169.254.169.254:80"], "http://169.254.169.254", &[metadata], Ok(&[metadata]));
    }
}
