//! Opening a table: which version, what it says about itself, its files and its history. No data file is touched.

use std::collections::HashMap;
use std::ffi::{c_char, c_int};
use std::sync::{Arc, Mutex};

use delta_kernel::actions::deletion_vector::{DeletionVectorDescriptor, DeletionVectorStorageType};
use delta_kernel::arrow::array::{Array, AsArray, MapArray, RecordBatch, StringArray, StructArray};
use delta_kernel::arrow::datatypes::{DataType, Int32Type, Int64Type};
use delta_kernel::engine::arrow_conversion::TryIntoArrow as _;
use delta_kernel::engine::arrow_data::ArrowEngineData;
use delta_kernel::expressions::ExpressionRef;
use delta_kernel::scan::{Scan, ScanMetadata};
use delta_kernel::schema::{MetadataValue, StructType};
use delta_kernel::{FileMeta, KernelError, Snapshot, SnapshotRef};

use crate::abi::{self, text_from_c, Text};
use crate::engine::Core;
use crate::error::{caught_decoding, guarded, Failure, Outcome};
use crate::log;
use crate::rows::Projection;
use crate::stream;

/// One data file of the snapshot, as the log has it.
pub struct FileEntry {
    /// The log's own spelling, percent-encoded.
    pub log_path: String,
    /// The same decoded, for people and for reading.
    pub path: String,
    pub size_bytes: i64,
    pub modification_time_ms: i64,
    pub rows_physical: Option<i64>,
    pub deletion_vector: Option<DeletionVectorDescriptor>,
    /// Physical column name to the log's text; nulls are absent.
    partition_values: HashMap<String, String>,
}

impl FileEntry {
    /// The deletion vector's unique id as the Delta protocol derives it, "" without one.
    pub fn deletion_vector_id(&self) -> String {
        match &self.deletion_vector {
            None => String::new(),
            Some(vector) => match vector.offset {
                Some(offset) => format!("{}{}@{offset}", vector.storage_type, vector.path_or_inline_dv),
                None => format!("{}{}", vector.storage_type, vector.path_or_inline_dv),
            },
        }
    }

    pub fn rows_deleted(&self) -> i64 {
        self.deletion_vector.as_ref().map_or(0, |vector| vector.cardinality)
    }
}

/// `struct bridge_table`: immutable after opening but for the two caches, so files can be read by many threads.
pub struct Table {
    pub core: Arc<Core>,
    pub snapshot: SnapshotRef,
    pub entries: Arc<Vec<FileEntry>>,
    info: abi::Info,
    files: Vec<abi::File>,
    _text: Text,
    /// Scans already prepared, by columns: preparing one replays the log.
    pub projections: Mutex<HashMap<(Vec<String>, bool), Arc<Projection>>>,
    history: Mutex<(Vec<abi::Version>, Text)>,
}

// SAFETY: the raw pointers inside point into `_text`, which is never changed after opening, and into the history's own
// texts, which the interface lends only until the next call.
unsafe impl Send for Table {}
unsafe impl Sync for Table {}

impl Table {
    pub fn open(path: &str, version: i64) -> Outcome<Box<Self>> {
        let core = Core::new(path)?;
        caught_decoding(|| format!("open table \"{path}\""), LOG_REMEDY, || {
            let snapshot = open_snapshot(&core, version)?;
            Self::from_snapshot(core.clone(), snapshot)
        })
    }

    pub fn from_snapshot(core: Arc<Core>, snapshot: SnapshotRef) -> Outcome<Box<Self>> {
        let what = format!("read the log of table \"{}\" at version {}", core.path, snapshot.version());
        let scan = snapshot
            .clone()
            .scan_builder()
            .build()
            .map_err(|error| Failure::kernel(&error, &what, LOG_REMEDY))?;
        log::check_commits(&core, &snapshot)?;
        let (entries, _) = list_files(&core, &scan)?;
        log::check_checksum(&core, &snapshot, &entries)?;
        let mut text = Text::default();
        let files = entries.iter().map(|entry| describe_file(entry, &snapshot, &mut text)).collect::<Vec<_>>();
        let info = describe(&core, &snapshot, &entries, &mut text)?;
        Ok(Box::new(Self {
            core,
            snapshot,
            entries: Arc::new(entries),
            info,
            files,
            _text: text,
            projections: Mutex::default(),
            history: Mutex::default(),
        }))
    }
}

pub const LOG_REMEDY: &str = "check that _delta_log is complete and was copied as a whole";
const HINT_REMEDY: &str =
    "copy the checkpoint as well, or remove _delta_log/_last_checkpoint if the log is complete without";

/// Versions by their commit file, newest first.
pub fn commits(core: &Core) -> Outcome<Vec<(i64, FileMeta)>> {
    let mut commits = core
        .log_files()?
        .into_iter()
        .filter_map(|(name, file)| {
            let digits = name.strip_suffix(".json")?;
            let whole = digits.len() == 20 && digits.bytes().all(|byte| byte.is_ascii_digit());
            whole.then(|| digits.parse().ok().map(|version| (version, file))).flatten()
        })
        .collect::<Vec<(i64, FileMeta)>>();
    commits.sort_by_key(|(version, _)| std::cmp::Reverse(*version));
    Ok(commits)
}

pub fn open_snapshot(core: &Core, version: i64) -> Outcome<SnapshotRef> {
    if version < -1 {
        return Err(Failure::data(format!("table \"{}\" has no version {version}; give one from its log", core.path)));
    }
    let names = core.log_files()?;
    if names.is_empty() {
        return Err(Failure::data(format!(
            "\"{}\" is no Delta table, it has no _delta_log with commits; give the table's own folder",
            core.path
        )));
    }
    let mut builder = Snapshot::builder_for(core.root.as_str());
    if version >= 0 {
        builder = builder.at_version(version.unsigned_abs());
    }
    let snapshot = builder.build(core.engine()).map_err(|error| explain_unopened(core, version, &error))?;
    if version < 0 {
        log::refuse_coordinated(core, &snapshot)?;
    }
    Ok(snapshot)
}

/// A version outside the log is the user's mistake and deserves to hear which there are; of a damaged log the first bad
/// commit says more than the kernel does.
fn explain_unopened(core: &Core, version: i64, error: &KernelError) -> Failure {
    if version >= 0 {
        if let Ok(commits) = commits(core) {
            let newest = commits.first().map(|(version, _)| *version);
            let oldest = commits.last().map(|(version, _)| *version);
            if let (Some(newest), Some(oldest)) = (newest, oldest) {
                if version > newest || version < oldest {
                    return Failure::data(format!(
                        "table \"{}\" has no version {version}; its log holds {oldest} to {newest}",
                        core.path
                    ));
                }
            }
        }
    }
    if let Err(failure) = log::check_all_commits(core, version) {
        return failure;
    }
    let remedy = match error {
        KernelError::InvalidCheckpoint(_) => HINT_REMEDY,
        _ => LOG_REMEDY,
    };
    Failure::kernel(error, &format!("open table \"{}\"", core.path), remedy)
}

fn column<'a>(batch: &'a RecordBatch, name: &str) -> Outcome<&'a dyn Array> {
    batch
        .column_by_name(name)
        .map(|column| column.as_ref())
        .ok_or_else(|| Failure::internal(format!("the kernel's file list has no column {name}")))
}

fn strings<'a>(array: &'a dyn Array, name: &str) -> Outcome<&'a StringArray> {
    array
        .as_string_opt::<i32>()
        .ok_or_else(|| Failure::internal(format!("the kernel's file list has another type of {name}")))
}

fn child<'a>(parent: &'a StructArray, name: &str) -> Outcome<&'a dyn Array> {
    parent
        .column_by_name(name)
        .map(|column| column.as_ref())
        .ok_or_else(|| Failure::internal(format!("the kernel's file list has no field {name}")))
}

/// The snapshot's files in log replay order, each with the expression that turns its rows into logical ones.
pub fn list_files(core: &Core, scan: &Scan) -> Outcome<(Vec<FileEntry>, Vec<Option<ExpressionRef>>)> {
    let what = format!("list the files of table \"{}\"", core.path);
    let failed = |error: &KernelError| Failure::kernel(error, &what, LOG_REMEDY);
    let mut entries = Vec::new();
    let mut transforms = Vec::new();
    for metadata in scan.scan_metadata(core.engine()).map_err(|error| failed(&error))? {
        let ScanMetadata { scan_files, scan_file_transforms } = metadata.map_err(|error| failed(&error))?;
        let (data, selection) = scan_files.into_parts();
        let batch = ArrowEngineData::try_from_engine_data(data).map_err(|error| failed(&error))?;
        let batch = batch.record_batch();
        for row in 0..batch.num_rows() {
            if selection.get(row).copied().unwrap_or(true) && !column(batch, "path")?.is_null(row) {
                entries.push(read_entry(core, batch, row)?);
                transforms.push(scan_file_transforms.get(row).cloned().flatten());
            }
        }
    }
    Ok((entries, transforms))
}

fn read_entry(core: &Core, batch: &RecordBatch, row: usize) -> Outcome<FileEntry> {
    let log_path = strings(column(batch, "path")?, "path")?.value(row).to_string();
    let longs = |name: &str| column(batch, name).map(|array| array.as_primitive::<Int64Type>().value(row));
    let stats = strings(column(batch, "stats")?, "stats")?;
    let rows_physical = if stats.is_null(row) { None } else { num_records(stats.value(row)) };
    let constants = column(batch, "fileConstantValues")?.as_struct();
    Ok(FileEntry {
        path: percent_decoded(&log_path),
        log_path,
        size_bytes: longs("size")?,
        modification_time_ms: longs("modificationTime")?,
        rows_physical,
        deletion_vector: read_deletion_vector(core, column(batch, "deletionVector")?.as_struct(), row)?,
        partition_values: read_partition_values(child(constants, "partitionValues")?.as_map(), row)?,
    })
}

fn num_records(stats: &str) -> Option<i64> {
    let stats: serde_json::Value = serde_json::from_str(stats).ok()?;
    stats.get("numRecords")?.as_i64()
}

fn percent_decoded(path: &str) -> String {
    percent_encoding::percent_decode_str(path).decode_utf8_lossy().into_owned()
}

fn read_deletion_vector(core: &Core, vectors: &StructArray, row: usize) -> Outcome<Option<DeletionVectorDescriptor>> {
    let storage = strings(child(vectors, "storageType")?, "storageType")?;
    if vectors.is_null(row) || storage.is_null(row) {
        return Ok(None);
    }
    let offsets = child(vectors, "offset")?.as_primitive::<Int32Type>();
    let what = format!("understand a deletion vector in the log of table \"{}\"", core.path);
    let invalid = |error: KernelError| Failure::kernel(&error, &what, LOG_REMEDY);
    DeletionVectorDescriptor::try_new(
        storage.value(row).parse::<DeletionVectorStorageType>().map_err(invalid)?,
        strings(child(vectors, "pathOrInlineDv")?, "pathOrInlineDv")?.value(row),
        (!offsets.is_null(row)).then(|| offsets.value(row)),
        child(vectors, "sizeInBytes")?.as_primitive::<Int32Type>().value(row),
        child(vectors, "cardinality")?.as_primitive::<Int64Type>().value(row),
    )
    .map(Some)
    .map_err(invalid)
}

fn read_partition_values(maps: &MapArray, row: usize) -> Outcome<HashMap<String, String>> {
    let mut values = HashMap::new();
    if maps.is_null(row) {
        return Ok(values);
    }
    let pairs = maps.value(row);
    let keys = strings(pairs.column(0).as_ref(), "partitionValues")?;
    let texts = strings(pairs.column(1).as_ref(), "partitionValues")?;
    for pair in 0..pairs.len() {
        if !texts.is_null(pair) {
            values.insert(keys.value(pair).into(), texts.value(pair).into());
        }
    }
    Ok(values)
}

/// Under column mapping the log names partition columns physically.
fn physical_name(schema: &StructType, logical: &str) -> String {
    let field = schema.field(logical);
    match field.and_then(|field| field.metadata().get("delta.columnMapping.physicalName")) {
        Some(MetadataValue::String(name)) => name.clone(),
        _ => logical.to_string(),
    }
}

fn escaped(text: &str) -> String {
    text.replace('%', "%25").replace(';', "%3B").replace('=', "%3D")
}

/// "name=value;" for each partition column in the table's order; a null is the name without "=".
fn partition_text(entry: &FileEntry, snapshot: &Snapshot) -> String {
    let schema = snapshot.schema();
    let mut text = String::new();
    for name in snapshot.table_configuration().logical_partition_columns() {
        text.push_str(&escaped(name));
        if let Some(value) = entry.partition_values.get(&physical_name(&schema, name)) {
            text.push('=');
            text.push_str(&escaped(value));
        }
        text.push(';');
    }
    text
}

fn describe_file(entry: &FileEntry, snapshot: &Snapshot, text: &mut Text) -> abi::File {
    abi::File {
        path: text.keep(&entry.path),
        size_bytes: entry.size_bytes.max(0).unsigned_abs(),
        modification_time_ms: entry.modification_time_ms,
        rows_physical: entry.rows_physical.unwrap_or(-1),
        rows_deleted: entry.rows_deleted(),
        deletion_vector: text.keep(&entry.deletion_vector_id()),
        partition_values: text.keep(&partition_text(entry, snapshot)),
    }
}

fn describe(core: &Core, snapshot: &Snapshot, entries: &[FileEntry], text: &mut Text) -> Outcome<abi::Info> {
    let configuration = snapshot.table_configuration();
    let protocol = configuration.protocol();
    let list = |features: Option<&[delta_kernel::table_features::TableFeature]>| {
        let names = features.unwrap_or_default().iter().map(ToString::to_string).collect::<Vec<_>>();
        if names.is_empty() {
            String::new()
        } else {
            format!(" ({})", names.join(", "))
        }
    };
    let features = format!(
        "reader {}{}, writer {}{}",
        protocol.min_reader_version(),
        list(protocol.reader_features()),
        protocol.min_writer_version(),
        list(protocol.writer_features())
    );
    let version = i64::try_from(snapshot.version()).unwrap_or(i64::MAX);
    Ok(abi::Info {
        version,
        commit_time_ms: commit_time(core, snapshot, version)?,
        table_id: text.keep(configuration.metadata().id()),
        schema_json: text.keep(configuration.metadata().schema_string()),
        features: text.keep(&features),
        partition_columns: text.keep(&configuration.logical_partition_columns().join(",")),
        file_count: entries.len() as u64,
        rows_physical: entries.iter().map(|entry| entry.rows_physical).sum::<Option<i64>>().unwrap_or(-1),
        rows_deleted: entries.iter().map(FileEntry::rows_deleted).sum(),
    })
}

/// What a commit file says of itself.
#[derive(Default)]
struct CommitInfo {
    in_commit_ms: Option<i64>,
    timestamp_ms: Option<i64>,
    operation: String,
}

/// Reads one commit's commitInfo; a file may have none.
fn commit_info(core: &Core, file: &FileMeta) -> Outcome<CommitInfo> {
    let what = format!("read the commit \"{}\"", file.location.path());
    let bytes = core.read(&file.location).map_err(|error| Failure::kernel(&error, &what, LOG_REMEDY))?;
    for line in bytes.split(|byte| *byte == b'\n') {
        // Cheap test first: a commit can have many thousand lines of files.
        if !line.windows(12).any(|window| window == b"\"commitInfo\"") {
            continue;
        }
        let Ok(action) = serde_json::from_slice::<serde_json::Value>(line) else { continue };
        let Some(info) = action.get("commitInfo") else { continue };
        return Ok(CommitInfo {
            in_commit_ms: info.get("inCommitTimestamp").and_then(serde_json::Value::as_i64),
            timestamp_ms: info.get("timestamp").and_then(serde_json::Value::as_i64),
            operation: info.get("operation").and_then(serde_json::Value::as_str).unwrap_or("").to_string(),
        });
    }
    Ok(CommitInfo::default())
}

fn commit_time(core: &Core, snapshot: &Snapshot, version: i64) -> Outcome<i64> {
    let mut name = core.log_root();
    name.set_path(&format!("{}{version:020}.json", name.path()));
    match core.storage().head(&name) {
        Ok(file) => {
            let info = commit_info(core, &file)?;
            Ok(info.in_commit_ms.or(info.timestamp_ms).unwrap_or(file.last_modified))
        }
        // The commit was cleaned up and only a checkpoint of this version is left.
        Err(KernelError::FileNotFound(_)) => {
            Ok(snapshot.get_timestamp(core.engine()).unwrap_or_else(|_| checkpoint_time(core, version)))
        }
        Err(error) => Err(Failure::kernel(&error, &format!("look at commit {version}"), LOG_REMEDY)),
    }
}

fn checkpoint_time(core: &Core, version: i64) -> i64 {
    let prefix = format!("{version:020}.checkpoint");
    let files = core.log_files().unwrap_or_default();
    files.iter().find(|(name, _)| name.starts_with(&prefix)).map_or(0, |(_, file)| file.last_modified)
}

fn read_history(core: &Core, limit: u64) -> Outcome<(Vec<abi::Version>, Text)> {
    let mut text = Text::default();
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    let versions = commits(core)?
        .into_iter()
        .take(limit)
        .map(|(version, file)| {
            let info = commit_info(core, &file)?;
            Ok(abi::Version {
                version,
                commit_time_ms: info.in_commit_ms.or(info.timestamp_ms).unwrap_or(file.last_modified),
                operation: text.keep(&info.operation),
            })
        })
        .collect::<Outcome<Vec<_>>>()?;
    Ok((versions, text))
}

#[no_mangle]
pub unsafe extern "C" fn bridge_table_open(
    path: *const c_char,
    version: i64,
    table: *mut *mut Table,
    error: *mut abi::Error,
) -> c_int {
    unsafe {
        guarded(error, || {
            *table = std::ptr::null_mut();
            let path = text_from_c(path);
            let path = path.ok_or_else(|| Failure::data("the table's path is not valid UTF-8; rename it"))?;
            *table = Box::into_raw(Table::open(path, version)?);
            Ok(())
        })
    }
}

#[no_mangle]
pub unsafe extern "C" fn bridge_table_close(table: *mut Table) {
    if !table.is_null() {
        unsafe {
            guarded(std::ptr::null_mut(), || {
                drop(Box::from_raw(table));
                Ok(())
            });
        }
    }
}

#[no_mangle]
pub unsafe extern "C" fn bridge_table_info(table: *const Table) -> *const abi::Info {
    unsafe { &(*table).info }
}

#[no_mangle]
pub unsafe extern "C" fn bridge_table_file(table: *const Table, index: u64) -> *const abi::File {
    let files = unsafe { &(*table).files };
    usize::try_from(index).ok().and_then(|index| files.get(index)).map_or(std::ptr::null(), |file| file)
}

#[no_mangle]
pub unsafe extern "C" fn bridge_table_schema(
    table: *mut Table,
    schema: *mut delta_kernel::arrow::ffi::FFI_ArrowSchema,
    error: *mut abi::Error,
) -> c_int {
    unsafe {
        guarded(error, || {
            let table = &*table;
            let arrow: delta_kernel::arrow::datatypes::Schema =
                table.snapshot.schema().as_ref().try_into_arrow().map_err(|error| {
                    Failure::arrow(&error, &format!("express the schema of table \"{}\"", table.core.path), LOG_REMEDY)
                })?;
            stream::export_schema(&arrow, schema)
        })
    }
}

#[no_mangle]
pub unsafe extern "C" fn bridge_table_versions(
    table: *mut Table,
    limit: u64,
    versions: *mut *const abi::Version,
    count: *mut u64,
    error: *mut abi::Error,
) -> c_int {
    unsafe {
        guarded(error, || {
            let table = &*table;
            let mut history =
                table.history.lock().map_err(|_| Failure::internal("the table's history is locked by a panic"))?;
            *history = read_history(&table.core, limit)?;
            *versions = history.0.as_ptr();
            *count = history.0.len() as u64;
            Ok(())
        })
    }
}

/// The Arrow type C expects where the kernel's type says `expected`: same layout, names and metadata aside.
pub fn same_layout(a: &DataType, b: &DataType) -> bool {
    match (a, b) {
        (DataType::Struct(a), DataType::Struct(b)) => {
            a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same_layout(a.data_type(), b.data_type()))
        }
        (DataType::List(a), DataType::List(b)) | (DataType::Map(a, _), DataType::Map(b, _)) => {
            same_layout(a.data_type(), b.data_type())
        }
        _ => a == b,
    }
}
