#include "scenarios/pipelines/embedded/landing.h"

#include <ctype.h>
#include <dirent.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "base/gzip.h"

enum { FOLDER_DEPTH_MAX = 32, READ_SIZE = 1 << 18 };
#define FILE_SIZE_MAX ((size_t)4 << 30)

/* ---- listing */

static int list_add(char ***files, size_t *count, const char *path, struct error *error)
{
	char **grown = realloc(*files, (*count + 1) * sizeof(**files));
	if (grown == NULL)
		return error_set(error, ERROR_INTERNAL, "out of memory for the list of files");
	*files = grown;
	grown[*count] = strdup(path);
	if (grown[*count] == NULL)
		return error_set(error, ERROR_INTERNAL, "out of memory for the list of files");
	++*count;
	return 0;
}

static int list_folder(const char *path, int depth, char ***files, size_t *count, struct error *error)
{
	if (depth > FOLDER_DEPTH_MAX)
		return error_set(error, ERROR_DATA, "\"%s\" is nested too deep; is there a link to itself?", path);
	DIR *folder = opendir(path);
	if (folder == NULL)
		return error_system(error, "cannot list \"%s\"", path);
	int code = 0;
	for (struct dirent *entry = readdir(folder); code == 0 && entry != NULL; entry = readdir(folder)) {
		if (entry->d_name[0] == '.' || entry->d_name[0] == '_' || strcmp(entry->d_name, "faults.jsonl") == 0)
			continue;
		size_t size = strlen(path) + strlen(entry->d_name) + 2;
		char *child = malloc(size);
		struct stat status;
		if (child == NULL) {
			code = error_set(error, ERROR_INTERNAL, "out of memory for the list of files");
			break;
		}
		snprintf(child, size, "%s/%s", path, entry->d_name);
		if (stat(child, &status) != 0)
			code = error_system(error, "cannot look at \"%s\"", child);
		else if (S_ISDIR(status.st_mode))
			code = list_folder(child, depth + 1, files, count, error);
		else
			code = list_add(files, count, child, error);
		free(child);
	}
	closedir(folder);
	return code;
}

static int path_order(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

int landing_list(const char *path, char ***files, size_t *count, struct error *error)
{
	struct stat status;
	if (stat(path, &status) != 0)
		return error_system(error, "cannot look at \"%s\"", path);
	int code = S_ISDIR(status.st_mode) ? list_folder(path, 0, files, count, error)
					   : list_add(files, count, path, error);
	if (code == 0 && *count > 1)
		qsort(*files, *count, sizeof(**files), path_order);
	return code;
}

void landing_list_free(char **files, size_t count)
{
	for (size_t i = 0; i < count; i++)
		free(files[i]);
	free(files);
}

/* ---- reading */

int landing_read(const char *path, struct buffer *bytes, struct error *error)
{
	struct gzip_reader *reader = NULL;
	enum gzip_status status = GZIP_MORE;
	int code = gzip_open(path, false, &reader, error);
	while (code == 0 && status == GZIP_MORE) {
		size_t size = 0;
		if (buffer_reserve(bytes, READ_SIZE + JSON_PADDING) != 0)
			code = error_set(error, ERROR_INTERNAL, "\"%s\" does not fit into memory; split it", path);
		else
			code = gzip_read(reader, bytes->data + bytes->size, READ_SIZE, &size, &status, error);
		if (code == 0)
			bytes->size += size;
	}
	gzip_close(reader);
	if (code == 0 && status != GZIP_END)
		code = error_set(error, ERROR_DATA, "\"%s\" is %s; fetch it again", path,
				 status == GZIP_TRUNCATED ? "cut short" : "damaged");
	if (code == 0)
		memset(bytes->data + bytes->size, 0, JSON_PADDING);
	return code;
}

/* ---- framing */

/* Past the end of the JSON object or array that starts at `at`, or 0 when it does not end. */
static size_t document_end(struct slice text, size_t at)
{
	size_t depth = 0;
	bool quoted = false;
	for (; at < text.size; at++) {
		char c = text.data[at];
		if (quoted) {
			if (c == '\n') /* never inside a string: the document was cut */
				return 0;
			if (c == '\\')
				at++;
			else if (c == '"')
				quoted = false;
		} else if (c == '"') {
			quoted = true;
		} else if (c == '{' || c == '[') {
			depth++;
		} else if (c == '}' || c == ']') {
			if (--depth == 0)
				return at + 1;
		}
	}
	return 0;
}

static size_t line_end(struct slice text, size_t at)
{
	while (at < text.size && text.data[at] != '\n')
		at++;
	return at;
}

/* Where the next document begins: past white space and a byte order mark. */
static size_t document_start(struct slice text, size_t at)
{
	if (at == 0 && text.size >= 3 && memcmp(text.data, "\xef\xbb\xbf", 3) == 0)
		at = 3;
	while (at < text.size && isspace((unsigned char)text.data[at]))
		at++;
	return at;
}

struct walk {
	const struct landing_sink *sink;
	struct bug_set bugs;
	const char *path;
	struct json_parser *parser;
	size_t document; /* where the present document begins in the file */
	bool loses_last; /* the bug last-record-lost, in the file's last document */
};

static int deliver(struct walk *walk, const struct json_token *tokens, uint32_t root, struct slice document,
		   struct error *error)
{
	size_t start = tokens[root].offset;
	struct slice text = {document.data + start, document_end(document, start) - start};
	return walk->sink->record(walk->sink->context, tokens, root, walk->document + start, text, error);
}

static int poisoned(const struct walk *walk, size_t offset, const char *reason, struct slice text, struct error *error)
{
	return walk->sink->poison(walk->sink->context, walk->path, offset, reason, text, error);
}

static int deliver_all(struct walk *walk, const struct json_token *tokens, uint32_t array, struct slice document,
		       struct error *error)
{
	int code = 0;
	uint32_t end = tokens[array].next;
	for (uint32_t i = array + 1; code == 0 && i < end; i = tokens[i].next) {
		bool lost = walk->loses_last && tokens[i].next == end;
		if (lost)
			continue;
		if (tokens[i].type == JSON_OBJECT)
			code = deliver(walk, tokens, i, document, error);
		else
			code = poisoned(walk, walk->document + tokens[i].offset, "no object, so no record",
					json_text(&tokens[i]), error);
	}
	return code;
}

static int deliver_document(struct walk *walk, const struct json_token *tokens, struct slice document,
			    struct error *error)
{
	if (tokens[0].type == JSON_ARRAY)
		return deliver_all(walk, tokens, 0, document, error);
	uint32_t records = json_member(tokens, 0, "Records");
	if (records != 0 && tokens[records].type == JSON_ARRAY)
		return deliver_all(walk, tokens, records, document, error);
	return walk->loses_last ? 0 : deliver(walk, tokens, 0, document, error);
}

static int walk_text(struct walk *walk, struct slice text, struct error *error)
{
	int code = 0;
	for (size_t at = document_start(text, 0); code == 0 && at < text.size; at = document_start(text, at)) {
		bool opens = text.data[at] == '{' || text.data[at] == '[';
		size_t end = opens ? document_end(text, at) : 0;
		if (end == 0) {
			end = line_end(text, at);
			code = poisoned(walk, at, opens ? "the document does not end" : "no JSON document begins here",
					(struct slice){text.data + at, end - at}, error);
			at = end;
			continue;
		}
		struct slice document = {text.data + at, end - at};
		walk->document = at;
		const struct json_token *tokens;
		size_t count;
		struct json_failure failure;
		walk->loses_last = bugs_has(walk->bugs, BUG_LAST_RECORD_LOST) && document_start(text, end) == text.size;
		if (json_parse(walk->parser, document, &tokens, &count, &failure)) {
			code = deliver_document(walk, tokens, document, error);
		} else {
			/* What is damaged may have swallowed good lines: go on at the next one. */
			size_t line = line_end(text, at);
			end = line < end ? line : end;
			document.size = end - at;
			code = poisoned(walk, at + failure.offset, failure.reason, document, error);
		}
		at = bugs_has(walk->bugs, BUG_FIRST_OF_LINE) ? line_end(text, end) : end;
	}
	return code;
}

int landing_records(const char *path, struct json_parser *parser, struct bug_set bugs, const struct landing_sink *sink,
		    struct error *error)
{
	struct buffer bytes;
	buffer_init(&bytes, FILE_SIZE_MAX);
	struct walk walk = {.sink = sink, .bugs = bugs, .path = path, .parser = parser};
	int code = landing_read(path, &bytes, error);
	if (code == 0)
		code = walk_text(&walk, buffer_slice(&bytes), error);
	buffer_release(&bytes);
	return code;
}
