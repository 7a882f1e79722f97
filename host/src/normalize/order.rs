//! The order in which dlt meets the values of a record, which is the order of new columns and tables.

use std::collections::{HashMap, HashSet};

use super::{
    rows::{Frame, Rows},
    shape::NONE,
    tape::{Document, Node},
};

impl Rows {
    /// Puts what a row has brought into the order in which dlt meets it, where that makes a difference: new columns,
    /// and new tables.
    pub(crate) fn sort_as_dlt(&self, document: Document<'_>, at: usize, frame: &mut Frame) {
        let new_table = || frame.lists.iter().any(|list| self.shapes[list.shape].details[list.slot].list == NONE);
        if frame.deferred.len() < 2 && (frame.lists.len() < 2 || !new_table()) {
            return;
        }
        let whole: HashSet<usize> = frame.deferred.iter().map(|deferred| deferred.key.at).collect();
        let mut places = HashMap::new();
        order_as_dlt(document, at, &whole, &mut places);
        let place = |at: usize| places.get(&at).copied().unwrap_or(usize::MAX);
        frame.deferred.sort_by_key(|deferred| place(deferred.key.at));
        frame.lists.sort_by_key(|list| place(list.at));
    }
}

/// Numbers the values of an object in the order in which dlt meets them. Objects in `whole` are not taken apart.
fn order_as_dlt(document: Document<'_>, at: usize, whole: &HashSet<usize>, places: &mut HashMap<usize, usize>) {
    let mut objects = Vec::new();
    for (_, value) in document.members(at) {
        if matches!(document.node(value), Node::Object { .. }) && !whole.contains(&value) {
            objects.push(value);
        } else {
            places.insert(value, places.len());
        }
    }
    for object in objects.into_iter().rev() {
        order_as_dlt(document, object, whole, places);
    }
}
