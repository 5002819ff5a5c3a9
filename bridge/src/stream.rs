//! The Arrow C stream interface: batches handed to C, and batches taken from C.
//!
//! The export is our own rather than arrow's, because each callback must catch panics and because get_next returns an
//! `enum error_code` of base/error.h, so that a caller can tell damaged data from a refusing system.

use std::ffi::{c_char, c_int, c_void, CString};

use delta_kernel::arrow::array::{Array, RecordBatch, StructArray};
use delta_kernel::arrow::datatypes::{Schema, SchemaRef};
use delta_kernel::arrow::ffi::{FFI_ArrowArray, FFI_ArrowSchema};
use delta_kernel::arrow::ffi_stream::FFI_ArrowArrayStream;

use crate::error::{caught, Failure, Outcome, OK};

/// Something that yields batches of one schema.
pub trait Batches: Send {
    fn schema(&self) -> SchemaRef;
    fn next(&mut self) -> Outcome<Option<RecordBatch>>;
}

/// `struct ArrowArrayStream`.
#[repr(C)]
pub struct ArrowArrayStream {
    get_schema: Option<unsafe extern "C" fn(*mut ArrowArrayStream, *mut FFI_ArrowSchema) -> c_int>,
    get_next: Option<unsafe extern "C" fn(*mut ArrowArrayStream, *mut FFI_ArrowArray) -> c_int>,
    get_last_error: Option<unsafe extern "C" fn(*mut ArrowArrayStream) -> *const c_char>,
    release: Option<unsafe extern "C" fn(*mut ArrowArrayStream)>,
    private_data: *mut c_void,
}

struct Exported {
    batches: Box<dyn Batches>,
    last_error: CString,
    /// After a failure nothing more may be asked of the batches.
    failed: bool,
}

/// Fills `stream`, which C then releases.
///
/// # Safety
/// `stream` points to memory for a stream, whose contents are overwritten.
pub unsafe fn export(batches: Box<dyn Batches>, stream: *mut ArrowArrayStream) {
    let exported = Box::new(Exported { batches, last_error: CString::default(), failed: false });
    let filled = ArrowArrayStream {
        get_schema: Some(get_schema),
        get_next: Some(get_next),
        get_last_error: Some(get_last_error),
        release: Some(release),
        private_data: Box::into_raw(exported).cast(),
    };
    unsafe { std::ptr::write(stream, filled) };
}

/// Writes the schema's C form to `out`, overwriting what is there.
///
/// # Safety
/// `out` points to memory for a schema.
pub unsafe fn export_schema(schema: &Schema, out: *mut FFI_ArrowSchema) -> Outcome<()> {
    let exported = FFI_ArrowSchema::try_from(schema)
        .map_err(|error| Failure::internal(format!("cannot export a schema: {error}")))?;
    unsafe { std::ptr::write(out, exported) };
    Ok(())
}

unsafe fn exported<'a>(stream: *mut ArrowArrayStream) -> &'a mut Exported {
    unsafe { &mut *(*stream).private_data.cast::<Exported>() }
}

fn settle(exported: &mut Exported, outcome: Outcome<()>) -> c_int {
    match outcome {
        Ok(()) => OK,
        Err(failure) => {
            exported.failed = true;
            exported.last_error = CString::new(failure.message.replace('\0', " ")).unwrap_or_default();
            failure.code
        }
    }
}

unsafe extern "C" fn get_schema(stream: *mut ArrowArrayStream, out: *mut FFI_ArrowSchema) -> c_int {
    let exported = unsafe { exported(stream) };
    let outcome = caught(|| unsafe { export_schema(&exported.batches.schema(), out) });
    settle(exported, outcome)
}

unsafe extern "C" fn get_next(stream: *mut ArrowArrayStream, out: *mut FFI_ArrowArray) -> c_int {
    let exported = unsafe { exported(stream) };
    let outcome = caught(|| {
        if exported.failed {
            return Err(Failure::internal("a stream was read on after it had failed"));
        }
        let array = match exported.batches.next()? {
            Some(batch) => FFI_ArrowArray::new(&StructArray::from(batch).to_data()),
            None => FFI_ArrowArray::empty(),
        };
        unsafe { std::ptr::write(out, array) };
        Ok(())
    });
    settle(exported, outcome)
}

unsafe extern "C" fn get_last_error(stream: *mut ArrowArrayStream) -> *const c_char {
    let exported = unsafe { exported(stream) };
    if exported.failed {
        exported.last_error.as_ptr()
    } else {
        std::ptr::null()
    }
}

unsafe extern "C" fn release(stream: *mut ArrowArrayStream) {
    let stream = unsafe { &mut *stream };
    if !stream.private_data.is_null() {
        let exported = unsafe { Box::from_raw(stream.private_data.cast::<Exported>()) };
        // A panic while dropping is as unwelcome to C as any other.
        let _ = caught(move || {
            drop(exported);
            Ok(())
        });
    }
    stream.private_data = std::ptr::null_mut();
    stream.release = None;
}

/// Takes C's stream: the source is left released, whatever happens afterwards.
///
/// # Safety
/// `stream` points to a valid, unreleased stream.
pub unsafe fn import(stream: *mut ArrowArrayStream) -> FFI_ArrowArrayStream {
    unsafe { FFI_ArrowArrayStream::from_raw(stream.cast()) }
}

/// The schema behind C's borrowed `struct ArrowSchema`.
///
/// # Safety
/// `schema` points to a valid, unreleased schema.
pub unsafe fn import_schema(schema: *const FFI_ArrowSchema) -> Outcome<Schema> {
    Schema::try_from(unsafe { &*schema })
        .map_err(|error| Failure::data(format!("cannot understand the table's schema: {error}; use types Delta has")))
}
