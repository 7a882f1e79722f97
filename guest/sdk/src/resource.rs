//! What is known of a resource: where it is asked for, what an answer looks like, and what its rows do.

use std::time::SystemTime;

use crate::{
    bindings::types::{ResourceSpec, WriteDisposition},
    body::Body,
    error::{Error, Result},
    json::Path,
    paging::Paginator,
    settings::resource::Place,
    template::{Ends, Template},
    url::{Url, encode},
};

/// What an answer is made of.
#[derive(Clone, Copy, Debug)]
pub enum Shape {
    /// Pages of records.
    Records,
    /// One record.
    Single {
        /// Makes the record, as one line, of an answer and the time of day; none if it is not what was promised.
        read: fn(&Body, SystemTime) -> Option<Vec<u8>>,
        /// What an answer is otherwise, as in "the answer is no object".
        otherwise: &'static str,
    },
}

impl Shape {
    /// One object, which is the record as it is.
    pub const OBJECT: Self = Self::Single { read: |body, _| body.object_line(), otherwise: "no object" };
}

/// One kind of data. [`Source::resource`](crate::source::Source::resource) makes one.
#[derive(Clone, Debug)]
pub struct Resource {
    /// Its name, and that of its table.
    pub name: String,
    /// One sentence for a person who chooses.
    pub description: String,
    /// Where it is asked for, without parameters of its own; with placeholders, an example of it.
    pub url: Url,
    /// Where it is asked for, when that holds placeholders.
    pub path: Option<PathTemplate>,
    /// What an answer is made of.
    pub shape: Shape,
    /// How its records and pages are found.
    pub paging: Paging,
    /// Query parameters of the first request.
    pub params: Vec<Param>,
    /// The fields that identify a record.
    pub primary_key: Vec<String>,
    /// What new rows do to old ones.
    pub write_disposition: WriteDisposition,
    /// The field to read on by.
    pub incremental: Option<Incremental>,
}

/// How records and pages are found.
#[derive(Clone, Debug, Default)]
pub struct Paging {
    /// Where the records are; none: found out.
    pub selector: Option<Path>,
    /// How the service pages; none: found out.
    pub paginator: Option<Paginator>,
    /// How many records to ask for.
    pub page_size: Option<u64>,
}

/// A query parameter.
#[derive(Clone, Debug)]
pub struct Param {
    /// Its name.
    pub name: String,
    /// Its value.
    pub value: Template,
}

/// A path that depends on the part that is wanted.
#[derive(Clone, Debug)]
pub struct PathTemplate {
    /// The path.
    pub template: Template,
    /// What it is relative to.
    pub place: Place,
}

/// The field to read on by.
#[derive(Clone, Debug)]
pub struct Incremental {
    /// Where it is in a record.
    pub cursor_path: String,
    /// The query parameter that takes the lowest value wanted.
    pub start_param: Option<String>,
    /// The query parameter that takes the first value not wanted any more.
    pub end_param: Option<String>,
}

/// What an author says of a resource, one after another.
impl Resource {
    /// One sentence for a person who chooses among resources.
    #[must_use]
    pub fn about(mut self, description: &str) -> Self {
        description.clone_into(&mut self.description);
        self
    }

    /// The answer is one record, and not pages of them.
    #[must_use]
    pub fn single(mut self, shape: Shape) -> Self {
        self.shape = shape;
        self
    }

    /// Where the records are in an answer, as `data.items`. Without it, that is found out on the first page.
    #[must_use]
    pub fn records_at(mut self, path: &str) -> Self {
        self.paging.selector = Some(path.into());
        self
    }

    /// How the service pages. Without it, that is found out on the first page.
    #[must_use]
    pub fn pages(mut self, paginator: Paginator) -> Self {
        self.paging.paginator = Some(paginator);
        self
    }

    /// A query parameter of the first request, beside those of the same name.
    #[must_use]
    pub fn param(mut self, name: &str, value: &str) -> Self {
        self.params.push(Param { name: name.to_owned(), value: Template::plain(value) });
        self
    }

    /// The fields that identify a record. A row takes the place of an earlier one with the same key.
    #[must_use]
    pub fn merge_by(mut self, keys: &[&str]) -> Self {
        self.primary_key = keys.iter().map(|key| (*key).to_owned()).collect();
        self.write_disposition = WriteDisposition::Merge;
        self
    }

    /// The rows of a run take the place of all earlier ones.
    #[must_use]
    pub fn replace(mut self) -> Self {
        self.write_disposition = WriteDisposition::Replace;
        self
    }

    /// The field of a record that grows with each change, and the query parameter, if there is one, with which the service
    /// answers only what has at least a value.
    #[must_use]
    pub fn incremental(mut self, cursor_path: &str, start_param: Option<&str>) -> Self {
        let start_param = start_param.map(str::to_owned);
        self.incremental = Some(Incremental { cursor_path: cursor_path.to_owned(), start_param, end_param: None });
        self
    }
}

impl Resource {
    /// Where the part between `ends` is asked for. What a value says stays within its segment or parameter.
    pub fn url_for(&self, ends: &Ends) -> Result<Url> {
        let Some(PathTemplate { template, place }) = &self.path else { return Ok(self.url.clone()) };
        let key = format!("resources.{}.path", self.name);
        let path = template.fill(ends, encode).ok_or_else(|| {
            Error::config(format!("`{key}` needs a value to begin or end at, and there is none: set `initial_value`"))
        })?;
        let url = place.resolve(&path, &key)?;
        if url.origin != self.url.origin {
            return Err(Error::config(format!("`{key}` must name its origin without a placeholder")));
        }
        Ok(url)
    }

    /// The facts that the host is told.
    pub fn spec(&self) -> ResourceSpec {
        ResourceSpec {
            name: self.name.clone(),
            description: self.description.clone(),
            primary_key: self.primary_key.clone(),
            write_disposition: self.write_disposition,
            incremental: self.incremental.as_ref().map(|incremental| incremental.cursor_path.clone()),
        }
    }
}
