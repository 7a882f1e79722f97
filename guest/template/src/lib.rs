//! A source component to copy. What is yours to change stands between `EDIT` and `END`; the rest can stay.

use sluicegate_guest::{Component, Kind, Paginator, Result, Setting, Settings, Shape, Source};

/// The source.
#[derive(Clone, Copy, Debug)]
pub struct MySource;

impl Component for MySource {
    const NAME: &'static str = env!("CARGO_PKG_NAME");
    const VERSION: &'static str = env!("CARGO_PKG_VERSION");

    // EDIT: the origins that the source asks with its defaults. Each user has to grant them.
    const ORIGINS: &'static [&'static str] = &["https://api.example.com"];
    // END

    // EDIT: the keys of `[source.config]` and `[source.secrets]`. A secret never comes here: a token stands in its place.
    const SETTINGS: &'static [Setting] = &[
        Setting::new("base_url", Kind::Url, "Where the service answers.").or("https://api.example.com"),
        Setting::new("api_token", Kind::Secret, "A token, from the account's page."),
        Setting::new("page_size", Kind::Count, "How many records to ask for per page."),
        Setting::new("resources", Kind::Resources, "Tables that change resources, or add some."),
    ];
    // END

    // EDIT: the resource whose first page tells cheaply whether the settings are right.
    const CHECKED: &'static str = "account";
    // END

    fn source(settings: &Settings<'_>) -> Result<Source> {
        // EDIT: where the service is, and what each request is made with.
        let source = Source::new(settings.url("base_url")?)
            .secret_header("authorization", "Bearer ", settings.secret("api_token")?)
            .page_size(settings.count("page_size")?);
        // END

        // EDIT: the resources. A path is relative to `base_url`. Where the records are and how the service pages is found out
        // on the first page, unless it is said here.
        let resources = [
            source.resource("account", "v1/account")?.about("Whose data it is.").single(Shape::OBJECT),
            source
                .resource("tickets", "v1/tickets")?
                .about("Requests of customers, as they are now.")
                .records_at("data")
                .pages(Paginator::cursor("meta.next_cursor", "cursor"))
                .merge_by(&["id"])
                .incremental("updated_at", Some("updated_since")),
        ];
        // END

        source.with(resources).configured(settings.table().get("resources"))
    }
}

sluicegate_guest::export!(MySource);

#[cfg(test)]
mod tests {
    use sluicegate_guest::component;

    use super::MySource;

    // EDIT: settings that are enough for a run.
    const SETTINGS: &str = r#"{"api_token":"a-token"}"#;
    // END

    #[test]
    fn the_settings_are_enough() {
        let resources = component::list_resources::<MySource>(SETTINGS).unwrap();
        assert!(!resources.is_empty());
    }
}
