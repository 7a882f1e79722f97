//! What is dropped and what is hashed: paths, put together so that a record is walked once for all of them.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use crate::{
    json_path::{JsonPath, Step},
    normalize::Naming,
};

/// What is done with a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// It goes, and its name with it.
    Drop,
    /// A hash takes the place of each text, number and truth value in it.
    Hash,
}

impl Action {
    /// The key of the pipeline file.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Drop => "drop",
            Self::Hash => "hash",
        }
    }
}

/// A path that is hashed, and one that drops all of it.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{hashed}` cannot be hashed: `{dropped}` is dropped, and it with it")]
pub struct RuleConflict {
    /// The path that is hashed.
    pub hashed: String,
    /// The path that is dropped.
    pub dropped: String,
}

/// Paths, and what is done with what they name.
#[derive(Clone, Debug, Default)]
pub struct Rules {
    /// With whether a value was found at each.
    listed: Vec<(JsonPath, Action, Arc<AtomicBool>)>,
    /// The first is the root of all paths.
    nodes: Vec<Node>,
}

/// A place that paths lead to, or on from.
#[derive(Clone, Debug, Default)]
struct Node {
    keys: Vec<(String, usize)>,
    indices: Vec<(usize, usize)>,
    any: Option<usize>,
    items: Option<usize>,
    scalar: Option<usize>,
    action: Option<Action>,
    found: Arc<AtomicBool>,
}

/// A place of the paths that a value is at.
#[derive(Clone, Copy, Debug)]
pub(super) struct Place {
    node: usize,
    /// A list was gone into without a step of the path: only names lead on.
    inside: bool,
}

impl Rules {
    /// Puts paths together.
    ///
    /// # Errors
    /// When something is to be hashed that is dropped anyway. Something may be dropped out of what is hashed.
    pub fn new(drop: Vec<JsonPath>, hash: Vec<JsonPath>) -> Result<Self, RuleConflict> {
        for path in &hash {
            if let Some(above) = drop.iter().find(|above| is_within(path, above)) {
                return Err(RuleConflict { hashed: path.to_string(), dropped: above.to_string() });
            }
        }
        let listed = drop.into_iter().map(|path| (path, Action::Drop));
        let listed = listed.chain(hash.into_iter().map(|path| (path, Action::Hash)));
        let mut rules = Self { listed: Vec::new(), nodes: vec![Node::default()] };
        for (path, action) in listed {
            let found = rules.add(&path, action);
            rules.listed.push((path, action, found));
        }
        Ok(rules)
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.listed.is_empty()
    }

    /// Whether some of them hash.
    pub fn hashes(&self) -> bool {
        self.listed.iter().any(|(_, action, _)| *action == Action::Hash)
    }

    /// The paths at which no value was found so far.
    pub(super) fn idle(&self) -> impl Iterator<Item = &JsonPath> {
        self.listed.iter().filter(|(_, _, found)| !found.load(Ordering::Relaxed)).map(|(path, ..)| path)
    }

    fn add(&mut self, path: &JsonPath, action: Action) -> Arc<AtomicBool> {
        let mut at = 0;
        for step in path.steps() {
            let new = self.nodes.len();
            let node = &mut self.nodes[at];
            let found = match step {
                Step::Key(name) => node.keys.iter().find(|(key, _)| key == name).map(|(_, to)| *to),
                Step::Index(index) => node.indices.iter().find(|(key, _)| key == index).map(|(_, to)| *to),
                Step::Any => node.any,
                Step::Items => node.items,
                Step::Scalar => node.scalar,
            };
            if found.is_none() {
                match step {
                    Step::Key(name) => node.keys.push((name.clone(), new)),
                    Step::Index(index) => node.indices.push((*index, new)),
                    Step::Any => node.any = Some(new),
                    Step::Items => node.items = Some(new),
                    Step::Scalar => node.scalar = Some(new),
                }
                self.nodes.push(Node::default());
            }
            at = found.unwrap_or(new);
        }
        self.nodes[at].action.get_or_insert(action);
        Arc::clone(&self.nodes[at].found)
    }

    /// What is done with a field that a resource goes by, told by its dotted path or the name of its column: the first path
    /// that names it, or something that it lies in.
    pub fn on_field(&self, field: &str) -> Option<(&JsonPath, Action)> {
        let naming = Naming::default();
        let segments = |name: &str| {
            let column = naming.path(name);
            column.split("__").map(str::to_owned).collect::<Vec<_>>()
        };
        let steps = field.parse::<JsonPath>().map(|path| path.steps().to_vec());
        let names = steps.unwrap_or_else(|_| vec![Step::Key(field.to_owned())]);
        let field: Vec<String> = names.iter().filter_map(name_of).flat_map(segments).collect();
        let names_it = |path: &JsonPath| {
            let mut rest = field.as_slice();
            path.steps().iter().all(|step| {
                let wanted = match step {
                    Step::Key(name) => segments(name),
                    Step::Any => rest.first().cloned().into_iter().collect(),
                    // The items of lists are no fields of the record itself; what is no list is its own only item.
                    Step::Index(_) => return false,
                    Step::Items | Step::Scalar => return true,
                };
                let found = !wanted.is_empty() && rest.starts_with(&wanted);
                rest = rest.get(wanted.len()..).unwrap_or_default();
                found
            })
        };
        self.listed.iter().find(|(path, ..)| names_it(path)).map(|(path, action, _)| (path, *action))
    }

    /// Where all paths begin.
    pub(super) fn root() -> Place {
        Place { node: 0, inside: false }
    }

    /// The strongest action on a value at these places.
    pub(super) fn action(&self, places: &[Place]) -> Option<Action> {
        let mut strongest = None;
        for node in places.iter().map(|place| &self.nodes[place.node]) {
            if let Some(action) = node.action {
                node.found.store(true, Ordering::Relaxed);
                strongest = if strongest == Some(Action::Drop) { strongest } else { Some(action) };
            }
        }
        strongest
    }

    /// Adds the places of a member of an object at the places in `from`.
    pub(super) fn enter_member(&self, places: &mut Vec<Place>, from: std::ops::Range<usize>, key: &[u8]) {
        // Some languages write a list as an object whose keys are numbers.
        let is_position = !key.is_empty() && key.iter().all(u8::is_ascii_digit);
        for at in from {
            let Place { node: from, inside } = places[at];
            let node = &self.nodes[from];
            let named = node.keys.iter().find(|(name, _)| name.as_bytes() == key);
            places.extend(named.map(|(_, to)| Place { node: *to, inside: false }));
            let any = [node.any, node.items].into_iter().flatten().filter(|_| !inside);
            places.extend(any.map(|to| Place { node: to, inside: false }));
            if is_position {
                places.push(Place { node: from, inside: true });
            }
        }
    }

    /// Adds the places of any item of a list at the places in `from`, as far as `*` and `[*]` lead to them.
    pub(super) fn enter_items(&self, places: &mut Vec<Place>, from: std::ops::Range<usize>) {
        for at in from {
            let Place { node, inside } = places[at];
            let node = &self.nodes[node];
            let any = [node.any, node.items].into_iter().flatten().filter(|_| !inside);
            places.extend(any.map(|to| Place { node: to, inside: false }));
        }
    }

    /// Adds the other places of one item of a list: those of its position, and those from which names go on inside of it.
    pub(super) fn enter_item(&self, places: &mut Vec<Place>, from: std::ops::Range<usize>, index: usize) {
        for at in from {
            let Place { node: from, inside } = places[at];
            let node = &self.nodes[from];
            let there = node.indices.iter().find(|(position, _)| *position == index).filter(|_| !inside);
            places.extend(there.map(|(_, to)| Place { node: *to, inside: false }));
            if !node.keys.is_empty() || node.scalar.is_some() {
                places.push(Place { node: from, inside: true });
            }
        }
    }

    /// Adds the places of a value of a kind itself: what is no list is its own only item.
    pub(super) fn stay(&self, places: &mut Vec<Place>, from: usize, kind: Kind) {
        let mut at = from;
        while let Some(place) = places.get(at).copied() {
            let node = &self.nodes[place.node];
            if let Some(to) = node.items.filter(|_| !place.inside && kind != Kind::List) {
                places.push(Place { node: to, inside: false });
            }
            if let Some(to) = node.scalar.filter(|_| kind == Kind::Scalar) {
                places.push(Place { node: to, inside: false });
            }
            at += 1;
        }
    }
}

/// What a value is, as far as paths care.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Object,
    List,
    Scalar,
}

/// Whether a path leads to something in what another one names. Names go into lists by themselves, so that `[*]` makes no
/// difference.
fn is_within(path: &JsonPath, above: &JsonPath) -> bool {
    let mut steps = path.steps().iter().filter(|step| **step != Step::Items);
    let mut above = above.steps().iter().filter(|step| **step != Step::Items);
    above.all(|above| steps.next().is_some_and(|step| step == above || *above == Step::Any))
}

fn name_of(step: &Step) -> Option<&str> {
    match step {
        Step::Key(name) => Some(name),
        _ => None,
    }
}
