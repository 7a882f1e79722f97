//! Events of a person in an inbox: what the component makes of them says whose they are.

use std::{
    collections::BTreeSet,
    hash::{DefaultHasher, Hash, Hasher as _},
};

use crate::{
    model::Event,
    privacy::people::{Forgotten, Found, Link, Marks, Person, Sign, Sought, Wanted},
    serve::inbox::{Inbox, InboxError, Kept},
    source::EventHandler,
};

/// Events that are handed in at once.
const AT_ONCE: usize = 1000;

/// An inbox, and the component that says what its events mean; none when it takes no events.
#[derive(Debug)]
pub struct Events<'a, H> {
    /// The inbox.
    pub inbox: &'a mut Inbox,
    /// Says what events mean.
    pub handler: Option<&'a H>,
}

/// What is known of all events, without what is in them: there may be many.
#[derive(Debug, Default)]
pub(super) struct Index {
    seen: Vec<Seen>,
}

#[derive(Debug)]
struct Seen {
    number: u64,
    /// Hashes of kinds and signs.
    identities: Box<[(u64, u64)]>,
    belongings: Box<[u64]>,
    contacts: Box<[u64]>,
    /// Some of it is no record, and must be read as a text.
    has_raw: bool,
    /// How it is a person's: the one that is looked for, or one before.
    link: Option<Link>,
}

/// What an event says.
#[derive(Debug, Default)]
struct Told {
    found: Found,
    raw: Vec<String>,
}

impl<H: EventHandler> Events<'_, H> {
    /// Has all events handled once. `signs` gets those that somebody who is looked for is called by.
    pub(super) async fn index(
        &self,
        marks: &Marks,
        sought: &[Sought<'_>],
        forgotten: &Forgotten,
        signs: &mut [BTreeSet<Sign>],
    ) -> Result<Index, InboxError> {
        let mut index = Index::default();
        let mut after = 0;
        loop {
            let batch = self.batch(after)?;
            let Some(last) = batch.last() else { return Ok(index) };
            after = last.number;
            for kept in &batch {
                let Told { found, raw } = self.told(marks, &kept.event).await;
                for (sought, signs) in sought.iter().zip(signs.iter_mut()) {
                    signs.extend(found.identities.iter().filter(|sign| sought.is(sign)).cloned());
                }
                index.seen.push(Seen {
                    number: kept.number,
                    link: forgotten.link(&found),
                    identities: found.identities.iter().map(|sign| (hash(&sign.kind), hash(sign))).collect(),
                    belongings: found.belongings.iter().map(hash).collect(),
                    contacts: found.contacts.iter().map(hash).collect(),
                    has_raw: !raw.is_empty(),
                });
            }
        }
    }

    /// Finds the events of a person and learns from them. Tells whether that leads to more.
    pub(super) async fn look(&self, index: &mut Index, marks: &Marks, person: &mut Person) -> Result<bool, InboxError> {
        let identities: BTreeSet<u64> = person.identities.iter().map(hash).collect();
        let belongings: BTreeSet<u64> = person.belongings.iter().map(hash).collect();
        let contacts: BTreeSet<u64> = person.contacts.iter().map(hash).collect();
        let kinds: BTreeSet<u64> = person.identities.iter().map(|sign| hash(&sign.kind)).collect();
        let mut grew = false;
        for seen in &mut index.seen {
            // As `Person::link` does it, with hashes: what is not known to be theirs by these is not read again.
            let is = seen.identities.iter().any(|(_, sign)| identities.contains(sign));
            let belongs = seen.belongings.iter().any(|hash| belongings.contains(hash))
                && !seen.identities.iter().any(|(kind, _)| kinds.contains(kind));
            let reaches = seen.identities.is_empty() && seen.contacts.iter().any(|hash| contacts.contains(hash));
            let link = match is {
                true => Link::Is,
                false if belongs || reaches => Link::Belongs,
                false => continue,
            };
            if seen.link < Some(link) {
                let Some(kept) = self.inbox.one(seen.number)? else { continue };
                grew |= person.learn(&self.told(marks, &kept.event).await.found, link);
                seen.link = Some(link);
            }
        }
        Ok(grew)
    }

    /// The numbers of all events that go: those that were found, and those whose texts name somebody.
    pub(super) async fn numbers(
        &self,
        index: &Index,
        marks: &Marks,
        wanted: Wanted<'_>,
    ) -> Result<Vec<u64>, InboxError> {
        let mut numbers = Vec::new();
        for seen in &index.seen {
            let mut goes = seen.link.is_some();
            if !goes
                && seen.has_raw
                && let Some(kept) = self.inbox.one(seen.number)?
            {
                goes = self.told(marks, &kept.event).await.raw.iter().any(|text| wanted.is_named(text, marks));
            }
            numbers.extend(goes.then_some(seen.number));
        }
        Ok(numbers)
    }

    /// The numbers of all messages that are or were passed on and go.
    pub(super) async fn relays(&self, marks: &Marks, wanted: Wanted<'_>) -> Result<Vec<u64>, InboxError> {
        let kinds = marks.kinds();
        let mut numbers = Vec::new();
        for relay in self.inbox.relays()? {
            let by_key = |key: &String| {
                let key = marks.canonical(key.clone());
                kinds.iter().any(|kind| wanted.is(&Sign::new(kind, &key)))
            };
            let mut goes = relay.order_key.as_ref().is_some_and(by_key);
            if !goes && let Some(message) = &relay.message {
                let told = self.told(marks, message).await;
                goes = wanted.link(&told.found).is_some() || told.raw.iter().any(|text| wanted.is_named(text, marks));
            }
            numbers.extend(goes.then_some(relay.number));
        }
        Ok(numbers)
    }

    fn batch(&self, after: u64) -> Result<Vec<Kept>, InboxError> {
        let mut batch = Vec::new();
        self.inbox.since(0, after, |kept| {
            batch.push(kept);
            batch.len() < AT_ONCE
        })?;
        Ok(batch)
    }

    async fn told(&self, marks: &Marks, event: &Event) -> Told {
        let body = || vec![String::from_utf8_lossy(&event.body).into_owned()];
        let Some(handler) = self.handler else { return Told { raw: body(), ..Told::default() } };
        let Ok(outcome) = handler.handle_event(event).await else {
            return Told { raw: body(), ..Told::default() };
        };
        let mut told = Told::default();
        for delivery in outcome.deliveries {
            for line in delivery.records.split(|byte| *byte == b'\n').filter(|line| !line.trim_ascii().is_empty()) {
                told.found.merge(marks.found(delivery.resource.as_str(), line));
            }
            told.raw.extend(delivery.rejected.into_iter().map(|rejected| rejected.raw));
        }
        told
    }
}

fn hash(value: &impl Hash) -> u64 {
    let mut hasher = DefaultHasher::new();
    value.hash(&mut hasher);
    hasher.finish()
}
