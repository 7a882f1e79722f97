//! What holds for any pipeline file and any options; the fuzz target `pipeline` checks the same.
//!
//! An input is a pipeline file, and after a line `---` options of the command line, one on each line.

use std::path::Path;

use crate::{
    config::{Config, ConfigError, Overrides},
    model::ResourceName,
};

const PATH: &str = "/data/sluicegate.toml";

/// The tables at the top of a file, which each key begins with.
const TABLES: [&str; 8] = ["pipeline", "source", "destination", "load", "resources", "privacy", "schedule", "serve"];

fn overrides(options: &str) -> Overrides {
    let mut overrides = Overrides::default();
    for (option, value) in options.lines().filter_map(|line| line.split_once(' ')) {
        let value = value.to_owned();
        match option {
            "--resource" => overrides.resources.push(value),
            "--destination" => overrides.destination = Some(value),
            "--dataset" => overrides.dataset = Some(value),
            "--set" => overrides.set.extend(value.split_once('=').map(|(key, value)| (key.into(), value.into()))),
            "--allow" => overrides.allow.push(value),
            "--allow-private" => overrides.allow_private.push(value),
            _ => {}
        }
    }
    overrides
}

/// Panics when a file is taken that cannot be worked with, or refused without saying what is wrong.
pub(crate) fn check(data: &[u8]) {
    let Ok(text) = str::from_utf8(data) else { return };
    let (file, options) = text.split_once("\n---\n").unwrap_or((text, ""));
    let overrides = overrides(options);
    match Config::from_text(Path::new(PATH), file, &overrides) {
        Ok(config) => check_config(&config),
        Err(error) => check_error(&error, file),
    }
}

fn check_config(config: &Config) {
    let is_word = |text: &str| text.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-'));
    assert!(!config.pipeline.is_empty() && is_word(&config.pipeline), "{}", config.pipeline);
    assert!(!config.dataset.is_empty() && is_word(&config.dataset), "{}", config.dataset);
    assert!((1..=64).contains(&config.concurrency) && config.retry.attempts > 0);
    assert!(config.load.commit_rows > 0 && config.load.commit_bytes > 0);
    assert!(config.database.is_absolute() && config.destination().starts_with("duckdb:/"), "{:?}", config.database);
    assert_eq!(config.dir, Path::new("/data"));
    for name in config.resources.iter().flatten().chain(config.hints.keys()) {
        assert_eq!(ResourceName::new(name.as_str()).as_ref(), Ok(name));
    }
}

/// The error names the file, and the key or the line.
fn check_error(error: &ConfigError, file: &str) {
    let message = error.to_string();
    // Some errors have a hint, and none fails to make it.
    let _ = error.hint();
    match error {
        ConfigError::Parse { source, .. } => {
            let span = source.span();
            assert!(message.contains(PATH) && !source.message().is_empty(), "{message}");
            assert!(span.is_some_and(|span| file.get(span).is_some()), "no place: {source}");
        }
        ConfigError::UnknownKey { key, .. } => assert!(message.contains(&format!("`{key}`")) && message.contains(PATH)),
        ConfigError::Value { key, reason, .. } => {
            assert!(message.contains(PATH) && !reason.is_empty(), "{message}");
            assert!(TABLES.contains(&key.split('.').next().unwrap_or_default()), "{message}");
        }
        ConfigError::Option { option, reason } => assert!(option.starts_with("--") && !reason.is_empty(), "{message}"),
        other => panic!("no error of a file: {other}"),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::seeds;

    #[test]
    fn what_is_kept() {
        seeds::each("pipeline", check);
    }

    /// Lines of which some make a whole file, and some do not.
    fn line() -> impl Strategy<Value = String> {
        let known = prop::sample::select(vec![
            "[pipeline]",
            "name = 'p'",
            "[source]",
            "component = 'c.wasm'",
            "[source.limits]",
            "[source.secrets]",
            "[load]",
            "[destination]",
            "url = 'duckdb:x'",
            "[resources.a]",
            "write_disposition = 'merge'",
            "columns.x = { hard_delete = true }",
            "---",
            "--set a.b=1",
            "--resource a",
        ]);
        let value = "[a-z_]{1,8} = ('[0-9]{1,3}(s|KiB|y)?'|[0-9.e-]{1,6}|\\[.{0,6}\\]|\\{ [a-z]{1,3} = 1 \\})";
        prop_oneof![6 => known.prop_map(str::to_owned), 1 => value, 1 => ".{0,12}"]
    }

    proptest! {
        #[test]
        fn files_are_taken_or_refused_with_a_reason(lines in prop::collection::vec(line(), 0..8), whole: bool) {
            let head = if whole { "[pipeline]\nname = 'p'\n[source]\ncomponent = 'c'\n" } else { "" };
            check(format!("{head}{}", lines.join("\n")).as_bytes());
        }
    }
}
