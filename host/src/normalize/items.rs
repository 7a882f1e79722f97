//! Lists become rows of child tables, once the row that they are in is finished.

use super::{
    flatten::{Content, Link, VALUE},
    names::Naming,
    refusal::Refusal,
    rows::{Frame, MAX_TABLES, PendingList, Rows},
    shape::NONE,
    tape::{Document, Node},
    write::Key,
};

/// The key that dlt puts a list under that is an item of a list.
const LIST: &[u8] = b"list";

/// Where the items of a list go.
enum ListTable {
    /// The table at this place.
    Place(usize),
    /// A table that a contract does not let be made, by its name before it is shortened.
    Barred(String),
}

/// What the row of an item is made of, and how many more levels of it are taken apart.
pub(crate) fn item(document: Document<'_>, at: usize, level: i64) -> (Content, i64) {
    match document.node(at) {
        Node::Object { .. } => (Content::Object(at), level - 1),
        Node::Array { .. } => (Content::Wrapped(LIST, at), level - 2),
        _ => (Content::Wrapped(VALUE, at), level - 1),
    }
}

impl Rows {
    /// Makes rows of the items of all lists of a row.
    pub(crate) fn add_items(
        &mut self,
        document: Document<'_>,
        table: usize,
        level: i64,
        link: Link<'_>,
        frame: &Frame,
    ) -> Result<(), Refusal> {
        let row = self.serial;
        let number = self.root_number(table, link);
        let root = match link {
            _ if self.tables[table].is_root => self.propagates.then_some(frame.id.as_str()),
            Link::Item { root, .. } => root,
            Link::Record { .. } => None,
        };
        for list in &frame.lists {
            let child = match self.list_table(table, *list, row)? {
                ListTable::Place(child) => child,
                ListTable::Barred(path) => {
                    self.journal.discarded.rows += self.rows_of_list(document, &path, list.at, level);
                    continue;
                }
            };
            for (index, at) in document.items(list.at).enumerate() {
                let (content, level) = item(document, at, level);
                let link = Link::Item { load_id: link.load_id(), parent: &frame.id, root, number, index };
                let mark = self.journal.mark();
                match self.add_row(document, child, content, level, link) {
                    Err(Refusal::Discarded) => {
                        self.undo_row(child, mark);
                        self.journal.discarded.rows += self.rows_of_item(document, child, content, level);
                    }
                    added => added?,
                }
            }
        }
        Ok(())
    }

    /// The table of a list. When another list of the row has taken it, the list gets a table of its own.
    fn list_table(&mut self, table: usize, list: PendingList, row: u64) -> Result<ListTable, Refusal> {
        let key = Key { table, shape: list.shape, slot: list.slot, at: list.at };
        let mut child = self.shapes[list.shape].details[list.slot].list;
        if child == NONE {
            let shape = &self.shapes[list.shape];
            let path = Naming::join(&shape.path, &shape.details[list.slot].ident);
            let path = Naming::join(&self.tables[table].path, &path);
            let name = self.naming.fit(&path);
            let Some(known) = self.child_table(table, &name, &path)? else { return Ok(ListTable::Barred(path)) };
            child = known;
            self.shapes[list.shape].details[list.slot].list = child;
        }
        if self.tables[child].claimed != row {
            self.claim_table(child, key, row);
            return Ok(ListTable::Place(child));
        }
        let mut alias = self.shapes[list.shape].details[list.slot].list_alias;
        if alias == NONE {
            let original = self.shapes[list.shape].raw_path_of(list.slot);
            let name = self.naming.tagged(&self.tables[child].name, &original);
            let Some(known) = self.child_table(table, &name, &name)? else { return Ok(ListTable::Barred(name)) };
            alias = known;
            self.shapes[list.shape].details[list.slot].list_alias = alias;
            let first = self.tables[child].claimed_by;
            self.tell_collision(key, first, name);
        }
        if self.tables[alias].claimed == row {
            let column = self.shapes[list.shape].details[list.slot].name.clone();
            return Err(Refusal::NoFreeName { table: self.tables[table].name.clone(), column });
        }
        self.claim_table(alias, key, row);
        Ok(ListTable::Place(alias))
    }

    /// A child table, which is made when it is not there; none when a contract does not let it be made.
    fn child_table(&mut self, parent: usize, name: &str, path: &str) -> Result<Option<usize>, Refusal> {
        let known = self.find_table(name);
        let is_new =
            known.and_then(|known| self.schema.tables.get_index(known)).is_none_or(|(_, known)| known.is_new());
        if is_new && !self.admits_table(parent, name)? {
            return Ok(None);
        }
        match known {
            Some(known) => Ok(Some(known)),
            None if self.tables.len() >= MAX_TABLES => Err(Refusal::TooManyTables),
            None => Ok(Some(self.add_table(name.to_owned(), path.to_owned(), Some(parent)))),
        }
    }

    fn claim_table(&mut self, table: usize, key: Key, row: u64) {
        self.tables[table].claimed = row;
        self.tables[table].claimed_by = (key.shape, key.slot);
    }
}
