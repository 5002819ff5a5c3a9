//! What one table is read and written with: a runtime, an object store, and the kernel's default engine over both.

use std::path::Path;
use std::sync::Arc;

use delta_kernel::object_store::local::LocalFileSystem;
use delta_kernel::object_store::DynObjectStore;
use delta_kernel::{Engine, FileMeta, StorageHandler};
use delta_kernel_default_engine::executor::tokio::TokioMultiThreadExecutor;
use delta_kernel_default_engine::{DefaultEngine, DefaultEngineBuilder};
use url::Url;

use crate::error::{Failure, Outcome};

/// Fields drop in order: the engine, which may still hold futures, before the runtime that runs them.
pub struct Core {
    engine: DefaultEngine<TokioMultiThreadExecutor>,
    _runtime: tokio::runtime::Runtime,
    /// The table's folder as the user named it, for messages.
    pub path: String,
    /// The same as the kernel wants it, ending in '/'.
    pub root: Url,
}

impl Core {
    /// For the local folder `path`, which must exist. S3 later means another store here and nothing elsewhere.
    pub fn new(path: &str) -> Outcome<Arc<Self>> {
        let root = local_root(path)?;
        // Only the log is read here; writing a checkpoint blocks one of these threads on another.
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .max_blocking_threads(4)
            .thread_name("lakeproof-delta")
            .enable_all()
            .build()
            .map_err(|error| Failure::io(format!("cannot start threads to read \"{path}\": {error}")))?;
        let executor = Arc::new(TokioMultiThreadExecutor::new(runtime.handle().clone()));
        let store: Arc<DynObjectStore> = Arc::new(LocalFileSystem::new());
        let engine = DefaultEngineBuilder::new(store).with_task_executor(executor).build();
        Ok(Arc::new(Self { engine, _runtime: runtime, path: path.into(), root }))
    }

    pub fn engine(&self) -> &dyn Engine {
        &self.engine
    }

    pub fn storage(&self) -> Arc<dyn StorageHandler> {
        self.engine.storage_handler()
    }

    pub fn log_root(&self) -> Url {
        let mut log = self.root.clone();
        log.set_path(&format!("{}_delta_log/", self.root.path()));
        log
    }

    /// Files directly in the table's log folder, by name; empty when there is no such folder.
    pub fn log_files(&self) -> Outcome<Vec<(String, FileMeta)>> {
        let log = self.log_root();
        let what = format!("list the log of table \"{}\"", self.path);
        let remedy = "check that the folder is readable";
        let listing = match self.storage().list_from(&log) {
            Ok(listing) => listing,
            Err(delta_kernel::KernelError::FileNotFound(_)) => return Ok(Vec::new()),
            Err(error) => return Err(Failure::kernel(&error, &what, remedy)),
        };
        let mut files = Vec::new();
        for file in listing {
            let file = file.map_err(|error| Failure::kernel(&error, &what, remedy))?;
            let name = file.location.path().strip_prefix(log.path()).unwrap_or("").to_string();
            if !name.is_empty() && !name.contains('/') {
                files.push((name, file));
            }
        }
        Ok(files)
    }

    pub fn read(&self, location: &Url) -> Result<Vec<u8>, delta_kernel::KernelError> {
        let mut parts = self.storage().read_files(vec![(location.clone(), None)])?;
        match parts.next() {
            Some(bytes) => Ok(bytes?.to_vec()),
            None => Ok(Vec::new()),
        }
    }
}

fn local_root(path: &str) -> Outcome<Url> {
    if path.contains("://") {
        return Err(Failure::data(format!(
            "cannot open \"{path}\": only local folders are supported; copy the table to one"
        )));
    }
    let metadata = std::fs::metadata(Path::new(path)).map_err(|error| match error.kind() {
        std::io::ErrorKind::NotFound => {
            Failure::data(format!("table \"{path}\" does not exist; give the folder that holds _delta_log"))
        }
        _ => Failure::io(format!("cannot open table \"{path}\": {error}; check its permissions")),
    })?;
    if !metadata.is_dir() {
        return Err(Failure::data(format!("\"{path}\" is a file, not a table; give the folder that holds _delta_log")));
    }
    let absolute = std::fs::canonicalize(path).ok();
    // The kernel takes these in a listing for escapes, and would find no log.
    if absolute.as_ref().is_some_and(|absolute| absolute.to_string_lossy().contains(['%', '\\'])) {
        return Err(Failure::data(format!(
            "cannot open table \"{path}\": there is a % or \\ in its folder's path; move it to a folder without"
        )));
    }
    absolute
        .and_then(|absolute| Url::from_directory_path(absolute).ok())
        .ok_or_else(|| Failure::io(format!("cannot resolve the path of table \"{path}\"; check the folders above it")))
}
