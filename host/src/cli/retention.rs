//! `retention` of `[privacy]`: rows go when they are old enough.

use std::fmt::Write as _;

use super::{failure::Failure, render, session::sink_options};
use crate::{
    config::{Config, nearest},
    normalize::{Naming, REJECTED_TABLE, schema::Schema},
    sink::{Removed, Retention, Sink},
};

/// What the pipeline file says.
pub(crate) fn limits(config: &Config) -> Vec<Retention> {
    let limit = |(table, age): (&String, &std::time::Duration)| Retention { table: table.clone(), age: *age };
    config.privacy.retention.iter().map(limit).collect()
}

/// Says which tables there are not, nor will be: their rows would stay for ever.
pub(crate) fn warn_of_unknown<'a>(config: &Config, schema: &Schema, resources: impl IntoIterator<Item = &'a str>) {
    let roots = schema.tables.values().filter(|table| table.parent.is_none()).map(|table| table.name.clone());
    let listed = resources.into_iter().map(|name| Naming::default().path(name));
    let known: Vec<String> = roots.chain(listed).chain([REJECTED_TABLE.to_owned()]).collect();
    let names: Vec<&str> = known.iter().map(String::as_str).collect();
    for table in config.privacy.retention.keys().filter(|table| !known.contains(table)) {
        let file = config.file.display();
        eprintln!("warning: `privacy.retention` in `{file}` names `{table}`, and there is no such root table");
        if let Some(nearest) = nearest(table, &names) {
            eprintln!("hint: did you mean `{nearest}`?");
        }
    }
}

/// Removes what is old enough.
pub(crate) fn apply(config: &Config) -> Result<(), Failure> {
    let limits = limits(config);
    if limits.is_empty() || !config.database.exists() {
        return Ok(());
    }
    let mut sink = Sink::open(sink_options(config), &mut render::waiting(&config.database))?;
    let removed = sink.retain(&limits, jiff::Timestamp::now().as_microsecond())?;
    sink.close()?;
    if let Some(text) = told(&removed) {
        eprintln!("{text}");
    }
    Ok(())
}

fn told(removed: &Removed) -> Option<String> {
    let mut tables = removed.iter();
    let (first, rows) = tables.next()?;
    let mut text = format!("removed what is older than its retention: {} of `{first}`", render::count(*rows, "row"));
    for (table, rows) in tables {
        // Writing to a text cannot fail.
        let _ = write!(text, ", {} of `{table}`", render::count(*rows, "row"));
    }
    Some(text)
}
