//! Counts the rows that a contract drops: those that would have been made of a record or of a list.

use super::{
    flatten::{Content, content_of},
    items::item,
    names::Naming,
    rows::Rows,
    schema::DataType,
    tape::{Document, Node},
};

/// A table as far as it is known, and what it is called before its name is shortened.
#[derive(Clone, Copy)]
struct Place<'a> {
    table: Option<usize>,
    path: &'a str,
}

impl Rows {
    /// The rows of a record: that of the root table, and all below it.
    pub(crate) fn rows_of_record(&self, document: Document<'_>, table: usize) -> u64 {
        let level = self.nesting_of(table);
        content_of(document).map_or(0, |content| self.rows_of_item(document, table, content, level))
    }

    /// The rows of an item of a list: its own, and all below it.
    pub(crate) fn rows_of_item(&self, document: Document<'_>, table: usize, content: Content, level: i64) -> u64 {
        let place = Place { table: Some(table), path: &self.tables[table].path };
        self.count_row(document, place, content, level)
    }

    /// The rows of all items of a list whose table is not made. `path` is the table's name before it is shortened.
    pub(crate) fn rows_of_list(&self, document: Document<'_>, path: &str, at: usize, level: i64) -> u64 {
        let place = Place { table: self.find_table(&self.naming.fit(path)), path };
        document
            .items(at)
            .map(|at| {
                let (content, level) = item(document, at, level);
                self.count_row(document, place, content, level)
            })
            .sum()
    }

    fn count_row(&self, document: Document<'_>, place: Place<'_>, content: Content, level: i64) -> u64 {
        let below = match content {
            Content::Object(at) => self.count_members(document, place, "", at, level),
            Content::Wrapped(key, at) => self.count_member(document, place, &String::from_utf8_lossy(key), at, level),
        };
        1 + below
    }

    fn count_members(&self, document: Document<'_>, place: Place<'_>, path: &str, at: usize, level: i64) -> u64 {
        let nested = |at: &usize| matches!(document.node(*at), Node::Object { .. } | Node::Array { .. });
        let members = document.members(at).filter(|(_, at)| nested(at));
        members
            .map(|(key, at)| {
                let name = Naming::join(path, &self.naming.path(&String::from_utf8_lossy(key)));
                self.count_member(document, place, &name, at, level)
            })
            .sum()
    }

    /// The rows of the lists in the value of a key, whose column would be called `name`.
    fn count_member(&self, document: Document<'_>, place: Place<'_>, name: &str, at: usize, level: i64) -> u64 {
        if level <= 0 || self.keeps_whole(place.table, name) {
            return 0;
        }
        match document.node(at) {
            Node::Object { .. } => self.count_members(document, place, name, at, level - 1),
            Node::Array { .. } => self.rows_of_list(document, &Naming::join(place.path, name), at, level),
            _ => 0,
        }
    }

    /// Whether a column is one of JSON documents.
    fn keeps_whole(&self, table: Option<usize>, name: &str) -> bool {
        let column = table.map(|table| &self.tables[table]).and_then(|table| {
            let place = table.by_name.get(&self.naming.fit(name))?;
            table.columns.get(*place)
        });
        let cells = column.and_then(|column| column.cells.as_ref());
        cells.is_some_and(|cells| cells.data_type() == DataType::Json)
    }
}
