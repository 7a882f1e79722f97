//! People in everything that JivoChat pushes: who is found, and who is not.

use std::collections::BTreeMap;

use acceptance::project::Project;
use acceptance::receiver::Receiver;

use super::nowhere;
use crate::events::{
    self,
    dump::{Tables, dump},
};

/// A project into which the corpus was received.
#[track_caller]
fn received() -> Project {
    let project = events::project();
    let receiver = Receiver::start(&project);
    events::post_all(&receiver);
    receiver.stop().code(0);
    project
}

/// The rows of each table, each as text.
fn rows(tables: &Tables) -> BTreeMap<&str, Vec<&str>> {
    // The first part tells the columns.
    tables.iter().map(|(name, text)| (name.as_str(), text.split("\n-").skip(1).map(str::trim_end).collect())).collect()
}

/// Forgets somebody. Rows that go hold one of some words, and so does no row that stays; all others are as before.
#[track_caller]
fn check(id: &str, known_as: &str, words: &[&str]) {
    let project = received();
    let before = dump(&project, None);
    let agents = before["agents"].clone();
    project
        .cli()
        .args(["forget", "--client", id])
        .run()
        .code(0)
        .stdout_has(&[&format!("forgot `{id}`, known as {known_as}\n")]);
    let after = dump(&project, None);
    assert_eq!(after.keys().collect::<Vec<_>>(), before.keys().collect::<Vec<_>>());
    assert_eq!(after["agents"], agents);
    let (before, after) = (rows(&before), rows(&after));
    let mut gone = 0;
    for (table, rows) in &before {
        for row in rows {
            let stays = after[table].contains(row);
            let theirs = words.iter().any(|word| row.contains(word));
            assert_eq!(stays, !theirs, "{table}: {row}");
            gone += usize::from(!stays);
        }
        assert!(after[table].iter().all(|row| rows.contains(row)), "{table}");
    }
    assert!(gone > 0);
    let export = project.cli().args(["inbox", "export"]).run().code(0).stdout.clone();
    for word in words {
        assert!(!export.contains(word), "{word} in {export}");
    }
}

/// A client of the CRM, of whom one message says that they are in the chat of somebody else, with chats by the number of the visitor, an offline message, attributes, deals and tasks.
#[test]
fn a_client_is_found_by_the_number_of_the_visitor_too() {
    let mut words: Vec<String> = ["312", "40", "50"]
        .into_iter()
        .flat_map(|id| ["\"_\"", "\\\"_\\\"", ": _,", ": _}"].map(|form| form.replace('_', id)))
        .collect();
    words.extend(["55124", "55121", "Ib Ro", "Иб Ро", "ib@example.org", "of clients 312"].map(str::to_owned));
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    check("312", "client:312, visitor:90017/312", &words);
}

#[test]
fn a_visitor_is_found_in_chats_and_calls() {
    check("311", "visitor:90017/311", &["55120", "\"311\""]);
    check("visitor:90017/321", "visitor:90017/321", &["55130", "Kim"]);
}

/// A person of the Chat API, in messages of both directions.
#[test]
fn one_who_writes_by_the_chat_api_is_found_in_both_directions() {
    check("cust-0042", "client:cust-0042", &["cust-0042", "of inbound_messages m-000917"]);
}

#[test]
fn no_byte_of_a_person_is_left() {
    let project = received();
    project.cli().args(["forget", "--client", "312", "--client", "311", "--client", "cust-0042"]).run().code(0);
    let words = [
        "Ib Ro",
        "Иб Ро",
        "ib@example.org",
        "15550111",
        "Please call back",
        "Anybody?",
        "Nobody.",
        "Blue ones",
        "Vera Lind",
        "vera@example.org",
        "Is the blue one in stock?",
        "Merci",
    ];
    nowhere(&project, &words, &[]);
}
