//! Creating tables, committing to them, writing checkpoints: for the embedded pipeline and for tests.
//!
//! A writer collects what a commit will do and builds the kernel's transaction only at the end, because the kernel
//! wants the operation's name first. Files are encoded here, compressed, and put through the same store as the log.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::ffi::{c_char, c_int};
use std::sync::Arc;

use delta_kernel::actions::deletion_vector::DeletionVectorDescriptor;
use delta_kernel::actions::deletion_vector_writer::{KernelDeletionVector, StreamingDeletionVectorWriter};
use delta_kernel::arrow::array::{Array, ArrayRef, AsArray, RecordBatch, UInt32Array};
use delta_kernel::arrow::compute::take_record_batch;
use delta_kernel::arrow::datatypes::Schema;
use delta_kernel::arrow::ffi::FFI_ArrowSchema;
use delta_kernel::arrow::ffi_stream::RecordBatchStreamReader;
use delta_kernel::arrow::util::display::array_value_to_string;
use delta_kernel::committer::FileSystemCommitter;
use delta_kernel::engine::arrow_conversion::{TryFromArrow as _, TryIntoArrow as _};
use delta_kernel::engine::arrow_data::ArrowEngineData;
use delta_kernel::engine_data::FilteredEngineData;
use delta_kernel::expressions::Scalar;
use delta_kernel::parquet::arrow::arrow_writer::{ArrowWriter, ArrowWriterOptions};
use delta_kernel::parquet::basic::Compression;
use delta_kernel::parquet::file::properties::WriterProperties;
use delta_kernel::schema::{DataType, StructType};
use delta_kernel::transaction::create_table::create_table;
use delta_kernel::transaction::data_layout::DataLayout;
use delta_kernel::transaction::{BoundWriteContext, CommitResult, Transaction, UpdateTableOperation, WriteState};
use delta_kernel::{EngineData, FileMeta, KernelError, SnapshotRef};
use delta_kernel_default_engine::build_add_file_metadata;
use delta_kernel_default_engine::parquet::DataFileMetadata;
use delta_kernel_default_engine::stats::collect_stats;
use url::Url;

use crate::abi::{self, text_from_c};
use crate::engine::Core;
use crate::error::{guarded, Failure, Outcome};
use crate::plain::{bytes_from_c, each_batch};
use crate::rows::deleted_positions;
use crate::stream::{self, ArrowArrayStream};
use crate::table::{open_snapshot, Table, LOG_REMEDY};

const ENGINE_INFO: &str = concat!("lakeproof/", env!("CARGO_PKG_VERSION"));
const DISK: &str = "check the folder's permissions and free space";

/// `struct bridge_writer`.
pub struct Writer {
    table: Box<Table>,
    write_state: Arc<WriteState>,
    added: Vec<Box<dyn EngineData>>,
    removed: BTreeSet<usize>,
    /// Positions newly deleted, by file.
    deleted: BTreeMap<usize, Vec<u64>>,
}

impl Writer {
    fn begin(path: &str) -> Outcome<Self> {
        let core = Core::new(path)?;
        let snapshot = open_snapshot(&core, -1)?;
        let table = Table::from_snapshot(core, snapshot)?;
        let failed = |error: KernelError| table.failed("start a commit to", &error);
        // Only the write state is wanted of this transaction; the one that commits is built with its operation.
        let transaction = transaction(&table, UpdateTableOperation::Write, None).map_err(failed)?;
        let write_state = transaction.write_state().map_err(failed)?;
        Ok(Self { table, write_state, added: Vec::new(), removed: BTreeSet::new(), deleted: BTreeMap::new() })
    }

    /// Every logical row of `batch` into new files, one for each partition it touches.
    fn add(&mut self, batch: &RecordBatch) -> Outcome<()> {
        if batch.num_rows() == 0 {
            return Ok(());
        }
        let partitions = self.table.partition_columns();
        if partitions.is_empty() {
            return self.add_part(batch, None);
        }
        for (values, rows) in split(&self.table, batch, &partitions)? {
            let part = take_record_batch(batch, &UInt32Array::from(rows)).map_err(|error| self.odd(&error))?;
            let kept = (0..part.num_columns())
                .filter(|index| !partitions.contains(part.schema().field(*index).name()))
                .collect::<Vec<_>>();
            let part = part.project(&kept).map_err(|error| self.odd(&error))?;
            let scalars = self.table.partition_scalars(&partitions, &values)?;
            self.add_part(&part, Some(scalars))?;
        }
        Ok(())
    }

    fn odd(&self, error: &delta_kernel::arrow::error::ArrowError) -> Failure {
        Failure::arrow(error, &format!("write rows to table \"{}\"", self.table.core.path), "give rows of its schema")
    }

    fn context(&self, partition: Option<HashMap<String, Scalar>>) -> Outcome<BoundWriteContext> {
        let mut builder = self.write_state.write_context_builder();
        if let Some(values) = partition {
            builder = builder.with_partition_values(values);
        }
        builder.build().map_err(|error| self.table.failed("write rows to", &error))
    }

    fn add_part(&mut self, batch: &RecordBatch, partition: Option<HashMap<String, Scalar>>) -> Outcome<()> {
        let failed = |error: KernelError| self.table.failed("write rows to", &error);
        let context = self.context(partition)?;
        let logical = StructType::try_from_arrow(batch.schema()).map_err(|error| self.odd(&error))?;
        let engine = self.table.core.engine();
        let physical = engine
            .evaluation_handler()
            .new_expression_evaluator(
                logical.into(),
                context.logical_to_physical(),
                context.physical_data_schema().clone().into(),
            )
            .and_then(|evaluator| evaluator.evaluate(&ArrowEngineData::new(batch.clone())))
            .and_then(ArrowEngineData::try_from_engine_data)
            .map_err(failed)?;
        let physical = physical.record_batch();
        let stats = collect_stats(physical, context.stats_columns(), context.physical_data_schema()).map_err(failed)?;
        let file = self.put_parquet(physical, &context.write_dir())?;
        let metadata = build_add_file_metadata(DataFileMetadata::new(file, stats), &context).map_err(failed)?;
        self.added.push(metadata);
        Ok(())
    }

    fn put_parquet(&self, batch: &RecordBatch, folder: &Url) -> Outcome<FileMeta> {
        let unwritten = |error: &dyn std::fmt::Display| {
            let text = crate::error::one_line(&error.to_string());
            Failure::data(format!("cannot encode rows for table \"{}\": {text}; {DISK}", self.table.core.path))
        };
        // Without the embedded Arrow schema every reader sees the same plain Parquet types.
        let properties = WriterProperties::builder().set_compression(Compression::SNAPPY).build();
        let options = ArrowWriterOptions::new().with_skip_arrow_metadata(true).with_properties(properties);
        let mut bytes = Vec::new();
        let mut writer = ArrowWriter::try_new_with_options(&mut bytes, batch.schema(), options)
            .map_err(|error| unwritten(&error))?;
        writer.write(batch).map_err(|error| unwritten(&error))?;
        writer.close().map_err(|error| unwritten(&error))?;
        let name = format!("part-00000-{}-c000.snappy.parquet", uuid::Uuid::new_v4());
        let location = folder.join(&name).map_err(|error| unwritten(&error))?;
        let storage = self.table.core.storage();
        storage
            .put(&location, bytes.into(), false)
            .and_then(|()| storage.head(&location))
            .map_err(|error| Failure::kernel(&error, &format!("write \"{location}\""), DISK))
    }

    fn remove(&mut self, index: u64) -> Outcome<()> {
        let index = self.table.index(index)?;
        self.removed.insert(index);
        Ok(())
    }

    fn delete(&mut self, index: u64, positions: &[i64]) -> Outcome<()> {
        let index = self.table.index(index)?;
        let deleted = self.deleted.entry(index).or_default();
        for position in positions {
            let position = u64::try_from(*position)
                .map_err(|_| Failure::internal(format!("row {position} cannot be deleted: positions start at 0")))?;
            deleted.push(position);
        }
        Ok(())
    }

    /// Writes the new deletion vectors, each the union of the file's old one and what was deleted now, into one file.
    fn write_vectors(&self) -> Outcome<HashMap<String, DeletionVectorDescriptor>> {
        let mut descriptors = HashMap::new();
        let table = &self.table;
        let failed = |error: KernelError| table.failed("write deletion vectors of", &error);
        let mut bytes = Vec::new();
        let mut results = Vec::new();
        let mut writer = StreamingDeletionVectorWriter::new(&mut bytes);
        for (index, positions) in &self.deleted {
            if self.removed.contains(index) || positions.is_empty() {
                continue;
            }
            let entry = &table.entries[*index];
            let mut vector = KernelDeletionVector::new();
            vector.add_deleted_row_indexes(deleted_positions(&table.core, entry)?);
            let before = vector.cardinality();
            vector.add_deleted_row_indexes(positions.iter().copied());
            if vector.cardinality() != before + positions.len() as u64 {
                return Err(Failure::internal(format!("a row of \"{}\" is deleted twice", entry.path)));
            }
            if entry.rows_physical.is_some_and(|rows| positions.iter().any(|row| *row >= rows.unsigned_abs())) {
                return Err(Failure::internal(format!("a row past the end of \"{}\" is deleted", entry.path)));
            }
            results.push((entry.log_path.clone(), writer.write_deletion_vector(vector).map_err(failed)?));
        }
        if results.is_empty() {
            return Ok(descriptors);
        }
        writer.finalize().map_err(failed)?;
        let location = self.context(table.null_partition()?)?.new_deletion_vector_path(String::new());
        let url = location.absolute_path().map_err(failed)?;
        table
            .core
            .storage()
            .put(&url, bytes.into(), false)
            .map_err(|error| Failure::kernel(&error, &format!("write \"{url}\""), DISK))?;
        for (path, result) in results {
            descriptors.insert(path, result.to_descriptor(&location));
        }
        Ok(descriptors)
    }

    /// The scan's own description of the files with `paths`, which is what the kernel wants back.
    fn described(&self, wanted: impl Fn(&str) -> bool) -> Outcome<Vec<FilteredEngineData>> {
        let failed = |error: KernelError| self.table.failed("list the files of", &error);
        let scan = self.table.snapshot.clone().scan_builder().build().map_err(failed)?;
        let mut batches = Vec::new();
        for metadata in scan.scan_metadata(self.table.core.engine()).map_err(failed)? {
            let (data, mut selection) = metadata.map_err(failed)?.scan_files.into_parts();
            let batch = ArrowEngineData::try_from_engine_data(data).map_err(failed)?;
            let paths = batch.record_batch().column(0).as_string::<i32>();
            selection.resize(paths.len(), true);
            for (row, selected) in selection.iter_mut().enumerate() {
                *selected = *selected && !paths.is_null(row) && wanted(paths.value(row));
            }
            if selection.contains(&true) {
                batches.push(FilteredEngineData::try_new(batch, selection).map_err(failed)?);
            }
        }
        Ok(batches)
    }

    fn commit(mut self, operation: &str, id: Option<(&str, i64)>) -> Outcome<i64> {
        let vectors = self.write_vectors()?;
        let failed = |error: KernelError| self.table.failed("commit to", &error);
        let mut transaction = transaction(&self.table, known_operation(operation), id).map_err(failed)?;
        if !self.removed.is_empty() {
            let entries = &self.table.entries;
            let paths = self.removed.iter().map(|index| entries[*index].log_path.as_str()).collect::<BTreeSet<_>>();
            for batch in self.described(|path| paths.contains(path))? {
                transaction.remove_files(batch);
            }
        }
        if !vectors.is_empty() {
            let files = self.described(|path| vectors.contains_key(path))?;
            transaction.update_deletion_vectors(vectors, files.into_iter().map(Ok)).map_err(failed)?;
        }
        for metadata in self.added.drain(..) {
            transaction.add_files(metadata);
        }
        let path = &self.table.core.path;
        match transaction.commit(self.table.core.engine()) {
            Ok(CommitResult::Committed(done)) => {
                write_checksum(&self.table.core, done.post_commit_snapshot());
                Ok(i64::try_from(done.commit_version()).unwrap_or(i64::MAX))
            }
            Ok(CommitResult::Conflicted(lost)) => Err(Failure::io(format!(
                "cannot commit to table \"{path}\": conflict, another writer made version {}; start again from it",
                lost.conflict_version()
            ))),
            Ok(CommitResult::Retryable(lost)) => Err(self.table.failed("commit to", &lost.error)),
            Err(error) => Err(self.table.failed("commit to", &error)),
        }
    }
}

/// As every Delta writer should, so that a reader can tell a log that lost something. The commit stands without it.
fn write_checksum(core: &Core, snapshot: Option<&SnapshotRef>) {
    if let Some(snapshot) = snapshot {
        let _ = snapshot.write_checksum(core.engine());
    }
}

fn transaction(
    table: &Table,
    operation: UpdateTableOperation,
    id: Option<(&str, i64)>,
) -> Result<Transaction, KernelError> {
    let mut builder = table.snapshot.clone().update_table(operation, ENGINE_INFO, true);
    if let Some((application, version)) = id {
        builder = builder.with_transaction_id(application, version);
    }
    builder.build(table.core.engine(), Box::new(FileSystemCommitter::new()))
}

fn known_operation(name: &str) -> UpdateTableOperation {
    match name {
        "WRITE" => UpdateTableOperation::Write,
        "STREAMING UPDATE" => UpdateTableOperation::StreamingUpdate,
        "DELETE" => UpdateTableOperation::Delete,
        "UPDATE" => UpdateTableOperation::Update,
        "MERGE" => UpdateTableOperation::Merge,
        "OPTIMIZE" => UpdateTableOperation::Optimize,
        other => UpdateTableOperation::Custom(other.into()),
    }
}

impl Table {
    fn failed(&self, what: &str, error: &KernelError) -> Failure {
        Failure::kernel(error, &format!("{what} table \"{}\"", self.core.path), DISK)
    }

    fn index(&self, index: u64) -> Outcome<usize> {
        let found = usize::try_from(index).ok().filter(|index| *index < self.entries.len());
        found.ok_or_else(|| Failure::internal(format!("table \"{}\" has no file {index}", self.core.path)))
    }

    fn partition_columns(&self) -> Vec<String> {
        self.snapshot.table_configuration().logical_partition_columns().to_vec()
    }

    /// Texts of partition columns to typed values; the kernel spells them for the log.
    fn partition_scalars(&self, names: &[String], values: &[Option<String>]) -> Outcome<HashMap<String, Scalar>> {
        let schema = self.snapshot.schema();
        let mut scalars = HashMap::new();
        for (name, value) in names.iter().zip(values) {
            let field = schema.field(name).map(|field| field.data_type());
            let Some(DataType::Primitive(kind)) = field else {
                return Err(Failure::internal(format!("partition column \"{name}\" is not of a simple type")));
            };
            let scalar = match value {
                None => Scalar::Null(DataType::Primitive(kind.clone())),
                Some(text) => kind.parse_scalar(text).map_err(|error| self.failed("partition the rows of", &error))?,
            };
            scalars.insert(name.clone(), scalar);
        }
        Ok(scalars)
    }

    /// Deletion vectors lie in the table's root, but the kernel makes their path only for some partition.
    fn null_partition(&self) -> Outcome<Option<HashMap<String, Scalar>>> {
        let names = self.partition_columns();
        if names.is_empty() {
            return Ok(None);
        }
        let nulls = vec![None; names.len()];
        self.partition_scalars(&names, &nulls).map(Some)
    }
}

type Part = (Vec<Option<String>>, Vec<u32>);

/// Row numbers of the batch by the texts of their partition columns.
fn split(table: &Table, batch: &RecordBatch, names: &[String]) -> Outcome<Vec<Part>> {
    let mut columns: Vec<&ArrayRef> = Vec::new();
    for name in names {
        let column = batch.column_by_name(name);
        columns.push(column.ok_or_else(|| Failure::internal(format!("the rows lack partition column \"{name}\"")))?);
    }
    let mut parts: BTreeMap<Vec<Option<String>>, Vec<u32>> = BTreeMap::new();
    for row in 0..batch.num_rows() {
        let mut values = Vec::with_capacity(columns.len());
        for column in &columns {
            let what = || format!("partition the rows of table \"{}\"", table.core.path);
            values.push(if column.is_null(row) {
                None
            } else {
                let text = array_value_to_string(column, row);
                Some(text.map_err(|error| Failure::arrow(&error, &what(), "partition by a simple column"))?)
            });
        }
        parts.entry(values).or_default().push(u32::try_from(row).unwrap_or(u32::MAX));
    }
    Ok(parts.into_iter().collect())
}

fn create(path: &str, schema: &FFI_ArrowSchema, partitions: &str, features: &str) -> Outcome<()> {
    std::fs::create_dir_all(path)
        .map_err(|error| Failure::io(format!("cannot make folder \"{path}\": {error}; check the folder above it")))?;
    let core = Core::new(path)?;
    let arrow = unsafe { stream::import_schema(schema) }?;
    let schema = StructType::try_from_arrow(&arrow).map_err(|error| {
        Failure::arrow(&error, &format!("create table \"{path}\""), "use types that Delta tables have")
    })?;
    let mut properties = Vec::new();
    for feature in features.split(',').map(str::trim).filter(|feature| !feature.is_empty()) {
        properties.push(match feature {
            "deletionVectors" => ("delta.enableDeletionVectors", "true"),
            "columnMapping" => ("delta.columnMapping.mode", "name"),
            other => {
                return Err(Failure::data(format!(
                    "cannot create table \"{path}\" with \"{other}\"; use deletionVectors or columnMapping"
                )))
            }
        });
    }
    let failed = |error: KernelError| match error {
        KernelError::TableAlreadyExistsAtPath(_) => {
            Failure::data(format!("there is a table at \"{path}\" already; remove it or name another folder"))
        }
        error => Failure::kernel(&error, &format!("create table \"{path}\""), DISK),
    };
    let mut builder = create_table(core.root.as_str(), Arc::new(schema), ENGINE_INFO, true)
        .with_table_properties(properties);
    let partitions = partitions.split(',').map(str::trim).filter(|name| !name.is_empty()).collect::<Vec<_>>();
    if !partitions.is_empty() {
        builder = builder.with_data_layout(DataLayout::partitioned(partitions));
    }
    let transaction = builder.build(core.engine(), Box::new(FileSystemCommitter::new())).map_err(failed)?;
    match transaction.commit(core.engine()).map_err(failed)? {
        CommitResult::Committed(done) => {
            write_checksum(&core, done.post_commit_snapshot());
            Ok(())
        }
        CommitResult::Conflicted(_) => {
            let why = "conflict, another writer was first; use its table";
            Err(Failure::io(format!("cannot create table \"{path}\": {why}")))
        }
        CommitResult::Retryable(lost) => Err(failed(lost.error)),
    }
}

fn checkpoint(path: &str) -> Outcome<()> {
    let core = Core::new(path)?;
    let snapshot: SnapshotRef = open_snapshot(&core, -1)?;
    snapshot
        .checkpoint(core.engine(), None)
        .map(|_| ())
        .map_err(|error| Failure::kernel(&error, &format!("write a checkpoint of table \"{path}\""), LOG_REMEDY))
}

fn path_from_c<'a>(path: *const c_char) -> Outcome<&'a str> {
    unsafe { text_from_c(path) }.ok_or_else(|| Failure::data("the table's path is not valid UTF-8; rename it"))
}

#[no_mangle]
pub unsafe extern "C" fn bridge_table_create(
    path: *const c_char,
    schema: *const FFI_ArrowSchema,
    partition_columns: *const c_char,
    features: *const c_char,
    error: *mut abi::Error,
) -> c_int {
    unsafe {
        guarded(error, || {
            let partitions = text_from_c(partition_columns).unwrap_or("");
            create(path_from_c(path)?, &*schema, partitions, text_from_c(features).unwrap_or(""))
        })
    }
}

#[no_mangle]
pub unsafe extern "C" fn bridge_writer_begin(
    path: *const c_char,
    writer: *mut *mut Writer,
    error: *mut abi::Error,
) -> c_int {
    unsafe {
        guarded(error, || {
            *writer = std::ptr::null_mut();
            *writer = Box::into_raw(Box::new(Writer::begin(path_from_c(path)?)?));
            Ok(())
        })
    }
}

#[no_mangle]
pub unsafe extern "C" fn bridge_writer_last_transaction(
    writer: *mut Writer,
    app_id: *const c_char,
    version: *mut i64,
    error: *mut abi::Error,
) -> c_int {
    unsafe {
        guarded(error, || {
            let table = &(*writer).table;
            let application = text_from_c(app_id).ok_or_else(|| Failure::internal("an app_id is not valid UTF-8"))?;
            let last = table.snapshot.get_app_id_version(application, table.core.engine());
            *version = last.map_err(|error| table.failed("read the transactions of", &error))?.unwrap_or(-1);
            Ok(())
        })
    }
}

#[no_mangle]
pub unsafe extern "C" fn bridge_writer_table(writer: *mut Writer) -> *mut Table {
    unsafe { std::ptr::addr_of_mut!(*(*writer).table) }
}

#[no_mangle]
pub unsafe extern "C" fn bridge_writer_remove_file(writer: *mut Writer, index: u64, error: *mut abi::Error) -> c_int {
    unsafe { guarded(error, || (*writer).remove(index)) }
}

#[no_mangle]
pub unsafe extern "C" fn bridge_writer_delete_rows(
    writer: *mut Writer,
    index: u64,
    positions: *const i64,
    count: u64,
    error: *mut abi::Error,
) -> c_int {
    unsafe {
        guarded(error, || {
            let count = usize::try_from(count).map_err(|_| Failure::internal("too many rows to delete at once"))?;
            if count == 0 {
                return Ok(());
            }
            (*writer).delete(index, std::slice::from_raw_parts(positions, count))
        })
    }
}

#[no_mangle]
pub unsafe extern "C" fn bridge_writer_add(
    writer: *mut Writer,
    rows: *mut ArrowArrayStream,
    error: *mut abi::Error,
) -> c_int {
    unsafe {
        guarded(error, || {
            let rows = stream::import(rows);
            let writer = &mut *writer;
            let reader = RecordBatchStreamReader::try_new(rows).map_err(|error| writer.odd(&error))?;
            for batch in reader {
                let batch = batch.map_err(|error| writer.odd(&error))?;
                writer.add(&batch)?;
            }
            Ok(())
        })
    }
}

#[no_mangle]
pub unsafe extern "C" fn bridge_writer_commit(
    writer: *mut Writer,
    operation: *const c_char,
    app_id: *const c_char,
    transaction_version: i64,
    version: *mut i64,
    error: *mut abi::Error,
) -> c_int {
    unsafe {
        guarded(error, || {
            let writer = Box::from_raw(writer);
            let operation = text_from_c(operation).ok_or_else(|| Failure::internal("a commit needs an operation"))?;
            let application = text_from_c(app_id);
            if application.is_none() && !app_id.is_null() {
                return Err(Failure::internal("an app_id is not valid UTF-8"));
            }
            let id = application.map(|application| (application, transaction_version));
            *version = writer.commit(operation, id)?;
            Ok(())
        })
    }
}

#[no_mangle]
pub unsafe extern "C" fn bridge_writer_abort(writer: *mut Writer) {
    if !writer.is_null() {
        unsafe {
            guarded(std::ptr::null_mut(), || {
                drop(Box::from_raw(writer));
                Ok(())
            });
        }
    }
}

#[no_mangle]
pub unsafe extern "C" fn bridge_table_checkpoint(path: *const c_char, error: *mut abi::Error) -> c_int {
    unsafe { guarded(error, || checkpoint(path_from_c(path)?)) }
}

#[no_mangle]
pub unsafe extern "C" fn bridge_writer_add_lines(
    writer: *mut Writer,
    lines: *const c_char,
    size: u64,
    error: *mut abi::Error,
) -> c_int {
    unsafe {
        guarded(error, || {
            let writer = &mut *writer;
            let schema: Schema =
                writer.table.snapshot.schema().as_ref().try_into_arrow().map_err(|error| writer.odd(&error))?;
            each_batch(bytes_from_c(lines, size)?, &Arc::new(schema), |batch| writer.add(batch))
        })
    }
}
