//! The structures of `bridge/read.h` and `base/error.h`, laid out as C sees them.
//!
//! Pointers in `Info`, `File` and `Version` borrow from the Rust object that owns them (see `Text`), which lives until
//! the table is closed.

use std::ffi::{c_char, c_int, CStr, CString};

/// `ERROR_MESSAGE_MAX` in base/error.h.
pub const ERROR_MESSAGE_MAX: usize = 1000;

/// `struct error`.
#[repr(C)]
pub struct Error {
    pub code: c_int,
    pub message: [c_char; ERROR_MESSAGE_MAX],
}

/// `struct bridge_info`.
#[repr(C)]
pub struct Info {
    pub version: i64,
    pub commit_time_ms: i64,
    pub table_id: *const c_char,
    pub schema_json: *const c_char,
    pub features: *const c_char,
    pub partition_columns: *const c_char,
    pub file_count: u64,
    pub rows_physical: i64,
    pub rows_deleted: i64,
}

/// `struct bridge_file`.
#[repr(C)]
pub struct File {
    pub path: *const c_char,
    pub size_bytes: u64,
    pub modification_time_ms: i64,
    pub rows_physical: i64,
    pub rows_deleted: i64,
    pub deletion_vector: *const c_char,
    pub partition_values: *const c_char,
}

/// `struct bridge_version`.
#[repr(C)]
pub struct Version {
    pub version: i64,
    pub commit_time_ms: i64,
    pub operation: *const c_char,
}

/// Owns the texts that structures above point to. Growing the vector moves the `CString`s but not their bytes.
#[derive(Default)]
pub struct Text(Vec<CString>);

impl Text {
    /// The text as C wants it, valid as long as `self`; cut at a NUL byte, which no Delta name may hold.
    pub fn keep(&mut self, text: &str) -> *const c_char {
        let end = text.find('\0').unwrap_or(text.len());
        let owned = CString::new(&text[..end]).unwrap_or_default();
        let pointer = owned.as_ptr();
        self.0.push(owned);
        pointer
    }
}

/// A C string as Rust text.
///
/// # Safety
/// `text` is NULL or a NUL-terminated string that outlives the result.
pub unsafe fn text_from_c<'a>(text: *const c_char) -> Option<&'a str> {
    if text.is_null() {
        return None;
    }
    unsafe { CStr::from_ptr(text) }.to_str().ok()
}
