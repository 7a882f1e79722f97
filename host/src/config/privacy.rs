//! `[privacy]`: what is not kept.

use std::{collections::BTreeMap, time::Duration};

use super::{
    ConfigError,
    file::{Names, PrivacyTable},
    resolve::Resolver,
};
use crate::{
    incremental::FieldPath,
    json_path::{InvalidPath, JsonPath},
    privacy::{Action, Rules},
};

/// What is not kept.
#[derive(Clone, Debug, Default)]
pub struct Privacy {
    /// What is dropped and what is hashed.
    pub rules: Rules,
    /// Paths of the identity of a client, in the records of all resources.
    pub client: Vec<String>,
    /// How long rows are kept after they were loaded, by root table.
    pub retention: BTreeMap<String, Duration>,
}

impl Resolver<'_> {
    pub(super) fn privacy(&self, table: PrivacyTable) -> Result<Privacy, ConfigError> {
        let drop = self.paths(Action::Drop, table.drop)?;
        let hash = self.paths(Action::Hash, table.hash)?;
        let rules = Rules::new(drop, hash).map_err(|conflict| ConfigError::Advised {
            key: key(Action::Hash),
            path: self.path.to_owned(),
            hint: format!(
                "take it out of `{}`, or make the path in `{}` name less",
                key(Action::Hash),
                key(Action::Drop)
            ),
            reason: conflict.to_string(),
        })?;
        let client = table.client.map(Names::into_vec).unwrap_or_default();
        for path in &client {
            path.parse::<FieldPath>().map_err(|error| self.value_error("privacy.client", error.to_string()))?;
        }
        let mut retention = BTreeMap::new();
        for (table, age) in table.retention {
            let age = self.interval(&format!("privacy.retention.{table}"), Some(&age))?.unwrap_or_default();
            retention.insert(table, age);
        }
        Ok(Privacy { rules, client, retention })
    }

    fn paths(&self, action: Action, texts: Option<Names>) -> Result<Vec<JsonPath>, ConfigError> {
        let wrong = |error: InvalidPath| ConfigError::Advised {
            key: key(action),
            path: self.path.to_owned(),
            reason: error.to_string(),
            hint:
                "write names with dots between them, as `visitor.email` or `messages[*].text`; a name that holds dots \
                   stands in quotes, as `\"a.b\"`"
                    .to_owned(),
        };
        let texts = texts.map(Names::into_vec).unwrap_or_default();
        texts.iter().map(|text| text.parse().map_err(wrong)).collect()
    }
}

fn key(action: Action) -> String {
    format!("privacy.{}", action.as_str())
}
