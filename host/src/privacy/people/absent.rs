//! What comes of people who were forgotten: told as theirs before anything of it is kept.

use bytes::Bytes;

use super::{Forgotten, Found, Marks};
use crate::{
    model::{Delivery, RejectedRecord},
    privacy::Guard,
};

/// People who were forgotten, as what comes is compared with them.
#[derive(Debug)]
pub struct Absent {
    /// What comes is in clear, and what was kept of them may have been hashed.
    marks: [Option<Marks>; 2],
    forgotten: Forgotten,
}

impl Absent {
    /// Compares by marks with those who were forgotten.
    pub fn new(marks: Marks, forgotten: Forgotten, guard: &Guard) -> Self {
        let hashed = guard.hashes().then(|| marks.clone().hashed_by(guard));
        Self { marks: [Some(marks), hashed], forgotten }
    }

    fn is_theirs(&self, found: impl Fn(&Marks) -> Found) -> bool {
        self.marks.iter().flatten().any(|marks| self.forgotten.link(&found(marks)).is_some())
    }

    /// Whether a text that is no record names one of them.
    pub fn is_named(&self, text: &[u8]) -> bool {
        let text = String::from_utf8_lossy(text);
        self.marks.iter().flatten().any(|marks| self.forgotten.is_named(&text, marks))
    }

    /// Takes their records out of a page; tells how many they are.
    pub(crate) fn leave_out(&self, resource: &str, records: &mut Bytes, rejected: &mut Vec<RejectedRecord>) -> u64 {
        let before = rejected.len();
        rejected.retain(|record| !self.is_named(record.raw.as_bytes()));
        let mut left_out = (before - rejected.len()) as u64;
        let mut kept: Option<Vec<u8>> = None;
        let mut start = 0;
        for end in memchr::memchr_iter(b'\n', records).chain([records.len()]) {
            let line = &records[start..end];
            let goes = !line.trim_ascii().is_empty()
                && (self.is_theirs(|marks| marks.found(resource, line)) || self.is_broken_and_theirs(line));
            if goes {
                left_out += 1;
                kept.get_or_insert_with(|| records[..start].to_vec());
            } else if let Some(kept) = &mut kept {
                kept.extend_from_slice(&records[start..records.len().min(end + 1)]);
            }
            start = end + 1;
        }
        if let Some(kept) = kept {
            *records = Bytes::from(kept);
        }
        left_out
    }

    /// A line that is no record will be kept aside.
    fn is_broken_and_theirs(&self, line: &[u8]) -> bool {
        serde_json::from_slice::<serde::de::IgnoredAny>(line).is_err() && self.is_named(line)
    }

    /// Whether an event is theirs, by what the component made of it: one record says whose all are.
    pub(crate) fn has(&self, deliveries: &[Delivery]) -> bool {
        let found = |marks: &Marks| {
            let mut all = Found::default();
            for delivery in deliveries {
                for line in delivery.records.split(|byte| *byte == b'\n').filter(|line| !line.trim_ascii().is_empty()) {
                    all.merge(marks.found(delivery.resource.as_str(), line));
                }
            }
            all
        };
        let mut rejected = deliveries.iter().flat_map(|delivery| &delivery.rejected);
        self.is_theirs(found) || rejected.any(|record| self.is_named(record.raw.as_bytes()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        json_path::JsonPath,
        model::ResourceName,
        privacy::{
            Key, Rules,
            people::{Asked, Meaning, Person, Sign, mark::tests::mark},
        },
    };

    fn marks() -> Marks {
        let marks = vec![
            mark("chats", Meaning::Identity, "client", &["client_id"]),
            mark("chats", Meaning::Belonging, "chat", &["chat_id"]),
        ];
        Marks::new(marks, &[]).unwrap()
    }

    /// Client 7, with the chat 9, by what `guard` leaves of them.
    fn absent(guard: &Guard, dir: &std::path::Path) -> Absent {
        let hashed = marks().hashed_by(guard);
        let mut person = Person::of(Sign::new("client", &hashed.canonical("7".to_owned())));
        person.belongings.insert(Sign::new("chat", &hashed.canonical("9".to_owned())));
        person.contacts.insert("vera@example.org".to_owned());
        let mut forgotten = Forgotten::open(dir).unwrap();
        forgotten.add(&Asked { kind: None, id: "7".to_owned() }, &person).unwrap();
        Absent::new(marks(), forgotten, guard)
    }

    fn check(guard: &Guard) {
        let dir = tempfile::tempdir().unwrap();
        let absent = absent(guard, dir.path());
        let lines = "{\"client_id\":1}\n{\"client_id\":\"7\"}\n\n{\"client_id\":2,\"chat_id\":9}\n{\"chat_id\":9}\n{\"client_id\":7";
        let mut records = Bytes::from(lines);
        let mut rejected = vec![RejectedRecord { raw: "vera@example.org".into(), reason: String::new() }];
        assert_eq!(absent.leave_out("chats", &mut records, &mut rejected), 4);
        assert_eq!(&records[..], b"{\"client_id\":1}\n\n{\"client_id\":2,\"chat_id\":9}\n");
        assert!(rejected.is_empty());
        let delivery = |records: &'static str| Delivery {
            resource: ResourceName::new("chats").unwrap(),
            records: Bytes::from_static(records.as_bytes()),
            rejected: Vec::new(),
        };
        assert!(absent.has(&[delivery("{\"x\":1}"), delivery("{\"client_id\":7.0}")]));
        assert!(!absent.has(&[delivery("{\"x\":7}\n{\"client_id\":8}")]));
    }

    #[test]
    fn what_is_theirs_is_left_out() {
        check(&Guard::default());
    }

    #[test]
    fn what_was_hashed_before_it_was_kept_is_theirs_still() {
        let paths: Vec<JsonPath> = vec!["client_id".parse().unwrap(), "chat_id".parse().unwrap()];
        check(&Guard::new(Rules::new(Vec::new(), paths).unwrap(), Key::of(&[7; 32])));
    }
}
