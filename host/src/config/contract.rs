//! Reads a `schema_contract`: one word, or a table of them.

use super::error::BadValue;
use crate::model::{ContractEntity, ContractMode, SchemaContract};

/// The contract that stands under `key`. Which keys a table of words may have was checked before.
pub(super) fn resolve(key: &str, value: &toml::Value) -> Result<SchemaContract, BadValue> {
    match value {
        toml::Value::String(word) => mode(key, word).map(SchemaContract::All),
        toml::Value::Table(words) => {
            let mut modes = [None; ContractEntity::ALL.len()];
            for (entity, slot) in ContractEntity::ALL.into_iter().zip(&mut modes) {
                let Some(word) = words.get(entity.as_str()) else { continue };
                let key = format!("{key}.{entity}");
                *slot = Some(mode(&key, word.as_str().ok_or_else(|| not_a_word(&key))?)?);
            }
            Ok(if modes == [None; 3] { SchemaContract::default() } else { SchemaContract::Each(modes) })
        }
        _ => Err(not_a_word(key)),
    }
}

fn mode(key: &str, word: &str) -> Result<ContractMode, BadValue> {
    ContractMode::parse(word).ok_or_else(|| BadValue::word(key, word, &ContractMode::WORDS))
}

fn not_a_word(key: &str) -> BadValue {
    BadValue::new(key, "write a word such as `\"freeze\"`, or a table of words such as `{ columns = \"freeze\" }`")
}
