//! Parquet files of no table, and rows given as JSON lines: for generated landing data and for tests.

use std::ffi::{c_char, c_int};
use std::fs::File;
use std::sync::Arc;

use delta_kernel::arrow::array::RecordBatch;
use delta_kernel::arrow::datatypes::{Schema, SchemaRef};
use delta_kernel::arrow::error::ArrowError;
use delta_kernel::arrow::ffi::FFI_ArrowSchema;
use delta_kernel::arrow::ffi_stream::RecordBatchStreamReader;
use delta_kernel::arrow::json::ReaderBuilder;
use delta_kernel::engine::arrow_conversion::TryIntoArrow as _;
use delta_kernel::parquet::arrow::arrow_writer::{ArrowWriter, ArrowWriterOptions};
use delta_kernel::parquet::basic::Compression;
use delta_kernel::parquet::file::properties::WriterProperties;
use delta_kernel::schema::StructType;

use crate::abi::{self, text_from_c};
use crate::error::{guarded, one_line, Failure, Outcome};
use crate::stream::{self, ArrowArrayStream};

const DISK: &str = "check the folder's permissions and free space";

/// Rows decoded from JSON at once.
const BATCH_ROWS: usize = 1024;

/// `struct bridge_parquet`.
pub struct Parquet {
    path: String,
    schema: SchemaRef,
    writer: ArrowWriter<File>,
}

impl Parquet {
    fn create(path: &str, schema: Schema, group_rows: u64) -> Outcome<Box<Self>> {
        let file = File::create(path)
            .map_err(|error| Failure::io(format!("cannot create \"{path}\": {error}; {DISK}")))?;
        let schema = Arc::new(schema);
        let mut properties = WriterProperties::builder().set_compression(Compression::SNAPPY);
        if group_rows > 0 {
            properties = properties.set_max_row_group_row_count(usize::try_from(group_rows).ok());
        }
        // Without the embedded Arrow schema every reader sees the same plain Parquet types.
        let options = ArrowWriterOptions::new().with_skip_arrow_metadata(true).with_properties(properties.build());
        let writer = ArrowWriter::try_new_with_options(file, schema.clone(), options)
            .map_err(|error| unwritten(path, &error))?;
        Ok(Box::new(Self { path: path.into(), schema, writer }))
    }

    fn write(&mut self, batch: &RecordBatch) -> Outcome<()> {
        self.writer.write(batch).map_err(|error| unwritten(&self.path, &error))
    }
}

fn unwritten(path: &str, error: &dyn std::fmt::Display) -> Failure {
    Failure::data(format!("cannot write \"{path}\": {}; {DISK}", one_line(&error.to_string())))
}

/// The rows of JSON lines, batch by batch. A member that the schema lacks is an error.
pub fn each_batch(
    lines: &[u8],
    schema: &SchemaRef,
    mut take: impl FnMut(&RecordBatch) -> Outcome<()>,
) -> Outcome<()> {
    let odd = |error: ArrowError| Failure::arrow(&error, "read rows from JSON lines", "give rows of the schema");
    let reader = ReaderBuilder::new(schema.clone()).with_batch_size(BATCH_ROWS).with_strict_mode(true);
    for batch in reader.build(lines).map_err(odd)? {
        take(&batch.map_err(odd)?)?;
    }
    Ok(())
}

/// The bytes of C's lines.
///
/// # Safety
/// `lines` points to `size` bytes that outlive the result.
pub unsafe fn bytes_from_c<'a>(lines: *const c_char, size: u64) -> Outcome<&'a [u8]> {
    let size = usize::try_from(size).map_err(|_| Failure::internal("lines of impossible size"))?;
    Ok(if size == 0 { &[] } else { unsafe { std::slice::from_raw_parts(lines.cast::<u8>(), size) } })
}

#[no_mangle]
pub unsafe extern "C" fn bridge_schema_of_json(
    json: *const c_char,
    schema: *mut FFI_ArrowSchema,
    error: *mut abi::Error,
) -> c_int {
    unsafe {
        guarded(error, || {
            let json = text_from_c(json).ok_or_else(|| Failure::data("a schema is not valid UTF-8"))?;
            let parsed: StructType = serde_json::from_str(json).map_err(|error| {
                Failure::data(format!("cannot understand a schema: {error}; spell it as Delta does"))
            })?;
            let arrow: Schema = (&parsed)
                .try_into_arrow()
                .map_err(|error| Failure::arrow(&error, "understand a schema", "use types that Delta tables have"))?;
            stream::export_schema(&arrow, schema)
        })
    }
}

#[no_mangle]
pub unsafe extern "C" fn bridge_parquet_create(
    path: *const c_char,
    schema: *const FFI_ArrowSchema,
    group_rows: u64,
    parquet: *mut *mut Parquet,
    error: *mut abi::Error,
) -> c_int {
    unsafe {
        guarded(error, || {
            *parquet = std::ptr::null_mut();
            let path = text_from_c(path);
            let path = path.ok_or_else(|| Failure::data("the file's path is not valid UTF-8; rename it"))?;
            *parquet = Box::into_raw(Parquet::create(path, stream::import_schema(schema)?, group_rows)?);
            Ok(())
        })
    }
}

#[no_mangle]
pub unsafe extern "C" fn bridge_parquet_add(
    parquet: *mut Parquet,
    rows: *mut ArrowArrayStream,
    error: *mut abi::Error,
) -> c_int {
    unsafe {
        guarded(error, || {
            let rows = stream::import(rows);
            let parquet = &mut *parquet;
            let odd = |error: ArrowError| Failure::arrow(&error, "take rows", "give rows of the schema");
            for batch in RecordBatchStreamReader::try_new(rows).map_err(odd)? {
                parquet.write(&batch.map_err(odd)?)?;
            }
            Ok(())
        })
    }
}

#[no_mangle]
pub unsafe extern "C" fn bridge_parquet_add_lines(
    parquet: *mut Parquet,
    lines: *const c_char,
    size: u64,
    error: *mut abi::Error,
) -> c_int {
    unsafe {
        guarded(error, || {
            let parquet = &mut *parquet;
            let schema = parquet.schema.clone();
            each_batch(bytes_from_c(lines, size)?, &schema, |batch| parquet.write(batch))
        })
    }
}

#[no_mangle]
pub unsafe extern "C" fn bridge_parquet_finish(parquet: *mut Parquet, error: *mut abi::Error) -> c_int {
    unsafe {
        guarded(error, || {
            let parquet = Box::from_raw(parquet);
            parquet.writer.close().map(|_| ()).map_err(|error| unwritten(&parquet.path, &error))
        })
    }
}

#[no_mangle]
pub unsafe extern "C" fn bridge_parquet_abort(parquet: *mut Parquet) {
    if !parquet.is_null() {
        unsafe {
            guarded(std::ptr::null_mut(), || {
                drop(Box::from_raw(parquet));
                Ok(())
            });
        }
    }
}
