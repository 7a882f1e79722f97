//! Copies of the templates, edited only between their marks, become sources of a service that exists here alone: a
//! library that numbers its pages in Python, and one that has its loans in an envelope in JavaScript.

use std::fs;
use std::time::Duration;

use acceptance::{foreign, places};

use crate::hosts::service::{Answer, Service};

/// The template with other text between its marks.
#[track_caller]
fn edited(template: &str, mark: &str, text: &str) -> String {
    let source = fs::read_to_string(places::workspace().join("guest").join(template)).unwrap();
    let (before, rest) = source.split_once(&format!("{mark} Edit from here.\n")).unwrap();
    let (_, after) = rest.split_once(&format!("{mark} Edit to here.\n")).unwrap();
    format!("{before}{text}{after}")
}

fn library(_: &str, target: &str) -> Answer {
    match target {
        "/shelves?page=1" => (200, Vec::new(), r#"{"page": 1, "shelves": [{"no": 1}, {"no": 2}], "pages": 2}"#.into()),
        "/shelves?page=2" => (200, Vec::new(), r#"{"page": 2, "shelves": [{"no": 3}], "pages": 2}"#.into()),
        "/loans" => (200, Vec::new(), r#"{"data": {"loans": [{"no": 1}]}, "more": "/loans/2"}"#.into()),
        "/loans/2" => (200, Vec::new(), r#"{"data": {"loans": [{"no": 2}, {"no": 3}]}, "more": null}"#.into()),
        _ => (404, Vec::new(), "no such shelf".into()),
    }
}

const SHELVES: &str = r#"
NAME, VERSION, ABOUT = "library", "1.0.0", None
ORIGIN = "https://library.example"
SETTINGS = {"token": {"type": "string", "writeOnly": True}}
RESOURCES = {"shelves": ("Shelves.", ["no"], None, "/shelves?page=1")}


def headers(config):
    return {"x-card": config["token"]}


def first_page(config, path, start, count):
    return path


def read_page(text, fields):
    body = json.loads(text)
    more = body["page"] < body["pages"]
    return values(text, "shelves"), f"/shelves?page={body['page'] + 1}" if more else None


def failure(status, fields):
    return None
"#;

const LOANS: &str = r"
const about = { name: 'library', version: '1.0.0' };
const origin = 'https://library.example';
const settings = { token: { type: 'string', writeOnly: true } };
const resources = { loans: { description: 'Loans.', primaryKey: ['no'], path: '/loans' } };
const headers = (config) => ({ 'x-card': config.token });
const firstPage = (config, { path }) => path;
const readPage = (body) => ({ records: body.data.loans, next: body.more ?? undefined });
const failure = () => undefined;
";

#[test]
fn a_copy_in_python_reads_another_service() {
    let service = Service::start(library);
    let project = service.project(&foreign::python(&edited("python/issues.py", "#", SHELVES)));
    project.run().timeout(Duration::from_mins(20)).run().code(0);
    assert_eq!(project.value("SELECT string_agg(no, ' ' ORDER BY no) FROM jivochat_data.shelves"), "1 2 3");
    assert!(service.heads().iter().all(|head| head.contains("x-card: value-of-the-token\r\n")));
}

#[test]
fn a_copy_in_javascript_reads_another_service() {
    let service = Service::start(library);
    let project = service.project(&foreign::javascript(&edited("javascript/tickets.js", "//", LOANS)));
    project.run().timeout(Duration::from_mins(20)).run().code(0);
    assert_eq!(project.value("SELECT string_agg(no, ' ' ORDER BY no) FROM jivochat_data.loans"), "1 2 3");
    assert!(service.heads().iter().all(|head| head.contains("x-card: value-of-the-token\r\n")));
}
