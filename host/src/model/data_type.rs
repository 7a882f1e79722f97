//! The types of columns.

/// dlt's data types; `sink::ddl` knows what DuckDB calls them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum DataType {
    /// UTF-8 text.
    Text,
    /// 64-bit signed integer.
    Bigint,
    /// Double precision.
    Double,
    /// Truth value.
    Bool,
    /// An instant, to the microsecond, in UTC.
    Timestamp,
    /// A day.
    Date,
    /// A time of day.
    Time,
    /// Bytes.
    Binary,
    /// A JSON document.
    Json,
    /// DECIMAL(38,9).
    Decimal,
    /// DECIMAL(38,0): integers beyond 64 bits.
    Wei,
}

impl DataType {
    /// dlt's words.
    pub const WORDS: [&'static str; 11] =
        ["text", "bigint", "double", "bool", "timestamp", "date", "time", "binary", "json", "decimal", "wei"];

    /// The word of dlt's schema, and the end of a variant column's name (`x__v_text`).
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Bigint => "bigint",
            Self::Double => "double",
            Self::Bool => "bool",
            Self::Timestamp => "timestamp",
            Self::Date => "date",
            Self::Time => "time",
            Self::Binary => "binary",
            Self::Json => "json",
            Self::Decimal => "decimal",
            Self::Wei => "wei",
        }
    }

    /// The type of a word of dlt's schema.
    pub fn parse(word: &str) -> Option<Self> {
        Some(match word {
            "text" => Self::Text,
            "bigint" => Self::Bigint,
            "double" => Self::Double,
            "bool" => Self::Bool,
            "timestamp" => Self::Timestamp,
            "date" => Self::Date,
            "time" => Self::Time,
            "binary" => Self::Binary,
            "json" => Self::Json,
            "decimal" => Self::Decimal,
            "wei" => Self::Wei,
            _ => return None,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_those_of_dlt() {
        for word in DataType::WORDS {
            assert_eq!(DataType::parse(word).map(DataType::as_str), Some(word));
        }
    }
}
