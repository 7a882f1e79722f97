//! A source with its settings: where it is, what it is asked with, and which resources it has.

use crate::{
    bindings::types::WriteDisposition,
    error::Result,
    json::Json,
    resource::{Paging, Resource, Shape},
    response::{Header, excerpt},
    secret::{Secret, Secrets},
    settings::{
        resource::{Place, added, change, check_name},
        table::{members, unknown},
    },
    url::Url,
};

/// A source with its settings.
#[derive(Clone, Debug)]
pub struct Source {
    /// Requests to its origin may hold a secret, and others must not.
    pub base: Url,
    /// What the paths of resources are relative to, with a slash at the end; the same as `base`, or below it.
    pub root: Url,
    /// What is sent and never shown.
    pub secrets: Secrets,
    /// How many records to ask for per page, in the parameter `limit`; none: not asked.
    pub page_size: Option<u64>,
    /// In the order in which a reader would want to see them.
    pub resources: Vec<Resource>,
    headers: Vec<Header>,
}

impl Source {
    /// A source at a URL, without resources as yet.
    pub fn new(mut base: Url) -> Self {
        base.target = format!("{}/", base.target.trim_end_matches('/'));
        let (secrets, headers) = (Secrets::default(), Vec::new());
        Self { root: base.clone(), base, secrets, page_size: None, resources: Vec::new(), headers }
    }

    /// Adds a header of each request to the origin of `base`. Other origins are asked without it.
    #[must_use]
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Adds a secret in a header of each request to the origin of `base`, behind a prefix such as `Bearer `.
    #[must_use]
    pub fn secret_header(self, name: &str, prefix: &str, secret: Secret) -> Self {
        let value = format!("{prefix}{}", secret.reveal());
        self.secret(secret).header(name, &value)
    }

    /// Keeps a secret out of messages, and out of requests to other origins.
    #[must_use]
    pub fn secret(mut self, secret: Secret) -> Self {
        self.secrets.add(secret);
        self
    }

    /// Sets how many records to ask for per page.
    #[must_use]
    pub fn page_size(mut self, size: Option<u64>) -> Self {
        self.page_size = size;
        self
    }

    /// Begins a resource: its name, like `[a-z][a-z0-9_]*`, and its path. The path is relative to `root`, with a leading
    /// slash to `base`, or a whole URL. It has pages of records, which are appended, until something else is said.
    pub fn resource(&self, name: &str, path: &str) -> Result<Resource> {
        check_name(name)?;
        Ok(Resource {
            name: name.to_owned(),
            description: String::new(),
            url: self.place().resolve(path, "path")?,
            path: None,
            shape: Shape::Records,
            paging: Paging { page_size: self.page_size, ..Paging::default() },
            params: Vec::new(),
            primary_key: Vec::new(),
            write_disposition: WriteDisposition::Append,
            incremental: None,
        })
    }

    /// Adds resources.
    #[must_use]
    pub fn with(mut self, resources: impl IntoIterator<Item = Resource>) -> Self {
        self.resources.extend(resources);
        self
    }

    /// Changes resources and adds others as the setting `resources` says: a table for each of them.
    pub fn configured(mut self, resources: Option<Json<'_>>) -> Result<Self> {
        let tables = resources.map_or_else(|| Ok(Vec::new()), |value| members(value, "resources"))?;
        for (at, (name, value)) in tables.iter().enumerate() {
            // Of several tables with one name the last counts.
            if tables[at + 1..].iter().any(|(other, _)| other == name) {
                continue;
            }
            let place = self.place();
            if let Some(resource) = self.resources.iter_mut().find(|resource| resource.name == *name) {
                change(resource, *value, &place, self.page_size)?;
            } else {
                let resource = added(&self, name, *value)?;
                self.resources.push(resource);
            }
        }
        Ok(self)
    }

    pub(crate) fn place(&self) -> Place {
        Place { base: self.base.clone(), root: self.root.clone() }
    }

    /// The resource with a name.
    pub fn find(&self, name: &str) -> Result<&Resource> {
        self.resources.iter().find(|resource| resource.name == name).ok_or_else(|| {
            let names: Vec<&str> = self.resources.iter().map(|resource| resource.name.as_str()).collect();
            unknown(&format!("resource `{name}`"), name, &names)
        })
    }

    /// The headers that a request is made with, beside those of every request.
    pub fn headers_for(&self, url: &Url) -> &[Header] {
        if url.origin == self.base.origin { &self.headers } else { &[] }
    }

    /// How a URL is called in messages.
    pub fn show(&self, url: &Url) -> String {
        excerpt(&url.to_string(), &self.secrets)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_stay_at_their_origin() {
        let base = Url::parse("https://h/api").unwrap();
        let source = Source::new(base).secret_header("authorization", "Bearer ", Secret::new("tok-en-123"));
        let headers = |url: &str| source.headers_for(&Url::parse(url).unwrap()).len();
        assert_eq!(headers("https://h/other"), 1);
        assert_eq!((headers("http://h/api"), headers("https://h:444/api"), headers("https://i.h/api")), (0, 0, 0));
        assert!(!format!("{:?}", source.secrets).contains("tok-en"));
    }

    #[test]
    fn what_an_author_says() {
        let source = Source::new(Url::parse("https://h/api").unwrap());
        let resource = source.resource("tickets", "v2/tickets").unwrap().records_at("a.b").merge_by(&["id"]);
        assert_eq!(resource.url.to_string(), "https://h/api/v2/tickets");
        assert_eq!(resource.spec().primary_key, ["id"]);
        assert!(source.resource("Tickets", "x").is_err() && source.resource("x", "../x").is_err());
        let source = source.with([resource]);
        assert_eq!(source.find("ticket").unwrap_err().message, "unknown resource `ticket`, did you mean `tickets`?");
    }
}
