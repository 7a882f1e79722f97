//! The cells of one column, until they are handed out as an Arrow array.

use std::sync::Arc;

use arrow_array::{
    ArrayRef, BinaryArray, BooleanArray, Date32Array, Decimal128Array, Float64Array, Int64Array, StringArray,
    Time64MicrosecondArray, TimestampMicrosecondArray, builder::NullBufferBuilder,
};
use arrow_buffer::{BooleanBufferBuilder, Buffer, NullBuffer, OffsetBuffer, ScalarBuffer};
use arrow_schema::{ArrowError, DataType as ArrowType, TimeUnit};

use super::{coerce::Cell, schema::DataType};

/// Digits of a decimal and of a wei column, before and after the point.
const DECIMAL: (u8, i8) = (38, 9);
const WEI: (u8, i8) = (38, 0);

/// The Arrow type of a column.
pub(crate) fn arrow_type(data_type: DataType) -> ArrowType {
    match data_type {
        DataType::Text | DataType::Json => ArrowType::Utf8,
        DataType::Bigint => ArrowType::Int64,
        DataType::Double => ArrowType::Float64,
        DataType::Bool => ArrowType::Boolean,
        DataType::Timestamp => ArrowType::Timestamp(TimeUnit::Microsecond, Some("UTC".into())),
        DataType::Date => ArrowType::Date32,
        DataType::Time => ArrowType::Time64(TimeUnit::Microsecond),
        DataType::Binary => ArrowType::Binary,
        DataType::Decimal => ArrowType::Decimal128(DECIMAL.0, DECIMAL.1),
        DataType::Wei => ArrowType::Decimal128(WEI.0, WEI.1),
    }
}

/// Cells of one type, one for each row up to the last that has a value. Rows after it are null.
#[derive(Debug)]
pub(crate) struct Cells {
    data_type: DataType,
    values: Values,
    nulls: NullBufferBuilder,
    /// As the builder of nulls counts it, but at hand.
    length: usize,
}

#[derive(Debug)]
enum Values {
    Text(Texts),
    /// Bigints, instants and times of day.
    Int(Vec<i64>),
    Float(Vec<f64>),
    Bool(BooleanBufferBuilder),
    Day(Vec<i32>),
    Wide(Vec<i128>),
}

/// Texts and byte strings in one stretch of bytes.
#[derive(Debug)]
struct Texts {
    /// Where each ends, after a leading zero.
    offsets: Vec<i32>,
    bytes: Vec<u8>,
}

impl Texts {
    fn with_capacity(rows: usize, bytes: usize) -> Self {
        let mut offsets = Vec::with_capacity(rows + 1);
        offsets.push(0);
        Self { offsets, bytes: Vec::with_capacity(bytes) }
    }

    /// Appends a text; false when the column would hold more than 2 GiB.
    #[inline]
    fn push(&mut self, bytes: &[u8]) -> bool {
        let Ok(end) = i32::try_from(self.bytes.len() + bytes.len()) else { return false };
        self.bytes.extend_from_slice(bytes);
        self.offsets.push(end);
        true
    }

    fn pad(&mut self, count: usize) {
        let end = self.offsets.last().copied().unwrap_or_default();
        self.offsets.extend(std::iter::repeat_n(end, count));
    }

    fn truncate(&mut self, length: usize) {
        self.offsets.truncate(length + 1);
        self.bytes.truncate(self.offsets.last().map_or(0, |end| usize::try_from(*end).unwrap_or_default()));
    }

    fn take(&mut self) -> (OffsetBuffer<i32>, Buffer) {
        let fresh = Self::with_capacity(self.offsets.len(), self.bytes.len());
        let Self { offsets, bytes } = std::mem::replace(self, fresh);
        (OffsetBuffer::new(ScalarBuffer::from(offsets)), Buffer::from_vec(bytes))
    }
}

impl Cells {
    /// No cells yet.
    pub(crate) fn new(data_type: DataType) -> Self {
        let values = match data_type {
            DataType::Text | DataType::Json | DataType::Binary => Values::Text(Texts::with_capacity(0, 0)),
            DataType::Bigint | DataType::Timestamp | DataType::Time => Values::Int(Vec::new()),
            DataType::Double => Values::Float(Vec::new()),
            DataType::Bool => Values::Bool(BooleanBufferBuilder::new(0)),
            DataType::Date => Values::Day(Vec::new()),
            DataType::Decimal | DataType::Wei => Values::Wide(Vec::new()),
        };
        Self { data_type, values, nulls: NullBufferBuilder::new(0), length: 0 }
    }

    pub(crate) fn data_type(&self) -> DataType {
        self.data_type
    }

    /// How many rows have a cell, nulls included.
    #[inline]
    pub(crate) fn len(&self) -> usize {
        self.length
    }

    /// Writes the bytes of a text into the cell of a row; false when this is no column of texts, or can hold no more. Rows in between
    /// become null.
    #[inline]
    pub(crate) fn push_text(&mut self, row: usize, text: &[u8]) -> bool {
        self.pad(row);
        let Values::Text(texts) = &mut self.values else { return false };
        let pushed = texts.push(text);
        if pushed {
            self.append_non_null();
        }
        pushed
    }

    /// Writes a bigint, an instant or a time of day; false when this is no column of such.
    #[inline]
    pub(crate) fn push_int(&mut self, row: usize, value: i64) -> bool {
        self.pad(row);
        let Values::Int(values) = &mut self.values else { return false };
        values.push(value);
        self.append_non_null();
        true
    }

    /// Writes a double; false when this is no column of such. Minus zero becomes zero, as in the SQL that dlt writes.
    #[inline]
    pub(crate) fn push_float(&mut self, row: usize, value: f64) -> bool {
        self.pad(row);
        let Values::Float(values) = &mut self.values else { return false };
        values.push(value + 0.0);
        self.append_non_null();
        true
    }

    /// Writes a truth value; false when this is no column of such.
    #[inline]
    pub(crate) fn push_bool(&mut self, row: usize, value: bool) -> bool {
        self.pad(row);
        let Values::Bool(values) = &mut self.values else { return false };
        values.append(value);
        self.append_non_null();
        true
    }

    /// Writes a cell that was coerced to the type of this column; false when the column can hold no more.
    pub(crate) fn push(&mut self, row: usize, cell: &Cell<'_>) -> bool {
        if let Cell::Float(value) = cell {
            return self.push_float(row, *value);
        }
        self.pad(row);
        let pushed = match (&mut self.values, cell) {
            // A row whose cell is left out has a null there.
            (_, Cell::Null) => return true,
            (Values::Text(texts), Cell::Text(text)) => texts.push(text.as_bytes()),
            (Values::Text(texts), Cell::Bytes(bytes)) => texts.push(bytes),
            (Values::Int(values), Cell::Int(value) | Cell::Instant { micros: value, .. }) => {
                values.push(*value);
                true
            }
            (Values::Bool(values), Cell::Bool(value)) => {
                values.append(*value);
                true
            }
            (Values::Day(values), Cell::Day(value)) => {
                values.push(*value);
                true
            }
            (Values::Wide(values), Cell::Wide(value)) => {
                values.push(*value);
                true
            }
            _ => false,
        };
        if pushed {
            self.append_non_null();
        }
        pushed
    }

    /// Fills up with nulls to so many rows.
    #[inline]
    fn pad(&mut self, rows: usize) {
        let missing = rows.saturating_sub(self.len());
        if missing > 0 {
            self.append_nulls(missing);
        }
    }

    #[inline]
    fn append_non_null(&mut self) {
        self.nulls.append_non_null();
        self.length += 1;
    }

    #[cold]
    fn append_nulls(&mut self, count: usize) {
        match &mut self.values {
            Values::Text(texts) => texts.pad(count),
            Values::Int(values) => values.resize(values.len() + count, 0),
            Values::Float(values) => values.resize(values.len() + count, 0.0),
            Values::Bool(values) => values.append_n(count, false),
            Values::Day(values) => values.resize(values.len() + count, 0),
            Values::Wide(values) => values.resize(values.len() + count, 0),
        }
        self.nulls.append_n_nulls(count);
        self.length += count;
    }

    /// Forgets the cells of all rows from `rows` on.
    pub(crate) fn truncate(&mut self, rows: usize) {
        if self.len() <= rows {
            return;
        }
        match &mut self.values {
            Values::Text(texts) => texts.truncate(rows),
            Values::Int(values) => values.truncate(rows),
            Values::Float(values) => values.truncate(rows),
            Values::Bool(values) => values.truncate(rows),
            Values::Day(values) => values.truncate(rows),
            Values::Wide(values) => values.truncate(rows),
        }
        self.nulls.truncate(rows);
        self.length = rows;
    }

    /// Hands out the cells of so many rows and starts again with none.
    pub(crate) fn take(&mut self, rows: usize) -> Result<ArrayRef, ArrowError> {
        self.truncate(rows);
        self.pad(rows);
        let nulls = self.nulls.finish();
        self.length = 0;
        Ok(match &mut self.values {
            Values::Text(texts) => {
                let (offsets, bytes) = texts.take();
                if self.data_type == DataType::Binary {
                    Arc::new(BinaryArray::try_new(offsets, bytes, nulls)?)
                } else {
                    Arc::new(StringArray::try_new(offsets, bytes, nulls)?)
                }
            }
            Values::Int(values) => int_array(self.data_type, take_values(values), nulls)?,
            Values::Float(values) => Arc::new(Float64Array::try_new(take_values(values), nulls)?),
            Values::Bool(values) => Arc::new(BooleanArray::new(values.finish(), nulls)),
            Values::Day(values) => Arc::new(Date32Array::try_new(take_values(values), nulls)?),
            Values::Wide(values) => {
                let (precision, scale) = if self.data_type == DataType::Wei { WEI } else { DECIMAL };
                let array = Decimal128Array::try_new(take_values(values), nulls)?;
                Arc::new(array.with_precision_and_scale(precision, scale)?)
            }
        })
    }
}

fn int_array(
    data_type: DataType,
    values: ScalarBuffer<i64>,
    nulls: Option<NullBuffer>,
) -> Result<ArrayRef, ArrowError> {
    Ok(match data_type {
        DataType::Timestamp => Arc::new(TimestampMicrosecondArray::try_new(values, nulls)?.with_timezone("UTC")),
        DataType::Time => Arc::new(Time64MicrosecondArray::try_new(values, nulls)?),
        _ => Arc::new(Int64Array::try_new(values, nulls)?),
    })
}

/// Takes the values and leaves room for as many.
fn take_values<T: arrow_buffer::ArrowNativeType>(values: &mut Vec<T>) -> ScalarBuffer<T> {
    let fresh = Vec::with_capacity(values.len());
    ScalarBuffer::from(std::mem::replace(values, fresh))
}
