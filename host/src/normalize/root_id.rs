//! Ids of root rows that follow from what is in their record, so that the same row has the same id in every load.
//!
//! The formula is dlt's (`get_row_hash` in its `normalizers/json/helpers.py`): SHAKE128 of the JSON object of what counts,
//! with sorted keys, as `orjson` writes it.

use super::{
    flatten::Content,
    ids::RowIds,
    json_text,
    refusal::Refusal,
    rows::Rows,
    shape::NONE,
    tape::{Document, Node},
    write::Key,
};

/// What the ids of a root table's rows are made of.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) enum RootId {
    /// Random bytes.
    #[default]
    Random,
    /// The values of the primary key: the places of its columns, in the order of their names.
    Key(Vec<usize>),
    /// All of the record.
    Record,
}

/// dlt's own keys begin with this, and do not count.
const DLT_PREFIX: &str = "_dlt";

/// The record as JSON, all that is nested in it included.
fn record_text(document: Document<'_>, content: Content) -> String {
    let members: Vec<_> = match content {
        Content::Object(at) => {
            let values = json_text::sorted_members(document, at).into_iter();
            values.map(|value| (json_text::key(document, value), value)).collect()
        }
        Content::Wrapped(key, at) => vec![(str::from_utf8(key).unwrap_or_default(), at)],
    };
    let mut text = String::from("{");
    for (key, value) in members.into_iter().filter(|(key, _)| !key.starts_with(DLT_PREFIX)) {
        if text.len() > 1 {
            text.push(',');
        }
        json_text::write_string(key, &mut text);
        text.push(':');
        json_text::write_sorted(document, value, &mut text);
    }
    text.push('}');
    text
}

impl Rows {
    /// Writes the id of the current row, whose members have found their columns already.
    pub(crate) fn make_root_id(
        &mut self,
        document: Document<'_>,
        table: usize,
        content: Content,
        level: i64,
        id: &mut String,
    ) -> Result<(), Refusal> {
        match self.tables[table].root_id.clone() {
            RootId::Random => self.ids.root(id),
            RootId::Key(columns) => {
                let text = self.key_text(document, table, content, level, &columns)?;
                RowIds::hashed(&text, id);
            }
            RootId::Record => RowIds::hashed(&record_text(document, content), id),
        }
        Ok(())
    }

    /// The primary key as JSON: the values as the record has them, before any is made to fit its column.
    fn key_text(
        &mut self,
        document: Document<'_>,
        table: usize,
        content: Content,
        level: i64,
        columns: &[usize],
    ) -> Result<String, Refusal> {
        let mut found = vec![NONE; columns.len()];
        match content {
            Content::Object(at) => {
                let shape = self.top_shape(table);
                self.find_key(document, Key { table, shape, slot: 0, at }, level, columns, &mut found);
            }
            Content::Wrapped(key, at) => {
                let names = columns.iter().map(|column| self.tables[table].columns[*column].name.as_bytes());
                for (found, name) in found.iter_mut().zip(names) {
                    if name == key {
                        *found = at;
                    }
                }
            }
        }
        let mut text = String::from("{");
        for (column, at) in columns.iter().zip(found) {
            if at == NONE {
                let (table, column) = self.names_of(table, *column);
                return Err(Refusal::MissingValue { table, column });
            }
            if text.len() > 1 {
                text.push(',');
            }
            json_text::write_string(&self.tables[table].columns[*column].name, &mut text);
            text.push(':');
            json_text::write_sorted(document, at, &mut text);
        }
        text.push('}');
        Ok(text)
    }

    /// Finds the values that went to some columns. `object` is the object to look in, and its shape.
    fn find_key(&mut self, document: Document<'_>, object: Key, level: i64, columns: &[usize], found: &mut [usize]) {
        let mut expected = 0;
        for (name, at) in document.members(object.at) {
            let Some(slot) = self.shapes[object.shape].find(name, expected) else { continue };
            expected = slot + 1;
            let key = Key { slot, at, ..object };
            let is_apart = level > 0 && !self.is_json(key);
            match document.node(at) {
                Node::Object { .. } if is_apart => {
                    let shape = self.shapes[object.shape].slots[slot].object;
                    if shape != NONE {
                        self.find_key(document, Key { shape, ..key }, level - 1, columns, found);
                    }
                }
                Node::Array { .. } if is_apart => {}
                _ => {
                    let column = self.shapes[object.shape].slots[slot].column;
                    let place = columns.iter().position(|key| *key == column);
                    // Of two keys that want one column the first has it.
                    if let Some(found) = place.and_then(|place| found.get_mut(place)).filter(|found| **found == NONE) {
                        *found = at;
                    }
                }
            }
        }
    }
}
