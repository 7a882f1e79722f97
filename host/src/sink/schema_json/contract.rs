//! Schema contracts in dlt's document: `schema_contract` of a table, and of the settings for all tables.

use serde_json::{Map, Value};

use crate::model::{ContractEntity, ContractMode, SchemaContract};

const KEY: &str = "schema_contract";

/// The contract of a table or of the settings; none when there is none, or one that is not understood.
pub(super) fn read(owner: &Map<String, Value>) -> Option<SchemaContract> {
    match owner.get(KEY)? {
        Value::String(word) => ContractMode::parse(word).map(SchemaContract::All),
        Value::Object(words) if !words.is_empty() => {
            let mut modes = [None; ContractEntity::ALL.len()];
            for (entity, word) in words {
                let mode = ContractMode::parse(word.as_str()?)?;
                *modes.get_mut(ContractEntity::parse(entity)? as usize)? = Some(mode);
            }
            Some(SchemaContract::Each(modes))
        }
        _ => None,
    }
}

/// Writes a contract down, unless it is there already. One that is not understood stays until another takes its place.
pub(super) fn write(owner: &mut Map<String, Value>, contract: Option<SchemaContract>) {
    if read(owner) == contract {
        return;
    }
    match contract {
        Some(contract) => drop(owner.insert(KEY.to_owned(), to_json(contract))),
        None => drop(owner.shift_remove(KEY)),
    }
}

fn to_json(contract: SchemaContract) -> Value {
    match contract {
        SchemaContract::All(mode) => mode.as_str().into(),
        SchemaContract::Each(modes) => {
            let words = ContractEntity::ALL.into_iter().zip(modes);
            let words = words.filter_map(|(entity, mode)| Some((entity.as_str().to_owned(), mode?.as_str().into())));
            Value::Object(words.collect())
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// What is read of a contract, and what is written of it where there was none.
    #[track_caller]
    fn check(stored: &Value, written: Option<&Value>) {
        let mut kept = Map::from_iter([(KEY.to_owned(), stored.clone())]);
        let contract = read(&kept);
        let mut owner = Map::new();
        write(&mut owner, contract);
        assert_eq!(owner.get(KEY), written, "{stored}");
        // Where it stood it stays as it was, understood or not.
        write(&mut kept, contract);
        assert_eq!(&kept[KEY], stored);
    }

    #[test]
    fn contracts_are_stored_as_dlt_stores_them() {
        for stored in [
            json!("freeze"),
            json!({"columns": "discard_value"}),
            json!({"tables": "evolve", "columns": "freeze", "data_type": "discard_row"}),
        ] {
            check(&stored, Some(&stored));
        }
        for stored in [json!("frieze"), json!({"rows": "freeze"}), json!({"columns": 1}), json!({}), json!(null)] {
            check(&stored, None);
        }
    }

    #[test]
    fn another_contract_takes_the_place_of_the_stored_one() {
        let mut owner = Map::from_iter([(KEY.to_owned(), json!({"columns": "freeze"}))]);
        write(&mut owner, Some(SchemaContract::All(ContractMode::Evolve)));
        assert_eq!(owner[KEY], "evolve");
        write(&mut owner, None);
        assert!(owner.is_empty());
    }
}
