/* The small parts of the text: scalars, names, values, what an attribute is like, where a file is. */
#include <ctype.h>
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

/* In quotation marks, as JSON and YAML both have it, at most so many characters. */
void writer_quoted(struct buffer *out, struct slice text, size_t limit)
{
	size_t at = 0, size;
	buffer_append_byte(out, '"');
	for (; at < text.size && limit > 0; at += size, limit--) {
		uint32_t code = character(text, at, &size);
		if (code == '"' || code == '\\')
			buffer_append_byte(out, '\\');
		if (is_printable(code))
			buffer_append(out, text.data + at, size);
		else
			buffer_printf(out, "\\u%04x", code);
	}
	buffer_append_text(out, at < text.size ? "…\"" : "\"");
}

/* ${ would be a variable. */
void sketch_scalar(struct buffer *yaml, struct slice text)
{
	struct buffer escaped;
	if (is_plain(text)) {
		buffer_append_slice(yaml, text);
		return;
	}
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
	buffer_printf(writer->yaml, "%s%s%s\n", indent, SKETCH_CHOICE, text);
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
		else if (isdigit((unsigned char)(steps[count]->name.size > 0 ? steps[count]->name.data[0] : 'x')) != 0)
			writer_quoted(writer->yaml, steps[count]->name, SIZE_MAX);
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

/* Relative to the contract's folder where it is below that, else absolute. */
void writer_location(struct writer *writer, const char *path)
{
	char folder[PATH_MAX], whole[PATH_MAX], text[PATH_MAX * 2];
	const char *output = writer->sketch->options->output, *slash = strrchr(output, '/');
	struct slice parent = slash == NULL     ? slice_from(".")
			      : slash == output ? slice_from("/")
						: (struct slice){output, (size_t)(slash - output)};
	(void)snprintf(text, sizeof text, "%.*s", (int)parent.size, parent.data);
	bool known = realpath(text, folder) != NULL && strstr(path, "://") == NULL;
	if (known && realpath(path, whole) == NULL) { /* a glob */
		if (path[0] == '/')
			known = (size_t)snprintf(whole, sizeof whole, "%s", path) < sizeof whole;
		else
			known = getcwd(text, PATH_MAX) != NULL && strlen(text) + strlen(path) + 2 < sizeof whole &&
				snprintf(whole, sizeof whole, "%s/%s", text, path) > 0;
	}
	size_t size = strlen(folder);
	if (!known)
		writer_scalar(writer, path);
	else if (strcmp(whole, folder) == 0)
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
