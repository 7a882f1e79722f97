//! What a pipeline remembers between runs, kept in the destination in the transaction of the rows it speaks of.
//!
//! It lies in dlt's state document below `sources.<source>`, in keys that dlt leaves alone, so that dlt and this program
//! can take turns on one dataset. Checkpoints of rows that wait in staging do not lie there but beside these rows: they
//! come and go with them, and dlt's state speaks only of rows that are in the dataset. The format carries a version; one that
//! is newer than this program is refused rather than misread.

mod incremental;

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

pub use self::incremental::{Boundary, Reading, Watermark};
use crate::model::ResourceName;

/// Version of the format that this program writes.
const VERSION: u32 = 1;

/// The key below a source, and below each of its resources, that is ours.
pub const KEY: &str = "sluicegate";

/// The key of a resource that dlt keeps its incremental fields under.
const INCREMENTAL: &str = "incremental";

/// State of one source.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct State {
    /// The token that stands for each secret, by the secret's key. Made once, so that cursors and rows stay the same.
    pub tokens: BTreeMap<String, String>,
    /// Where each resource stands.
    pub resources: BTreeMap<ResourceName, Checkpoint>,
    /// Those of them whose rows wait in staging.
    pub waiting: BTreeSet<ResourceName>,
    /// Where resources stand whose rows wait in staging, and of which nobody knows yet whether they are gone on with.
    pub staged: BTreeMap<ResourceName, Checkpoint>,
    /// dlt's state of incremental fields, by resource and path of the field. Shared with dlt: either goes on where the
    /// other ended.
    pub incremental: BTreeMap<ResourceName, Map<String, Value>>,
    /// Resources that were completed by the run that is going on. Not empty at the start of a run: the run before did not
    /// end by itself, and these are done already.
    pub completed: BTreeSet<ResourceName>,
}

/// Where one resource stands.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Checkpoint {
    /// The next page, when the resource was stopped in the middle.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cursor: Option<String>,
    /// What the component left for its next read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub state: Option<String>,
    /// A refresh is under way: its rows wait in staging and replace all earlier ones at its end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refresh: Option<Refresh>,
    /// The range of a read by an incremental field that is not complete.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reading: Option<Box<Reading>>,
    /// Hashes of the whole records at the last value of the incremental field, for a resource that merges by a key.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub boundary: Vec<String>,
}

/// What happens to the tables of a resource when its rows replace all earlier ones.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refresh {
    /// Tables that are dropped then, and made anew for what the new rows need; none: they are emptied.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub drops: Vec<String>,
}

impl Checkpoint {
    fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// A state that this program cannot read.
#[derive(Debug, thiserror::Error)]
pub enum StateError {
    /// A later version of this program wrote it.
    #[error("the state of source `{source_name}` has format {found}, and this program reads formats up to {VERSION}")]
    TooNew {
        /// The source.
        source_name: String,
        /// The format found.
        found: u32,
    },
    /// It is damaged.
    #[error("the state of source `{source_name}` cannot be understood")]
    Damaged {
        /// The source.
        source_name: String,
        /// Where and why.
        #[source]
        source: serde_json::Error,
    },
}

/// What lies beside staged rows.
#[derive(Serialize, Deserialize)]
struct Staged {
    version: u32,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    tokens: BTreeMap<String, String>,
    resources: BTreeMap<String, Checkpoint>,
}

/// What lies below `sources.<source>.sluicegate`.
#[derive(Serialize, Deserialize)]
struct Header {
    version: u32,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    tokens: BTreeMap<String, String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    completed: Vec<String>,
}

impl State {
    /// Reads the state of a source out of dlt's `sources` object.
    pub fn read(sources: &Value, source: &str) -> Result<Self, StateError> {
        let damaged = |error| StateError::Damaged { source_name: source.to_owned(), source: error };
        let mut state = Self::default();
        let Some(own) = sources.get(source) else { return Ok(state) };
        if let Some(header) = own.get(KEY) {
            let header = Header::deserialize(header).map_err(damaged)?;
            if header.version > VERSION {
                return Err(StateError::TooNew { source_name: source.to_owned(), found: header.version });
            }
            state.tokens = header.tokens;
            state.completed = header.completed.into_iter().filter_map(|name| ResourceName::new(name).ok()).collect();
        }
        for (name, resource) in own.get("resources").and_then(Value::as_object).into_iter().flatten() {
            let Ok(name) = ResourceName::new(name.as_str()) else { continue };
            if let Some(Value::Object(fields)) = resource.get(INCREMENTAL) {
                state.incremental.insert(name.clone(), fields.clone());
            }
            if let Some(checkpoint) = resource.get(KEY) {
                state.resources.insert(name, Checkpoint::deserialize(checkpoint).map_err(damaged)?);
            }
        }
        Ok(state)
    }

    /// Reads what lies beside staged rows.
    pub fn read_staged(&mut self, staged: &Value, source: &str) -> Result<(), StateError> {
        let damaged = |error| StateError::Damaged { source_name: source.to_owned(), source: error };
        let staged = Staged::deserialize(staged).map_err(damaged)?;
        if staged.version > VERSION {
            return Err(StateError::TooNew { source_name: source.to_owned(), found: staged.version });
        }
        // Cursors may hold tokens that were made in the run that staged the rows.
        for (key, token) in staged.tokens {
            self.tokens.entry(key).or_insert(token);
        }
        let resources = staged.resources.into_iter();
        self.staged = resources.filter_map(|(name, known)| Some((ResourceName::new(name).ok()?, known))).collect();
        Ok(())
    }

    /// Lays what is known of staged rows over dlt's `sources` object, for people: it speaks of all rows then.
    pub fn lay_staged_over(&self, sources: &mut Value, source: &str) {
        let resources = entry(entry(object(sources), source), "resources");
        for (name, checkpoint) in &self.staged {
            entry(resources, name.as_str()).insert(KEY.into(), json!(checkpoint));
        }
    }

    /// Goes on with a resource: where its staged rows end if its rows are staged now, too, and else where its rows in the
    /// dataset end. A refresh that is under way is always gone on with.
    pub fn take_up(&mut self, resource: &ResourceName, stages: bool) {
        match self.staged.remove(resource) {
            Some(known) if stages || known.refresh.is_some() => {
                self.resources.insert(resource.clone(), known);
                self.waiting.insert(resource.clone());
            }
            // A cursor in the dataset's state has rows behind it that were not staged.
            _ if stages => {
                if let Some(known) = self.resources.get_mut(resource) {
                    (known.cursor, known.reading) = (None, None);
                }
            }
            _ => {}
        }
    }

    /// Begins to stage a resource from its first page on: what was staged of it is no more.
    pub fn stage_anew(&mut self, resource: &ResourceName) {
        let was_waiting = !self.waiting.insert(resource.clone());
        if let Some(known) = self.resources.get_mut(resource).filter(|_| was_waiting) {
            (known.cursor, known.reading) = (None, None);
        }
    }

    /// What is to lie beside staged rows; none when no rows are.
    pub fn staged(&self) -> Option<Value> {
        let waiting = self.waiting.iter().filter_map(|name| self.resources.get_key_value(name));
        let resources: BTreeMap<_, _> =
            waiting.chain(&self.staged).map(|(name, checkpoint)| (name.to_string(), checkpoint.clone())).collect();
        let staged = Staged { version: VERSION, tokens: self.tokens.clone(), resources };
        (!staged.resources.is_empty()).then(|| json!(staged))
    }

    /// Writes the state of a source into dlt's `sources` object and leaves everything else there as it is, what it says of
    /// resources whose rows wait in staging included.
    pub fn write(&self, sources: &mut Value, source: &str) {
        let own = entry(object(sources), source);
        let header = Header {
            version: VERSION,
            tokens: self.tokens.clone(),
            completed: self.completed.iter().map(ToString::to_string).collect(),
        };
        own.insert(KEY.into(), json!(header));
        let resources = entry(own, "resources");
        for (name, resource) in resources.iter_mut() {
            let (Ok(name), Some(resource)) = (ResourceName::new(name.as_str()), resource.as_object_mut()) else {
                continue;
            };
            let waits = self.waiting.contains(&name);
            if !waits && self.resources.get(&name).is_none_or(Checkpoint::is_empty) {
                resource.shift_remove(KEY);
            }
            if !self.incremental.contains_key(&name) {
                resource.shift_remove(INCREMENTAL);
            }
        }
        for (name, fields) in &self.incremental {
            entry(resources, name.as_str()).insert(INCREMENTAL.into(), Value::Object(fields.clone()));
        }
        let here =
            |(name, checkpoint): &(&ResourceName, &Checkpoint)| !self.waiting.contains(*name) && !checkpoint.is_empty();
        for (name, checkpoint) in self.resources.iter().filter(here) {
            entry(resources, name.as_str()).insert(KEY.into(), json!(checkpoint));
        }
        resources.retain(|_, resource| resource.as_object().is_none_or(|resource| !resource.is_empty()));
    }
}

/// Takes everything out of dlt's `sources` object that is known of a resource, dlt's own words included.
/// Tells whether anything was.
pub fn forget(sources: &mut Value, source: &str, resource: &ResourceName) -> bool {
    let resources = sources.get_mut(source).and_then(|own| own.get_mut("resources")).and_then(Value::as_object_mut);
    resources.is_some_and(|resources| resources.shift_remove(resource.as_str()).is_some())
}

/// Takes everything out of dlt's `sources` object that is known of a source, but for some resources and the tokens.
pub fn forget_others(sources: &mut Value, source: &str, resources: &[&ResourceName]) {
    let Some(own) = sources.get_mut(source).and_then(Value::as_object_mut) else { return };
    own.retain(|key, _| key == KEY || key == "resources");
    if let Some(all) = own.get_mut("resources").and_then(Value::as_object_mut) {
        all.retain(|name, _| resources.iter().any(|kept| kept.as_str() == name));
    }
}

/// The value as an object; anything else becomes an empty one.
fn object(value: &mut Value) -> &mut Map<String, Value> {
    if !value.is_object() {
        *value = Value::Object(Map::new());
    }
    match value {
        Value::Object(map) => map,
        _ => unreachable!("the value was made an object above"),
    }
}

fn entry<'a>(map: &'a mut Map<String, Value>, key: &str) -> &'a mut Map<String, Value> {
    object(map.entry(key).or_insert(Value::Null))
}

#[cfg(test)]
mod tests;
