//! How a merge puts rows in the place of earlier ones, in dlt's words.

use jiff::fmt::temporal::Pieces;

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
    /// Rows are versions: those that no record equals any more are retired, records that no row equals are inserted. The
    /// record makes the row's id.
    Scd2,
}

impl MergeStrategy {
    /// All strategies, in the order in which they are told.
    pub const ALL: [Self; 4] = [Self::DeleteInsert, Self::Upsert, Self::InsertOnly, Self::Scd2];

    /// The word that dlt uses, in its schema and its settings.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::DeleteInsert => "delete-insert",
            Self::Upsert => "upsert",
            Self::InsertOnly => "insert-only",
            Self::Scd2 => "scd2",
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
    /// What `scd2` notes of versions. Without meaning for other strategies, and where the strategy is that of before.
    pub versions: VersionHints,
}

/// How a table that keeps versions of its rows notes them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VersionHints {
    /// The columns for the time from which on a version holds, and for the time at which it was retired.
    pub validity_columns: [String; 2],
    /// What is in the second one as long as the version holds. None for NULL.
    pub active_record_timestamp: Option<Instant>,
    /// The time at which versions of a load begin and end. None for the time of the load.
    pub boundary_timestamp: Option<Instant>,
    /// Dotted path of the field that tells versions apart. None for all of the record.
    pub row_version: Option<String>,
}

impl Default for VersionHints {
    fn default() -> Self {
        Self {
            validity_columns: ["_dlt_valid_from".to_owned(), "_dlt_valid_to".to_owned()],
            active_record_timestamp: None,
            boundary_timestamp: None,
            row_version: None,
        }
    }
}

/// A point in time, as it was written: a day, a day and a time of day, or these with an offset. UTC where it says nothing
/// else.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Instant(String);

impl Instant {
    /// Takes a text that tells a point in time.
    pub fn parse(text: &str) -> Option<Self> {
        literal(text).map(|_| Self(text.to_owned()))
    }

    /// The text, as it was written.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Day, time of day and offset, as SQL takes them: `2026-01-02 03:04:05+00`.
    pub fn to_literal(&self) -> String {
        literal(&self.0).unwrap_or_default()
    }
}

/// All years up to 9999 count, which end later than the timestamps of most libraries.
fn literal(text: &str) -> Option<String> {
    let pieces = Pieces::parse(text).ok().filter(|pieces| pieces.time_zone_annotation().is_none())?;
    let time = pieces.time().unwrap_or_default();
    let offset = pieces.to_numeric_offset().unwrap_or(jiff::tz::Offset::UTC);
    Some(format!("{} {time}{offset}", pieces.date()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn points_in_time_have_one_form_in_sql() {
        for (text, expect) in [
            ("9999-12-31", Some("9999-12-31 00:00:00+00")),
            ("2026-01-02T03:04:05", Some("2026-01-02 03:04:05+00")),
            ("2026-01-02 03:04:05.123456Z", Some("2026-01-02 03:04:05.123456+00")),
            ("2026-01-02T03:04:05-05:30", Some("2026-01-02 03:04:05-05:30")),
            ("0001-01-01", Some("0001-01-01 00:00:00+00")),
            ("2026-02-30", None),
            ("03:04:05", None),
            ("2026-01-02T03:04:05+01:00[Europe/Berlin]", None),
            ("soon", None),
            ("", None),
            ("2026-01-02'; DROP TABLE t", None),
        ] {
            assert_eq!(Instant::parse(text).map(|instant| instant.to_literal()).as_deref(), expect, "{text}");
        }
    }
}
