//! What a pipeline remembers between runs, kept in the destination in the transaction of the rows it speaks of.
//!
//! It lies in dlt's state document below `sources.<source>`, in keys that dlt leaves alone, so that dlt and this program
//! can take turns on one dataset. The format carries a version; one that is newer than this program is refused rather than
//! misread.

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

    /// Writes the state of a source into dlt's `sources` object and leaves everything else there as it is.
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
            if self.resources.get(&name).is_none_or(Checkpoint::is_empty) {
                resource.shift_remove(KEY);
            }
            if !self.incremental.contains_key(&name) {
                resource.shift_remove(INCREMENTAL);
            }
        }
        for (name, fields) in &self.incremental {
            entry(resources, name.as_str()).insert(INCREMENTAL.into(), Value::Object(fields.clone()));
        }
        for (name, checkpoint) in self.resources.iter().filter(|(_, checkpoint)| !checkpoint.is_empty()) {
            entry(resources, name.as_str()).insert(KEY.into(), json!(checkpoint));
        }
        resources.retain(|_, resource| resource.as_object().is_none_or(|resource| !resource.is_empty()));
    }
}

/// Takes everything out of dlt's `sources` object that is known of a resource, dlt's own words included.
pub fn forget(sources: &mut Value, source: &str, resource: &ResourceName) {
    if let Some(resources) =
        sources.get_mut(source).and_then(|own| own.get_mut("resources")).and_then(Value::as_object_mut)
    {
        resources.shift_remove(resource.as_str());
    }
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
mod tests {
    use super::*;

    fn name(text: &str) -> ResourceName {
        ResourceName::new(text).unwrap()
    }

    fn sample() -> State {
        let mut state = State::default();
        state.tokens.insert("jivo_public_id".into(), "sgt_0123".into());
        let checkpoint = Checkpoint { cursor: Some("v1.abc".into()), ..Checkpoint::default() };
        state.resources.insert(name("inbound_messages"), checkpoint);
        state.completed.insert(name("status"));
        state
    }

    #[test]
    fn what_is_written_is_read() {
        let mut sources = json!({});
        sample().write(&mut sources, "jivochat_source");
        assert_eq!(State::read(&sources, "jivochat_source").unwrap(), sample());
        assert_eq!(State::read(&sources, "another").unwrap(), State::default());
    }

    #[test]
    fn dlt_s_own_state_is_left_alone() {
        let dlt = json!({"incremental": {"created_at": {"last_value": 5}}});
        let mut sources = json!({
            "jivochat_source": {"resources": {
                "inbound_messages": dlt, "old": {"sluicegate": {"cursor": "x"}}, "Mine": {"sluicegate": 1, "incremental": 2},
            }, "mine": 1},
            "another": {"resources": {}},
        });
        let known = State::read(&sources, "jivochat_source").unwrap();
        State { incremental: known.incremental, ..sample() }.write(&mut sources, "jivochat_source");
        assert_eq!(sources["jivochat_source"]["resources"]["inbound_messages"]["incremental"], dlt["incremental"]);
        assert_eq!(sources["jivochat_source"]["mine"], 1);
        assert_eq!(sources["jivochat_source"]["resources"]["Mine"], json!({"sluicegate": 1, "incremental": 2}));
        assert!(sources["jivochat_source"]["resources"].get("old").is_none());
        assert!(sources.get("another").is_some());
    }

    #[test]
    fn incremental_fields_are_written_where_dlt_keeps_them_and_forgotten_with_their_resource() {
        let watermark = json!({"initial_value": null, "last_value": 5, "unique_hashes": [], "start_value": null});
        let mut state = sample();
        let fields = Map::from_iter([("created_at".to_owned(), watermark.clone())]);
        state.incremental.insert(name("inbound_messages"), fields);
        let mut sources = json!({});
        state.write(&mut sources, "s");
        assert_eq!(sources["s"]["resources"]["inbound_messages"]["incremental"]["created_at"], watermark);
        assert_eq!(State::read(&sources, "s").unwrap(), state);
        state.incremental.clear();
        state.write(&mut sources, "s");
        assert_eq!(sources["s"]["resources"]["inbound_messages"].get("incremental"), None);
    }

    #[test]
    fn what_is_forgotten_is_gone_in_dlt_s_words_as_well() {
        let resource = json!({"incremental": {"at": {"last_value": 5}}, "sluicegate": {"cursor": "x"}});
        let header = json!({"version": 1, "tokens": {"id": "sgt-0"}});
        let resources = json!({"a": resource, "b": resource, "c": resource});
        let mut sources = json!({"s": {"sluicegate": header, "mine": 1, "resources": resources}, "other": {"mine": 2}});
        forget(&mut sources, "s", &name("a"));
        assert_eq!(sources["s"]["resources"], json!({"b": resource, "c": resource}));
        forget_others(&mut sources, "s", &[&name("c")]);
        assert_eq!(sources, json!({"s": {"sluicegate": header, "resources": {"c": resource}}, "other": {"mine": 2}}));
        forget(&mut sources, "none", &name("c"));
        forget_others(&mut sources, "none", &[]);
    }

    #[test]
    fn a_later_format_and_a_damaged_one_are_refused() {
        let later = json!({"s": {"sluicegate": {"version": 2}}});
        assert!(matches!(State::read(&later, "s"), Err(StateError::TooNew { found: 2, .. })));
        let damaged = json!({"s": {"sluicegate": {"version": "one"}}});
        assert!(matches!(State::read(&damaged, "s"), Err(StateError::Damaged { .. })));
    }
}
