//! What the log says of itself, held against what was read from it: a log that was cut, garbled or copied in part must
//! not pass for a smaller table.
//!
//! The kernel skips actions it does not know and a commit file without any, as the protocol lets it, and does not look
//! at a version's checksum file (VNUMBER.crc, "Version Checksum File" in the Delta protocol) to check what it listed.

use std::collections::HashMap;

use delta_kernel::{FileMeta, Snapshot};
use serde::de::IgnoredAny;
use serde_json::Value;

use crate::engine::Core;
use crate::error::{Failure, Outcome};
use crate::table::{commits, FileEntry, LOG_REMEDY};

/// Every action of the Delta protocol, checkpoints' own included.
const ACTIONS: [&str; 10] = [
    "add",
    "cdc",
    "checkpointMetadata",
    "commitInfo",
    "domainMetadata",
    "metaData",
    "protocol",
    "remove",
    "sidecar",
    "txn",
];

/// Every commit that the snapshot is made of, after its checkpoint, holds known actions and nothing else.
pub fn check_commits(core: &Core, snapshot: &Snapshot) -> Outcome<()> {
    for commit in &snapshot.log_segment().listed.ascending_commit_files {
        check_commit(core, commit.version, &commit.location)?;
    }
    Ok(())
}

/// The same of every commit file there is, up to a version; for finding what is wrong with a log that cannot be opened.
pub fn check_all_commits(core: &Core, version: i64) -> Outcome<()> {
    for (number, file) in commits(core)?.into_iter().rev() {
        if version < 0 || number <= version {
            check_commit(core, number.unsigned_abs(), &file)?;
        }
    }
    Ok(())
}

fn check_commit(core: &Core, version: u64, file: &FileMeta) -> Outcome<()> {
    let what = format!("read version {version} of the log of table \"{}\"", core.path);
    let bytes = core.read(&file.location).map_err(|error| Failure::kernel(&error, &what, LOG_REMEDY))?;
    let odd = |why: String| Failure::data(format!("cannot {what}: {why}; {LOG_REMEDY}"));
    let mut actions = 0_usize;
    for (number, line) in bytes.split(|byte| *byte == b'\n').enumerate() {
        if line.iter().all(u8::is_ascii_whitespace) {
            continue;
        }
        let action = serde_json::from_slice::<HashMap<String, IgnoredAny>>(line);
        let action = action.map_err(|error| odd(format!("line {} is no JSON object ({error})", number + 1)))?;
        if let Some(unknown) = action.keys().find(|name| !ACTIONS.contains(&name.as_str())) {
            return Err(odd(format!("line {} holds \"{unknown}\", which is no action of Delta's", number + 1)));
        }
        actions += action.len();
    }
    if actions == 0 {
        return Err(odd("it holds no actions, as if it had been cut".into()));
    }
    Ok(())
}

/// The snapshot's files are those that its version's checksum file counted, if there is one that can be read.
pub fn check_checksum(core: &Core, snapshot: &Snapshot, entries: &[FileEntry]) -> Outcome<()> {
    let version = snapshot.version();
    let newest = snapshot.log_segment().listed.latest_crc_file.as_ref();
    let Some(file) = newest.filter(|file| file.version == version) else { return Ok(()) };
    let Ok(bytes) = core.read(&file.location.location) else { return Ok(()) };
    let Ok(checksum) = serde_json::from_slice::<Value>(&bytes) else { return Ok(()) };
    let deleted = entries.iter().map(FileEntry::rows_deleted).sum::<i64>();
    for (name, noun, listed) in [
        ("numFiles", "files", i64::try_from(entries.len()).unwrap_or(i64::MAX)),
        ("tableSizeBytes", "bytes", entries.iter().map(|entry| entry.size_bytes).sum()),
        ("numDeletedRecordsOpt", "deleted rows", deleted),
    ] {
        if let Some(counted) = checksum.get(name).and_then(Value::as_i64).filter(|counted| *counted != listed) {
            return Err(Failure::data(format!(
                "the log of table \"{}\" lists {listed} {noun} at version {version} where {version:020}.crc counted \
                 {counted}; {LOG_REMEDY}, or remove the .crc file if that is what is wrong",
                core.path
            )));
        }
    }
    Ok(())
}

/// With a commit coordinator the newest commits may be known only to it, so what looks like the latest version may not
/// be; a version asked for by number is what it is.
pub fn refuse_coordinated(core: &Core, snapshot: &Snapshot) -> Outcome<()> {
    const COORDINATOR: &str = "delta.coordinatedCommits.commitCoordinator";
    let properties = snapshot.table_configuration().metadata().configuration();
    if properties.iter().any(|(name, value)| name.starts_with(COORDINATOR) && !value.is_empty()) {
        return Err(Failure::data(format!(
            "cannot open the latest version of table \"{}\": it has coordinated commits, whose newest are known only \
             to their coordinator; publish them and give the version's number",
            core.path
        )));
    }
    Ok(())
}
