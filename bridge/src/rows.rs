//! The rows of one file: Parquet decoded batch by batch, made logical, deletion vector applied.

use std::ffi::{c_char, c_int};
use std::iter::Peekable;
use std::num::NonZero;
use std::sync::Arc;

use delta_kernel::arrow::array::{Array, ArrayRef, BooleanArray, BooleanBufferBuilder, RecordBatch, RecordBatchOptions};
use delta_kernel::arrow::compute::{cast_with_options, filter_record_batch, CastOptions};
use delta_kernel::arrow::datatypes::{DataType, Field, Schema, SchemaRef as ArrowSchemaRef};
use delta_kernel::engine::arrow_conversion::TryIntoArrow as _;
use delta_kernel::engine::arrow_data::ArrowEngineData;
use delta_kernel::expressions::ExpressionRef;
use delta_kernel::scan::state::transform_to_logical;
use delta_kernel::scan::Scan;
use delta_kernel::schema::{MetadataColumnSpec, StructField, StructType};
use delta_kernel::{EngineData, KernelError};

use crate::abi::{self, text_from_c};
use crate::engine::Core;
use crate::error::{caught_decoding, guarded, Failure, Outcome};
use crate::parquet;
use crate::stream::{self, ArrowArrayStream, Batches};
use crate::table::{list_files, same_layout, FileEntry, Table, LOG_REMEDY};

/// The extra column that carries physical positions.
const POSITION: &str = "__row";

/// A scan of chosen columns: what to read from a file and how to make it logical, file by file.
pub struct Projection {
    scan: Scan,
    transforms: Vec<Option<ExpressionRef>>,
    /// What C receives.
    schema: ArrowSchemaRef,
}

impl Projection {
    fn new(table: &Table, columns: &[String], positions: bool) -> Outcome<Self> {
        let path = &table.core.path;
        let table_schema = table.snapshot.schema();
        let mut fields = Vec::with_capacity(columns.len() + 1);
        for name in columns {
            let field = table_schema.field(name).ok_or_else(|| {
                Failure::data(format!("table \"{path}\" has no column \"{name}\"; it has {}", names(&table_schema)))
            })?;
            fields.push(field.clone());
        }
        if positions && table_schema.field(POSITION).is_some() {
            return Err(Failure::data(format!(
                "table \"{path}\" has a column \"{POSITION}\", which this program needs; rename the column"
            )));
        }
        let what = format!("prepare a scan of table \"{path}\"");
        let unprepared = |error: KernelError| Failure::kernel(&error, &what, LOG_REMEDY);
        let schema = Self::arrow_schema(&fields, positions, &what)?;
        // Without a column of its own Parquet would yield no rows at all, so positions are always read along when
        // every asked column comes from the log.
        let partitions = table.snapshot.table_configuration().logical_partition_columns();
        if positions || columns.iter().all(|name| partitions.contains(name)) {
            fields.push(StructField::create_metadata_column(POSITION, MetadataColumnSpec::RowIndex));
        }
        let logical = StructType::try_new(fields).map_err(unprepared)?;
        let scan = table.snapshot.clone().scan_builder().with_schema(Arc::new(logical)).build().map_err(unprepared)?;
        let (entries, transforms) = list_files(&table.core, &scan)?;
        let same = entries.len() == table.entries.len()
            && entries.iter().zip(table.entries.iter()).all(|(a, b)| a.log_path == b.log_path);
        if !same {
            return Err(Failure::io(format!("the log of table \"{path}\" changed while it was read; open it again")));
        }
        Ok(Self { scan, transforms, schema })
    }

    fn arrow_schema(fields: &[StructField], positions: bool, what: &str) -> Outcome<ArrowSchemaRef> {
        let mut arrow = Vec::with_capacity(fields.len() + 1);
        for field in fields {
            let field: Field = field.try_into_arrow().map_err(|error| Failure::arrow(&error, what, LOG_REMEDY))?;
            arrow.push(field);
        }
        if positions {
            arrow.push(Field::new(POSITION, DataType::Int64, false));
        }
        Ok(Arc::new(Schema::new(arrow)))
    }
}

fn names(schema: &StructType) -> String {
    schema.fields().map(|field| format!("\"{}\"", field.name())).collect::<Vec<_>>().join(", ")
}

impl Table {
    fn projection(&self, columns: &[String], positions: bool) -> Outcome<Arc<Projection>> {
        let mut prepared =
            self.projections.lock().map_err(|_| Failure::internal("a scan's preparation is locked by a panic"))?;
        let key = (columns.to_vec(), positions);
        if let Some(projection) = prepared.get(&key) {
            return Ok(projection.clone());
        }
        let projection = Arc::new(Projection::new(self, columns, positions)?);
        prepared.insert(key, projection.clone());
        Ok(projection)
    }
}

/// Physical positions that a deletion vector removes, ascending.
type Deleted = Peekable<Box<dyn Iterator<Item = u64> + Send>>;

pub fn deleted_positions(core: &Core, entry: &FileEntry) -> Outcome<Box<dyn Iterator<Item = u64> + Send>> {
    let Some(vector) = &entry.deletion_vector else {
        return Ok(Box::new(std::iter::empty()));
    };
    let positions = vector.read(core.storage(), &core.root).map_err(|error| {
        let what = format!("read the deletion vector of \"{}\" in table \"{}\"", entry.path, core.path);
        Failure::kernel(&error, &what, "restore the deletion vector's file or open another version")
    })?;
    if positions.len() != vector.cardinality.unsigned_abs() {
        return Err(Failure::data(format!(
            "cannot read the deletion vector of \"{}\" in table \"{}\": it marks {} rows where the log says {}; \
             {DAMAGED}",
            entry.path,
            core.path,
            positions.len(),
            vector.cardinality
        )));
    }
    Ok(Box::new(positions.into_iter()))
}

/// A file being read.
pub struct Rows {
    reader: parquet::Reader,
    /// How many the file says it has.
    rows: u64,
    projection: Arc<Projection>,
    entries: Arc<Vec<FileEntry>>,
    index: usize,
    deleted: Deleted,
    /// Physical position of the next batch's first row.
    position: u64,
    core: Arc<Core>,
}

impl Rows {
    pub fn open(
        table: &Table,
        index: usize,
        columns: &[String],
        positions: bool,
        batch: NonZero<usize>,
    ) -> Outcome<Self> {
        let core = table.core.clone();
        let entry = table.entries.get(index).ok_or_else(|| {
            Failure::internal(format!("table \"{}\" has no file {index}", core.path))
        })?;
        let projection = table.projection(columns, positions)?;
        let failed = |error: KernelError| Failure::kernel(&error, &reading(&core, entry), DAMAGED);
        let location = core.root.join(&entry.log_path).map_err(|error| failed(error.into()))?;
        if location.scheme() != "file" {
            return Err(Failure::data(format!(
                "cannot {}: it lies at \"{location}\", and only local files are supported; copy it and the log with it",
                reading(&core, entry)
            )));
        }
        let deleted = deleted_positions(&core, entry)?.peekable();
        let physical = projection.scan.physical_schema().clone();
        let opened = caught_decoding(|| reading(&core, entry), DAMAGED, || {
            parquet::open(&location, physical, batch).map_err(failed)
        });
        let parquet::Opened { reader, rows } = opened?;
        Ok(Self { reader, rows, projection, entries: table.entries.clone(), index, deleted, position: 0, core })
    }

    /// Which of the next `count` physical rows stay; None when all do.
    fn kept(&mut self, count: usize) -> Option<BooleanArray> {
        let start = self.position;
        self.position += count as u64;
        if self.deleted.peek().is_none_or(|next| *next >= self.position) {
            return None;
        }
        let mut kept = BooleanBufferBuilder::new(count);
        kept.append_n(count, true);
        while let Some(next) = self.deleted.next_if(|next| *next < self.position) {
            kept.set_bit(usize::try_from(next - start).unwrap_or(usize::MAX), false);
        }
        Some(BooleanArray::new(kept.finish(), None))
    }

    fn logical(&mut self, physical: Box<dyn EngineData>) -> Outcome<RecordBatch> {
        let scan = &self.projection.scan;
        let logical = transform_to_logical(
            self.core.engine(),
            physical,
            scan.physical_schema(),
            scan.logical_schema(),
            self.projection.transforms[self.index].clone(),
        )
        .and_then(ArrowEngineData::try_from_engine_data)
        .map_err(|error| Failure::kernel(&error, &self.reading(), DAMAGED))?;
        let batch: RecordBatch = (*logical).into();
        match self.kept(batch.num_rows()) {
            None => Ok(batch),
            Some(kept) => filter_record_batch(&batch, &kept)
                .map_err(|error| Failure::arrow(&error, &self.reading(), "report this as a defect")),
        }
    }

    /// The promised types in the promised order; a column the reader gave in another layout is cast.
    fn promised(&self, batch: &RecordBatch) -> Outcome<RecordBatch> {
        let schema = &self.projection.schema;
        let odd = |error| Failure::arrow(&error, &self.reading(), "report this as a defect");
        let mut columns: Vec<ArrayRef> = Vec::with_capacity(schema.fields().len());
        for (index, field) in schema.fields().iter().enumerate() {
            let column = batch.column(index);
            if same_layout(column.data_type(), field.data_type()) {
                columns.push(column.clone());
            } else {
                // Strictly: a value that does not fit is an error, where the default is a silent null.
                let options = CastOptions { safe: false, ..Default::default() };
                columns.push(cast_with_options(column, field.data_type(), &options).map_err(odd)?);
            }
        }
        let fields = schema.fields().iter().zip(&columns);
        // Nested names may differ harmlessly from the promise; arrow insists that a batch agrees with itself.
        let own = fields.map(|(field, column)| field.as_ref().clone().with_data_type(column.data_type().clone()));
        let own = Arc::new(Schema::new(own.map(|field| field.with_nullable(true)).collect::<Vec<_>>()));
        let options = RecordBatchOptions::new().with_row_count(Some(batch.num_rows()));
        RecordBatch::try_new_with_options(own, columns, &options).map_err(odd)
    }

    pub fn reading(&self) -> String {
        reading(&self.core, &self.entries[self.index])
    }

    fn next_batch(&mut self) -> Outcome<Option<RecordBatch>> {
        loop {
            let physical = match self.reader.next() {
                None => return self.end().map(|()| None),
                Some(physical) => physical.map_err(|error| Failure::kernel(&error, &self.reading(), DAMAGED))?,
            };
            let batch = self.logical(physical)?;
            if batch.num_rows() > 0 {
                return self.promised(&batch).map(Some);
            }
        }
    }

    fn end(&mut self) -> Outcome<()> {
        let entry = &self.entries[self.index];
        if self.position != self.rows {
            return Err(Failure::data(format!(
                "cannot {}: it holds {} rows where its footer says {}; {DAMAGED}",
                self.reading(),
                self.position,
                self.rows
            )));
        }
        if let Some(rows) = entry.rows_physical {
            if u64::try_from(rows) != Ok(self.position) {
                return Err(Failure::data(format!(
                    "cannot {}: it has {} rows where the log says {rows}; {DAMAGED}",
                    self.reading(),
                    self.position
                )));
            }
        }
        match self.deleted.next() {
            Some(position) => Err(Failure::data(format!(
                "cannot {}: its deletion vector marks row {position} of {}; {DAMAGED}",
                self.reading(),
                self.position
            ))),
            None => Ok(()),
        }
    }
}

pub const DAMAGED: &str = "restore the file from a backup or rewrite it from its source";

fn reading(core: &Core, entry: &FileEntry) -> String {
    format!("read \"{}\" of table \"{}\"", entry.path, core.path)
}

impl Batches for Rows {
    fn schema(&self) -> ArrowSchemaRef {
        self.projection.schema.clone()
    }

    fn next(&mut self) -> Outcome<Option<RecordBatch>> {
        let (core, entries, index) = (self.core.clone(), self.entries.clone(), self.index);
        caught_decoding(|| reading(&core, &entries[index]), DAMAGED, || self.next_batch())
    }
}

/// C's array of column names.
///
/// # Safety
/// `columns` points to `count` NUL-terminated strings.
unsafe fn column_names(columns: *const *const c_char, count: u64) -> Outcome<Vec<String>> {
    let mut names = Vec::new();
    for index in 0..usize::try_from(count).unwrap_or(0) {
        let name = unsafe { text_from_c(*columns.add(index)) };
        let name = name.ok_or_else(|| Failure::data("a column's name is not valid UTF-8; correct it"))?;
        names.push(name.to_string());
    }
    Ok(names)
}

#[no_mangle]
pub unsafe extern "C" fn bridge_file_read(
    table: *mut Table,
    index: u64,
    columns: *const *const c_char,
    column_count: u64,
    batch_rows: u64,
    positions: bool,
    out: *mut ArrowArrayStream,
    error: *mut abi::Error,
) -> c_int {
    unsafe {
        guarded(error, || {
            let columns = column_names(columns, column_count)?;
            let batch = usize::try_from(batch_rows).ok().and_then(NonZero::new);
            let batch = batch.ok_or_else(|| Failure::internal("a batch needs at least one row"))?;
            let index = usize::try_from(index).unwrap_or(usize::MAX);
            let rows = Rows::open(&*table, index, &columns, positions, batch)?;
            stream::export(Box::new(rows), out);
            Ok(())
        })
    }
}
