//! Serves pages as fast as a loopback connection takes them, or with a latency before each.
//!
//! One thread per connection and bodies that are there already: what is measured is the tool, not the service.

use std::io::{self, BufRead as _, BufReader, Write as _};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use crate::pages::Pages;

/// A running server. It stops taking connections when it is dropped.
#[derive(Debug)]
pub(crate) struct Server {
    address: SocketAddr,
    stopped: Arc<AtomicBool>,
}

impl Server {
    /// Starts serving the pages below any path: `…?page=2` is the second, and each names the next in `pagination.next`.
    pub(crate) fn start(pages: Arc<Pages>, latency: Duration) -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        let address = listener.local_addr()?;
        let stopped = Arc::new(AtomicBool::new(false));
        let told = stopped.clone();
        thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                if told.load(Ordering::Relaxed) {
                    return;
                }
                let pages = pages.clone();
                // A client that leaves ends its connection; that is no failure.
                thread::spawn(move || drop(serve(&stream, &pages, latency, address)));
            }
        });
        Ok(Self { address, stopped })
    }

    /// `127.0.0.1:port`.
    pub(crate) fn host(&self) -> String {
        self.address.to_string()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.stopped.store(true, Ordering::Relaxed);
        // Wakes the thread that waits for a connection.
        drop(TcpStream::connect(self.address));
    }
}

fn serve(stream: &TcpStream, pages: &Pages, latency: Duration, address: SocketAddr) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let mut reader = BufReader::new(stream);
    while let Some(target) = request(&mut reader)? {
        if !latency.is_zero() {
            thread::sleep(latency);
        }
        let (path, query) = target.split_once('?').unwrap_or((&target, ""));
        let asked = query.split('&').find_map(|pair| pair.strip_prefix("page=")?.parse::<u64>().ok());
        let page = asked.unwrap_or(1).clamp(1, pages.count().max(1));
        let next =
            if page < pages.count() { format!("\"http://{address}{path}?page={}\"", page + 1) } else { "null".into() };
        let records = pages.records(page - 1);
        let tail = format!("],\"pagination\":{{\"next\":{next}}}}}");
        let head = b"{\"data\":[";
        let length = head.len() + records.len() + tail.len();
        let mut answer = Vec::with_capacity(length + 128);
        write!(answer, "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {length}\r\n\r\n")?;
        answer.extend_from_slice(head);
        answer.extend_from_slice(&records);
        answer.extend_from_slice(tail.as_bytes());
        (&*stream).write_all(&answer)?;
    }
    Ok(())
}

/// Reads the head of a request; the answer is its target, or none at the end of the connection.
fn request(reader: &mut BufReader<&TcpStream>) -> io::Result<Option<String>> {
    let mut line = String::new();
    if reader.read_line(&mut line)? == 0 {
        return Ok(None);
    }
    let target = line.split(' ').nth(1).unwrap_or("/").to_owned();
    loop {
        line.clear();
        if reader.read_line(&mut line)? == 0 || line.trim_end().is_empty() {
            return Ok(Some(target));
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Read as _;

    use super::*;
    use crate::pages::Shape;

    #[test]
    fn the_last_page_names_no_other() {
        let pages = Arc::new(Pages::new(Shape::Flat, 0, 1200, true));
        let server = Server::start(pages, Duration::ZERO).unwrap();
        let mut stream = TcpStream::connect(server.host()).unwrap();
        write!(stream, "GET /x?page=1 HTTP/1.1\r\n\r\nGET /x?page=2 HTTP/1.1\r\n\r\n").unwrap();
        stream.shutdown(std::net::Shutdown::Write).unwrap();
        let mut text = String::new();
        stream.read_to_string(&mut text).unwrap();
        assert_eq!(text.matches("\"sequence\"").count(), 1200);
        assert!(text.contains(&format!("\"next\":\"http://{}/x?page=2\"", server.host())));
        assert!(text.ends_with("\"next\":null}}"));
    }
}
