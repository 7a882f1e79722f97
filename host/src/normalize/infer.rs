//! Which type a value makes of a new column.

use super::{
    numbers::{parse_whole, wide_to_float},
    schema::DataType,
    timestamp::{self, Moment},
};

/// A value that goes into one cell.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Scalar<'a> {
    Bool(bool),
    Int(i64),
    /// The digits of an integer beyond 64 bits.
    BigInt(&'a str),
    Float(f64),
    /// The text of a number beyond doubles.
    HugeFloat(&'a str),
    Text(&'a str),
    /// A list or an object, as compact JSON.
    Json(&'a str),
}

impl Scalar<'_> {
    /// The type of a column that begins with this value; none when no type of numbers can hold the number. Of all texts
    /// only instants are recognized, as in dlt's default settings.
    pub(crate) fn infer(self) -> Option<DataType> {
        match self {
            Self::Text(text) if matches!(timestamp::parse(text), Some(Moment::Instant { .. })) => {
                Some(DataType::Timestamp)
            }
            Self::BigInt(digits) => parse_whole(digits).map(|_| DataType::Wei),
            Self::HugeFloat(_) => None,
            _ => Some(self.plain_type()),
        }
    }

    /// The type of the value itself, which names the variant column that it goes to.
    pub(crate) fn plain_type(self) -> DataType {
        match self {
            Self::Bool(_) => DataType::Bool,
            Self::Int(_) => DataType::Bigint,
            Self::BigInt(digits) if parse_whole(digits).is_some() => DataType::Wei,
            Self::Float(_) => DataType::Double,
            Self::Text(_) | Self::BigInt(_) | Self::HugeFloat(_) => DataType::Text,
            Self::Json(_) => DataType::Json,
        }
    }

    /// The number as a float, where the value is a number that a double can hold.
    pub(crate) fn as_float(self) -> Option<f64> {
        match self {
            Self::Int(value) => Some(wide_to_float(i128::from(value))),
            Self::Float(value) => Some(value),
            Self::BigInt(digits) => digits.parse().ok().filter(|value: &f64| value.is_finite()),
            _ => None,
        }
    }
}
