//! A component that says which client records are of: no origin is granted to it, whatever the pipeline grants.

use crate::{
    component::{
        bindings::people,
        convert::Broken,
        load::Component,
        sandbox::{ComponentSource, SourceOptions},
        text::tame,
    },
    http::allow::AllowList,
    model::ResourceName,
    privacy::people::{Mark, Meaning},
    source::{ErrorKind, SourceError},
};

/// Most characters of the name of a kind.
const MAX_KIND: usize = 64;

impl Component {
    /// Where records say whose they are; none when the component does not tell. Of the options, grants are disregarded, and
    /// secrets are there to be hidden only.
    ///
    /// # Errors
    /// As those of [`Source`](crate::source::Source): of the configuration, of the component, or of the sandbox.
    pub async fn marks(&self, options: SourceOptions) -> Result<Option<Vec<Mark>>, SourceError> {
        let Some(indices) = self.people_indices() else { return Ok(None) };
        let options = SourceOptions { grants: AllowList::default(), allow_private: Vec::new(), ..options };
        let source = ComponentSource::new(self.clone(), options)
            .map_err(|error| SourceError::new(ErrorKind::Config, error.to_string()))?;
        let call = async |store: &mut _, instance| {
            let guest: people::Guest = indices.load(&mut *store, &instance)?;
            guest.call_list_marks(store, &source.config).await
        };
        let take = |marks: Vec<people::Mark>| marks.into_iter().map(mark).collect::<Result<Vec<_>, _>>();
        source.caller.call("list-marks", call, take).await.map(|(marks, _)| Some(marks))
    }
}

/// Checks everything that a component could get wrong: what is not understood would leave a person's data behind.
fn mark(mark: people::Mark) -> Result<Mark, Broken> {
    let wrong = |what: String| Broken::new(ErrorKind::Config, format!("the component marks {}", tame(&what)));
    let people::Mark { resource_name, meaning, kind, paths } = mark;
    let is_kind = kind.len() <= MAX_KIND
        && kind.starts_with(|first: char| first.is_ascii_lowercase())
        && kind.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_');
    if !is_kind {
        return Err(wrong(format!("a field of `{resource_name}` with the kind `{kind}`, which is none")));
    }
    if paths.is_empty() {
        return Err(wrong(format!("no field of `{resource_name}` as `{kind}`")));
    }
    let paths = paths.iter().map(|path| path.parse()).collect::<Result<_, _>>();
    let paths = paths.map_err(|error: crate::incremental::InvalidPath| {
        wrong(format!("a field of `{resource_name}` that is none: {error}"))
    })?;
    let resource =
        ResourceName::new(resource_name).map_err(|error| wrong(format!("a field of a resource: {error}")))?;
    let meaning = match meaning {
        people::Meaning::Identity => Meaning::Identity,
        people::Meaning::Belonging => Meaning::Belonging,
        people::Meaning::Contact => Meaning::Contact,
    };
    Ok(Mark { resource: Some(resource), meaning, kind, paths })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::component::{
        fixture::Guest,
        tests::{load_with, options, run},
    };

    fn given(resource: &str, kind: &str, paths: &[&str]) -> Result<Mark, String> {
        let paths = paths.iter().map(|path| (*path).to_owned()).collect();
        let given = people::Mark {
            resource_name: resource.to_owned(),
            meaning: people::Meaning::Identity,
            kind: kind.to_owned(),
            paths,
        };
        mark(given).map_err(|broken| match broken {
            Broken::Contract(error) => error.message,
            Broken::Limit(hit) => hit.to_string(),
        })
    }

    fn listed(guest: &Guest) -> Result<Option<Vec<Mark>>, SourceError> {
        let component = load_with(&guest.build(), &options()).unwrap();
        assert_eq!(
            component.info().exports.contains(&"sluicegate:source/people@0.1.0".to_owned()),
            component.info().has_people
        );
        run(component.marks(SourceOptions { config: "{}".into(), ..SourceOptions::default() }))
    }

    #[test]
    fn people_is_optional() {
        assert!(listed(&Guest::new()).unwrap().is_none());
        let marks = listed(&Guest::new().people("chats", "client", "sender.id")).unwrap().unwrap();
        assert_eq!((marks.len(), marks[0].kind.as_str(), marks[0].meaning), (1, "client", Meaning::Identity));
        assert_eq!(marks[0].paths, ["sender.id".parse().unwrap()]);
        let error = listed(&Guest::new().people("chats", "client", "sender.")).unwrap_err();
        assert_eq!(error.kind, ErrorKind::Config);
        assert!(error.message.contains("`sender.` is no path"), "{error}");
    }

    #[test]
    fn marks_are_checked() {
        assert_eq!(given("chats", "visitor", &["a", "b[*].c"]).unwrap().paths.len(), 2);
        let fails = |mark: Result<Mark, String>, words: &str| {
            let error = mark.unwrap_err();
            assert!(error.contains(words), "{error}");
        };
        fails(given("Chats", "visitor", &["a"]), "`Chats` is no resource name");
        fails(given("chats", "a b", &["a"]), "the kind `a b`, which is none");
        fails(given("chats", "visitor", &[]), "no field of `chats`");
        fails(given("chats", "visitor", &["a..b"]), "`a..b` is no path");
    }
}
