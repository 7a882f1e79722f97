//! The usual case, by far: a key that was expected, and a value of its column's type.

use super::{
    columns::Cells,
    rows::Rows,
    schema::DataType,
    shape::{NONE, same_key},
    tape::{Document, Node},
    timestamp::{self, Moment},
};

impl Rows {
    /// Puts a value into its cell if all is as in the rows before; does nothing otherwise.
    #[inline]
    pub(crate) fn put_usual(
        &mut self,
        document: Document<'_>,
        (table, shape): (usize, usize),
        (name, at): (&[u8], usize),
        expected: usize,
    ) -> bool {
        let serial = self.serial;
        let Some(slot) = self.shapes[shape].slots.get_mut(expected) else { return false };
        if slot.column == NONE || slot.seen == serial || slot.system.is_some() || !same_key(&slot.raw, name) {
            return false;
        }
        let table = &mut self.tables[table];
        let column = &mut table.columns[slot.column];
        let node = document.node(at);
        let usual = column.claimed != serial
            && if node == Node::Null {
                column.listed
            } else {
                column.cells.as_mut().is_some_and(|cells| push_usual(cells, table.rows, document, node))
            };
        if usual {
            slot.seen = serial;
            column.claimed = serial;
        }
        usual
    }
}

/// Writes a value that has the type of the column; does nothing otherwise.
#[inline]
fn push_usual(cells: &mut Cells, row: usize, document: Document<'_>, node: Node) -> bool {
    match (node, cells.data_type()) {
        (Node::Text(_) | Node::Unescaped(_), DataType::Text) => cells.push_text(row, document.bytes(node)),
        (Node::Text(_) | Node::Unescaped(_), DataType::Timestamp) => match timestamp::parse(document.string(node)) {
            Some(Moment::Instant { micros, truncated: false }) => cells.push_int(row, micros),
            _ => false,
        },
        (Node::Int(value), DataType::Bigint) => cells.push_int(row, value),
        (Node::Float(value), DataType::Double) => cells.push_float(row, value),
        (Node::Bool(value), DataType::Bool) => cells.push_bool(row, value),
        _ => false,
    }
}
