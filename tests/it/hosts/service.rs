//! A service on loopback that answers as a test says, and a pipeline that reads it.

use std::fmt::Write as _;
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::sync::{Arc, Mutex};

use acceptance::project::Project;

/// What a test answers to the target of a request: status, header fields, body.
pub(super) type Answer = (u16, Vec<(&'static str, String)>, String);

/// A service. Its thread ends with the process.
pub(super) struct Service {
    /// `http://127.0.0.1:<port>`.
    pub(super) origin: String,
    heads: Arc<Mutex<Vec<String>>>,
}

impl Service {
    /// Starts a service; `answer` is given its origin and a request's target.
    pub(super) fn start(answer: impl Fn(&str, &str) -> Answer + Send + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let origin = format!("http://{}", listener.local_addr().unwrap());
        let heads = Arc::default();
        let service = Self { origin: origin.clone(), heads: Arc::clone(&heads) };
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                serve(&stream.unwrap(), &heads, |target| answer(&origin, target));
            }
        });
        service
    }

    /// The heads of the requests so far, names in small letters.
    pub(super) fn heads(&self) -> Vec<String> {
        self.heads.lock().unwrap().clone()
    }

    /// A pipeline that reads it with a component, whose secret `token` is `value-of-the-token`.
    pub(super) fn project(&self, component: &Path) -> Project {
        let project = Project::empty();
        std::fs::write(project.path("token"), "value-of-the-token").unwrap();
        project
            .set("pipeline.name", "foreign")
            .set("pipeline.dataset", "jivochat_data")
            .set("source.name", "foreign")
            .set("source.component", component.to_str().unwrap())
            .set("source.allow", vec![self.origin.clone()])
            .set("source.allow_private", vec![self.origin["http://".len()..].to_owned()])
            .set("source.config.base_url", self.origin.clone())
            .set("source.secrets.token", "file:token")
            // The program under test is not optimized, and compiles an interpreter at a tenth of its usual speed.
            .set("source.limits.compile_time", "15m")
            .set("source.limits.page_cpu", "5m")
            .set("source.retry.max_wait", "5s")
            .set("destination.url", "duckdb:foreign.duckdb")
    }
}

fn serve(mut stream: &TcpStream, heads: &Mutex<Vec<String>>, answer: impl Fn(&str) -> Answer) {
    let mut head = String::new();
    let mut lines = BufReader::new(stream);
    while !head.ends_with("\r\n\r\n") {
        if lines.read_line(&mut head).unwrap_or(0) == 0 {
            return;
        }
    }
    let target = head.split(' ').nth(1).unwrap().to_owned();
    heads.lock().unwrap().push(head);
    let (status, fields, body) = answer(&target);
    let mut text = format!("HTTP/1.1 {status} Status\r\ncontent-length: {}\r\nconnection: close\r\n", body.len());
    for (name, value) in fields {
        write!(text, "{name}: {value}\r\n").unwrap();
    }
    // A client that went away fails its own test.
    let _ = stream.write_all(format!("{text}\r\n{body}").as_bytes());
}
