//! The JivoChat stand-in: a real HTTP server on loopback that serves invented chats.
//!
//! It speaks both contracts there are of the service, [`Contract::Brief`] and [`Contract::Documented`], pages in six
//! ways, fails on command, and keeps a log of what was asked. One thread serves all connections; it ends when the
//! [`FakeJivo`] is dropped, and takes the stalled connections with it.
//!
//! Reading order: [`Options`] → `routes` → `pages` → `messages`, then [`Fault`] → `server` → `body`.

mod body;
mod clock;
mod faults;
pub mod messages;
mod options;
mod pages;
mod routes;
mod server;
mod tls;

use std::io;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::ops::RangeBounds;
use std::sync::Arc;
use std::thread::JoinHandle;

use tokio::sync::oneshot;

pub use self::faults::{Fault, Reply, Script};
pub use self::options::{Contract, Options, Paging};
pub use self::server::Received;

/// A running stand-in.
#[derive(Debug)]
pub struct FakeJivo {
    address: SocketAddr,
    shared: Arc<server::Shared>,
    certificate: Option<String>,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<io::Result<()>>>,
}

impl FakeJivo {
    /// Starts serving on a loopback port. Fails when the port is taken.
    pub fn start(options: Options) -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, options.port))?;
        let address = listener.local_addr()?;
        let (tls, certificate) = if options.tls { Some(tls::self_signed()?).unzip() } else { (None, None) };
        let shared = Arc::new(server::Shared::new(options));
        let (stop, stopped) = oneshot::channel();
        let served = shared.clone();
        let thread = std::thread::Builder::new()
            .name("jivochat-standin".to_owned())
            .spawn(move || server::serve(listener, tls, served, stopped))?;
        Ok(Self { address, shared, certificate, stop: Some(stop), thread: Some(thread) })
    }

    /// What it serves.
    pub fn options(&self) -> &Options {
        &self.shared.options
    }

    /// `scheme://127.0.0.1:port`.
    pub fn origin(&self) -> String {
        let scheme = if self.certificate.is_some() { "https" } else { "http" };
        format!("{scheme}://{}", self.address)
    }

    /// `127.0.0.1:port`.
    pub fn host(&self) -> String {
        self.address.to_string()
    }

    /// The channel URL, `{origin}/{random}/{public id}`.
    pub fn channel_url(&self) -> String {
        let Options { random, public_id, .. } = self.options();
        format!("{}/{random}/{public_id}", self.origin())
    }

    /// The certificate it shows, as PEM; none without TLS.
    pub fn certificate(&self) -> Option<&str> {
        self.certificate.as_deref()
    }

    /// Scripts a fault for some requests to an endpoint, counted from 1 over the life of the server. The endpoint is
    /// the path below the channel; the channel itself is the empty one.
    pub fn fault(&self, endpoint: &str, requests: impl RangeBounds<usize>, fault: Fault) {
        self.shared.state().script.add(endpoint, requests, fault);
    }

    /// Goes on with so many inbound messages; more than before are new ones.
    pub fn grow(&self, inbound: u64) {
        self.shared.state().inbound = Some(inbound);
    }

    /// Forgets all scripted faults; the counts of requests go on.
    pub fn heal(&self) {
        self.shared.state().script.clear();
    }

    /// All requests so far, in order of arrival.
    pub fn requests(&self) -> Vec<Received> {
        self.shared.state().log.clone()
    }

    /// The requests so far to one endpoint.
    pub fn requests_to(&self, endpoint: &str) -> Vec<Received> {
        self.requests().into_iter().filter(|request| request.endpoint.as_deref() == Some(endpoint)).collect()
    }

    /// Serves until the process is killed.
    pub fn wait(mut self) -> io::Result<()> {
        match self.thread.take().map(JoinHandle::join) {
            Some(Ok(ended)) => ended,
            _ => Err(io::Error::other("the server's thread ended")),
        }
    }
}

impl Drop for FakeJivo {
    fn drop(&mut self) {
        if let Some(stop) = self.stop.take() {
            // The thread may be gone already, which is what is wanted.
            let _ = stop.send(());
        }
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

#[cfg(test)]
mod tests;
