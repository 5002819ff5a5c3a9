/* The small parts of the text: scalars, names, values, what an attribute is like, where a file is. */
#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>
#include <unistd.h>

#include "reconcile/contract/disclosure.h"
#include "reconcile/sketch/sketch_writer.h"

enum { VALUE_SHOWN = 32 };

/* ---- scalars and comments */

static bool is_plain(struct slice text)
{
	static const char *const words[] = {"true", "false", "null", "yes", "no", "on", "off", "y", "n"};
	if (text.size == 0 || (isalpha((unsigned char)text.data[0]) == 0 && text.data[0] != '_'))
		return false;
	for (size_t i = 0; i < text.size; i++)
		if (isalnum((unsigned char)text.data[i]) == 0 && strchr("_-./", text.data[i]) == NULL)
			return false;
	for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
		if (text.size == strlen(words[i]) && strncasecmp(text.data, words[i], text.size) == 0)
			return false;
	return memchr(text.data, '\0', text.size) == NULL;
}

/* The character that begins at `at`, and its size; 0 for what is no UTF-8. */
static uint32_t character(struct slice text, size_t at, size_t *size)
{
	unsigned char first = (unsigned char)text.data[at];
	size_t more = first < 0x80 ? 0 : first >= 0xF0 ? 3 : first >= 0xE0 ? 2 : 1;
	uint32_t code = more == 0 ? first : first & (0x3FU >> more);
	*size = 1;
	if (at + more >= text.size || (first >= 0x80 && first < 0xC0))
		return more == 0 ? code : 0;
	for (size_t i = 1; i <= more; i++)
		code = code << 6 | ((unsigned char)text.data[at + i] & 0x3FU);
	*size = more + 1;
	return code;
}

/* What YAML does not take as it is, or would take for the end of a line. */
static bool is_printable(uint32_t code)
{
	return (code >= 0x20 && code < 0x7F) || (code >= 0xA0 && code < 0x2028) || (code > 0x2029 && code < 0xD800) ||
	       (code >= 0xE000 && code < 0xFEFF) || (code > 0xFEFF && code < 0xFFFE) ||
	       (code >= 0x10000 && code < 0x110000);
}

/* Returns how many bytes of the first `limit` characters were appended. */
static size_t append_escaped(struct buffer *out, struct slice text, size_t limit, bool quoted)
{
	size_t at = 0, size;
	for (; at < text.size && limit > 0; at += size, limit--) {
		uint32_t code = character(text, at, &size);
		if (quoted && (code == '"' || code == '\\'))
			buffer_append_byte(out, '\\');
		if (is_printable(code))
			buffer_append(out, text.data + at, size);
		else
			buffer_printf(out, "\\u%04x", code);
	}
	return at;
}

/* As JSON and YAML both have it. */
void writer_quoted(struct buffer *out, struct slice text, size_t limit)
{
	buffer_append_byte(out, '"');
	size_t size = append_escaped(out, text, limit, true);
	buffer_append_text(out, size < text.size ? "…\"" : "\"");
}

void writer_words(struct writer *writer, const char *text)
{
	(void)append_escaped(writer->yaml, slice_from(text), SIZE_MAX, false);
}

/* ${ would be a variable. */
static void append_scalar(struct buffer *yaml, struct slice text)
{
	struct buffer escaped;
	buffer_init(&escaped, text.size * 2 + 2);
	for (size_t i = 0; i < text.size; i++) {
		if (text.data[i] == '$' && i + 1 < text.size && text.data[i + 1] == '{')
			buffer_append_byte(&escaped, '$');
		buffer_append_byte(&escaped, text.data[i]);
	}
	writer_quoted(yaml, buffer_slice(&escaped), SIZE_MAX);
	yaml->failed = yaml->failed || escaped.failed;
	buffer_release(&escaped);
}

void sketch_scalar(struct buffer *yaml, struct slice text)
{
	if (is_plain(text))
		buffer_append_slice(yaml, text);
	else
		append_scalar(yaml, text);
}

void writer_scalar(struct writer *writer, const char *text)
{
	sketch_scalar(writer->yaml, slice_from(text));
}

/* A name within a comment. */
void writer_name(struct writer *writer, struct slice name)
{
	writer_quoted(writer->yaml, name, 80);
}

void writer_choice(struct writer *writer, const char *indent, const char *text)
{
	buffer_printf(writer->yaml, "%s%s", indent, SKETCH_CHOICE);
	writer_words(writer, text);
	buffer_append_byte(writer->yaml, '\n');
}

void writer_value(struct writer *writer, struct slice value, bool text)
{
	struct buffer json;
	bool hidden;
	buffer_init(&json, value.size * 6 + 64);
	bool full = writer->sketch->options->values_full;
	if (text)
		writer_quoted(&json, value, full ? VALUE_SHOWN : SIZE_MAX);
	else
		buffer_append(&json, value.data, full && value.size > VALUE_SHOWN ? VALUE_SHOWN : value.size);
	if (disclosure_value(NULL, full, false, buffer_slice(&json), false, 0, writer->yaml, &hidden) != 0 ||
	    json.failed)
		writer->yaml->failed = true;
	buffer_release(&json);
}

/* ---- what an attribute is like */

static void append_share(struct writer *writer, uint64_t count, uint64_t of)
{
	if (count >= of || of == 0)
		return;
	uint64_t percent = count * 100 / of;
	if (percent == 0)
		buffer_append_text(writer->yaml, ", in less than 1% of items");
	else
		buffer_printf(writer->yaml, ", in %" PRIu64 "%% of items", percent);
}

static uint64_t items_under(const struct shape *shape)
{
	while (shape->parent != NULL)
		shape = shape->parent;
	return shape->count;
}

/* S, NULL, in 55% of items; "a", "b" */
void writer_describe(struct writer *writer, const struct shape *shape)
{
	const char *before = "";
	for (int tag = TAG_S; tag < SHAPE_TAGS; tag++) {
		if (shape->tags[tag] == 0)
			continue;
		buffer_printf(writer->yaml, "%s%s", before, value_tag_name((enum value_tag)tag));
		before = ", ";
	}
	append_share(writer, shape->count, items_under(shape));
	int shown = writer->sketch->options->values_full ? SHAPE_SAMPLES : 1;
	for (int i = 0; i < shown && shape->sample_tags[i] != TAG_NONE; i++) {
		buffer_append_text(writer->yaml, i == 0 ? "; " : ", ");
		writer_value(writer, shape->samples[i], shape->sample_tags[i] == TAG_S);
	}
}

static bool dotted(struct slice name)
{
	for (size_t i = 0; i < name.size; i++)
		if (isalnum((unsigned char)name.data[i]) == 0 && strchr("_-", name.data[i]) == NULL)
			return false;
	return name.size > 0 && memchr(name.data, '\0', name.size) == NULL;
}

/* addr.street, or ["a.b", c] where a name holds dots or the like. */
void writer_path(struct writer *writer, const struct shape *shape)
{
	const struct shape *steps[SHAPE_DEPTH_MAX + 2];
	size_t count = 0;
	bool plain = true;
	struct buffer path;
	for (; shape->parent != NULL; shape = shape->parent) {
		plain = plain && dotted(shape->name);
		steps[count++] = shape;
	}
	buffer_init(&path, (size_t)1 << 20);
	buffer_append_text(plain ? &path : writer->yaml, plain ? "" : "[");
	while (count-- > 0) {
		if (plain)
			buffer_append_slice(&path, steps[count]->name);
		else
			sketch_scalar(writer->yaml, steps[count]->name);
		if (count > 0)
			buffer_append_text(plain ? &path : writer->yaml, plain ? "." : ", ");
	}
	if (plain)
		sketch_scalar(writer->yaml, buffer_slice(&path));
	else
		buffer_append_byte(writer->yaml, ']');
	writer->yaml->failed = writer->yaml->failed || path.failed;
	buffer_release(&path);
}

/* ---- paths of files */

/* What is not there may be a glob, which stays as it is. False: it cannot be known. */
static bool whole_path(const char *path, char whole[PATH_MAX])
{
	char folder[PATH_MAX];
	if (realpath(path, whole) != NULL)
		return true;
	if (errno != ENOENT && errno != ENOTDIR)
		return false;
	if (path[0] == '/')
		return snprintf(whole, PATH_MAX, "%s", path) < PATH_MAX;
	return getcwd(folder, sizeof folder) != NULL && strlen(folder) + strlen(path) + 2 < PATH_MAX &&
	       snprintf(whole, PATH_MAX, "%s/%s", folder, path) > 0;
}

void writer_location(struct writer *writer, const char *path)
{
	char folder[PATH_MAX], whole[PATH_MAX], text[PATH_MAX];
	const char *output = writer->sketch->options->output, *slash = strrchr(output, '/');
	struct slice parent = slash == NULL     ? slice_from(".")
			      : slash == output ? slice_from("/")
						: (struct slice){output, (size_t)(slash - output)};
	if (strstr(path, "://") != NULL) {
		writer_scalar(writer, path);
		return;
	}
	if (snprintf(text, sizeof text, "%.*s", (int)parent.size, parent.data) >= (int)sizeof text ||
	    !whole_path(text, folder) || !whole_path(path, whole)) {
		writer->yaml->failed = true;
		return;
	}
	size_t size = strlen(folder);
	if (strcmp(whole, folder) == 0)
		writer_scalar(writer, ".");
	else if (strncmp(whole, folder, size) == 0 && whole[size] == '/')
		writer_scalar(writer, whole + size + 1);
	else
		writer_scalar(writer, whole);
}

/* Each line becomes a comment. */
void writer_comment(struct writer *writer, struct slice text)
{
	while (text.size > 0) {
		const char *end = memchr(text.data, '\n', text.size);
		size_t size = end != NULL ? (size_t)(end - text.data) + 1 : text.size;
		buffer_append_text(writer->yaml, "# ");
		buffer_append(writer->yaml, text.data, size);
		text.data += size;
		text.size -= size;
	}
}
