//! Puts values into the cells of the current row: finds the column of a key, keeps two keys out of one cell, and goes
//! from a column to its variants when a value does not fit.

use std::borrow::Cow;

use super::{
    api::Collision,
    coerce::{Cell, coerce},
    infer::Scalar,
    json_text,
    refusal::Refusal,
    rows::{Frame, MAX_COLUMNS, Rows},
    schema::DataType,
    shape::{NONE, Shape, variant_name},
    table::System,
    tape::{Document, Node},
};

/// How many names are tried for a key whose name is taken.
const NAME_ATTEMPTS: usize = 4;

/// A value that waits until its column has a type. Types are given in the order that dlt gives them.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Deferred {
    pub(crate) key: Key,
    pub(crate) column: usize,
    pub(crate) kind: Kind,
}

/// What is to be done for a [`Deferred`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// The column takes the type that is inferred from the value.
    Value,
    /// The same, for the variant of a column.
    Variant,
    /// The same, for the variant of a variant, whose type is the value's own.
    LastVariant,
    /// The column is one that the normalizer fills itself; the record only fixes its place.
    System(System),
}

/// Where a value comes from: table, shape and slot of its key, and its place on the tape.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Key {
    pub(crate) table: usize,
    pub(crate) shape: usize,
    pub(crate) slot: usize,
    pub(crate) at: usize,
}

/// A value that does not fit a column: the column, and the type of the value.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Misfit {
    pub(crate) column: usize,
    pub(crate) found: DataType,
}

impl Rows {
    /// Puts a value that is no null into the column of its key.
    pub(crate) fn put(&mut self, document: Document<'_>, key: Key, frame: &mut Frame) -> Result<(), Refusal> {
        if !self.admits_value(key)? {
            return Ok(());
        }
        let column = self.column_of(key)?;
        let Some(column) = self.claim(key, column, None)? else { return Ok(()) };
        if self.tables[key.table].columns[column].cells.is_none() {
            frame.deferred.push(Deferred { key, column, kind: Kind::Value });
            return Ok(());
        }
        self.fit(document, key, column, Kind::Value, frame)
    }

    /// Whether a value may go to the column of its key: that has a type, or may get one.
    #[inline]
    fn admits_value(&mut self, key: Key) -> Result<bool, Refusal> {
        if self.tables[key.table].contract.terms.is_evolve() || self.is_typed(key) {
            return Ok(true);
        }
        let name = self.shapes[key.shape].details[key.slot].name.clone();
        self.admits_column(key.table, &name)
    }

    fn is_typed(&mut self, key: Key) -> bool {
        let column = self.known_column_of(key);
        column.is_some_and(|column| self.tables[key.table].columns[column].cells.is_some())
    }

    /// Notes that a key of the row is null: the name is taken, and the column is in the schema.
    pub(crate) fn put_null(&mut self, key: Key) -> Result<(), Refusal> {
        let column = self.column_of(key)?;
        let serial = self.serial;
        let state = &mut self.tables[key.table].columns[column];
        state.claimed = serial;
        if !state.listed {
            self.list_column(key.table, column);
        }
        Ok(())
    }

    /// Writes a text into a column that the normalizer fills itself.
    pub(crate) fn put_system_text(&mut self, table: usize, system: System, text: &str) -> Result<(), Refusal> {
        self.put_system(table, system, Scalar::Text(text))
    }

    pub(crate) fn put_system(&mut self, table: usize, system: System, value: Scalar<'_>) -> Result<(), Refusal> {
        let column = self.system_column(table, system);
        self.put_into(table, column, value)
    }

    /// Writes a value into a column that is known to have a type and no value yet.
    pub(crate) fn put_into(&mut self, table: usize, column: usize, value: Scalar<'_>) -> Result<(), Refusal> {
        let state = &mut self.tables[table];
        let Some(cells) = &mut state.columns[column].cells else { return Err(self.no_variant(table, column)) };
        let written = match value {
            Scalar::Text(text) if cells.data_type() == DataType::Text => cells.push_text(state.rows, text.as_bytes()),
            _ => match coerce(cells.data_type(), value) {
                Some(cell) => cells.push(state.rows, &cell),
                None => return Err(self.no_variant(table, column)),
            },
        };
        if written { Ok(()) } else { Err(self.column_full(table, column)) }
    }

    /// The column of a key; it is added when there is none.
    #[inline]
    fn column_of(&mut self, key: Key) -> Result<usize, Refusal> {
        let column = self.shapes[key.shape].slots[key.slot].column;
        if column == NONE { self.new_column_of(key) } else { Ok(column) }
    }

    #[cold]
    fn new_column_of(&mut self, key: Key) -> Result<usize, Refusal> {
        let table = &self.tables[key.table];
        let name = self.shapes[key.shape].details[key.slot].name.clone();
        if table.columns.len() >= MAX_COLUMNS && !table.by_name.contains_key(&name) {
            return Err(self.too_many_columns(key.table));
        }
        let column = self.column(key.table, &name);
        self.shapes[key.shape].slots[key.slot].column = column;
        Ok(column)
    }

    /// The column of a key if there is one; looks for it again only when the table has got new columns.
    #[inline]
    pub(crate) fn known_column_of(&mut self, key: Key) -> Option<usize> {
        let Shape { slots, details, .. } = &mut self.shapes[key.shape];
        let slot = &mut slots[key.slot];
        if slot.column == NONE {
            let (table, detail) = (&self.tables[key.table], &mut details[key.slot]);
            if detail.looked_among == table.columns.len() {
                return None;
            }
            detail.looked_among = table.columns.len();
            slot.column = table.by_name.get(&detail.name).copied().unwrap_or(NONE);
        }
        (slot.column != NONE).then_some(slot.column)
    }

    /// Takes the cell of a column for a key. When another key of the row has it, the key gets a column of its own, if
    /// contracts let it. `misfit` is the column that the value does not fit, for one that goes to a variant.
    #[inline]
    fn claim(&mut self, key: Key, column: usize, misfit: Option<Misfit>) -> Result<Option<usize>, Refusal> {
        let serial = self.serial;
        let state = &mut self.tables[key.table].columns[column];
        if state.claimed == serial {
            return self.claim_alias(key, column, misfit);
        }
        state.claimed = serial;
        Ok(Some(column))
    }

    fn claim_alias(&mut self, key: Key, taken: usize, misfit: Option<Misfit>) -> Result<Option<usize>, Refusal> {
        let serial = self.serial;
        let known = self.shapes[key.shape].details[key.slot].alias;
        if let Some(state) = self.tables[key.table].columns.get_mut(known)
            && state.claimed != serial
            && state.cells.is_some()
        {
            state.claimed = serial;
            return Ok(Some(known));
        }
        let mut original = self.shapes[key.shape].raw_path_of(key.slot);
        let base = self.tables[key.table].columns[taken].name.clone();
        for _ in 0..NAME_ATTEMPTS {
            let name = self.naming.tagged(&base, &original);
            if !self.admits_named(key.table, &name, misfit)? {
                return Ok(None);
            }
            let column = self.column(key.table, &name);
            let state = &mut self.tables[key.table].columns[column];
            if state.claimed != serial {
                state.claimed = serial;
                self.shapes[key.shape].details[key.slot].alias = column;
                let first = self.claimant(key, taken);
                self.tell_collision(key, first, name);
                return Ok(Some(column));
            }
            original.push('\0');
        }
        Err(Refusal::NoFreeName { table: self.tables[key.table].name.clone(), column: base })
    }

    /// The shape and slot of the key of this row that has taken a column before `key` came to it.
    fn claimant(&self, key: Key, column: usize) -> (usize, usize) {
        let variant_of = |first: usize| {
            let columns = &self.tables[key.table].columns;
            columns.get(first).is_some_and(|first| first.variants.iter().any(|(_, variant)| *variant == column))
        };
        let mut seen = self.shapes.iter().enumerate().flat_map(|(shape, state)| {
            let slots = state.slots.iter().enumerate();
            slots.filter(|(_, slot)| slot.seen == self.serial).map(move |(place, slot)| (shape, place, slot.column))
        });
        seen.find(|(shape, slot, first)| {
            (*shape, *slot) != (key.shape, key.slot) && (*first == column || variant_of(*first))
        })
        .map_or((NONE, NONE), |(shape, slot, _)| (shape, slot))
    }

    /// Notes that two keys wanted one name; `first` had it, `key` got another.
    pub(crate) fn tell_collision(&mut self, key: Key, first: (usize, usize), name: String) {
        let first = self.shapes.get(first.0).map_or_else(String::new, |shape| shape.raw_path_of(first.1));
        let second = self.shapes[key.shape].raw_path_of(key.slot);
        self.journal.collisions.push(Collision {
            resource: String::new(),
            table: self.tables[key.table].name.clone(),
            keys: [first, second],
            column: name,
        });
    }

    /// Coerces a value into a column that has a type, or goes on to the variant of the column.
    fn fit(
        &mut self,
        document: Document<'_>,
        key: Key,
        column: usize,
        kind: Kind,
        frame: &mut Frame,
    ) -> Result<(), Refusal> {
        let json = json_of(document, key.at);
        let Some(value) = scalar(document, key.at, &json) else { return Ok(()) };
        let table = &mut self.tables[key.table];
        let Some(cells) = &mut table.columns[column].cells else { return Ok(()) };
        match coerce(cells.data_type(), value) {
            Some(cell) => {
                if !cells.push(table.rows, &cell) {
                    return Err(self.column_full(key.table, column));
                }
                if matches!(cell, Cell::Instant { truncated: true, .. }) {
                    self.journal.truncated += 1;
                }
                Ok(())
            }
            None => self.put_variant(document, key, column, kind, value.plain_type(), frame),
        }
    }

    /// Puts a value into the variant of a column.
    fn put_variant(
        &mut self,
        document: Document<'_>,
        key: Key,
        column: usize,
        kind: Kind,
        data_type: DataType,
        frame: &mut Frame,
    ) -> Result<(), Refusal> {
        let kind = match kind {
            Kind::Value => Kind::Variant,
            Kind::Variant => Kind::LastVariant,
            Kind::LastVariant | Kind::System(_) => return Err(self.no_variant(key.table, column)),
        };
        let misfit = Misfit { column, found: data_type };
        let state = &self.tables[key.table].columns[column];
        let known = state.variants.iter().find(|(variant, _)| *variant == data_type).map(|(_, place)| *place);
        let variant = if let Some(variant) = known {
            variant
        } else {
            let name = variant_name(self.naming, &state.name, data_type.as_str());
            if !self.admits_named(key.table, &name, Some(misfit))? {
                return Ok(());
            }
            let variant = self.column(key.table, &name);
            self.tables[key.table].columns[column].variants.push((data_type, variant));
            variant
        };
        let Some(variant) = self.claim(key, variant, Some(misfit))? else { return Ok(()) };
        if self.tables[key.table].columns[variant].cells.is_none() {
            frame.deferred.push(Deferred { key, column: variant, kind });
            return Ok(());
        }
        self.fit(document, key, variant, kind, frame)
    }

    /// Gives types to the columns that the row brought, in the order of `frame.deferred`, and puts its values there.
    pub(crate) fn put_deferred(&mut self, document: Document<'_>, frame: &mut Frame) -> Result<(), Refusal> {
        // A value may be deferred once more, to a variant.
        let mut next = 0;
        while let Some(Deferred { key, column, kind }) = frame.deferred.get(next).copied() {
            next += 1;
            if let Kind::System(system) = kind {
                self.system_column(key.table, system);
                continue;
            }
            let json = json_of(document, key.at);
            let Some(value) = scalar(document, key.at, &json) else { continue };
            let inferred = if kind == Kind::LastVariant { Some(value.plain_type()) } else { value.infer() };
            let is_variant = kind != Kind::Value;
            if let Some(data_type) = inferred.or_else(|| is_variant.then(|| value.plain_type())) {
                self.type_column(key.table, column, data_type, |column| column.variant |= is_variant);
                self.fit(document, key, column, kind, frame)?;
            } else {
                // A number that fits no type of numbers: the column waits for one that does.
                if !self.tables[key.table].columns[column].listed {
                    self.list_column(key.table, column);
                }
                self.put_variant(document, key, column, kind, value.plain_type(), frame)?;
            }
        }
        Ok(())
    }

    fn no_variant(&self, table: usize, column: usize) -> Refusal {
        let (table, column) = self.names_of(table, column);
        Refusal::NoVariant { table, column }
    }

    fn column_full(&self, table: usize, column: usize) -> Refusal {
        let (table, column) = self.names_of(table, column);
        Refusal::ColumnFull { table, column }
    }

    pub(crate) fn too_many_columns(&self, table: usize) -> Refusal {
        Refusal::TooManyColumns { table: self.tables[table].name.clone() }
    }

    /// The names of a table and of one of its columns, for an error.
    pub(crate) fn names_of(&self, table: usize, column: usize) -> (String, String) {
        let table = &self.tables[table];
        (table.name.clone(), table.columns[column].name.clone())
    }
}

/// The compact JSON of a list or an object, to be borrowed by [`scalar`]; empty for other values.
fn json_of(document: Document<'_>, at: usize) -> Cow<'static, str> {
    match document.node(at) {
        Node::Array { .. } | Node::Object { .. } => {
            let mut json = String::new();
            json_text::write(document, at, &mut json);
            Cow::Owned(json)
        }
        _ => Cow::Borrowed(""),
    }
}

/// The value at a place of the tape; none for null.
pub(crate) fn scalar<'a>(document: Document<'a>, at: usize, json: &'a str) -> Option<Scalar<'a>> {
    Some(match document.node(at) {
        Node::Null => return None,
        Node::Bool(value) => Scalar::Bool(value),
        Node::Int(value) => Scalar::Int(value),
        Node::Float(value) => Scalar::Float(value),
        Node::BigInt(span) => Scalar::BigInt(document.span(span)),
        Node::HugeFloat(span) => Scalar::HugeFloat(document.span(span)),
        node @ (Node::Text(_) | Node::Unescaped(_)) => Scalar::Text(document.string(node)),
        Node::Array { .. } | Node::Object { .. } => Scalar::Json(json),
    })
}
