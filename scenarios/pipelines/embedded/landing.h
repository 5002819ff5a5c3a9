/* landing - files as they lie in the landing folder, and the documents in them.
 *
 * Files are taken in the order of their paths; hidden ones, names that start with "_" and faults.jsonl are not data. A
 * file is JSON lines, documents one after the other without newlines, arrays of records, or {"Records":[…]} envelopes,
 * their records plain or in base64; or CSV (csv.h); plain or gzip. It is read whole: the files of one batch are small.
 *
 * What cannot be read is not dropped silently: it is handed to `poison`, and reading goes on after it. */
#ifndef LAKEPROOF_PIPELINE_LANDING_H
#define LAKEPROOF_PIPELINE_LANDING_H

#include "base/buffer.h"
#include "base/error.h"
#include "base/json.h"
#include "scenarios/pipelines/embedded/bugs.h"

struct landing_file {
	const char *path;
	const char *md5; /* what it must be, base64; NULL: not told */
	int64_t items;   /* how many documents it must hold; -1: not told */
};

struct landing_sink {
	void *context;
	/* One record (or one export line): its tokens, the root at index `root`, its place in the file and its text. */
	int (*record)(void *context, const struct json_token *tokens, uint32_t root, size_t offset, struct slice text,
		      struct error *error);
	int (*poison)(void *context, const char *path, size_t offset, const char *reason, struct error *error);
};

/* `path` is a file or a folder searched to any depth; the list is appended to. Free with landing_list_free. */
int landing_list(const char *path, char ***files, size_t *count, struct error *error) MUST_USE;
void landing_list_free(char **files, size_t count);
/* The file's bytes, unpacked, with JSON_PADDING zero bytes after them. ERROR_DATA when gzip is damaged or the MD5 is
 * another. */
int landing_read(const struct landing_file *file, struct bug_set bugs, struct buffer *bytes,
		 struct error *error) MUST_USE;
/* All records in a file's bytes, which JSON_PADDING follow; the path is for messages. */
int landing_walk(const char *path, struct slice bytes, struct json_parser *parser, struct bug_set bugs,
		 const struct landing_sink *sink, struct error *error) MUST_USE;
/* Both, of a file that is no event file: bugs in the reading of those do not reach it. */
int landing_records(const struct landing_file *file, struct json_parser *parser, struct bug_set bugs,
		    const struct landing_sink *sink, struct error *error) MUST_USE;

#endif
