//! How a merge puts rows in the place of earlier ones, in dlt's words.

/// What a merge does with the rows that a table already has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum MergeStrategy {
    /// Rows with the same key are deleted, then the new ones are inserted.
    #[default]
    DeleteInsert,
    /// Rows with the same key are updated, others are inserted. The key makes the row's id.
    Upsert,
    /// Rows whose key is there already are left out. The key makes the row's id.
    InsertOnly,
}

impl MergeStrategy {
    /// All strategies, in the order in which they are told.
    pub const ALL: [Self; 3] = [Self::DeleteInsert, Self::Upsert, Self::InsertOnly];

    /// The word that dlt uses, in its schema and its settings.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::DeleteInsert => "delete-insert",
            Self::Upsert => "upsert",
            Self::InsertOnly => "insert-only",
        }
    }

    /// The strategy that dlt has a word for.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|strategy| strategy.as_str() == word)
    }

    /// Whether rows are told by their primary key, so that there is no merge without one.
    pub fn needs_primary_key(self) -> bool {
        matches!(self, Self::Upsert | Self::InsertOnly)
    }
}

/// Which end of a column's values comes first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SortOrder {
    /// The smallest.
    Asc,
    /// The largest.
    Desc,
}

impl SortOrder {
    /// The word that dlt uses.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Asc => "asc",
            Self::Desc => "desc",
        }
    }

    /// The order that dlt has a word for.
    pub fn parse(word: &str) -> Option<Self> {
        [Self::Asc, Self::Desc].into_iter().find(|order| order.as_str() == word)
    }
}

/// How the rows of a resource are merged, beside its keys. Without meaning for other write dispositions.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MergeHints {
    /// What becomes of the rows that are there. None for the strategy of before, and at first dlt's own choice.
    pub strategy: Option<MergeStrategy>,
    /// Whether the source promises that no two records of a load have the same primary key, so that nobody looks for such.
    /// None for what it was before.
    pub deduplicated: Option<bool>,
    /// Of the records of a load with the same primary key, the one that comes first by this field stays: its dotted path,
    /// and the order. None for the field of before; without any the last record stays.
    pub dedup_sort: Option<(String, SortOrder)>,
}
