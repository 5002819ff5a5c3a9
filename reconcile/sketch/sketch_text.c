/* The contract's text, but for its lakes. */
#include <ctype.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/schema.h"
#include "reconcile/sketch/sketch_writer.h"

/* ---- head, key and sources */

static bool schema_is_beside(const char *output)
{
	char path[PATH_MAX];
	const char *slash = strrchr(output, '/');
	int size = slash != NULL ? (int)(slash - output) + 1 : 0;
	return snprintf(path, sizeof path, "%.*scontract.schema.json", size, output) < (int)sizeof path &&
	       access(path, R_OK) == 0;
}

static void write_head(struct writer *writer)
{
	const struct sample *sample = &writer->sketch->sample;
	if (schema_is_beside(writer->sketch->options->output))
		buffer_append_text(writer->yaml, "# yaml-language-server: $schema=contract.schema.json\n");
	buffer_printf(
		writer->yaml,
		"# A first draft by lakeproof init: what %zu records were like, which proves nothing of the others.\n"
		"# Lines with CHOOSE want a decision. docs/contract.md says what each key means.\n"
		"version: 1\n",
		sample->record_count);
	if (sample->another != NULL) {
		buffer_append_text(writer->yaml, SKETCH_CHOICE "these sources are of several tables: also ");
		writer_name(writer, slice_from(sample->another));
		buffer_append_byte(writer->yaml, '\n');
	}
	if (sample->table == NULL)
		writer_choice(writer, "", "no source says the table's name; it is for reports alone");
	buffer_append_text(writer->yaml, "table: ");
	writer_scalar(writer, sample->table != NULL ? sample->table : "table");
	buffer_append_byte(writer->yaml, '\n');
}

static void write_key(struct writer *writer)
{
	const struct sketch_key *key = &writer->sketch->key;
	if (key->doubt != NULL)
		writer_choice(writer, "", key->doubt);
	if (key->order_doubt != NULL)
		writer_choice(writer, "", key->order_doubt);
	buffer_append_text(writer->yaml, "key:\n");
	for (uint32_t part = 0; part < key->count; part++) {
		const struct shape *shape = shape_find(writer->sketch->root, slice_from(key->name[part]));
		buffer_append_text(writer->yaml, "  - {attribute: ");
		writer_scalar(writer, key->name[part]);
		buffer_printf(writer->yaml, ", type: %c}", key->type[part]);
		if (shape != NULL) {
			buffer_append_text(writer->yaml, "  # ");
			writer_describe(writer, shape);
		}
		buffer_append_byte(writer->yaml, '\n');
	}
}

static void write_export(struct writer *writer, const struct sample_source *source)
{
	uint32_t full = source->exports - source->increments;
	buffer_append_text(writer->yaml, "  # ");
	if (full > 0)
		buffer_printf(writer->yaml, "%" PRIu32 " full %s", full, full == 1 ? "export" : "exports");
	if (source->increments > 0)
		buffer_printf(writer->yaml, "%s%" PRIu32 " incremental %s", full > 0 ? " and " : "", source->increments,
			      source->increments == 1 ? "export" : "exports");
	buffer_printf(writer->yaml, " in %s, %" PRIu64 " files\n  - {export: ", source->ion ? "Ion" : "DynamoDB JSON",
		      source->files);
	writer_location(writer, source->path);
	buffer_append_text(writer->yaml, "}\n");
}

static void write_events(struct writer *writer, const struct sample_source *source)
{
	char lo[CLOCK_TEXT_MAX], hi[CLOCK_TEXT_MAX];
	buffer_printf(writer->yaml, "  # change records of %s, %" PRIu64 " files",
		      source->kinesis == 0                 ? "DynamoDB Streams"
		      : source->kinesis == source->records ? "Kinesis Data Streams"
							   : "DynamoDB Streams and of Kinesis Data Streams",
		      source->files);
	if (source->time_lo_us <= source->time_hi_us)
		buffer_printf(writer->yaml, "; those seen are from %s to %s", clock_format(source->time_lo_us, lo),
			      clock_format(source->time_hi_us, hi));
	buffer_append_text(
		writer->yaml,
		"\n  # from: and to: say when the capture began and ended, if its records alone do not show that; "
		"independent: true,\n  # if they were not captured by the pipeline under test\n  - {events: ");
	writer_location(writer, source->path);
	buffer_append_text(writer->yaml, "}\n");
}

/* The widest interval is true of any dump, and proves least. */
static void write_items(struct writer *writer, const struct sample_source *source)
{
	char now[CLOCK_TEXT_MAX];
	int64_t now_us = writer->sketch->now_us / CLOCK_SECOND_US * CLOCK_SECOND_US + CLOCK_SECOND_US;
	buffer_printf(writer->yaml, "  # a dump of the table's items, %" PRIu64 " files\n", source->files);
	writer_choice(writer, "  ",
		      "when did its reading begin and end? This interval is wide enough to be true, and too wide to "
		      "prove much");
	writer_choice(writer, "  ", "add complete: true, if it holds every item that was there all the time");
	buffer_append_text(writer->yaml, "  - {items: ");
	writer_location(writer, source->path);
	buffer_printf(writer->yaml, "%s, from: \"1970-01-01T00:00:00Z\", to: \"%s\"}\n",
		      source->emr ? ", format: emr" : "", clock_format(now_us, now));
}

static void write_sources(struct writer *writer)
{
	const struct sample *sample = &writer->sketch->sample;
	bool snapshot = false;
	buffer_append_text(writer->yaml, "sources:\n");
	for (uint32_t i = 0; i < sample->source_count; i++) {
		const struct sample_source *source = &sample->sources[i];
		snapshot = snapshot || source->kind == SOURCE_ITEMS || source->exports > source->increments;
		if (source->unreadable > 0)
			buffer_printf(writer->yaml,
				      "  " SKETCH_CHOICE "%" PRIu64
				      " %s could not be read; lakeproof reconcile says why\n",
				      source->unreadable,
				      source->unreadable == 1 ? "record or file" : "records or files");
		if (source->kind == SOURCE_EXPORT)
			write_export(writer, source);
		else if (source->kind == SOURCE_EVENTS)
			write_events(writer, source);
		else
			write_items(writer, source);
	}
	if (!snapshot)
		writer_choice(
			writer, "",
			"no source says what the table held before the first change: add a full export, or baseline: "
			"empty, if it held nothing");
}

/* ---- without a table: what one could be like */

static const char *likely_type(const struct shape *shape, char text[32])
{
	int scale = shape->scale_max > 18 ? 18 : shape->scale_max;
	switch (shape_tag(shape)) {
	case TAG_N:
		if (shape->whole == shape->tags[TAG_N])
			return shape->integer_digits_max <= 18 ? "bigint" : "decimal(38,0)";
		(void)snprintf(text, 32, "decimal(38,%d)", scale);
		return text;
	case TAG_BOOL:
		return "boolean";
	case TAG_B:
		return "binary";
	case TAG_SS:
		return "array<string>";
	default:
		return "string";
	}
}

static bool is_key(const struct sketch *sketch, struct slice name)
{
	for (uint32_t part = 0; part < sketch->key.count; part++)
		if (slice_is(name, sketch->key.name[part]))
			return true;
	return false;
}

static void write_likely_columns(struct writer *writer, const struct shape *root)
{
	char text[32];
	buffer_printf(writer->yaml, "%scolumns:\n", writer->indent);
	for (const struct shape *child = root->children; child != NULL; child = child->sibling) {
		enum value_tag tag = shape_tag(child);
		if (writer->sketch->kinds.count > 0 && is_key(writer->sketch, child->name)) /* `key` has it */
			continue;
		buffer_printf(writer->yaml, "%s  - {column: ", writer->indent);
		sketch_scalar(writer->yaml, child->name);
		buffer_append_text(writer->yaml, ", attribute: ");
		writer_path(writer, child);
		buffer_append_text(writer->yaml, ", type: ");
		writer_scalar(writer, likely_type(child, text));
		buffer_append_text(writer->yaml, tag == TAG_M || tag == TAG_L || tag == TAG_NS || tag == TAG_BS
							 ? ", as: dynamodb_json}  # "
						 : tag == TAG_SS ? ", unordered: true}  # "
								 : "}  # ");
		writer_describe(writer, child);
		buffer_append_byte(writer->yaml, '\n');
	}
}

static void write_likely_key(struct writer *writer, const struct kind *kind)
{
	buffer_printf(writer->yaml, "%skey:\n", writer->indent);
	for (uint32_t part = 0; part < writer->sketch->key.count; part++) {
		if (kind->part[part].form == PART_WORD)
			continue;
		char name[KIND_NAME_MAX];
		size_t size = 0;
		for (size_t i = 0; i < kind->part[part].text.size && size + 1 < sizeof name; i++)
			if (isalnum((unsigned char)kind->part[part].text.data[i]) != 0)
				name[size++] = (char)tolower((unsigned char)kind->part[part].text.data[i]);
		name[size] = '\0';
		buffer_printf(writer->yaml, "%s  - {column: ", writer->indent);
		if (size > 0)
			buffer_printf(writer->yaml, "%s_id", name);
		else
			writer_scalar(writer, writer->sketch->key.name[part]);
		buffer_append_text(writer->yaml, ", attribute: ");
		writer_scalar(writer, writer->sketch->key.name[part]);
		if (kind->part[part].form == PART_PREFIX)
			writer_extract(writer, kind->part[part].text);
		buffer_append_text(writer->yaml, "}\n");
	}
}

static void write_likely(struct writer *writer)
{
	const struct sketch *sketch = writer->sketch;
	struct buffer lakes, *yaml = writer->yaml;
	buffer_init(&lakes, SCHEMA_FILE_MAX);
	writer_choice(writer, "",
		      "no Delta table was given: --lake TABLE, or a folder of tables. Or fill in what follows");
	if (sketch->kinds.count > 0)
		writer_choice(
			writer, "",
			"keys begin with what the items are, as in single-table design: one table for each kind?");
	writer->yaml = &lakes;
	writer->indent = sketch->kinds.count > 0 ? "    " : "  ";
	buffer_append_text(&lakes, sketch->kinds.count > 0 ? "lakes:\n" : "lake:\n");
	for (uint32_t i = 0; i < sketch->kinds.count; i++) {
		const struct kind *kind = &sketch->kinds.kind[i];
		buffer_printf(&lakes, "  - name: %s\n    delta: %s\n", kind->name, kind->name);
		writer_where(writer, kind);
		write_likely_key(writer, kind);
		writer_ttl(writer);
		write_likely_columns(writer, kind->shape);
	}
	if (sketch->kinds.count == 0) {
		buffer_append_text(&lakes, "  delta: lake\n  deletes: absent\n");
		writer_ttl(writer);
		write_likely_columns(writer, sketch->root);
	}
	writer->yaml = yaml;
	writer_comment(writer, buffer_slice(&lakes));
	yaml->failed = yaml->failed || lakes.failed;
	buffer_release(&lakes);
}

int sketch_text(const struct sketch *sketch, struct buffer *yaml, struct error *error)
{
	struct writer writer = {.sketch = sketch, .yaml = yaml, .indent = "  "};
	write_head(&writer);
	write_key(&writer);
	write_sources(&writer);
	if (sketch->lake_count > 0)
		writer_lakes(&writer);
	else
		write_likely(&writer);
	return yaml->failed ? error_set(error, ERROR_INTERNAL, "out of memory for the contract, or it is beyond 4 MiB")
			    : 0;
}
