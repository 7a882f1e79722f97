//! `forget`: what goes, what stays, and what stays away.

mod corpus;
mod interrupted;
mod places;
mod retention;
mod returns;

use acceptance::fake_jivo::{FakeJivo, Options};
use acceptance::project::Project;
use acceptance::receiver::Receiver;

/// What is told of a person in nothing but what is of them.
const WORDS: [&str; 7] = [
    "Пётр Заречный",
    "petr@example.net",
    "+7 900 000-42-42",
    "Is it waterproof, really?",
    "It is, down to ten metres",
    "Call me at the dacha",
    "a rejected cry for help",
];

/// Another person, in the same events.
const OTHERS: [&str; 4] = ["Amina O'Dell", "amina@example.com", "A second question", "A second answer"];

/// Events of a person, who is called 301 in the channel and 7301 in the CRM, and of another one.
fn events() -> Vec<String> {
    let chat = |chat: u32, number: u32, who: &str, said: &str, answer: &str| {
        format!(
            r#"{{"event_name":"chat_finished","widget_id":"90017","chat_id":{chat},"visitor":{{"number":"{number}",{who}}},
              "agents":[{{"id":"7","name":"Omar","email":"omar@shop.example"}}],"tags":[{{"id":"5","title":"Wholesale"}}],
              "chat":{{"messages":[{{"message":"{said}","timestamp":1767225600,"type":"visitor"}},
              {{"message":"{answer}","timestamp":1767225655,"type":"agent","agent_id":7}}]}},"plain_messages":"{said}"}}"#
        )
    };
    let own = format!(r#""name":"{}","email":"{}","phone":"{}""#, WORDS[0], WORDS[1], WORDS[2]);
    let other = format!(r#""name":"{}","email":"{}","phone":null"#, OTHERS[0], OTHERS[1]);
    vec![
        format!(
            r#"{{"event_name":"client_updated","widget_id":"90017","client_id":"7301","visitor":{{"number":301,{own}}}}}"#
        ),
        format!(
            r#"{{"event_name":"client_updated","widget_id":"90017","client_id":"7302","visitor":{{"number":302,{other}}}}}"#
        ),
        chat(77001, 301, &own, WORDS[3], WORDS[4]),
        chat(77002, 302, &other, OTHERS[2], OTHERS[3]),
        format!(
            r#"{{"event_name":"offline_message","widget_id":"90017","chat_id":77003,"visitor":{{"number":301,{own}}},
              "message":"{}","offline_message_id":1767229200123}}"#,
            WORDS[5]
        ),
        format!(
            r#"{{"event_name":"client_attribute_updated","client_id":7301,"attributes":{{"mail":"{}"}}}}"#,
            WORDS[1]
        ),
        format!(
            r#"{{"event_name":"created_deal","deal_id":40,"client":{{"client_id":7301}},"title":"For {}"}}"#,
            WORDS[0]
        ),
        format!(r#"{{"event_name":"updated_deal","deal_id":40,"text":"{}"}}"#, WORDS[0]),
        // A chat without its number is kept aside.
        format!(
            r#"{{"event_name":"chat_accepted","chat_id":null,"visitor":{{"email":"{}","name":"{}"}}}}"#,
            WORDS[1], WORDS[6]
        ),
        format!(r#"{{"event_name":"chat_accepted","chat_id":null,"visitor":{{"email":"{}"}}}}"#, OTHERS[1]),
    ]
}

/// No JSON, and so refused: the one names the person, and the other nobody.
fn refused() -> [String; 2] {
    [format!(r#"{{"client_id":7301,"text":"{}"#, WORDS[6]), r#"{"client_id":7302,"text":"cut"#.to_owned()]
}

/// A service whose messages are of six visitors, 300 to 305; the one with the number 301 has the same name as the person above.
fn server() -> FakeJivo {
    FakeJivo::start(Options { inbound: 36, outbound: 36, ..Options::default() }).unwrap()
}

/// A project into which messages were pulled, and events were pushed. Nothing that is read twice is there twice.
#[track_caller]
fn loaded(server: &FakeJivo) -> Project {
    let key = |project: Project, name: &str| {
        let project = project.set(&format!("resources.{name}.write_disposition"), "merge");
        project.set(&format!("resources.{name}.primary_key"), vec!["id"])
    };
    let project = ["inbound_messages", "outbound_messages"].into_iter().fold(Project::new(server), key);
    let project = project.only(&["inbound_messages", "outbound_messages"]).set("serve.flush_every", "20ms");
    project.run().run().code(0);
    let receiver = Receiver::start(&project);
    for event in events() {
        assert_eq!(receiver.post(&event).0, 200, "{event}");
    }
    for body in refused() {
        assert_eq!(receiver.post(&body).0, 400, "{body}");
    }
    receiver.stop().code(0);
    project
}

/// Rows of tables, as text.
type Rows = std::collections::BTreeMap<String, Vec<String>>;

/// Asserts that rows are the same, and shows the first that are not.
#[track_caller]
fn same(found: &Rows, expected: &Rows) {
    assert_eq!(found.keys().collect::<Vec<_>>(), expected.keys().collect::<Vec<_>>());
    for (table, rows) in expected {
        let missing = rows.iter().find(|row| !found[table].contains(row));
        let added = found[table].iter().find(|row| !rows.contains(row));
        assert_eq!((missing, added), (None, None), "{table}");
        assert_eq!(found[table].len(), rows.len(), "{table}");
    }
}

/// All rows that are not the person's.
#[track_caller]
fn others(project: &Project) -> Rows {
    let tables = crate::events::dump::dump(project, None);
    let rows = |text: &str| {
        let rows = text.split("\n-").skip(1).map(|row| row.trim_end().to_owned());
        let theirs = ["7301", "\"301\"", "77001", "77003", "\"40\"", ": 40", ":40,", "55121"];
        // The messages of a visitor, of which the rows below hold the identity alone.
        let messages = (7..=12).map(|number| format!("-{number:07}")).collect::<Vec<_>>();
        let is_theirs = |row: &String| {
            WORDS.iter().chain(&theirs).any(|word| row.contains(word)) || messages.iter().any(|id| row.contains(id))
        };
        rows.filter(|row| !is_theirs(row)).collect()
    };
    tables.iter().map(|(name, text)| (name.clone(), rows(text))).collect()
}

/// Asserts that none of some words is in any file of a project, whatever kind of file it is, but in those of a name.
#[track_caller]
fn nowhere(project: &Project, words: &[&str], but: &[&str]) {
    let mut left = vec![project.dir().to_owned()];
    while let Some(dir) = left.pop() {
        for entry in std::fs::read_dir(dir).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                left.push(path);
                continue;
            }
            if but.iter().any(|name| path.ends_with(name)) {
                continue;
            }
            let bytes = std::fs::read(&path).unwrap();
            for word in words {
                let found = bytes.windows(word.len()).any(|window| window == word.as_bytes());
                assert!(!found, "`{word}` is in {}", path.display());
            }
        }
    }
}
