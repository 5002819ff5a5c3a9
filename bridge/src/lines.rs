//! Rows as lines: each row of a Parquet file, or of a data file of a table, as a JSON object or as one column's bytes.

use std::ffi::{c_char, c_int};
use std::num::NonZero;

use delta_kernel::arrow::array::{Array, AsArray, RecordBatch, RecordBatchReader as _};
use delta_kernel::arrow::datatypes::{DataType, Fields, Int64Type, SchemaRef};
use delta_kernel::KernelError;

use crate::abi::{self, text_from_c};
use crate::cells;
use crate::error::{caught_decoding, guarded, Failure, Outcome};
use crate::json::Json;
use crate::parquet::{self, PlainReader};
use crate::rows::{self, DAMAGED};
use crate::stream::Batches;
use crate::table::Table;

/// Rows decoded at once: two images of 400 KB each are what a row may hold, so this bounds memory to 100 MB or so.
const BATCH_ROWS: NonZero<usize> = NonZero::new(128).unwrap();
/// `JSON_PADDING` in base/json.h, or more.
const PADDING: usize = 64;

/// The rows of a Parquet file that belongs to no table.
struct Plain {
    path: String,
    reader: PlainReader,
    schema: SchemaRef,
    /// How many the footer says there are, and how many have come.
    rows: u64,
    position: u64,
}

impl Plain {
    fn open(path: &str, column: Option<&str>) -> Outcome<Self> {
        let what = || format!("read \"{path}\"");
        caught_decoding(what, DAMAGED, || {
            let failed = |error: KernelError| Failure::kernel(&error, &what(), DAMAGED);
            let metadata = parquet::load(path).map_err(failed)?;
            let fields = metadata.schema().fields();
            let root = match column {
                None => None,
                Some(name) => Some(fields.iter().position(|field| field.name() == name).ok_or_else(|| {
                    let names = fields.iter().map(|field| format!("\"{}\"", field.name())).collect::<Vec<_>>();
                    Failure::data(format!("\"{path}\" has no column \"{name}\"; it has {}", names.join(", ")))
                })?),
            };
            let (reader, rows) = parquet::open_plain(path, metadata, root, BATCH_ROWS).map_err(failed)?;
            let schema = reader.schema();
            Ok(Self { path: path.into(), reader, schema, rows, position: 0 })
        })
    }

    fn next_batch(&mut self) -> Outcome<Option<RecordBatch>> {
        let what = format!("read \"{}\"", self.path);
        let Some(batch) = self.reader.next() else {
            if self.position != self.rows {
                return Err(Failure::data(format!(
                    "cannot {what}: it holds {} rows where its footer says {}; {DAMAGED}",
                    self.position, self.rows
                )));
            }
            return Ok(None);
        };
        let batch = batch.map_err(|error| Failure::kernel(&KernelError::from(error), &what, DAMAGED))?;
        self.position += batch.num_rows() as u64;
        Ok(Some(batch))
    }
}

impl Batches for Plain {
    fn schema(&self) -> SchemaRef {
        self.schema.clone()
    }

    fn next(&mut self) -> Outcome<Option<RecordBatch>> {
        let path = self.path.clone();
        caught_decoding(|| format!("read \"{path}\""), DAMAGED, || self.next_batch())
    }
}

/// `struct bridge_lines`.
pub struct Lines {
    batches: Box<dyn Batches>,
    /// For messages.
    what: String,
    /// Only this one column's bytes.
    of_column: bool,
    /// A table's rows come with their positions as the last column; a plain file has all of its rows.
    positions: bool,
    batch: Option<RecordBatch>,
    /// The next row of the batch, and the position of the next row where none comes along.
    row: usize,
    position: i64,
    json: Json,
    /// Of a whole row, without the positions.
    fields: Fields,
}

impl Lines {
    fn new(batches: Box<dyn Batches>, what: String, of_column: bool, positions: bool) -> Outcome<Box<Self>> {
        let schema = batches.schema();
        let count = schema.fields().len() - usize::from(positions);
        let fields = schema.fields()[..count].iter().cloned().collect::<Fields>();
        if let Some(why) = cells::refusal(&fields) {
            return Err(Failure::data(format!("cannot {what}: {why}, which is not read; write it without")));
        }
        let json = Json(Vec::new());
        Ok(Box::new(Self { batches, what, of_column, positions, batch: None, row: 0, position: 0, json, fields }))
    }

    fn of_file(path: &str, column: Option<&str>) -> Outcome<Box<Self>> {
        let plain = Plain::open(path, column)?;
        Self::new(Box::new(plain), format!("read \"{path}\""), column.is_some(), false)
    }

    fn of_table(table: &Table, index: u64, column: Option<&str>) -> Outcome<Box<Self>> {
        let columns = match column {
            Some(name) => vec![name.to_string()],
            None => table.snapshot.schema().fields().map(|field| field.name().clone()).collect(),
        };
        let index = usize::try_from(index).unwrap_or(usize::MAX);
        let rows = rows::Rows::open(table, index, &columns, true, BATCH_ROWS)?;
        let what = rows.reading();
        Self::new(Box::new(rows), what, column.is_some(), true)
    }

    /// The next row's position and, in `json`, its text. None at the end.
    fn next(&mut self) -> Outcome<Option<i64>> {
        while self.batch.as_ref().is_none_or(|batch| batch.num_rows() == self.row) {
            self.row = 0;
            self.batch = self.batches.next()?;
            if self.batch.is_none() {
                return Ok(None);
            }
        }
        let Some(batch) = &self.batch else { return Ok(None) };
        let row = self.row;
        self.row += 1;
        let mut position = self.position;
        let mut columns = batch.num_columns();
        if self.positions {
            columns -= 1;
            position = batch.column(columns).as_primitive::<Int64Type>().value(row);
        }
        self.position += 1;
        self.json.0.clear();
        let written = if self.of_column {
            bytes_of(&mut self.json, batch.column(0).as_ref(), row)
        } else {
            self.json.object(&self.fields, &batch.columns()[..columns], row)
        };
        match written {
            Ok(()) => Ok(Some(position)),
            Err(why) => Err(Failure::data(format!("cannot {}: row {position} has {why}; {DAMAGED}", self.what))),
        }
    }
}

/// What a text or binary value holds as it is, any other as JSON.
fn bytes_of(json: &mut Json, array: &dyn Array, row: usize) -> Result<(), String> {
    if !array.is_null(row) {
        match array.data_type() {
            DataType::Utf8 => json.raw(array.as_string::<i32>().value(row)),
            DataType::Binary => json.0.extend_from_slice(array.as_binary::<i32>().value(row)),
            _ => return json.cell(array, row),
        }
        return Ok(());
    }
    json.cell(array, row)
}

/// Hands the lines, or NULL, to C.
///
/// # Safety
/// The pointers are those that C gives to the functions below.
unsafe fn opened(
    lines: *mut *mut Lines,
    column: *const c_char,
    error: *mut abi::Error,
    open: impl FnOnce(Option<&str>) -> Outcome<Box<Lines>>,
) -> c_int {
    unsafe {
        guarded(error, || {
            *lines = std::ptr::null_mut();
            let name = text_from_c(column);
            if name.is_none() && !column.is_null() {
                return Err(Failure::data("a column's name is not valid UTF-8; correct it"));
            }
            *lines = Box::into_raw(open(name)?);
            Ok(())
        })
    }
}

#[no_mangle]
pub unsafe extern "C" fn bridge_lines_of_file(
    path: *const c_char,
    column: *const c_char,
    lines: *mut *mut Lines,
    error: *mut abi::Error,
) -> c_int {
    unsafe {
        opened(lines, column, error, |column| {
            let path = text_from_c(path);
            Lines::of_file(path.ok_or_else(|| Failure::data("the file's path is not valid UTF-8; rename it"))?, column)
        })
    }
}

#[no_mangle]
pub unsafe extern "C" fn bridge_lines_of_table(
    table: *mut Table,
    index: u64,
    column: *const c_char,
    lines: *mut *mut Lines,
    error: *mut abi::Error,
) -> c_int {
    unsafe { opened(lines, column, error, |column| Lines::of_table(&*table, index, column)) }
}

#[no_mangle]
pub unsafe extern "C" fn bridge_lines_next(
    lines: *mut Lines,
    bytes: *mut *const c_char,
    size: *mut u64,
    row: *mut i64,
    error: *mut abi::Error,
) -> c_int {
    unsafe {
        guarded(error, || {
            *bytes = std::ptr::null();
            *size = 0;
            let lines = &mut *lines;
            let what = lines.what.clone();
            if let Some(position) = caught_decoding(|| what, DAMAGED, || lines.next())? {
                *row = position;
                *size = lines.json.0.len() as u64;
                lines.json.0.resize(lines.json.0.len() + PADDING, 0);
                *bytes = lines.json.0.as_ptr().cast();
            }
            Ok(())
        })
    }
}

#[no_mangle]
pub unsafe extern "C" fn bridge_lines_close(lines: *mut Lines) {
    if !lines.is_null() {
        unsafe {
            guarded(std::ptr::null_mut(), || {
                drop(Box::from_raw(lines));
                Ok(())
            });
        }
    }
}
