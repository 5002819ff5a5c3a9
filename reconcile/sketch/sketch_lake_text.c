/* The text of lakes: which items, their key, their columns, what is left out. */
#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <strings.h>

#include "base/schema.h"
#include "reconcile/sketch/sketch_writer.h"

enum { BY_NAME_MIN = 40, LAKE_NAME_MAX = 64 };

/* ---- conditions and keys of lakes */

static void append_condition(struct writer *writer, const struct kind *kind, uint32_t part)
{
	bool word = kind->part[part].form == PART_WORD;
	buffer_append_text(writer->yaml, "{attribute: ");
	writer_scalar(writer, writer->sketch->key.name[part]);
	buffer_append_text(writer->yaml, word ? ", eq: " : ", begins_with: ");
	writer_quoted(writer->yaml, kind->part[part].text, SIZE_MAX);
	buffer_append_byte(writer->yaml, '}');
}

void writer_where(struct writer *writer, const struct kind *kind)
{
	uint32_t count = 0, at = 0;
	for (uint32_t part = 0; part < writer->sketch->key.count; part++) {
		count += kind->decides[part];
		if (!kind->part[part].nested)
			continue;
		buffer_printf(writer->yaml, "%s" SKETCH_CHOICE "behind %.*s some values of ", writer->indent,
			      (int)kind->part[part].text.size, kind->part[part].text.data);
		writer_name(writer, slice_from(writer->sketch->key.name[part]));
		buffer_append_text(writer->yaml, " have further parts: are these items of another kind?\n");
	}
	buffer_printf(writer->yaml, "%swhere: %s", writer->indent, count > 1 ? "{all: [" : "");
	for (uint32_t part = 0; part < writer->sketch->key.count; part++) {
		if (!kind->decides[part])
			continue;
		buffer_append_text(writer->yaml, at++ > 0 ? ", " : "");
		append_condition(writer, kind, part);
	}
	buffer_printf(writer->yaml, "%s  # %" PRIu64 " of the records seen\n", count > 1 ? "]}" : "", kind->count);
}

/* "^CUST#(.+)$" */
void writer_extract(struct writer *writer, struct slice prefix)
{
	buffer_append_text(writer->yaml, ", extract: \"^");
	for (size_t i = 0; i < prefix.size; i++) {
		if (prefix.data[i] == '|')
			buffer_append_text(writer->yaml, "[|]");
		else
			buffer_append_byte(writer->yaml, prefix.data[i]);
	}
	buffer_append_text(writer->yaml, "(.+)$\"");
}

static void write_lake_key(struct writer *writer, const struct sketch_lake *lake)
{
	const struct sketch_key *key = &writer->sketch->key;
	if (lake->key_count == 0)
		return;
	for (uint32_t i = 0; i < lake->key_count; i++)
		if (lake->key[i].choice != NULL) {
			buffer_printf(writer->yaml, "%s" SKETCH_CHOICE, writer->indent);
			writer_name(writer, slice_from(lake->key[i].column));
			buffer_printf(writer->yaml, " is taken for a part of the key %s\n", lake->key[i].choice);
		}
	if (lake->keyless > 0)
		buffer_printf(writer->yaml,
			      "%s" SKETCH_CHOICE "of %" PRIu64 " items seen no key of a row can be made so\n",
			      writer->indent, lake->keyless);
	buffer_printf(writer->yaml, "%skey:\n", writer->indent);
	for (uint32_t i = 0; i < lake->key_count; i++) {
		buffer_printf(writer->yaml, "%s  - {column: ", writer->indent);
		writer_scalar(writer, lake->key[i].column);
		buffer_append_text(writer->yaml, ", attribute: ");
		writer_scalar(writer, key->name[lake->key[i].part]);
		if (lake->key[i].extracts && lake->kind != NULL)
			writer_extract(writer, lake->kind->part[lake->key[i].part].text);
		buffer_append_text(writer->yaml, "}\n");
	}
}

/* ---- time to live */

static bool sounds_like_ttl(struct slice name)
{
	static const char *const words[] = {"ttl", "expire", "expiry", "expiration", "expires"};
	char text[128];
	size_t size = name.size < sizeof text - 1 ? name.size : sizeof text - 1;
	for (size_t i = 0; i < size; i++)
		text[i] = (char)tolower((unsigned char)name.data[i]);
	text[size] = '\0';
	for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
		if (strstr(text, words[i]) != NULL)
			return true;
	return false;
}

/* Once, for the first lake. */
static void ttl_choices(struct writer *writer, uint64_t by_ttl, bool several)
{
	if (writer->ttl_told)
		return;
	writer->ttl_told = true;
	if (by_ttl > 0)
		buffer_printf(writer->yaml,
			      "%s" SKETCH_CHOICE "TTL removed %" PRIu64
			      " of the items seen: their rows go (delete) or stay (keep)?\n",
			      writer->indent, by_ttl);
	else
		writer_choice(writer, writer->indent,
			      "rows of items that TTL removed go (delete) or stay (keep)? And is this the "
			      "table's TTL attribute?");
	if (several)
		writer_choice(writer, writer->indent, "other attributes look like the table's TTL too");
}

void writer_ttl(struct writer *writer)
{
	const struct shape *found = NULL;
	uint64_t by_ttl = 0;
	bool several = false;
	for (const struct shape *child = writer->sketch->root->children; child != NULL; child = child->sibling) {
		if (!sounds_like_ttl(child->name) || child->tags[TAG_N] == 0 ||
		    child->epoch_s * 10 < child->tags[TAG_N] * 9)
			continue;
		several = several || found != NULL;
		found = found == NULL ? child : found;
	}
	for (uint32_t i = 0; i < writer->sketch->sample.source_count; i++)
		by_ttl += writer->sketch->sample.sources[i].by_ttl;
	if (found == NULL && by_ttl == 0)
		return;
	ttl_choices(writer, by_ttl, several);
	buffer_printf(writer->yaml, "%sttl: ", writer->indent);
	if (found == NULL) {
		buffer_append_text(writer->yaml, "delete\n");
		return;
	}
	buffer_append_text(writer->yaml, "{attribute: ");
	sketch_scalar(writer->yaml, found->name);
	buffer_append_text(writer->yaml, ", lake: delete}\n");
}

/* ---- columns */

static const char *type_text(const struct sketch_column *column, char text[COLUMN_TYPE_TEXT_MAX])
{
	return column->type == NULL ? "" : column_type_text(column->type, text, COLUMN_TYPE_TEXT_MAX);
}

static void writer_type(struct writer *writer, const struct sketch_column *column)
{
	char text[COLUMN_TYPE_TEXT_MAX];
	if (type_text(column, text)[0] == '\0' || strlen(text) + 1 >= sizeof text)
		return;
	buffer_append_text(writer->yaml, ", type: ");
	writer_scalar(writer, text);
}

static void column_choice(struct writer *writer, const struct sketch_column *column, const char *text)
{
	buffer_printf(writer->yaml, "%s  " SKETCH_CHOICE, writer->indent);
	writer_name(writer, slice_from(column->name));
	buffer_append_text(writer->yaml, ": ");
	writer_words(writer, text);
	buffer_append_byte(writer->yaml, '\n');
}

static void write_open_column(struct writer *writer, const struct sketch_column *column, const struct match *match)
{
	column_choice(writer, column, match->why);
	buffer_printf(writer->yaml, "%s  # - {column: ", writer->indent);
	writer_scalar(writer, column->name);
	buffer_append_text(writer->yaml, ", attribute: ");
	if (match->shape != NULL)
		writer_path(writer, match->shape);
	else
		buffer_append_byte(writer->yaml, '?');
	writer_type(writer, column);
	buffer_append_byte(writer->yaml, '}');
	for (uint32_t i = 0; i < column->value_count && i < 2; i++) {
		buffer_append_text(writer->yaml, i == 0 ? "  # the table has " : ", ");
		writer_value(writer, column->values[i], column->type != NULL && column->type->kind == COLUMN_STRING);
	}
	buffer_append_byte(writer->yaml, '\n');
}

static void write_column(struct writer *writer, const struct sketch_lake *lake, uint32_t index)
{
	const struct sketch_column *column = &lake->table->columns[index];
	const struct match *match = &lake->matches[index];
	char text[1200];
	if (match->choice != NULL)
		column_choice(writer, column, match->choice);
	if (lake->misfits[index] > 0) {
		(void)snprintf(text, sizeof text, "%" PRIu64 " items seen hold what it cannot (%.1000s)",
			       lake->misfits[index], lake->misfit_texts[index]);
		column_choice(writer, column, text);
	}
	buffer_printf(writer->yaml, "%s  - {column: ", writer->indent);
	writer_scalar(writer, column->name);
	if (match->kind == MATCH_ATTRIBUTE) {
		buffer_append_text(writer->yaml, ", attribute: ");
		writer_path(writer, match->shape);
	}
	writer_type(writer, column);
	if (match->as != NULL)
		buffer_printf(writer->yaml, ", as: %s", match->as);
	if (match->from != NULL)
		buffer_printf(writer->yaml, ", from: %s", match->from);
	buffer_printf(writer->yaml, "%s}  # ", match->unordered ? ", unordered: true" : "");
	if (match->kind == MATCH_ATTRIBUTE)
		writer_describe(writer, match->shape);
	if (match->note != NULL)
		buffer_printf(writer->yaml, "%s%s", match->kind == MATCH_ATTRIBUTE ? "; " : "", match->note);
	buffer_append_byte(writer->yaml, '\n');
}

/* What its name alone says all of. */
static bool is_by_name(const struct writer *writer, const struct sketch_lake *lake, uint32_t index, bool snake)
{
	const struct match *match = &lake->matches[index];
	if (match->kind != MATCH_ATTRIBUTE || !(snake ? match->snake : match->exact) || match->as != NULL ||
	    match->from != NULL || match->unordered || match->choice != NULL || lake->misfits[index] > 0)
		return false;
	for (uint32_t part = 0; part < writer->sketch->key.count; part++)
		if (slice_is(match->shape->name, writer->sketch->key.name[part]))
			return false;
	return true;
}

/* Wide tables; not where a column is open, which would be mapped by name in silence. */
static bool goes_by_name(const struct writer *writer, const struct sketch_lake *lake, bool *snake)
{
	uint32_t exact = 0, folded = 0;
	for (uint32_t i = 0; i < lake->table->column_count; i++) {
		if (lake->matches[i].kind == MATCH_NONE)
			return false;
		exact += is_by_name(writer, lake, i, false);
		folded += is_by_name(writer, lake, i, true);
	}
	*snake = folded > exact;
	return (*snake ? folded : exact) >= BY_NAME_MIN;
}

static void write_columns(struct writer *writer, const struct sketch_lake *lake)
{
	bool snake = false, by_name = goes_by_name(writer, lake, &snake), any = false;
	if (by_name)
		buffer_printf(writer->yaml,
			      "%s# each column that is not listed is compared with the attribute of its name\n"
			      "%scolumns_by_name: {case: %s}\n",
			      writer->indent, writer->indent, snake ? "snake" : "exact");
	size_t before = writer->yaml->size;
	buffer_printf(writer->yaml, "%scolumns:\n", writer->indent);
	for (uint32_t i = 0; i < lake->table->column_count; i++) {
		const struct match *match = &lake->matches[i];
		if (match->kind == MATCH_NONE)
			write_open_column(writer, &lake->table->columns[i], match);
		if ((match->kind != MATCH_ATTRIBUTE && match->kind != MATCH_ITEM) ||
		    (by_name && is_by_name(writer, lake, i, snake)))
			continue;
		write_column(writer, lake, i);
		any = true;
	}
	if (!any)
		writer->yaml->size = before;
}

static void write_ignored(struct writer *writer, const struct sketch_lake *lake)
{
	bool any = false;
	for (uint32_t i = 0; i < lake->table->column_count; i++) {
		if (lake->matches[i].kind != MATCH_IGNORE)
			continue;
		if (!any) {
			writer_choice(writer, writer->indent,
				      "these look like the pipeline's own; what is ignored is not compared");
			buffer_printf(writer->yaml, "%signore:\n", writer->indent);
		}
		any = true;
		buffer_printf(writer->yaml, "%s  - ", writer->indent);
		writer_scalar(writer, lake->table->columns[i].name);
		buffer_append_byte(writer->yaml, '\n');
	}
}

static void write_left(struct writer *writer, const struct sketch_lake *lake)
{
	bool any = false;
	for (uint64_t i = 0; i < lake->left_count; i++) {
		const char *name = lake->left[i].name;
		if (strcmp(name, "…") == 0) {
			writer_choice(writer, writer->indent,
				      "there are more attributes that no column takes than are listed here");
			continue;
		}
		if (!any) {
			writer_choice(writer, writer->indent,
				      "no column takes these attributes; what is ignored is not compared. Should "
				      "the table have them?");
			buffer_printf(writer->yaml, "%signore_attributes:\n", writer->indent);
		}
		any = true;
		const struct shape *shape = shape_find(lake->root, slice_from(name));
		buffer_printf(writer->yaml, "%s  - ", writer->indent);
		writer_scalar(writer, name);
		buffer_append_text(writer->yaml, "  # ");
		if (shape != NULL)
			writer_describe(writer, shape);
		else
			buffer_printf(writer->yaml, "in %" PRIu64 " items seen", lake->left[i].count);
		if (strpbrk(name, "*?") != NULL)
			buffer_append_text(writer->yaml, "; * and ? stand for other names too");
		buffer_append_byte(writer->yaml, '\n');
	}
}

/* ---- lakes */

static void write_deletes(struct writer *writer, const struct sketch_lake *lake)
{
	for (uint32_t i = 0; i < lake->table->column_count; i++) {
		if (lake->matches[i].kind != MATCH_DELETES)
			continue;
		writer_choice(writer, writer->indent,
			      "does this column mark rows of deleted items? What such rows hold is not compared");
		buffer_printf(writer->yaml, "%sdeletes: {column: ", writer->indent);
		writer_scalar(writer, lake->table->columns[i].name);
		buffer_append_text(writer->yaml, "}\n");
		return;
	}
	buffer_printf(writer->yaml, "%sdeletes: absent  # a deleted item has no row\n", writer->indent);
}

static void write_lake_name(struct writer *writer, uint32_t index)
{
	const struct sketch *sketch = writer->sketch;
	char name[LAKE_NAME_MAX - 8];
	size_t size = 0;
	for (const char *at = sketch->lakes[index].table->name; *at != '\0' && size + 1 < sizeof name; at++)
		name[size++] = isalnum((unsigned char)*at) != 0 || strchr("_-.", *at) != NULL ? *at : '_';
	name[size] = '\0';
	bool fits = size > 0 && isalnum((unsigned char)name[0]) != 0;
	for (uint32_t i = 0; i < sketch->lake_count; i++)
		fits = fits && (i == index || strcasecmp(sketch->lakes[i].table->name, name) != 0);
	if (fits)
		buffer_printf(writer->yaml, "  - name: \"%s\"\n", name);
	else
		buffer_printf(writer->yaml, "  - name: lake_%" PRIu32 "_%s\n", index + 1, name);
}

static void write_lake(struct writer *writer, uint32_t index, bool several)
{
	const struct sketch_lake *lake = &writer->sketch->lakes[index];
	if (several)
		write_lake_name(writer, index);
	writer->indent = several ? "    " : "  ";
	buffer_printf(writer->yaml, "%sdelta: ", writer->indent);
	writer_location(writer, lake->table->path);
	buffer_append_byte(writer->yaml, '\n');
	if (lake->choice != NULL)
		writer_choice(writer, writer->indent, lake->choice);
	if (lake->kind != NULL)
		writer_where(writer, lake->kind);
	write_lake_key(writer, lake);
	write_deletes(writer, lake);
	writer_ttl(writer);
	write_columns(writer, lake);
	write_ignored(writer, lake);
	write_left(writer, lake);
}

/* A lake that cannot be judged as it is stays a comment. */
static void write_broken(struct writer *writer, uint32_t index, bool several)
{
	struct buffer lake, *yaml = writer->yaml;
	buffer_init(&lake, SCHEMA_FILE_MAX);
	buffer_append_text(yaml, SKETCH_CHOICE "table ");
	writer_name(writer, slice_from(writer->sketch->lakes[index].table->name));
	buffer_append_text(yaml, ": ");
	writer_words(writer, writer->sketch->lakes[index].broken);
	buffer_append_byte(yaml, '\n');
	writer->yaml = &lake;
	if (!several)
		buffer_append_text(&lake, "lake:\n");
	write_lake(writer, index, several);
	writer->yaml = yaml;
	writer_comment(writer, buffer_slice(&lake));
	yaml->failed = yaml->failed || lake.failed;
	buffer_release(&lake);
}

static void write_unrouted(struct writer *writer)
{
	const struct sketch *sketch = writer->sketch;
	for (uint32_t i = 0; i < sketch->kinds.count; i++) {
		const struct kind *kind = &sketch->kinds.kind[i];
		uint32_t takers = 0;
		for (uint32_t j = 0; j < sketch->lake_count; j++)
			takers += sketch->lakes[j].broken == NULL &&
				  (sketch->lakes[j].kind == kind || sketch->lakes[j].kind == NULL);
		if (takers == 0)
			buffer_printf(writer->yaml,
				      SKETCH_CHOICE "no table takes the items of kind %s (%" PRIu64
						    " of the records seen): they are counted as item.unrouted\n",
				      kind->name, kind->count);
	}
}

void writer_lakes(struct writer *writer)
{
	const struct sketch *sketch = writer->sketch;
	bool any = false;
	for (uint32_t i = 0; i < sketch->lake_count; i++)
		any = any || sketch->lakes[i].broken == NULL;
	if (any)
		buffer_append_text(writer->yaml, sketch->several ? "lakes:\n" : "lake:\n");
	for (uint32_t i = 0; i < sketch->lake_count; i++)
		if (sketch->lakes[i].broken == NULL)
			write_lake(writer, i, sketch->several);
	if (!any && sketch->several)
		buffer_append_text(writer->yaml, "# lakes:\n");
	for (uint32_t i = 0; i < sketch->lake_count; i++)
		if (sketch->lakes[i].broken != NULL)
			write_broken(writer, i, sketch->several);
	if (any)
		write_unrouted(writer);
}
