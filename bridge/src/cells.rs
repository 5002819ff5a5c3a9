//! Arrow values as JSON, exactly: what a value is can be read back from its text, whatever its type.
//!
//! arrow-json is not used for this: it writes NaN and the infinities as null, and binary values as hex, which no
//! DynamoDB format has.
//!
//! Integers and decimals are numbers with all their digits, a decimal with its scale. Floats are the shortest text that
//! reads back as the same float of that width; "NaN", "Infinity" and "-Infinity" are strings. Binary values are base64.
//! A date is ISO 8601; a timestamp too, in UTC with a Z, or without one when the column has no zone, with as many
//! digits of a second as its unit has, so that a reader sees how precise it is. A struct is an object with all its
//! members, the null ones too; a list an array; a map an object whose names are its keys' texts.

use std::fmt::Write as _;

use delta_kernel::arrow::array::{Array, ArrayRef, AsArray, MapArray, StructArray};
use delta_kernel::arrow::datatypes::{
    DataType, Date32Type, Decimal128Type, Decimal256Type, Field, Fields, Float16Type, Float32Type, Float64Type,
    Int16Type, Int32Type, Int64Type, Int8Type, Time32MillisecondType, Time64MicrosecondType, Time64NanosecondType,
    TimeUnit, TimestampMicrosecondType, TimestampMillisecondType, TimestampNanosecondType, UInt16Type, UInt32Type,
    UInt64Type, UInt8Type,
};

use crate::json::Json;

/// Columns nest this deep; JSON is read to a depth of 256.
const DEPTH_MAX: usize = 64;

/// Why rows of these columns cannot be written; None when they can.
pub fn refusal(fields: &Fields) -> Option<String> {
    refusal_within(fields, 0)
}

fn refusal_within(fields: &Fields, depth: usize) -> Option<String> {
    for (index, field) in fields.iter().enumerate() {
        if fields[..index].iter().any(|other| other.name() == field.name()) {
            return Some(format!("it has two columns \"{}\"", field.name()));
        }
    }
    fields.iter().find_map(|field| refusal_of(field, depth))
}

fn refusal_of(field: &Field, depth: usize) -> Option<String> {
    if depth > DEPTH_MAX {
        return Some(format!("its columns nest more than {DEPTH_MAX} levels deep"));
    }
    match field.data_type() {
        DataType::Struct(children) => refusal_within(children, depth + 1),
        DataType::List(element) => refusal_of(element, depth + 1),
        DataType::Map(entries, _) => match entries.data_type() {
            DataType::Struct(pair) if pair.len() == 2 => match pair[0].data_type() {
                DataType::Struct(_) | DataType::List(_) | DataType::Map(..) => {
                    Some(format!("column \"{}\" is a map whose keys are no simple values", field.name()))
                }
                _ => refusal_of(&pair[0], depth + 1).or_else(|| refusal_of(&pair[1], depth + 1)),
            },
            _ => Some(format!("column \"{}\" is a map without keys and values", field.name())),
        },
        DataType::Null
        | DataType::Boolean
        | DataType::Int8
        | DataType::Int16
        | DataType::Int32
        | DataType::Int64
        | DataType::UInt8
        | DataType::UInt16
        | DataType::UInt32
        | DataType::UInt64
        | DataType::Float16
        | DataType::Float32
        | DataType::Float64
        | DataType::Utf8
        | DataType::Binary
        | DataType::FixedSizeBinary(_)
        | DataType::Decimal128(..)
        | DataType::Decimal256(..)
        | DataType::Date32
        | DataType::Time32(TimeUnit::Millisecond)
        | DataType::Time64(_)
        | DataType::Timestamp(TimeUnit::Millisecond | TimeUnit::Microsecond | TimeUnit::Nanosecond, _) => None,
        other => Some(format!("column \"{}\" is of type {other}", field.name())),
    }
}

/// Year, month and day of a day counted from 1970-01-01, in the proleptic Gregorian calendar.
fn civil(day: i64) -> (i64, i64, i64) {
    // Years here begin in March, so that the leap day is their last; an era has 400 of them.
    let shifted = day + 719_468;
    let (era, of_era) = (shifted.div_euclid(146_097), shifted.rem_euclid(146_097));
    let year_of_era = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * of_year + 2) / 153;
    let month = if month_from_march < 10 { month_from_march + 3 } else { month_from_march - 9 };
    let year = era * 400 + year_of_era + i64::from(month <= 2);
    (year, month, of_year - (153 * month_from_march + 2) / 5 + 1)
}

impl Json {
    fn date(&mut self, day: i64) {
        let (year, month, day) = civil(day);
        let year = match year {
            0..=9999 => format!("{year:04}"),
            _ => format!("{year:+05}"),
        };
        self.raw(&format!("{year}-{month:02}-{day:02}"));
    }

    /// A time of day in units of 1/`per_second`: milli-, micro- or nanoseconds.
    fn clock(&mut self, time: i64, per_second: i64) {
        let (second, rest) = (time / per_second, time % per_second);
        self.raw(&format!("{:02}:{:02}:{:02}", second / 3600, second / 60 % 60, second % 60));
        match per_second {
            1_000 => self.raw(&format!(".{rest:03}")),
            1_000_000 => self.raw(&format!(".{rest:06}")),
            _ => self.raw(&format!(".{rest:09}")),
        }
    }

    fn timestamp(&mut self, time: i64, per_second: i64, zoned: bool) {
        let per_day = per_second * 86_400;
        self.raw("\"");
        self.date(time.div_euclid(per_day));
        self.raw("T");
        self.clock(time.rem_euclid(per_day), per_second);
        self.raw(if zoned { "Z\"" } else { "\"" });
    }

    fn time(&mut self, time: i64, per_second: i64) -> Result<(), String> {
        if !(0..per_second * 86_400).contains(&time) {
            return Err(format!("a time of day that no day has ({time})"));
        }
        self.raw("\"");
        self.clock(time, per_second);
        self.raw("\"");
        Ok(())
    }

    fn decimal(&mut self, unscaled: &str, scale: i8) {
        let (sign, digits) = match unscaled.strip_prefix('-') {
            Some(digits) => ("-", digits),
            None => ("", unscaled),
        };
        self.raw(sign);
        let scale = isize::from(scale);
        if scale <= 0 {
            self.raw(digits);
            if digits != "0" {
                self.0.extend(std::iter::repeat_n(b'0', scale.unsigned_abs()));
            }
            return;
        }
        let scale = scale.unsigned_abs();
        if digits.len() > scale {
            self.raw(&digits[..digits.len() - scale]);
            self.raw(".");
            self.raw(&digits[digits.len() - scale..]);
        } else {
            self.raw("0.");
            self.0.extend(std::iter::repeat_n(b'0', scale - digits.len()));
            self.raw(digits);
        }
    }

    fn display(&mut self, value: impl std::fmt::Display) {
        let _ = write!(Adaptor(&mut self.0), "{value}");
    }

    /// `text` of a float, by Debug: the shortest that reads back the same, with an exponent where that is shorter.
    fn float(&mut self, value: f64, text: impl std::fmt::Debug) {
        if value.is_nan() {
            self.raw("\"NaN\"");
        } else if value.is_infinite() {
            self.raw(if value > 0.0 { "\"Infinity\"" } else { "\"-Infinity\"" });
        } else {
            let _ = write!(Adaptor(&mut self.0), "{text:?}");
        }
    }

    /// The struct's members in order; the row of a batch is one too.
    pub fn object(&mut self, fields: &Fields, columns: &[ArrayRef], row: usize) -> Result<(), String> {
        self.0.push(b'{');
        for (index, (field, column)) in fields.iter().zip(columns).enumerate() {
            if index > 0 {
                self.0.push(b',');
            }
            self.string(field.name());
            self.0.push(b':');
            self.cell(column.as_ref(), row)?;
        }
        self.0.push(b'}');
        Ok(())
    }

    fn structure(&mut self, array: &StructArray, row: usize) -> Result<(), String> {
        self.object(array.fields(), array.columns(), row)
    }

    fn list(&mut self, elements: &dyn Array) -> Result<(), String> {
        self.0.push(b'[');
        for index in 0..elements.len() {
            if index > 0 {
                self.0.push(b',');
            }
            self.cell(elements, index)?;
        }
        self.0.push(b']');
        Ok(())
    }

    fn map(&mut self, array: &MapArray, row: usize) -> Result<(), String> {
        let entries = array.value(row);
        let (keys, values) = (entries.column(0), entries.column(1));
        self.0.push(b'{');
        for index in 0..entries.len() {
            if index > 0 {
                self.0.push(b',');
            }
            if keys.is_null(index) {
                return Err("a map with a null key".into());
            }
            let at = self.0.len();
            self.cell(keys.as_ref(), index)?;
            if self.0[at] != b'"' {
                self.0.insert(at, b'"');
                self.0.push(b'"');
            }
            self.0.push(b':');
            self.cell(values.as_ref(), index)?;
        }
        self.0.push(b'}');
        Ok(())
    }

    /// The value of any column that `refusal` passes. Fails for what no text can stand for.
    pub fn cell(&mut self, array: &dyn Array, row: usize) -> Result<(), String> {
        if array.is_null(row) {
            self.raw("null");
            return Ok(());
        }
        match array.data_type() {
            DataType::Null => self.raw("null"),
            DataType::Boolean => self.raw(if array.as_boolean().value(row) { "true" } else { "false" }),
            DataType::Int8 => self.display(array.as_primitive::<Int8Type>().value(row)),
            DataType::Int16 => self.display(array.as_primitive::<Int16Type>().value(row)),
            DataType::Int32 => self.display(array.as_primitive::<Int32Type>().value(row)),
            DataType::Int64 => self.display(array.as_primitive::<Int64Type>().value(row)),
            DataType::UInt8 => self.display(array.as_primitive::<UInt8Type>().value(row)),
            DataType::UInt16 => self.display(array.as_primitive::<UInt16Type>().value(row)),
            DataType::UInt32 => self.display(array.as_primitive::<UInt32Type>().value(row)),
            DataType::UInt64 => self.display(array.as_primitive::<UInt64Type>().value(row)),
            DataType::Float16 => {
                // A half has a single's text: longer than it needs to be, and exact.
                let value = array.as_primitive::<Float16Type>().value(row).to_f32();
                self.float(f64::from(value), value);
            }
            DataType::Float32 => {
                let value = array.as_primitive::<Float32Type>().value(row);
                self.float(f64::from(value), value);
            }
            DataType::Float64 => {
                let value = array.as_primitive::<Float64Type>().value(row);
                self.float(value, value);
            }
            DataType::Utf8 => self.string(array.as_string::<i32>().value(row)),
            DataType::Binary => self.base64(array.as_binary::<i32>().value(row)),
            DataType::FixedSizeBinary(_) => self.base64(array.as_fixed_size_binary().value(row)),
            DataType::Decimal128(_, scale) => {
                self.decimal(&array.as_primitive::<Decimal128Type>().value(row).to_string(), *scale);
            }
            DataType::Decimal256(_, scale) => {
                self.decimal(&array.as_primitive::<Decimal256Type>().value(row).to_string(), *scale);
            }
            DataType::Date32 => {
                self.raw("\"");
                self.date(i64::from(array.as_primitive::<Date32Type>().value(row)));
                self.raw("\"");
            }
            DataType::Time32(TimeUnit::Millisecond) => {
                self.time(i64::from(array.as_primitive::<Time32MillisecondType>().value(row)), 1_000)?;
            }
            DataType::Time64(TimeUnit::Nanosecond) => {
                self.time(array.as_primitive::<Time64NanosecondType>().value(row), 1_000_000_000)?;
            }
            DataType::Time64(_) => self.time(array.as_primitive::<Time64MicrosecondType>().value(row), 1_000_000)?,
            DataType::Timestamp(TimeUnit::Millisecond, zone) => {
                self.timestamp(array.as_primitive::<TimestampMillisecondType>().value(row), 1_000, zone.is_some());
            }
            DataType::Timestamp(TimeUnit::Microsecond, zone) => {
                self.timestamp(array.as_primitive::<TimestampMicrosecondType>().value(row), 1_000_000, zone.is_some());
            }
            DataType::Timestamp(TimeUnit::Nanosecond, zone) => {
                let time = array.as_primitive::<TimestampNanosecondType>().value(row);
                self.timestamp(time, 1_000_000_000, zone.is_some());
            }
            DataType::Struct(_) => self.structure(array.as_struct(), row)?,
            DataType::List(_) => self.list(array.as_list::<i32>().value(row).as_ref())?,
            DataType::Map(..) => self.map(array.as_map(), row)?,
            other => return Err(format!("a value of type {other}")),
        }
        Ok(())
    }
}

/// Formatted text into bytes.
struct Adaptor<'a>(&'a mut Vec<u8>);

impl std::fmt::Write for Adaptor<'_> {
    fn write_str(&mut self, text: &str) -> std::fmt::Result {
        self.0.extend_from_slice(text.as_bytes());
        Ok(())
    }
}
