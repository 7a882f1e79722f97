//! How far records may change the schema: dlt's schema contracts.

use std::fmt;

/// What becomes of a record that would change the schema.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum ContractMode {
    /// The schema takes the change.
    #[default]
    Evolve,
    /// The change is refused, and the resource fails.
    Freeze,
    /// The row is dropped, with all rows below it.
    DiscardRow,
    /// The value is dropped; the rest of its row is kept.
    DiscardValue,
}

impl ContractMode {
    /// dlt's words.
    pub const WORDS: [&'static str; 4] = ["evolve", "freeze", "discard_row", "discard_value"];

    /// The word that dlt uses, in its schema and its settings.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Evolve => "evolve",
            Self::Freeze => "freeze",
            Self::DiscardRow => "discard_row",
            Self::DiscardValue => "discard_value",
        }
    }

    /// The mode of a word.
    pub fn parse(word: &str) -> Option<Self> {
        Some(match word {
            "evolve" => Self::Evolve,
            "freeze" => Self::Freeze,
            "discard_row" => Self::DiscardRow,
            "discard_value" => Self::DiscardValue,
            _ => return None,
        })
    }
}

/// What a contract is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ContractEntity {
    /// New tables, child tables included.
    Tables,
    /// New columns of tables that have some, but for variants.
    Columns,
    /// New variants: columns for values that do not fit their own.
    DataType,
}

impl ContractEntity {
    /// All of them, in dlt's order.
    pub const ALL: [Self; 3] = [Self::Tables, Self::Columns, Self::DataType];

    /// The key that dlt uses.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Tables => "tables",
            Self::Columns => "columns",
            Self::DataType => "data_type",
        }
    }

    /// The entity of a key.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|entity| entity.as_str() == word)
    }
}

impl fmt::Display for ContractEntity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A contract as a user writes it and as dlt stores it. One contract takes another's place as a whole: what it leaves out
/// evolves, whatever the other said of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SchemaContract {
    /// One word for all.
    All(ContractMode),
    /// A word for each, in the order of [`ContractEntity::ALL`].
    Each([Option<ContractMode>; ContractEntity::ALL.len()]),
}

impl Default for SchemaContract {
    fn default() -> Self {
        Self::All(ContractMode::Evolve)
    }
}

impl fmt::Display for SchemaContract {
    /// As it is written in a pipeline file.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::All(mode) => write!(f, "\"{}\"", mode.as_str()),
            Self::Each(modes) => {
                let words = ContractEntity::ALL.into_iter().zip(modes);
                let words = words.filter_map(|(entity, mode)| Some(format!("{entity} = \"{}\"", (*mode)?.as_str())));
                write!(f, "{{ {} }}", words.collect::<Vec<_>>().join(", "))
            }
        }
    }
}

impl SchemaContract {
    /// What it says of an entity.
    pub fn mode(self, entity: ContractEntity) -> ContractMode {
        match self {
            Self::All(mode) => mode,
            Self::Each(modes) => modes[entity as usize].unwrap_or_default(),
        }
    }

    /// The same contract, but for one entity; it says a word of each.
    #[must_use]
    pub fn with(self, entity: ContractEntity, mode: ContractMode) -> Self {
        Self::Each(ContractEntity::ALL.map(|each| Some(if each == entity { mode } else { self.mode(each) })))
    }

    /// Whether it allows everything.
    pub fn is_evolve(self) -> bool {
        ContractEntity::ALL.into_iter().all(|entity| self.mode(entity) == ContractMode::Evolve)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_those_of_dlt() {
        for word in ContractMode::WORDS {
            assert_eq!(ContractMode::parse(word).map(ContractMode::as_str), Some(word));
        }
        for entity in ContractEntity::ALL {
            assert_eq!(ContractEntity::parse(entity.as_str()), Some(entity));
        }
        assert_eq!(ContractMode::parse("frozen"), None);
    }

    #[test]
    fn what_is_left_out_evolves() {
        let contract = SchemaContract::Each([None, Some(ContractMode::Freeze), None]);
        let modes = ContractEntity::ALL.map(|entity| contract.mode(entity).as_str());
        assert_eq!(modes, ["evolve", "freeze", "evolve"]);
        assert!(!contract.is_evolve());
        assert_eq!(contract.to_string(), "{ columns = \"freeze\" }");
        assert_eq!(SchemaContract::default().to_string(), "\"evolve\"");
        let changed = contract.with(ContractEntity::DataType, ContractMode::DiscardRow);
        assert_eq!(changed.to_string(), "{ tables = \"evolve\", columns = \"freeze\", data_type = \"discard_row\" }");
        assert!(SchemaContract::Each([None; 3]).is_evolve() && SchemaContract::default().is_evolve());
        assert_eq!(SchemaContract::All(ContractMode::Freeze).mode(ContractEntity::Tables), ContractMode::Freeze);
    }
}
