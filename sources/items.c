#include "sources/items.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "sources/events.h"
#include "sources/members.h"
#include "sources/pass.h"

/* ---- items */

static enum decode_status unreadable(char remark[REMARK_SIZE], const char *text)
{
	(void)snprintf(remark, REMARK_SIZE, "%s", text);
	return DECODE_UNREADABLE;
}

/* Index of the item: the value of a record's only member Item, or the record itself. An item that consists of a key
 * attribute called Item has a string behind its type tag, where a wrapped item has an object behind a name. */
static uint32_t item_of(const struct json_token *tokens)
{
	if (tokens[0].count != 1 || !slice_is(json_text(&tokens[1]), "Item") || tokens[2].type != JSON_OBJECT)
		return 0;
	return tokens[2].count == 0 || tokens[4].type == JSON_OBJECT ? 2 : 0;
}

/* Whether its type tags are as EMR writes them, told by the first. */
static bool has_lower_tags(const struct json_token *tokens, uint32_t item)
{
	if (tokens[item + 2].count == 0)
		return false;
	struct slice tag = json_text(&tokens[item + 3]);
	return tag.size > 0 && tag.data[0] >= 'a' && tag.data[0] <= 'z';
}

static const char *what_it_is(const struct json_token *tokens)
{
	if (json_member(tokens, 0, "dynamodb") != 0 || json_member(tokens, 0, "rawData") != 0)
		return "a change record, not an item: name its file as 'events:' in the contract";
	if (json_member(tokens, 0, "exportArn") != 0 || json_member(tokens, 0, "dataFileS3Key") != 0)
		return "a manifest of an export, not an item: name its folder as 'export:' in the contract";
	return "no item: an attribute's value is no object {\"S\":…}";
}

static enum decode_status decode(const struct json_token *tokens, struct record *record, enum items_format format,
				 char remark[REMARK_SIZE])
{
	if (tokens[0].type != JSON_OBJECT)
		return unreadable(remark, "no item: expected an object");
	uint32_t item = item_of(tokens);
	if (tokens[item].count == 0)
		return unreadable(remark, "an item without attributes; dump it again");
	for (uint32_t i = item + 1; i < tokens[item].next; i = tokens[i + 1].next)
		if (tokens[i + 1].type != JSON_OBJECT)
			return unreadable(remark, what_it_is(tokens));
	bool lower = has_lower_tags(tokens, item);
	if (format == ITEMS_EMR && !lower)
		return unreadable(remark,
				  "an item with upper-case type tags, not as EMR writes it: its source's format "
				  "is scan, or none");
	if (format == ITEMS_SCAN && lower)
		return unreadable(remark, "an item with lower-case type tags, not as a scan returns it: its source's "
					  "format is emr, or none");
	record->kind = RECORD_ITEM;
	record->keys = item;
	record->after_image = item;
	record->after = STATE_IMAGE;
	return DECODE_OK;
}

static enum decode_status decode_any(const struct json_token *tokens, struct record *record, char remark[REMARK_SIZE])
{
	return decode(tokens, record, ITEMS_AUTO, remark);
}

static enum decode_status decode_emr(const struct json_token *tokens, struct record *record, char remark[REMARK_SIZE])
{
	return decode(tokens, record, ITEMS_EMR, remark);
}

static enum decode_status decode_scan(const struct json_token *tokens, struct record *record, char remark[REMARK_SIZE])
{
	return decode(tokens, record, ITEMS_SCAN, remark);
}

/* ---- pages */

enum { PAGE_COUNT, PAGE_SCANNED, PAGE_LAST_KEY, PAGE_NEXT_TOKEN, PAGE_MEMBERS };
static const struct member_name page_names[PAGE_MEMBERS] = {
	MEMBER_NAME("Count"),
	MEMBER_NAME("ScannedCount"),
	MEMBER_NAME("LastEvaluatedKey"),
	MEMBER_NAME("NextToken"),
};

/* -1 for what is no count. */
static int64_t count_of(const struct json_token *token)
{
	int64_t value = 0;
	if (token->type != JSON_NUMBER || token->size > 18)
		return -1;
	for (uint32_t i = 0; i < token->size; i++) {
		if ((unsigned char)(token->text[i] - '0') > 9)
			return -1;
		value = value * 10 + (token->text[i] - '0');
	}
	return value;
}

static struct page_check check_page(const struct json_token *tokens, uint64_t items)
{
	uint32_t values[PAGE_MEMBERS];
	struct slice repeated = members_lookup(tokens, 0, page_names, PAGE_MEMBERS, values);
	uint32_t last_key = values[PAGE_LAST_KEY];
	struct page_check check = {
		.more = values[PAGE_NEXT_TOKEN] != 0 ||
			(last_key != 0 && !(tokens[last_key].type == JSON_OBJECT && tokens[last_key].count == 0))};
	int64_t count = values[PAGE_COUNT] != 0 ? count_of(&tokens[values[PAGE_COUNT]]) : (int64_t)items;
	int64_t scanned = values[PAGE_SCANNED] != 0 ? count_of(&tokens[values[PAGE_SCANNED]]) : count;
	if (repeated.data != NULL)
		check.wrong = "a member of a page is there twice; scan again";
	else if (count < 0 || (uint64_t)count != items)
		check.wrong = "a page's Count is not the number of its Items; scan again";
	else if (scanned != count)
		check.wrong = "a page's ScannedCount is not its Count, so the scan had a filter and is not the whole "
			      "table; scan without one";
	return check;
}

/* ---- files */

static const char EMPTY_SCAN[] =
	"the file is empty, as a scan that failed leaves it: scan again, or remove it if there was nothing to scan; "
	"of a dump by EMR, which may write such files, say format: emr";

static struct pass pass_of(enum items_format format)
{
	switch (format) {
	case ITEMS_EMR:
		return (struct pass){.decode = decode_emr, .line = scan_hive_line, .open = unwrap_hive};
	case ITEMS_SCAN:
		return (struct pass){.decode = decode_scan, .page = check_page, .empty = EMPTY_SCAN};
	case ITEMS_AUTO:
		break;
	}
	return (struct pass){.decode = decode_any,
			     .page = check_page,
			     .empty = EMPTY_SCAN,
			     .line = scan_hive_line,
			     .open = unwrap_hive};
}

int items_read_file(const char *path, enum items_format format, struct json_parser *parser,
		    const struct record_sink *sink, struct file_result *result, struct error *error)
{
	struct pass pass = pass_of(format);
	pass.path = path;
	pass.parser = parser;
	pass.sink = sink;
	return pass_run(&pass, result, NULL, error);
}

int items_reread(const char *path, enum items_format format, const uint64_t *numbers, size_t count,
		 struct json_parser *parser, const struct record_sink *sink, struct error *error)
{
	struct pass pass = pass_of(format);
	struct file_result result;
	if (count == 0)
		return 0;
	pass.path = path;
	pass.parser = parser;
	pass.sink = sink;
	pass.numbers = numbers;
	pass.number_count = count;
	return pass_run(&pass, &result, NULL, error);
}

/* ---- EMR's manifest */

static const char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');
	return slash != NULL ? slash + 1 : path;
}

struct manifest_check {
	const char *path;
	const struct record_sink *sink;
	uint64_t missing;
};

/* An entry's file, looked for beside the manifest: where the dump was written to is where it came from. */
static int check_entry(struct manifest_check *check, struct slice url, struct error *error)
{
	char message[400];
	char *path = NULL;
	struct stat status;
	while (url.size > 0 && url.data[url.size - 1] == '/')
		url.size--;
	const char *slash = url.size > 0 ? memrchr(url.data, '/', url.size) : NULL;
	struct slice name = url;
	if (slash != NULL)
		name = (struct slice){slash + 1, url.size - (size_t)(slash + 1 - url.data)};
	int folder = (int)(base_name(check->path) - check->path);
	if (asprintf(&path, "%.*s%.*s", folder, check->path, (int)name.size, name.data != NULL ? name.data : "") < 0)
		return error_set(error, ERROR_INTERNAL, "out of memory");
	bool there = name.size > 0 && stat(path, &status) == 0;
	free(path);
	if (there)
		return 0;
	check->missing++;
	(void)snprintf(message, sizeof(message), "the manifest's file '%.*s' is not here; copy it into this folder",
		       url.size < 200 ? (int)url.size : 200, url.data != NULL ? url.data : "");
	const struct problem problem = {.id = "export.missing", .path = check->path, .message = message};
	return pass_report(check->sink, &problem, error);
}

static int check_entries(struct manifest_check *check, const struct json_token *tokens, struct error *error)
{
	uint32_t entries = tokens[0].type == JSON_OBJECT ? json_member(tokens, 0, "entries") : 0;
	int code = 0;
	if (entries == 0 || tokens[entries].type != JSON_ARRAY) {
		check->missing++;
		const struct problem problem = {
			.id = "export.missing",
			.path = check->path,
			.message = "no manifest of an EMR export: which files there should be is not known"};
		return pass_report(check->sink, &problem, error);
	}
	for (uint32_t i = entries + 1; i < tokens[entries].next && code == 0; i = tokens[i].next) {
		uint32_t url = tokens[i].type == JSON_OBJECT ? json_member(tokens, i, "url") : 0;
		code = check_entry(check, url != 0 ? json_text(&tokens[url]) : (struct slice){NULL, 0}, error);
	}
	return code;
}

/* A manifest that cannot be parsed is an empty one to check_entries. */
static int check_manifest(struct manifest_check *check, struct error *error)
{
	static const struct json_token nothing[1] = {{.type = JSON_NULL, .next = 1}};
	struct gzip_reader *file = NULL;
	struct frame_reader *frames = NULL;
	struct frame frame;
	const struct json_token *tokens = nothing;
	size_t count;
	struct json_failure failure;
	struct json_parser *parser = json_parser_new(RECORD_SIZE_MAX);
	int code = parser == NULL ? error_set(error, ERROR_INTERNAL, "out of memory")
				  : gzip_open(check->path, false, &file, error);
	if (code == 0) {
		frames = frame_open(byte_source_gzip(file), FRAME_WINDOW, true);
		code = frames == NULL ? error_set(error, ERROR_INTERNAL, "out of memory")
				      : frame_next(frames, &frame, error);
	}
	if (code == 0 && frame.kind == FRAME_RECORD && !json_parse(parser, frame.bytes, &tokens, &count, &failure))
		tokens = nothing;
	if (code == 0 || code == ERROR_IO)
		code = check_entries(check, tokens, error);
	frame_close(frames);
	gzip_close(file);
	json_parser_free(parser);
	return code;
}

int items_list(const char *path, const struct record_sink *sink, char ***files, size_t *count, uint64_t *missing,
	       struct error *error)
{
	size_t kept = 0;
	*missing = 0;
	int code = events_list(path, files, count, error);
	if (code != 0)
		return code;
	for (size_t i = 0; i < *count; i++) {
		struct manifest_check check = {.path = (*files)[i], .sink = sink};
		if (strcmp(base_name(check.path), "manifest") != 0) {
			(*files)[kept++] = (*files)[i];
			continue;
		}
		if (code == 0)
			code = check_manifest(&check, error);
		*missing += check.missing;
		free((*files)[i]);
	}
	const struct problem problem = {.id = "export.missing",
					.path = path,
					.message = "the dump holds no file: nothing is known by it, not even that the "
						   "table held nothing"};
	if (code == 0 && kept == 0)
		code = pass_report(sink, &problem, error);
	*count = kept;
	if (code != 0) {
		events_list_free(*files, *count);
		*files = NULL;
		*count = 0;
	}
	return code;
}
