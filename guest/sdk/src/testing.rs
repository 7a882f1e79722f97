//! A source for tests, which is asked below `/r/token/`.

use serde_json::Value;

use crate::{
    error::Result,
    resource::Shape,
    secret::Secret,
    settings::{Kind, Setting, Settings},
    source::Source,
};

const SETTINGS: [Setting; 3] = [
    Setting::new("base_url", Kind::Url, "Where it answers.").or("https://wh.jivosite.com"),
    Setting::new("page_size", Kind::Count, "Records per page."),
    Setting::new("resources", Kind::Resources, "Tables of resources."),
];

/// Reads a configuration: `base_url`, `page_size` and `resources`.
pub(crate) fn source(config: &Value) -> Result<Source> {
    let config = config.to_string();
    let settings = Settings::open(&config, &SETTINGS)?;
    let mut source =
        Source::new(settings.url("base_url")?).secret(Secret::new("token")).page_size(settings.count("page_size")?);
    source.root.target.push_str("r/token/");
    let resources = [
        source.resource("info", "")?.single(Shape::OBJECT),
        source.resource("health", "health")?.single(Shape::OBJECT),
        source.resource("messages", "messages")?,
    ];
    source.with(resources).configured(settings.table().get("resources"))
}
