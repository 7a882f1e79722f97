//! Marks: where records say whose they are, as the component tells and the pipeline file adds.

use std::collections::BTreeMap;

use super::sign::{Sign, contact, scalar};
use crate::{
    incremental::{FieldPath, InvalidPath},
    model::ResourceName,
    normalize::{
        parse::parse,
        tape::{Document, Tape},
    },
    privacy::{Guard, hash::Hasher},
};

/// What a field says of a client.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Meaning {
    /// Who the client is.
    Identity,
    /// What belongs to one client alone.
    Belonging,
    /// How the client is reached.
    Contact,
}

/// A field that says something of a client.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mark {
    /// The resource whose records have it; none: all have.
    pub resource: Option<ResourceName>,
    /// What it says.
    pub meaning: Meaning,
    /// Values of one kind are compared with each other.
    pub kind: String,
    /// One path, or several whose values are one together.
    pub paths: Vec<FieldPath>,
}

/// The kind of the identities that the pipeline file names.
const CLIENT: &str = "client";

/// All marks of a pipeline.
#[derive(Clone, Debug, Default)]
pub struct Marks {
    marks: Vec<Mark>,
    /// Hashes all that is found, where values may be hashed already: then both are one.
    hasher: Option<Hasher>,
}

/// What a record says of clients.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Found {
    /// Who they are.
    pub identities: Vec<Sign>,
    /// What belongs to them.
    pub belongings: Vec<Sign>,
    /// How they are reached, each in one spelling.
    pub contacts: Vec<String>,
}

impl Marks {
    /// The marks of a component, and those that the pipeline file adds for all resources.
    ///
    /// # Errors
    /// When a path of the pipeline file is none.
    pub fn new(of_component: Vec<Mark>, added: &[String]) -> Result<Self, InvalidPath> {
        let mut marks = of_component;
        for path in added {
            let (meaning, kind, paths) = (Meaning::Identity, CLIENT.to_owned(), vec![path.parse()?]);
            marks.push(Mark { resource: None, meaning, kind, paths });
        }
        Ok(Self { marks, hasher: None })
    }

    /// The same for records in which a guard may have hashed values, and others: both are hashed.
    #[must_use]
    pub fn hashed_by(self, guard: &Guard) -> Self {
        Self { hasher: guard.hasher(), ..self }
    }

    /// How a value of an identity is compared: as it is, or as its hash.
    pub fn canonical(&self, value: String) -> String {
        match &self.hasher {
            Some(hasher) if !hasher.is_hash(value.as_bytes()) => hasher.hash(value.as_bytes()),
            _ => value,
        }
    }

    /// How a contact is compared: in one spelling, and as the hash of what was written.
    pub(super) fn contacts(&self, value: &str) -> impl Iterator<Item = String> {
        let hashed = self.hasher.as_ref().map(|_| self.canonical(value.trim().to_owned()));
        contact(value).into_iter().chain(hashed)
    }

    /// Whether no record can be told to be anybody's.
    pub fn are_none(&self) -> bool {
        !self.marks.iter().any(|mark| mark.meaning == Meaning::Identity)
    }

    /// The kinds of identities, each once.
    pub fn kinds(&self) -> Vec<&str> {
        let mut kinds: Vec<&str> = Vec::new();
        for mark in self.marks.iter().filter(|mark| mark.meaning == Meaning::Identity) {
            if !kinds.contains(&mark.kind.as_str()) {
                kinds.push(&mark.kind);
            }
        }
        kinds
    }

    /// The marks of a resource.
    pub fn of<'a>(&'a self, resource: &'a str) -> impl Iterator<Item = &'a Mark> + Clone {
        self.marks.iter().filter(move |mark| mark.resource.as_ref().is_none_or(|name| name.as_str() == resource))
    }

    /// All marks.
    pub fn iter(&self) -> impl Iterator<Item = &Mark> {
        self.marks.iter()
    }

    /// What a record says, a JSON text; nothing when it is none.
    pub fn found(&self, resource: &str, record: &[u8]) -> Found {
        let (mut tape, mut found) = (Tape::default(), Found::default());
        if let Ok(text) = str::from_utf8(record)
            && parse(text, &mut tape).is_ok()
        {
            self.read(resource, Document { text, tape: &tape }, &mut found);
        }
        found
    }

    fn read(&self, resource: &str, document: Document<'_>, found: &mut Found) {
        let mut reading = Reading::new(self);
        for mark in self.of(resource) {
            let values = |path: &FieldPath| {
                let mut values = Vec::new();
                path.each(document, &mut |document, at| values.extend(scalar(document, at)));
                values
            };
            reading.take(mark, mark.paths.iter().map(values).collect());
        }
        reading.end(found);
    }
}

/// What the marks of one record say, as it comes together.
#[derive(Debug)]
pub(crate) struct Reading<'a> {
    marks: &'a Marks,
    found: Found,
    /// Signs without some of their parts, by kind.
    partial: BTreeMap<String, Vec<(Meaning, Sign)>>,
    whole: Vec<String>,
}

impl<'a> Reading<'a> {
    pub(crate) fn new(marks: &'a Marks) -> Self {
        Self { marks, found: Found::default(), partial: BTreeMap::new(), whole: Vec::new() }
    }

    /// Takes what a mark says: the values of each of its paths.
    pub(crate) fn take(&mut self, mark: &Mark, mut values: Vec<Vec<String>>) {
        let Some(last) = values.pop() else { return };
        let before: Vec<Option<String>> = values.into_iter().map(|values| values.into_iter().next()).collect();
        for value in last {
            if mark.meaning == Meaning::Contact {
                self.marks.contacts(&value).for_each(|contact| self.found.add_contact(contact));
                continue;
            }
            let is_whole = before.iter().all(Option::is_some);
            let mut parts: Vec<String> = before.iter().map(|part| part.clone().unwrap_or_default()).collect();
            parts.push(value);
            let parts = parts.into_iter().map(|part| self.marks.canonical(part)).collect();
            let sign = Sign { kind: mark.kind.clone(), parts };
            if is_whole {
                self.whole.push(mark.kind.clone());
                self.found.add(mark.meaning, sign);
            } else {
                self.partial.entry(mark.kind.clone()).or_default().push((mark.meaning, sign));
            }
        }
    }

    /// What was said in all. A sign that lacks a part counts if no other mark of its kind has one that is whole: without its
    /// channel a number is somebody's still, but not that of the visitor with the number in each channel.
    pub(crate) fn end(self, into: &mut Found) {
        let Self { mut found, partial, whole, .. } = self;
        for (_, signs) in partial.into_iter().filter(|(kind, _)| !whole.contains(kind)) {
            for (meaning, sign) in signs {
                found.add(meaning, sign);
            }
        }
        into.merge(found);
    }
}

impl Found {
    fn add(&mut self, meaning: Meaning, sign: Sign) {
        let signs = if meaning == Meaning::Identity { &mut self.identities } else { &mut self.belongings };
        if !signs.contains(&sign) {
            signs.push(sign);
        }
    }

    /// Adds what another record says.
    pub fn merge(&mut self, other: Self) {
        other.identities.into_iter().for_each(|sign| self.add(Meaning::Identity, sign));
        other.belongings.into_iter().for_each(|sign| self.add(Meaning::Belonging, sign));
        other.contacts.into_iter().for_each(|contact| self.add_contact(contact));
    }

    fn add_contact(&mut self, contact: String) {
        if !self.contacts.contains(&contact) {
            self.contacts.push(contact);
        }
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    pub(crate) fn mark(resource: &str, meaning: Meaning, kind: &str, paths: &[&str]) -> Mark {
        let resource = Some(ResourceName::new(resource).unwrap());
        let paths = paths.iter().map(|path| path.parse().unwrap()).collect();
        Mark { resource, meaning, kind: kind.to_owned(), paths }
    }

    /// Chats of visitors, and clients.
    pub(crate) fn marks() -> Marks {
        let marks = vec![
            mark("chats", Meaning::Identity, "visitor", &["widget", "visitor.number"]),
            mark("chats", Meaning::Identity, "visitor", &["channel", "visitor.number"]),
            mark("chats", Meaning::Belonging, "chat", &["chat_id"]),
            mark("chats", Meaning::Contact, "contact", &["visitor.contacts[*]"]),
            mark("clients", Meaning::Identity, "client", &["client_id"]),
            mark("clients", Meaning::Identity, "visitor", &["widget", "number"]),
        ];
        Marks::new(marks, &["by".to_owned()]).unwrap()
    }

    fn read(resource: &str, text: &str) -> String {
        let found = marks().found(resource, text.as_bytes());
        let show = |signs: &[Sign]| signs.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ");
        format!("{} | {} | {}", show(&found.identities), show(&found.belongings), found.contacts.join(" "))
    }

    #[test]
    fn records_say_whose_they_are() {
        let whole = r#"{"widget":1,"visitor":{"number":"7","contacts":["A@b","A@b",5]},"chat_id":9,"by":"x"}"#;
        assert_eq!(read("chats", whole), "visitor:1/7 client:x | chat:9 | a@b");
        assert_eq!(read("chats", r#"{"channel":"1","visitor":{"number":7}}"#), "visitor:1/7 |  | ");
        assert_eq!(read("chats", r#"{"visitor":{"number":7}}"#), "visitor:/7 |  | ");
        assert_eq!(read("clients", r#"{"client_id":7.0,"number":3,"widget":"w"}"#), "client:7 visitor:w/3 |  | ");
        assert_eq!(read("other", r#"{"client_id":7,"by":8}"#), "client:8 |  | ");
    }

    #[test]
    fn kinds_are_those_of_identities() {
        assert_eq!(marks().kinds(), ["visitor", "client"]);
        assert!(Marks::default().are_none() && !marks().are_none());
        assert!(Marks::new(Vec::new(), &["a..b".to_owned()]).is_err());
    }
}
