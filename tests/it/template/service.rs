//! A city library that answers on this machine: five books on three pages, and loans for the staff alone.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};

/// The number of the reader's card.
pub(super) const KEY: &str = "card-0123456789";

/// The library; it answers until the tests are over.
pub(super) struct Library(SocketAddr);

impl Library {
    pub(super) fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                std::thread::spawn(move || serve(&stream.unwrap()));
            }
        });
        Self(address)
    }

    pub(super) fn origin(&self) -> String {
        format!("http://{}", self.0)
    }

    pub(super) fn host(&self) -> String {
        self.0.to_string()
    }
}

/// Answers the requests of a connection until it ends.
fn serve(stream: &TcpStream) {
    let mut lines = BufReader::new(stream).lines().map_while(Result::ok);
    while let Some(first) = lines.next() {
        let head: Vec<String> = lines.by_ref().take_while(|line| !line.is_empty()).collect();
        let known = head.iter().any(|line| line.eq_ignore_ascii_case(&format!("x-card: {KEY}")));
        let target = first.split(' ').nth(1).unwrap_or_default();
        let (status, body) = if known { answer(target) } else { (401, "who are you?".to_owned()) };
        let length = body.len();
        let answer = format!("HTTP/1.1 {status} -\r\ncontent-length: {length}\r\n\r\n{body}");
        if (&*stream).write_all(answer.as_bytes()).is_err() {
            return;
        }
    }
}

fn answer(target: &str) -> (u16, String) {
    let book = |isbn: u32| format!("{{\"isbn\":{isbn},\n\"title\":\"Book \\\"{isbn}\\\" é\",\"copies\":2.50}}");
    let books = |first: u32, last: u32| {
        let books: Vec<String> = (first..=last).map(book).collect();
        (200, format!("{{\"found\":{{\"pages\":3,\"books\":[{}]}},\"took\":1}}", books.join(", ")))
    };
    match target {
        "/api/branch" => (200, "{\"name\":\"Old Town\"}".to_owned()),
        "/api/books?page=1" => books(1, 2),
        "/api/books?page=2" => books(3, 4),
        "/api/books?page=3" => books(5, 5),
        "/api/loans" => (403, "{\"error\":{\"message\":\"your card is not for loans\"}}".to_owned()),
        _ => (404, "{\"error\":{\"message\":\"no such page\"}}".to_owned()),
    }
}
