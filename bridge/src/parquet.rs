//! One local Parquet file as batches of the kernel's physical schema, decoded on the caller's thread.
//!
//! The default engine's own reader is not used for two reasons: it decodes on the runtime's threads, a hand-over per
//! batch; and it reads INT96, which is how Spark writes timestamps by default, as nanoseconds, so that years before
//! 1677 and after 2262 would silently wrap around. Here INT96 is read as microseconds, which is all Delta has.

use std::fs::File;
use std::num::NonZero;
use std::sync::Arc;

use delta_kernel::arrow::datatypes::{DataType, Field, FieldRef, Fields, Schema, TimeUnit};
use delta_kernel::engine::arrow_data::ArrowEngineData;
use delta_kernel::engine::arrow_utils::{
    fixup_parquet_read, ordering_needs_row_indexes, parquet_read_plan, RowIndexBuilder,
};
use delta_kernel::engine::reader_options;
use delta_kernel::parquet::arrow::arrow_reader::{
    ArrowReaderMetadata, ArrowReaderOptions, ParquetRecordBatchReader, ParquetRecordBatchReaderBuilder,
};
use delta_kernel::parquet::arrow::ProjectionMask;
use delta_kernel::parquet::basic::Type as PhysicalType;
use delta_kernel::parquet::errors::ParquetError;
use delta_kernel::parquet::schema::types::SchemaDescriptor;
use delta_kernel::schema::SchemaRef;
use delta_kernel::{EngineData, KernelError, KernelResult};
use url::Url;

pub type Reader = Box<dyn Iterator<Item = KernelResult<Box<dyn EngineData>>> + Send>;

/// A file of no table.
pub type PlainReader = ParquetRecordBatchReader;

pub struct Opened {
    pub reader: Reader,
    /// Rows by the footer, which is to be held against those that come: a column that ends early ends the file.
    pub rows: u64,
}

/// The file's rows in batches of at most `batch_rows`, as `physical` asks: reordered, absent columns null, nested
/// fields matched, positions added.
pub fn open(location: &Url, physical: SchemaRef, batch_rows: NonZero<usize>) -> KernelResult<Opened> {
    let path = location.to_file_path().map_err(|()| KernelError::FileNotFound(location.to_string()))?;
    let file = File::open(path).map_err(KernelError::IOError)?;
    let metadata = with_microseconds(ArrowReaderMetadata::load(&file, reader_options())?)?;
    let rows = footer_rows(&metadata)?;
    let (ordering, mask) = parquet_read_plan(&physical, &metadata)?;
    let mut positions = None;
    if ordering_needs_row_indexes(&ordering) {
        positions = Some(RowIndexBuilder::new(metadata.metadata().row_groups()).build()?);
    }
    let mut builder = ParquetRecordBatchReaderBuilder::new_with_metadata(file, metadata);
    if let Some(mask) = mask {
        builder = builder.with_projection(mask);
    }
    let reader = builder.with_batch_size(batch_rows.get()).build()?;
    let name = location.to_string();
    let reader = Box::new(reader.map(move |batch| {
        let data: ArrowEngineData =
            fixup_parquet_read(batch?, &ordering, positions.as_mut(), Some(&name), Some(&physical))?;
        Ok(Box::new(data) as Box<dyn EngineData>)
    }));
    Ok(Opened { reader, rows })
}

/// What the footer of a file of no table says, in the types that are read.
pub fn load(path: &str) -> KernelResult<ArrowReaderMetadata> {
    let file = File::open(path).map_err(KernelError::IOError)?;
    with_microseconds(ArrowReaderMetadata::load(&file, reader_options())?)
}

/// All rows of that file, of all top-level columns or of one, and how many the footer says there are.
pub fn open_plain(
    path: &str,
    metadata: ArrowReaderMetadata,
    root: Option<usize>,
    batch_rows: NonZero<usize>,
) -> KernelResult<(PlainReader, u64)> {
    let rows = footer_rows(&metadata)?;
    let file = File::open(path).map_err(KernelError::IOError)?;
    let mut builder = ParquetRecordBatchReaderBuilder::new_with_metadata(file, metadata);
    if let Some(root) = root {
        let mask = ProjectionMask::roots(builder.parquet_schema(), [root]);
        builder = builder.with_projection(mask);
    }
    Ok((builder.with_batch_size(batch_rows.get()).build()?, rows))
}

/// The footer counts the rows twice, in all and by row group.
fn footer_rows(metadata: &ArrowReaderMetadata) -> KernelResult<u64> {
    let total = metadata.metadata().file_metadata().num_rows();
    let sum = metadata.metadata().row_groups().iter().map(|group| i128::from(group.num_rows())).sum::<i128>();
    match u64::try_from(total) {
        Ok(rows) if i128::from(rows) == sum => Ok(rows),
        _ => Err(ParquetError::General(format!("its row groups have {sum} rows, the file {total}")).into()),
    }
}

/// The same metadata, its INT96 columns typed as microseconds in UTC.
fn with_microseconds(metadata: ArrowReaderMetadata) -> KernelResult<ArrowReaderMetadata> {
    let schema = metadata.parquet_schema();
    if schema.columns().iter().all(|column| column.physical_type() != PhysicalType::INT96) {
        return Ok(metadata);
    }
    let mut leaf = 0;
    let fields = retyped(metadata.schema().fields(), schema, &mut leaf);
    let hint = Schema::new_with_metadata(fields, metadata.schema().metadata().clone());
    let options = ArrowReaderOptions::new().with_schema(Arc::new(hint));
    Ok(ArrowReaderMetadata::try_new(metadata.metadata().clone(), options)?)
}

fn retyped(fields: &Fields, schema: &SchemaDescriptor, leaf: &mut usize) -> Fields {
    fields.iter().map(|field| retyped_field(field, schema, leaf)).collect()
}

/// Arrow's leaves come in the order of Parquet's columns.
fn retyped_field(field: &FieldRef, schema: &SchemaDescriptor, leaf: &mut usize) -> FieldRef {
    let data_type = match field.data_type() {
        DataType::Struct(children) => DataType::Struct(retyped(children, schema, leaf)),
        DataType::List(element) => DataType::List(retyped_field(element, schema, leaf)),
        DataType::Map(entries, sorted) => DataType::Map(retyped_field(entries, schema, leaf), *sorted),
        plain => {
            let is_int96 = schema.column(*leaf).physical_type() == PhysicalType::INT96;
            *leaf += 1;
            if is_int96 {
                DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into()))
            } else {
                plain.clone()
            }
        }
    };
    Arc::new(Field::clone(field).with_data_type(data_type))
}
