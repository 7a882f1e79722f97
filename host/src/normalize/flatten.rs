//! Takes a record apart: objects become columns, lists become rows of child tables.
//!
//! Keys are met in the order of the document, so that of two keys that want one name the first has it. New columns and
//! tables come into being in dlt's order: the scalars of an object, then what is in its last object, then in the one
//! before, and so on; last the columns that the normalizer fills itself.

use super::{
    infer::Scalar,
    refusal::Refusal,
    rows::{Frame, MAX_COLUMNS, PendingList, Rows},
    schema::DataType,
    shape::NONE,
    table::System,
    tape::{Document, Node},
    write::{Deferred, Key, Kind, scalar},
};

/// dlt's default for `max_table_nesting`.
const MAX_NESTING: i64 = 1000;

/// The column of an item that is no object.
pub(crate) const VALUE: &[u8] = b"value";

/// What a row is made of.
#[derive(Clone, Copy)]
pub(crate) enum Content {
    Object(usize),
    /// A value that is no object, and the key that it gets.
    Wrapped(&'static [u8], usize),
}

/// What the root row of a record is made of; none for a record that is null.
pub(crate) fn content_of(document: Document<'_>) -> Option<Content> {
    match document.node(0) {
        Node::Null => None,
        Node::Object { .. } => Some(Content::Object(0)),
        _ => Some(Content::Wrapped(VALUE, 0)),
    }
}

/// Where a row belongs.
#[derive(Clone, Copy)]
pub(crate) enum Link<'a> {
    /// It is a record of this load.
    Record { load_id: &'a str },
    /// It is an item of a list. `number` is that of its root row.
    Item { load_id: &'a str, parent: &'a str, root: Option<&'a str>, number: u64, index: usize },
}

impl<'a> Link<'a> {
    /// The load that the row belongs to.
    pub(crate) fn load_id(self) -> &'a str {
        match self {
            Self::Record { load_id } | Self::Item { load_id, .. } => load_id,
        }
    }
}

impl Rows {
    /// Makes rows of a record. On an error some of them are left; see [`Rows::undo_record`].
    pub(crate) fn add_record(&mut self, document: Document<'_>, table: usize, load_id: &str) -> Result<(), Refusal> {
        if !self.tables[table].is_root {
            return Err(Refusal::NotARoot { table: self.tables[table].name.clone() });
        }
        let Some(content) = content_of(document) else { return Err(Refusal::Null) };
        self.check_root(table)?;
        self.propagates = self.tables[table].propagates;
        self.add_row(document, table, content, self.nesting_of(table), Link::Record { load_id })
    }

    /// How many levels of a record of a root table are taken apart.
    pub(crate) fn nesting_of(&self, table: usize) -> i64 {
        self.tables[table].max_nesting.map_or(MAX_NESTING, i64::from)
    }

    /// Makes a row, and rows of the lists in it.
    pub(crate) fn add_row(
        &mut self,
        document: Document<'_>,
        table: usize,
        content: Content,
        level: i64,
        link: Link<'_>,
    ) -> Result<(), Refusal> {
        let mut frame = self.frames.pop().unwrap_or_default();
        frame.clear();
        let result = self
            .fill_row(document, table, content, level, link, &mut frame)
            .and_then(|()| self.add_items(document, table, level, link, &frame));
        self.frames.push(frame);
        result
    }

    fn fill_row(
        &mut self,
        document: Document<'_>,
        table: usize,
        content: Content,
        level: i64,
        link: Link<'_>,
        frame: &mut Frame,
    ) -> Result<(), Refusal> {
        self.begin_row(table);
        let shape = self.top_shape(table);
        match content {
            Content::Object(at) => {
                self.put_members(document, table, shape, at, level, frame)?;
                self.sort_as_dlt(document, at, frame);
            }
            Content::Wrapped(key, at) => {
                let slot = self.slot(table, shape, key, 0);
                self.put_member(document, Key { table, shape, slot, at }, level, frame)?;
            }
        }
        self.put_deferred(document, frame)?;
        self.put_own_columns(document, table, (content, level), link, frame)?;
        self.check_required(table)?;
        let number = self.root_number(table, link);
        let state = &mut self.tables[table];
        state.rows += 1;
        state.numbers.push(i64::try_from(number).unwrap_or(i64::MAX));
        Ok(())
    }

    /// The number of the root row that the current row belongs to.
    pub(crate) fn root_number(&self, table: usize, link: Link<'_>) -> u64 {
        match link {
            Link::Item { number, .. } if !self.tables[table].is_root => number,
            Link::Record { .. } | Link::Item { .. } => self.serial,
        }
    }

    fn put_members(
        &mut self,
        document: Document<'_>,
        table: usize,
        shape: usize,
        at: usize,
        level: i64,
        frame: &mut Frame,
    ) -> Result<(), Refusal> {
        let serial = self.serial;
        let mut expected = 0;
        for (count, (name, at)) in document.members(at).enumerate() {
            if self.put_usual(document, (table, shape), (name, at), expected) {
                expected += 1;
                continue;
            }
            if count >= MAX_COLUMNS {
                return Err(self.too_many_columns(table));
            }
            let slot = self.slot(table, shape, name, expected);
            expected = slot + 1;
            let seen = &mut self.shapes[shape].slots[slot].seen;
            if *seen == serial {
                return Err(Refusal::DuplicateKey);
            }
            *seen = serial;
            self.put_member(document, Key { table, shape, slot, at }, level, frame)?;
        }
        Ok(())
    }

    /// The slot of a key.
    #[inline]
    fn slot(&mut self, table: usize, shape: usize, key: &[u8], expected: usize) -> usize {
        let state = &mut self.shapes[shape];
        if let Some(slot) = state.find(key, expected) {
            return slot;
        }
        let table = &self.tables[table];
        self.slots += 1;
        state.add(key, self.naming, |name| table.system_of(self.propagates, name))
    }

    #[inline]
    fn put_member(&mut self, document: Document<'_>, key: Key, level: i64, frame: &mut Frame) -> Result<(), Refusal> {
        match document.node(key.at) {
            Node::Object { .. } if level > 0 && !self.is_json(key) => {
                let shape = self.shape_under(key.shape, key.slot);
                return self.put_members(document, key.table, shape, key.at, level - 1, frame);
            }
            Node::Array { end } if level > 0 && !self.is_json(key) => {
                // An empty list leaves nothing behind.
                if end as usize > key.at + 1 {
                    frame.lists.push(PendingList { shape: key.shape, slot: key.slot, at: key.at });
                }
                return Ok(());
            }
            _ => {}
        }
        if let Some(system) = self.shapes[key.shape].slots[key.slot].system {
            self.note_own_column(document, key, system, frame);
            return Ok(());
        }
        if document.node(key.at) == Node::Null {
            return self.put_null(key);
        }
        self.put(document, key, frame)
    }

    /// Whether the values of a key are kept whole, because its column is one of JSON documents.
    pub(crate) fn is_json(&mut self, key: Key) -> bool {
        self.known_column_of(key).is_some_and(|column| {
            let cells = &self.tables[key.table].columns[column].cells;
            cells.as_ref().is_some_and(|cells| cells.data_type() == DataType::Json)
        })
    }

    /// Notes a key that has the name of a column that the normalizer fills itself: a row keeps the id it brings, and a
    /// new column stands where the record has it.
    fn note_own_column(&mut self, document: Document<'_>, key: Key, system: System, frame: &mut Frame) {
        if document.node(key.at) == Node::Null {
            return;
        }
        if system == System::Id {
            frame.own_id = Some(key.at);
        }
        if self.tables[key.table].system[system as usize] == NONE {
            frame.deferred.push(Deferred { key, column: NONE, kind: Kind::System(system) });
        }
    }

    fn put_own_columns(
        &mut self,
        document: Document<'_>,
        table: usize,
        (content, level): (Content, i64),
        link: Link<'_>,
        frame: &mut Frame,
    ) -> Result<(), Refusal> {
        frame.id.clear();
        if let Some(id) = frame.own_id.and_then(|at| own_id(document, at)) {
            frame.id.push_str(&id);
        }
        match link {
            // A list may lead to a table that was declared as a resource's own: its rows are then records.
            Link::Item { parent, root, index, .. } if !self.tables[table].is_root => {
                if frame.id.is_empty() {
                    self.ids.child(parent, &self.tables[table].name, index, &mut frame.id);
                }
                if let Some(root) = root {
                    self.put_system_text(table, System::RootId, root)?;
                }
                self.put_system_text(table, System::ParentId, parent)?;
                let index = i64::try_from(index).unwrap_or(i64::MAX);
                self.put_system(table, System::ListIndex, Scalar::Int(index))?;
            }
            Link::Record { load_id } | Link::Item { load_id, .. } => {
                if frame.id.is_empty() {
                    self.make_root_id(document, table, content, level, &mut frame.id)?;
                }
                self.put_system_text(table, System::LoadId, load_id)?;
            }
        }
        self.put_system_text(table, System::Id, &frame.id)
    }

    fn check_required(&self, table: usize) -> Result<(), Refusal> {
        let state = &self.tables[table];
        let missing = state.required.iter().find(|column| {
            state.columns.get(**column).is_some_and(|c| c.cells.as_ref().is_none_or(|cells| cells.len() <= state.rows))
        });
        match missing {
            Some(column) => {
                let (table, column) = self.names_of(table, *column);
                Err(Refusal::MissingValue { table, column })
            }
            None => Ok(()),
        }
    }
}

/// The id that a record brings itself, as text; none when it is empty or zero, as for dlt.
fn own_id(document: Document<'_>, at: usize) -> Option<String> {
    let text = match scalar(document, at, "")? {
        Scalar::Bool(false) | Scalar::Int(0) | Scalar::Float(0.0) | Scalar::Json(_) => return None,
        value => super::coerce::to_text(value).into_owned(),
    };
    (!text.is_empty()).then_some(text)
}
