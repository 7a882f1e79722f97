//! Which columns say whose a row is: the marks of records, as they are in tables.
//!
//! A path of a record is a column of its root table, or of a child table where it goes through a list; and where objects were
//! not taken apart, a part of a document in a column.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::super::ddl::{TableName, quote};
use crate::incremental::FieldPath;
use crate::json_path::Step;
use crate::normalize::Naming;
use crate::privacy::people::{Mark, Marks};

/// The columns of a table, with their types, by their names in small letters.
pub(super) type Columns = BTreeMap<String, String>;

/// The key of a row that has none of dlt's.
const ROW: &str = "CAST(rowid AS VARCHAR)";

/// A root table: where its rows say whose they are.
#[derive(Debug)]
pub(in crate::sink) struct Root {
    pub(super) name: TableName,
    /// What tells its rows apart, as SQL.
    pub(super) key: String,
    /// Its own columns first, then those of child tables.
    pub(super) sources: Vec<Source>,
}

/// A query that gives the key of a root row, and texts of columns.
#[derive(Debug)]
pub(super) struct Source {
    pub(super) sql: String,
    pub(super) fields: Vec<Field>,
}

/// What a column holds for a mark.
#[derive(Debug)]
pub(super) struct Field {
    /// The mark, and which of its paths.
    pub(super) mark: Mark,
    pub(super) path: usize,
    /// The steps from the column's value on; none: it is the value.
    pub(super) steps: Vec<Step>,
    /// The type of the column.
    pub(super) kind: String,
}

/// The tables below a dataset, as they are looked through.
pub(super) struct Catalog<'a> {
    pub(super) tables: &'a BTreeMap<String, (TableName, Columns)>,
    pub(super) marks: &'a Marks,
    /// The resource of a root table, when it is not called as the table is.
    pub(super) resources: &'a BTreeMap<String, String>,
}

impl Catalog<'_> {
    /// All root tables that hold data.
    pub(super) fn roots(&self) -> Vec<Root> {
        let is_root = |(name, (_, columns)): &(&String, &(TableName, Columns))| {
            !name.starts_with("_dlt_") && !name.starts_with('_') && !columns.contains_key("_dlt_parent_id")
        };
        self.tables.iter().filter(is_root).map(|(name, (full, columns))| self.root(name, full, columns)).collect()
    }

    /// The tables right below a table.
    pub(super) fn children(&self, parent: &str) -> impl Iterator<Item = (&String, &TableName)> {
        let below = format!("{parent}__");
        let is_child = move |(name, (_, columns)): &(&String, &(TableName, Columns))| {
            let nearest =
                self.tables.keys().filter(|other| name.starts_with(&format!("{other}__"))).max_by_key(|n| n.len());
            name.starts_with(&below)
                && columns.contains_key("_dlt_parent_id")
                && nearest.is_some_and(|nearest| below == format!("{nearest}__"))
        };
        self.tables.iter().filter(is_child).map(|(name, (full, _))| (name, full))
    }

    fn root(&self, table: &str, name: &TableName, columns: &Columns) -> Root {
        let key = if columns.contains_key("_dlt_id") { "CAST(r._dlt_id AS VARCHAR)" } else { ROW }.to_owned();
        let resource = self.resources.get(table).map_or(table, String::as_str);
        let mut own = Vec::new();
        let mut sources = Vec::new();
        for mark in self.marks.of(resource) {
            for (at, path) in mark.paths.iter().enumerate() {
                own.extend(self.fields(table, "r", mark, at, path.steps()));
                // A value of several parts is one of its row.
                if mark.paths.len() == 1 {
                    self.below(table, &Below { chain: Vec::new(), key: &key, mark }, path, path.steps(), &mut sources);
                }
            }
        }
        if !own.is_empty() {
            sources.insert(0, source(&format!("SELECT {key}"), own, &format!("FROM {name} AS r")));
        }
        Root { name: name.clone(), key, sources }
    }

    /// The columns of one table, called `alias`, that hold what some steps lead to, or a document that they lead into.
    fn fields(&self, table: &str, alias: &str, mark: &Mark, path: usize, steps: &[Step]) -> Vec<(String, Field)> {
        let Some((_, columns)) = self.tables.get(table) else { return Vec::new() };
        let mut found = Vec::new();
        for taken in (1..=leading(steps).len()).rev() {
            let column = column(&leading(steps)[..taken]);
            for (name, kind) in columns.iter().filter(|(name, _)| is_of(name, &column)) {
                let rest = &steps[taken..];
                if rest.is_empty() || matches!(kind.as_str(), "VARCHAR" | "JSON") {
                    let field = Field { mark: mark.clone(), path, steps: rest.to_vec(), kind: kind.clone() };
                    found.push((format!("CAST({alias}.{} AS VARCHAR)", quote(name)), field));
                }
            }
        }
        found
    }

    /// The child tables that some steps lead through.
    fn below(&self, table: &str, below: &Below<'_>, path: &FieldPath, steps: &[Step], sources: &mut Vec<Source>) {
        let keys = leading(steps);
        let rest = match steps.get(keys.len()) {
            Some(Step::Any | Step::Items | Step::Index(_)) => &steps[keys.len() + 1..],
            _ => return,
        };
        let child = format!("{table}__{}", column(&keys));
        if !self.tables.contains_key(&child) {
            return;
        }
        let chain: Vec<&str> = below.chain.iter().map(String::as_str).chain([child.as_str()]).collect();
        let alias = format!("c{}", chain.len());
        let value = [Step::Key("value".to_owned())];
        let fields = self.fields(&child, &alias, below.mark, 0, if rest.is_empty() { &value } else { rest });
        if !fields.is_empty() {
            let root = table_of(self, chain[0], path);
            let mut from = format!("FROM {root} AS r");
            for (depth, name) in (1..).zip(&chain) {
                let parent = if depth == 1 { "r".to_owned() } else { format!("c{}", depth - 1) };
                let full = self.tables.get(*name).map(|(full, _)| full.to_string()).unwrap_or_default();
                // Writing to a text cannot fail.
                let _ = write!(from, " JOIN {full} AS c{depth} ON c{depth}._dlt_parent_id = {parent}._dlt_id");
            }
            sources.push(source(&format!("SELECT {}", below.key), fields, &from));
        }
        let next =
            Below { chain: chain.iter().map(|name| (*name).to_owned()).collect(), key: below.key, mark: below.mark };
        self.below(&child, &next, path, rest, sources);
    }
}

/// Where a path has come to on its way down.
struct Below<'a> {
    chain: Vec<String>,
    key: &'a str,
    mark: &'a Mark,
}

/// The root table above a child table.
fn table_of(catalog: &Catalog<'_>, child: &str, _: &FieldPath) -> String {
    let above = catalog.tables.iter().filter(|(name, _)| child.starts_with(&format!("{name}__")));
    above.max_by_key(|(name, _)| name.len()).map(|(_, (full, _))| full.to_string()).unwrap_or_default()
}

fn source(select: &str, fields: Vec<(String, Field)>, from: &str) -> Source {
    let (columns, fields): (Vec<String>, Vec<Field>) = fields.into_iter().unzip();
    Source { sql: format!("{select}, {} {from}", columns.join(", ")), fields }
}

/// The names that some steps begin with.
fn leading(steps: &[Step]) -> Vec<&str> {
    steps.iter().map_while(|step| if let Step::Key(key) = step { Some(key.as_str()) } else { None }).collect()
}

/// The column of nested names, in small letters.
fn column(keys: &[&str]) -> String {
    let naming = Naming::default();
    let joined = keys.iter().fold(String::new(), |parent, key| Naming::join(&parent, &naming.path(key)));
    naming.fit(&joined).to_lowercase()
}

/// Whether a column holds the values of another one: it is that, or a variant of it.
fn is_of(name: &str, column: &str) -> bool {
    name == column || name.strip_prefix(column).is_some_and(|rest| rest.starts_with("__v_"))
}
