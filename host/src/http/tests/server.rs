//! A server that answers with prepared bytes, right or wrong.

use std::{
    net::SocketAddr,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};

/// What is done with a connection after a request.
pub(super) enum Reply {
    /// Write this, and wait for the next request.
    Keep(Vec<u8>),
    /// Write this, and close.
    Close(Vec<u8>),
    /// Write this, and stay silent.
    Hold(Vec<u8>),
    /// Write this byte by byte, with a pause before each.
    Drip(Vec<u8>, Duration),
}

/// A whole response.
pub(super) fn response(headers: &str, body: &[u8]) -> Vec<u8> {
    let mut response = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n{headers}\r\n", body.len()).into_bytes();
    response.extend_from_slice(body);
    response
}

/// A server that runs until the test ends.
pub(super) struct Server {
    pub(super) address: SocketAddr,
    requests: Arc<Mutex<Vec<String>>>,
    connections: Arc<AtomicUsize>,
}

impl Server {
    /// Answers each request, given as its head, by a function.
    pub(super) async fn start(respond: impl Fn(&str) -> Reply + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (requests, connections) = (Arc::new(Mutex::new(Vec::new())), Arc::new(AtomicUsize::new(0)));
        let (respond, heads, count) = (Arc::new(respond), Arc::clone(&requests), Arc::clone(&connections));
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                count.fetch_add(1, Ordering::Relaxed);
                tokio::spawn(talk(stream, Arc::clone(&respond), Arc::clone(&heads)));
            }
        });
        Self { address, requests, connections }
    }

    /// Answers everything with a body.
    pub(super) async fn plain(body: &'static str) -> Self {
        Self::start(move |_| Reply::Keep(response("", body.as_bytes()))).await
    }

    pub(super) fn origin(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The heads of the requests that came.
    pub(super) fn requests(&self) -> Vec<String> {
        self.requests.lock().unwrap().clone()
    }

    pub(super) fn connections(&self) -> usize {
        self.connections.load(Ordering::Relaxed)
    }
}

async fn talk(
    mut stream: TcpStream,
    respond: Arc<impl Fn(&str) -> Reply>,
    requests: Arc<Mutex<Vec<String>>>,
) -> Option<()> {
    loop {
        let head = read_head(&mut stream).await?;
        requests.lock().unwrap().push(head.clone());
        match respond(&head) {
            Reply::Keep(bytes) => stream.write_all(&bytes).await.ok()?,
            Reply::Close(bytes) => return stream.write_all(&bytes).await.ok(),
            Reply::Drip(bytes, pause) => {
                for byte in bytes {
                    tokio::time::sleep(pause).await;
                    stream.write_all(&[byte]).await.ok()?;
                }
            }
            Reply::Hold(bytes) => {
                stream.write_all(&bytes).await.ok()?;
                std::future::pending::<()>().await;
            }
        }
    }
}

/// The head of a request; none when the connection ends. Bodies are not expected.
pub(super) async fn read_head(stream: &mut (impl AsyncRead + AsyncWrite + Unpin)) -> Option<String> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await.ok()?);
    }
    Some(String::from_utf8(head).unwrap())
}
