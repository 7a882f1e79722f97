//! A person goes: out of tables, inbox and rejected records, and out of the bytes of their files.
//!
//! What a process leaves that is killed, step by step; in each case the same call does the rest:
//!
//! 1. before it is noted who is forgotten: everything as it was;
//! 2. after that: nothing is removed, and what comes of the person is left out. From the hashes all that is theirs can be
//!    found again, whatever of it is gone by then;
//! 3. after the events are removed, in one transaction: they are gone from the inbox; its file or log may hold their bytes;
//! 4. after the rows are removed, in one transaction: they are gone from the tables; the database's file holds their bytes;
//! 5. after the copy is in its place: nothing is left.

mod events;

use std::{collections::BTreeSet, time::Duration};

pub use events::Events;
use events::Index;

use crate::{
    fault::{self, Point},
    privacy::people::{Asked, Forgotten, ForgottenError, Marks, Person, Sign, Sought, Wanted},
    serve::inbox::{InboxError, Pruned},
    sink::{Alone, Hits, Removed, Rewritten, Search, Sink, SinkError},
    source::EventHandler,
};

/// The tables that people are looked for in.
#[derive(Debug)]
pub struct Rows {
    /// The right to put a copy in the place of the file.
    pub alone: Alone,
    /// The open database.
    pub sink: Sink,
    /// How many bytes DuckDB may hold in memory.
    pub memory: u64,
    /// How long to wait for others who have the file open.
    pub lock_wait: Duration,
}

/// People to be removed.
pub struct Forget<'a, H> {
    /// Where records say whose they are.
    pub marks: &'a Marks,
    /// Who.
    pub asked: &'a [Asked],
    /// Who was forgotten before.
    pub forgotten: &'a mut Forgotten,
    /// Where events are; none when there is no inbox.
    pub events: Option<Events<'a, H>>,
    /// Where rows are; none when there is no database.
    pub rows: Option<Rows>,
}

/// What was removed.
#[derive(Debug, Default)]
pub struct Removal {
    /// Who was asked for, and all identities of theirs; none when nothing was found.
    pub found: Vec<(Asked, Vec<Sign>)>,
    /// Identities that look like somebody who was forgotten before, and are not known to be theirs.
    pub others: Vec<(Asked, Sign)>,
    /// Rows by table.
    pub rows: Removed,
    /// Events of the inbox.
    pub events: Pruned,
    /// The sizes of the database.
    pub file: Option<Rewritten>,
}

/// Why somebody is not forgotten.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ForgetError {
    /// The database failed.
    #[error(transparent)]
    Sink(#[from] SinkError),
    /// The inbox failed.
    #[error(transparent)]
    Inbox(#[from] InboxError),
    /// It cannot be noted who is forgotten.
    #[error(transparent)]
    Forgotten(#[from] ForgottenError),
    /// Several people are called so. Nothing is removed.
    #[error("`{asked}` may be several people: {}", list(people))]
    Ambiguous {
        /// Who was asked for.
        asked: Asked,
        /// An identity of each.
        people: Vec<Sign>,
    },
}

fn list(people: &[Sign]) -> String {
    people.iter().map(|sign| format!("`{sign}`")).collect::<Vec<_>>().join(", ")
}

impl ForgetError {
    /// What to do about it.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Sink(error) => error.hint(),
            Self::Inbox(error) => error.hint(),
            Self::Forgotten(error) => Some(error.hint()),
            Self::Ambiguous { people, .. } => people.first().map(|first| {
                format!("nothing links them, and nothing was removed: say who is meant, as `--client {first}`")
            }),
        }
    }
}

/// Where people are looked for, all of it as it was when the search began.
struct Places<'a, 'b, H> {
    marks: &'a Marks,
    events: Option<(&'a Events<'b, H>, Index)>,
    rows: Option<(&'a Sink, &'a Search)>,
}

impl<H: EventHandler> Forget<'_, H> {
    /// Removes them. `on_wait` is told who holds the database, when there is waiting to do.
    ///
    /// # Errors
    /// What [`ForgetError`] lists. It can be called again.
    pub async fn run(mut self, on_wait: &mut dyn FnMut(&str)) -> Result<Removal, ForgetError> {
        let mut removal = Removal::default();
        let mut search = None;
        if let Some(rows) = &mut self.rows {
            // What cannot be copied is told before anything is removed.
            rows.sink.check_copy(&rows.alone)?;
            let schema = rows.sink.stored()?.schema;
            search = Some(rows.sink.search(self.marks, schema.as_ref())?);
        }
        let sought: Vec<Sought<'_>> = self.asked.iter().map(|asked| Sought::new(asked, self.marks)).collect();
        let mut signs = vec![BTreeSet::new(); self.asked.len()];
        let mut places = Places { marks: self.marks, events: None, rows: None };
        if let Some(events) = &self.events {
            let index = events.index(self.marks, &sought, self.forgotten, &mut signs).await?;
            places.events = Some((events, index));
        }
        if let (Some(rows), Some(search)) = (&self.rows, &search) {
            for (sought, signs) in sought.iter().zip(&mut signs) {
                rows.sink.signs(search, sought, signs)?;
            }
            places.rows = Some((&rows.sink, search));
        }
        let mut all = Person::default();
        let mut hits = Hits::new();
        let mut people = Vec::new();
        for (asked, signs) in self.asked.iter().zip(signs) {
            let person = places.resolve(asked, signs, self.forgotten, &mut removal).await?;
            all.join(person.clone());
            people.push((asked, person));
        }
        // One more look, which finds the rows of all of them, and of those who were forgotten before.
        places.close(&mut all, self.forgotten, &mut hits).await?;
        let wanted = Wanted { person: &all, forgotten: self.forgotten };
        let (mut numbers, mut relays) = (Vec::new(), Vec::new());
        if let Some((events, index)) = &places.events {
            numbers = events.numbers(index, self.marks, wanted).await?;
            relays = events.relays(self.marks, wanted).await?;
        }
        drop(places);
        for (asked, person) in &people {
            self.forgotten.add(asked, person)?;
        }
        fault::point(Point::PersonNoted);

        if let Some(events) = &mut self.events {
            removal.events = events.inbox.remove(&numbers, &relays)?;
            fault::point(Point::EventsRemoved);
            events.inbox.compact()?;
        }
        let wanted = Wanted { person: &all, forgotten: self.forgotten };
        if let (Some(mut rows), Some(search)) = (self.rows, search) {
            removal.rows = rows.sink.remove(&search, &hits, &|text| wanted.is_named(text, self.marks))?;
            let catalog = rows.sink.catalog_name().to_owned();
            rows.sink.close()?;
            removal.file = Some(rows.alone.rewrite(&catalog, rows.memory, rows.lock_wait, on_wait)?);
        }
        Ok(removal)
    }
}

impl<H: EventHandler> Places<'_, '_, H> {
    /// Finds out who is meant, and all that is known of them.
    async fn resolve(
        &mut self,
        asked: &Asked,
        signs: BTreeSet<Sign>,
        forgotten: &Forgotten,
        removal: &mut Removal,
    ) -> Result<Person, ForgetError> {
        let was_asked = forgotten.was_asked(asked);
        let mut people: Vec<Person> = Vec::new();
        for sign in signs {
            if was_asked && !forgotten.knows(&sign) {
                // It was settled before who is called so: somebody new may have the same number.
                removal.others.push((asked.clone(), sign));
                continue;
            }
            if people.iter().any(|person| person.identities.contains(&sign)) {
                continue;
            }
            let mut person = Person::of(sign);
            self.close(&mut person, forgotten, &mut Hits::new()).await?;
            match people.iter_mut().find(|other| other.may_be(&person)) {
                Some(other) => other.join(person),
                None => people.push(person),
            }
        }
        if people.len() > 1 {
            let sought = Sought::new(asked, self.marks);
            let first = |person: &Person| person.identities.iter().find(|sign| sought.is(sign)).cloned();
            let people = people.iter().filter_map(first).collect();
            return Err(ForgetError::Ambiguous { asked: asked.clone(), people });
        }
        let mut person = people.pop().unwrap_or_default();
        removal.found.push((asked.clone(), person.identities.iter().cloned().collect()));
        if person == Person::default() && !was_asked {
            return Ok(self.unknown(asked));
        }
        // What comes is in clear, and must be known for theirs even if values were hashed with a key that is no more.
        let sought = Sought::new(asked, self.marks);
        let own: Vec<Sign> =
            person.identities.iter().filter(|sign| sign.parts.len() == 1 && sought.is(sign)).cloned().collect();
        person.identities.extend(own.iter().map(|sign| Sign::new(&sign.kind, &asked.id)));
        Ok(person)
    }

    /// Somebody of whom nothing is kept: an identity of each kind that has one part, or as many as were told.
    fn unknown(&self, asked: &Asked) -> Person {
        let mut person = Person::default();
        let parts: Vec<String> = asked.id.split('/').map(str::to_owned).collect();
        for mark in self.marks.iter().filter(|mark| asked.kind.as_ref().is_none_or(|kind| *kind == mark.kind)) {
            if mark.meaning != crate::privacy::people::Meaning::Identity {
                continue;
            }
            if mark.paths.len() == 1 {
                person.identities.insert(Sign::new(&mark.kind, &asked.id));
            } else if mark.paths.len() == parts.len() {
                person.identities.insert(Sign { kind: mark.kind.clone(), parts: parts.clone() });
            }
        }
        person
    }

    /// Looks until nothing more is learned.
    async fn close(&mut self, person: &mut Person, forgotten: &Forgotten, hits: &mut Hits) -> Result<(), ForgetError> {
        loop {
            let mut grew = false;
            if let Some((events, index)) = &mut self.events {
                grew |= events.look(index, self.marks, person).await?;
            }
            if let Some((sink, search)) = self.rows {
                grew |= sink.look(search, person, forgotten, hits)?;
            }
            if !grew {
                return Ok(());
            }
        }
    }
}
