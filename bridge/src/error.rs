//! Kernel errors to base/error.h: an exit code and one line that says what failed, on what, and what to do next.

use std::cell::RefCell;
use std::ffi::c_int;
use std::panic::{catch_unwind, set_hook, AssertUnwindSafe};
use std::sync::Once;

use delta_kernel::arrow::error::ArrowError;
use delta_kernel::object_store;
use delta_kernel::parquet::errors::ParquetError;
use delta_kernel::KernelError;

use crate::abi;

pub const OK: c_int = 0;
pub const DATA: c_int = 65;
pub const INTERNAL: c_int = 70;
pub const IO: c_int = 74;

/// What crosses the interface when an operation fails.
#[derive(Debug)]
pub struct Failure {
    pub code: c_int,
    pub message: String,
}

pub type Outcome<T> = Result<T, Failure>;

impl Failure {
    pub fn data(message: impl Into<String>) -> Self {
        Self { code: DATA, message: message.into() }
    }

    pub fn io(message: impl Into<String>) -> Self {
        Self { code: IO, message: message.into() }
    }

    pub fn internal(message: impl Into<String>) -> Self {
        Self { code: INTERNAL, message: message.into() }
    }

    /// A kernel error met while doing `what` ("read \"a.parquet\" of table \"/t\""); `remedy` is used when the cause
    /// itself suggests none.
    pub fn kernel(error: &KernelError, what: &str, remedy: &str) -> Self {
        let (code, cause, hint) = classify(error);
        Self { code, message: format!("cannot {what}: {cause}; {}", hint.unwrap_or(remedy)) }
    }

    pub fn arrow(error: &ArrowError, what: &str, remedy: &str) -> Self {
        Self { code: DATA, message: format!("cannot {what}: {}; {remedy}", one_line(&error.to_string())) }
    }
}

/// The deepest cause that says something about the system, if any is in the chain.
fn system_cause<'a>(error: &'a (dyn std::error::Error + 'static)) -> Option<SystemCause<'a>> {
    let mut next = Some(error);
    let mut found = None;
    while let Some(cause) = next {
        if let Some(io) = cause.downcast_ref::<std::io::Error>() {
            found = Some(SystemCause::Io(io));
        } else if let Some(object_store::Error::NotFound { path, .. }) = cause.downcast_ref::<object_store::Error>() {
            return Some(SystemCause::Missing(path));
        }
        next = match cause.downcast_ref::<ParquetError>() {
            Some(ParquetError::External(inner)) => Some(inner.as_ref()),
            _ => match cause.downcast_ref::<ArrowError>() {
                Some(ArrowError::ExternalError(inner)) => Some(inner.as_ref()),
                _ => cause.source(),
            },
        };
    }
    found
}

enum SystemCause<'a> {
    Missing(&'a str),
    Io(&'a std::io::Error),
}

fn from_io(io: &std::io::Error) -> (c_int, String, Option<&'static str>) {
    match io.kind() {
        std::io::ErrorKind::NotFound => (DATA, "the file is missing".into(), Some(MISSING_REMEDY)),
        std::io::ErrorKind::UnexpectedEof | std::io::ErrorKind::InvalidData => {
            (DATA, format!("the file is cut short or damaged ({io})"), Some(DAMAGED_REMEDY))
        }
        std::io::ErrorKind::PermissionDenied => {
            (IO, "permission denied".into(), Some("make it readable for this user"))
        }
        _ => (IO, one_line(&io.to_string()), Some("check the disk and try again")),
    }
}

const MISSING_REMEDY: &str =
    "restore the file, or open a version whose files were not yet vacuumed away";
const DAMAGED_REMEDY: &str = "restore the file from a backup or rewrite it from its source";

/// Exit code, cause in one line, and what to do when the kind of error alone tells.
fn classify(error: &KernelError) -> (c_int, String, Option<&'static str>) {
    // These two do not name themselves in the chain of sources.
    let cause = match error {
        KernelError::IOError(io) => Some(SystemCause::Io(io)),
        KernelError::ObjectStore(store) => system_cause(store),
        error => system_cause(error),
    };
    match cause {
        Some(SystemCause::Missing(path)) => {
            return (DATA, format!("\"/{}\" is missing", path.trim_start_matches('/')), Some(MISSING_REMEDY));
        }
        Some(SystemCause::Io(io)) => return from_io(io),
        None => {}
    }
    let text = one_line(&error.to_string()).trim_end_matches('.').to_string();
    match error {
        KernelError::Backtraced { source, .. } => classify(source),
        KernelError::FileNotFound(path) => (DATA, format!("\"{path}\" is missing"), Some(MISSING_REMEDY)),
        KernelError::Parquet(_) | KernelError::Arrow(_) => {
            (DATA, format!("the file cannot be decoded ({text})"), Some(DAMAGED_REMEDY))
        }
        KernelError::Unsupported(_) => {
            (DATA, text, Some("read this table with an engine that supports the feature, or drop the feature from it"))
        }
        KernelError::MaxCatalogVersion(_) => (
            DATA,
            "the table is catalog-managed, its newest commits are known only to its catalog".into(),
            Some("publish the commits or make a plain copy of the table and check that"),
        ),
        _ => (DATA, text, None),
    }
}

/// Errors of other libraries can hold line breaks; an error text has none.
pub fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn panic_text(payload: &(dyn std::any::Any + Send)) -> String {
    if let Some(text) = payload.downcast_ref::<&str>() {
        one_line(text)
    } else if let Some(text) = payload.downcast_ref::<String>() {
        one_line(text)
    } else {
        "no message".into()
    }
}

thread_local! {
    /// Where this thread panicked last.
    static PANICKED_AT: RefCell<String> = const { RefCell::new(String::new()) };
}

/// Panics are told as failures, with their place; the standard hook would print them to stderr as well.
fn hush_panics() {
    static HUSHED: Once = Once::new();
    HUSHED.call_once(|| {
        set_hook(Box::new(|panic| {
            let place = panic.location().map(|at| format!("{}:{}", at.file(), at.line())).unwrap_or_default();
            PANICKED_AT.with_borrow_mut(|at| *at = place);
        }));
    });
}

/// Runs `work`; a panic becomes the failure that `explain` makes of its text.
pub fn caught_as<T>(explain: impl FnOnce(String) -> Failure, work: impl FnOnce() -> Outcome<T>) -> Outcome<T> {
    hush_panics();
    catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|payload| {
        let place = PANICKED_AT.with_borrow(Clone::clone);
        Err(explain(format!("{} at {place}", panic_text(payload.as_ref()))))
    })
}

/// Runs `work`, which decodes what is on disk to do `what`: a decoder that panics has met bytes it cannot understand.
pub fn caught_decoding<T>(
    what: impl FnOnce() -> String,
    remedy: &str,
    work: impl FnOnce() -> Outcome<T>,
) -> Outcome<T> {
    let explain = |text| Failure::data(format!("cannot {}: its bytes cannot be decoded ({text}); {remedy}", what()));
    caught_as(explain, work)
}

/// Runs `work` so that a panic becomes a failure.
pub fn caught<T>(work: impl FnOnce() -> Outcome<T>) -> Outcome<T> {
    let explain =
        |text| Failure::internal(format!("the Delta reader panicked: {text}; report this with the table's log"));
    caught_as(explain, work)
}

/// Runs `work`, and on failure fills the caller's `struct error` and returns its code.
///
/// # Safety
/// `error` is NULL or points to a `struct error`.
pub unsafe fn guarded(error: *mut abi::Error, work: impl FnOnce() -> Outcome<()>) -> c_int {
    match caught(work) {
        Ok(()) => OK,
        Err(failure) => {
            if !error.is_null() {
                unsafe { fill(&mut *error, &failure) };
            }
            failure.code
        }
    }
}

fn fill(error: &mut abi::Error, failure: &Failure) {
    let mut end = failure.message.len().min(abi::ERROR_MESSAGE_MAX - 1);
    while !failure.message.is_char_boundary(end) {
        end -= 1;
    }
    for (to, from) in error.message.iter_mut().zip(failure.message.as_bytes()[..end].iter()) {
        *to = *from as std::ffi::c_char;
    }
    error.message[end] = 0;
    error.code = failure.code;
}
