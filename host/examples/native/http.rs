//! The plainest client there is: one connection that is kept, one request at a time, bodies of a known length.

use std::{
    cell::RefCell,
    io::{self, BufRead as _, BufReader, Read as _, Write as _},
    net::TcpStream,
    time::SystemTime,
};

use jivochat::{
    error::{Error, Kind},
    fetch::Service,
    response::{Headers, Response},
    url::Url,
};

/// The client, with its connection once there is one.
#[derive(Debug, Default)]
pub(crate) struct Client(RefCell<Option<BufReader<TcpStream>>>);

impl Service for Client {
    fn get(&self, url: &Url) -> Result<Response, Error> {
        self.ask(url).map_err(|error| Error::new(Kind::Permanent, format!("`{url}`: {error}")))
    }

    fn now(&self) -> SystemTime {
        SystemTime::now()
    }
}

impl Client {
    fn ask(&self, url: &Url) -> io::Result<Response> {
        let mut connection = self.0.borrow_mut();
        let stream = match &mut *connection {
            Some(stream) => stream,
            none => {
                let stream = TcpStream::connect(&url.origin.authority)?;
                stream.set_nodelay(true)?;
                none.insert(BufReader::with_capacity(64 * 1024, stream))
            }
        };
        let request = format!("GET {} HTTP/1.1\r\nhost: {}\r\n\r\n", url.target, url.origin.authority);
        stream.get_mut().write_all(request.as_bytes())?;
        let mut line = String::new();
        stream.read_line(&mut line)?;
        let status = line.split(' ').nth(1).and_then(|status| status.parse().ok()).ok_or(io::ErrorKind::InvalidData)?;
        let mut headers = Headers::default();
        loop {
            line.clear();
            stream.read_line(&mut line)?;
            let Some((name, value)) = line.trim_end().split_once(": ") else { break };
            headers.add(name, value.as_bytes());
        }
        let length = headers.get("content-length").and_then(|length| length.parse().ok()).unwrap_or(0);
        let mut body = vec![0; length];
        stream.read_exact(&mut body)?;
        Ok(Response { status, headers, body })
    }
}
