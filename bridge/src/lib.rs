//! The bridge between Delta Kernel and ion-rs and the C program: `bridge/read.h` and `bridge/write.h`.
//!
//! Rust delivers rows and commits files; everything that decides whether two values are equal is in C. One module per
//! concern:
//!
//! - `abi`: the structures shared with C, field by field as in the headers.
//! - `error`: kernel errors to an exit code and one line of text.
//! - `engine`: the runtime, the object store and the kernel's engine of one table.
//! - `ion`: lines of Ion text to lines of DynamoDB JSON.
//! - `json`: JSON text as it grows.
//! - `cells`: Arrow values as JSON.
//! - `lines`: rows as lines of it.
//! - `log`: the log held against what it says of itself.
//! - `table`: opening a table, its facts, its files, its history.
//! - `rows`: the rows of one file.
//! - `parquet`: decoding that file.
//! - `stream`: the Arrow C stream interface, in both directions.
//! - `write`: creating tables, commits, checkpoints.
//! - `plain`: writing Parquet files of no table.
//!
//! Every function with a C name runs inside `error::guarded`, which turns a panic into `ERROR_INTERNAL`: unwinding must
//! not cross the interface.

mod abi;
mod cells;
mod engine;
mod error;
mod ion;
mod json;
mod lines;
mod log;
mod parquet;
mod plain;
mod rows;
mod stream;
mod table;
mod write;
