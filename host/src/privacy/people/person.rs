//! A person, as far as is known: all signs that lead to what is kept of them.

use std::collections::BTreeSet;

use super::{Forgotten, Found, Marks, Sign, raw};

/// Signs of one person.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Person {
    /// Who they are.
    pub identities: BTreeSet<Sign>,
    /// What belongs to them.
    pub belongings: BTreeSet<Sign>,
    /// How they are reached, each in one spelling.
    pub contacts: BTreeSet<String>,
}

/// How a record is a person's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Link {
    /// It names something that belongs to them, and says of nobody else that they are it; or it says of nobody, and holds a contact
    /// of theirs. What else it names need not be theirs.
    Belongs,
    /// It says who they are. All that it says is theirs.
    Is,
}

impl Person {
    /// A person of whom one identity is known.
    pub fn of(sign: Sign) -> Self {
        Self { identities: BTreeSet::from([sign]), ..Self::default() }
    }

    /// How a record is theirs; none when it is not.
    pub fn link(&self, found: &Found) -> Option<Link> {
        if found.identities.iter().any(|sign| self.identities.contains(sign)) {
            return Some(Link::Is);
        }
        // A chat or a deal may have come to somebody else: their records of it are theirs.
        let of_another = found.identities.iter().any(|sign| self.has_kind(&sign.kind));
        let belongs = !of_another && found.belongings.iter().any(|sign| self.belongings.contains(sign));
        // What says of nobody that it is theirs can only be told by whom it would reach.
        let reaches =
            found.identities.is_empty() && found.contacts.iter().any(|contact| self.contacts.contains(contact));
        (belongs || reaches).then_some(Link::Belongs)
    }

    /// Whether an identity of a kind is known.
    pub fn has_kind(&self, kind: &str) -> bool {
        self.identities.iter().any(|sign| sign.kind == kind)
    }

    /// Learns from a record that is theirs. Tells whether that leads to more records.
    pub fn learn(&mut self, found: &Found, link: Link) -> bool {
        let before = self.known();
        self.contacts.extend(found.contacts.iter().cloned());
        if link == Link::Is {
            self.identities.extend(found.identities.iter().cloned());
            self.belongings.extend(found.belongings.iter().cloned());
        }
        self.known() > before
    }

    /// How much is known.
    fn known(&self) -> usize {
        self.identities.len() + self.belongings.len() + self.contacts.len()
    }

    /// Learns all that is known of somebody who is the same person.
    pub fn join(&mut self, other: Self) {
        self.identities.extend(other.identities);
        self.belongings.extend(other.belongings);
        self.contacts.extend(other.contacts);
    }

    /// Whether it can be the same person: they share a contact, or something that belongs to one alone.
    pub fn may_be(&self, other: &Self) -> bool {
        !self.contacts.is_disjoint(&other.contacts)
            || !self.belongings.is_disjoint(&other.belongings)
            || !self.identities.is_disjoint(&other.identities)
    }
}

/// Those whose records are looked for: a person, and all who were forgotten before. What is left of these is removed, too: by
/// a call that was interrupted, or because it came back another way.
#[derive(Clone, Copy, Debug)]
pub struct Wanted<'a> {
    /// The person.
    pub person: &'a Person,
    /// Those before.
    pub forgotten: &'a Forgotten,
}

impl Wanted<'_> {
    /// Whether a sign is one of theirs.
    pub fn is(&self, sign: &Sign) -> bool {
        self.person.identities.contains(sign) || self.forgotten.knows(sign)
    }

    /// How a record is theirs; none when it is not.
    pub fn link(&self, found: &Found) -> Option<Link> {
        self.person.link(found).or_else(|| self.forgotten.link(found))
    }

    /// Whether a text that is no record names them.
    pub fn is_named(&self, text: &str, marks: &Marks) -> bool {
        let is_identity =
            |value: &str| self.person.identities.iter().any(|sign| sign.parts.last().is_some_and(|last| last == value));
        let is_contact = |value: &str| self.person.contacts.contains(value);
        raw::names(text, marks, &is_identity, &is_contact) || self.forgotten.is_named(text, marks)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(identities: &[&str], belongings: &[&str], contacts: &[&str]) -> Found {
        Found {
            identities: identities.iter().map(|id| Sign::new("client", id)).collect(),
            belongings: belongings.iter().map(|id| Sign::new("chat", id)).collect(),
            contacts: contacts.iter().map(|text| (*text).to_owned()).collect(),
        }
    }

    #[test]
    fn what_is_linked_is_learned_and_what_only_belongs_leads_no_further() {
        let mut person = Person::of(Sign::new("client", "1"));
        assert_eq!(person.link(&found(&["2"], &["9"], &[])), None);
        let own = found(&["1", "5"], &["9"], &["a@b.c"]);
        assert_eq!(person.link(&own), Some(Link::Is));
        assert!(person.learn(&own, Link::Is) && !person.learn(&own, Link::Is));
        let in_the_chat = found(&[], &["9", "8"], &["d@e.f"]);
        assert_eq!(person.link(&in_the_chat), Some(Link::Belongs));
        assert_eq!(person.link(&found(&["7"], &["9"], &[])), None);
        assert!(person.learn(&in_the_chat, Link::Belongs) && !person.learn(&in_the_chat, Link::Belongs));
        assert_eq!(person.link(&found(&["7"], &["8"], &["a@b.c"])), None);
        assert_eq!(person.link(&found(&[], &["8"], &["a@b.c"])), Some(Link::Belongs));
        assert_eq!(person.contacts.len(), 2);
    }

    #[test]
    fn who_shares_a_contact_may_be_the_same() {
        let person = |id: &str, contact: &str| {
            let mut person = Person::of(Sign::new("client", id));
            person.contacts.insert(contact.to_owned());
            person
        };
        assert!(person("1", "a@b.c").may_be(&person("2", "a@b.c")));
        assert!(!person("1", "a@b.c").may_be(&person("2", "d@e.f")));
    }
}
