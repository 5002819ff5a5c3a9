#include "generators/contract_writer.h"

#include <strings.h>

#include "base/clock.h"
#include "generators/plain_format.h"
#include "generators/table.h"
#include "generators/table_image.h"

#define ENTITY_ALL UINT32_MAX

/* A column of the flat table. */
struct flat_column {
	const char *column, *type;
	const struct table_attribute *map; /* the attribute lies in this one; NULL: at the top */
	const char *attribute;
	bool unordered, key;
};

typedef void column_writer(const struct flat_column *column, struct buffer *text);

/* Of the entities before this one. */
static bool named_before(const struct table *table, uint32_t entity, const char *name)
{
	for (uint32_t i = 0; i < entity; i++)
		for (uint32_t j = 0; j < table->entities[i].attribute_count; j++)
			if (strcmp(table->entities[i].attributes[j].name, name) == 0)
				return true;
	return false;
}

/* Whether this entity's attribute is what the table takes that name from. */
static bool is_of_table(const struct table *table, uint32_t entity, uint32_t of, const char *name)
{
	return entity == ENTITY_ALL ? !named_before(table, of, name) : entity == of;
}

static void attribute_columns(const struct table_attribute *attribute, const struct table_attribute *map,
			      column_writer *write, struct buffer *text)
{
	const char *type = table_column_type(attribute);

	if (attribute->kind == KIND_MAP && map == NULL) {
		for (uint32_t i = 0; i < attribute->member_count; i++)
			attribute_columns(&attribute->members[i], attribute, write, text);
		return;
	}
	if (type == NULL)
		return;
	struct flat_column column = {
		.column = attribute->column != NULL ? attribute->column : attribute->name,
		.type = type,
		.map = map,
		.attribute = attribute->name,
		.unordered = attribute->kind == KIND_STRINGS || attribute->kind == KIND_NUMBERS ||
			     attribute->kind == KIND_BINARIES,
	};
	write(&column, text);
}

/* Calls `write` for each column of an entity's table, or of the flat table of all of them (ENTITY_ALL), the key's
 * first. */
static void each_column(const struct model *model, uint32_t entity, column_writer *write, struct buffer *text)
{
	const struct model_config *config = &model->config;
	const struct table *table = config->table;

	for (unsigned part = 0; part < model_key_count(model); part++) {
		char type = config->key_type[part];
		const char *name = config->key_name[part];
		const char *spark = type == 'S' ? "string" : type == 'N' ? "decimal(38,0)" : "binary";
		write(&(struct flat_column){.column = name, .type = spark, .attribute = name, .key = true}, text);
	}
	for (uint32_t i = 0; i < table->entity_count; i++) {
		for (uint32_t j = 0; j < table->entities[i].attribute_count; j++) {
			const struct table_attribute *attribute = &table->entities[i].attributes[j];
			if (is_of_table(table, entity, i, attribute->name))
				attribute_columns(attribute, NULL, write, text);
		}
	}
	if (config->ttl_ppm > 0) /* A wild table has TTL values of the wrong type. */
		write(&(struct flat_column){.column = config->ttl_name,
					    .type = config->wild ? "string" : "bigint",
					    .attribute = config->ttl_name},
		      text);
}

static void write_name(struct buffer *yaml, const char *name)
{
	if (model_name_valid(slice_from(name)))
		buffer_append_text(yaml, name);
	else
		buffer_append_json(yaml, slice_from(name));
}

static void write_contract_column(const struct flat_column *column, struct buffer *yaml)
{
	bool plain = model_name_valid(slice_from(column->attribute)) &&
		     (column->map == NULL || model_name_valid(slice_from(column->map->name)));

	buffer_append_text(yaml, "    - {column: ");
	write_name(yaml, column->column);
	buffer_append_text(yaml, plain ? ", attribute: " : ", attribute: [");
	if (column->map != NULL) {
		write_name(yaml, column->map->name);
		buffer_append_text(yaml, plain ? "." : ", ");
	}
	write_name(yaml, column->attribute);
	buffer_printf(yaml, "%s, type: \"%s\"%s}\n", plain ? "" : "]", column->type,
		      column->unordered ? ", unordered: true" : "");
}

static void write_pipeline_column(const struct flat_column *column, struct buffer *text)
{
	buffer_printf(text, "%s %s %s%s%s%s\n", column->column, column->type,
		      column->map != NULL ? column->map->name : "", column->map != NULL ? "." : "", column->attribute,
		      column->key ? " key" : "");
}

int contract_write_pipeline(const struct model *model, struct buffer *text)
{
	each_column(model, ENTITY_ALL, write_pipeline_column, text);
	return text->failed ? ERROR_INTERNAL : 0;
}

static void write_load(const struct model *model, struct buffer *yaml)
{
	buffer_append_text(yaml, ", preset: dms, format: csv, null_text: '" PLAIN_DMS_NULL "', names: [");
	plain_csv_names(model, yaml);
	buffer_append_byte(yaml, ']');
}

static void write_sources(const struct contract_parts *parts, struct buffer *yaml)
{
	char time[CLOCK_TEXT_MAX], until[CLOCK_TEXT_MAX];

	buffer_append_text(yaml, "sources:\n");
	for (unsigned i = 0; i < 3; i++) {
		const struct contract_export *export = &parts->exports[i];
		if (export->folder == NULL)
			continue;
		buffer_append_text(yaml, export->items != NULL ? "  - {items: "
					 : export->dump        ? "  - {rows: "
							       : "  - {export: ");
		buffer_append_json(yaml, slice_from(export->folder));
		if (export->items != NULL)
			buffer_printf(yaml, ", format: %s", export->items);
		else if (export->rows != NULL)
			buffer_printf(yaml, ", %s", export->rows);
		else if (export->dump)
			write_load(parts->model, yaml);
		if (export->dump)
			buffer_printf(yaml, ", from: \"%s\", to: \"%s\", complete: true",
				      clock_format(export->from_us, time), clock_format(export->to_us, until));
		buffer_append_text(yaml, "}\n");
	}
	for (size_t at = 0; at < parts->increments.size;) {
		const char *folder = parts->increments.data + at;
		size_t size = (size_t)((const char *)memchr(folder, '\n', parts->increments.size - at) - folder);
		buffer_append_text(yaml, "  - {export: ");
		buffer_append_json(yaml, (struct slice){folder, size});
		buffer_append_text(yaml, "}\n");
		at += size + 1;
	}
	if (parts->events == NULL)
		return;
	buffer_append_text(yaml, parts->events->rows != 0 ? "  - {rows: events, " : "  - {events: events");
	if (parts->events->rows != 0)
		buffer_append_text(yaml, parts->events->source);
	if (parts->events->names) {
		buffer_append_text(yaml, ", ");
		plain_csv_names(parts->model, yaml);
		buffer_append_byte(yaml, ']');
	}
	if (parts->with_from)
		buffer_printf(yaml, ", from: \"%s\"", clock_format(parts->from_us, time));
	if (parts->with_to)
		buffer_printf(yaml, ", to: \"%s\"", clock_format(parts->to_us, time));
	buffer_append_text(yaml, "}\n");
}

static void ignore(struct buffer *yaml, const char *map, const char *name)
{
	struct buffer path;

	buffer_init(&path, 4096);
	buffer_printf(&path, "%s%s%s", map, map[0] != '\0' ? "." : "", name);
	buffer_append_text(yaml, "    - ");
	buffer_append_json(yaml, buffer_slice(&path));
	buffer_append_byte(yaml, '\n');
	buffer_release(&path);
}

/* What the table leaves out. */
static void write_ignored(const struct model *model, uint32_t entity, const char *indent, struct buffer *yaml)
{
	const struct table *table = model->config.table;
	size_t before = yaml->size;

	buffer_printf(yaml, "%signore_attributes:\n", indent);
	size_t head = yaml->size;
	for (uint32_t i = 0; i < table->entity_count; i++) {
		for (uint32_t j = 0; j < table->entities[i].attribute_count; j++) {
			const struct table_attribute *attribute = &table->entities[i].attributes[j];
			if (!is_of_table(table, entity, i, attribute->name))
				continue;
			for (uint32_t k = 0; k < attribute->member_count; k++)
				if (table_column_type(&attribute->members[k]) == NULL)
					ignore(yaml, attribute->name, attribute->members[k].name);
			if (attribute->kind != KIND_MAP && table_column_type(attribute) == NULL)
				ignore(yaml, "", attribute->name);
		}
	}
	for (unsigned i = 0; model->config.wild && wild_names[i] != NULL; i++)
		ignore(yaml, "", wild_names[i]);
	if (yaml->size == head)
		yaml->size = before;
}

static void write_head(const struct contract_parts *parts, struct buffer *yaml)
{
	const struct model_config *config = &parts->model->config;

	buffer_printf(yaml, "# Written by lakeproof generate.\nversion: 1\ntable: %s\n", config->table->name);
	buffer_append_text(yaml, "key:\n");
	for (unsigned part = 0; part < model_key_count(parts->model); part++)
		buffer_printf(yaml, "  - {attribute: %s, type: %c}\n", config->key_name[part], config->key_type[part]);
	write_sources(parts, yaml);
	if (parts->exports[0].folder == NULL)
		buffer_append_text(yaml, "baseline: none\n");
}

int contract_write(const struct contract_parts *parts, struct buffer *yaml)
{
	const struct model_config *config = &parts->model->config;

	write_head(parts, yaml);
	buffer_append_text(yaml, "lake:\n  delta: lake\n  deletes: absent\n");
	if (config->ttl_ppm > 0)
		buffer_printf(yaml, "  ttl: {attribute: %s, lake: delete}\n", config->ttl_name);
	buffer_append_text(yaml, "  columns:\n");
	each_column(parts->model, ENTITY_ALL, write_contract_column, yaml);
	write_ignored(parts->model, ENTITY_ALL, "  ", yaml);
	return yaml->failed ? ERROR_INTERNAL : 0;
}

/* ---- a table for each entity */

/* What its keys begin with, up to the first placeholder; *whole: there is none. */
static size_t fixed_part(const struct table_entity *entity, unsigned part, bool *whole)
{
	const char *form = part == 0 ? entity->pk : entity->sk;
	size_t size = form == NULL ? 0 : strcspn(form, "{");

	*whole = form != NULL && form[size] == '\0';
	return size;
}

/* Whether one has keys that begin as the other's do, in every part that both have fixed. */
static bool may_meet(const struct model *model, const struct table_entity *a, const struct table_entity *b)
{
	bool whole_a, whole_b, meet = true;

	for (unsigned part = 0; part < model_key_count(model); part++) {
		size_t size_a = fixed_part(a, part, &whole_a), size_b = fixed_part(b, part, &whole_b);
		const char *text_a = part == 0 ? a->pk : a->sk, *text_b = part == 0 ? b->pk : b->sk;
		size_t size = size_a < size_b ? size_a : size_b;
		bool same = size == 0 || memcmp(text_a, text_b, size) == 0;
		same = same && !(whole_a && size_a < size_b) && !(whole_b && size_b < size_a);
		meet = meet && same;
	}
	return meet;
}

bool contract_has_lakes(const struct model *model)
{
	const struct table *table = model->config.table;

	for (uint32_t i = 0; i < table->entity_count; i++) {
		if (!model_name_valid(slice_from(table->entities[i].name)))
			return false;
		for (uint32_t j = 0; j < i; j++)
			if (strcasecmp(table->entities[i].name, table->entities[j].name) == 0 ||
			    may_meet(model, &table->entities[i], &table->entities[j]))
				return false;
	}
	return table->entity_count > 1;
}

static void write_where(const struct model *model, const struct table_entity *entity, struct buffer *yaml)
{
	const char *before = "    where: {all: [";
	bool whole;

	for (unsigned part = 0; part < model_key_count(model); part++) {
		size_t size = fixed_part(entity, part, &whole);
		if (size == 0)
			continue;
		buffer_printf(yaml, "%s{attribute: %s, %s: ", before, model->config.key_name[part],
			      whole ? "eq" : "begins_with");
		buffer_append_json(yaml, (struct slice){part == 0 ? entity->pk : entity->sk, size});
		buffer_append_byte(yaml, '}');
		before = ", ";
	}
	buffer_append_text(yaml, "]}\n");
}

int contract_write_lakes(const struct contract_parts *parts, struct buffer *yaml)
{
	const struct model *model = parts->model;
	const struct model_config *config = &model->config;

	write_head(parts, yaml);
	buffer_append_text(yaml, "lakes:\n");
	for (uint32_t i = 0; i < config->table->entity_count; i++) {
		const struct table_entity *entity = &config->table->entities[i];
		buffer_printf(yaml, "  - name: \"%s\"\n    delta: lakes/%s\n", entity->name, entity->name);
		write_where(model, entity, yaml);
		if (config->ttl_ppm > 0)
			buffer_printf(yaml, "    ttl: {attribute: %s, lake: delete}\n", config->ttl_name);
		buffer_append_text(yaml, "    columns:\n");
		each_column(model, i, write_contract_column, yaml);
		write_ignored(model, i, "    ", yaml);
	}
	return yaml->failed ? ERROR_INTERNAL : 0;
}

int contract_write_lake_pipeline(const struct model *model, uint32_t entity, struct buffer *text)
{
	const struct table_entity *of = &model->config.table->entities[entity];
	bool whole;

	for (unsigned part = 0; part < model_key_count(model); part++) {
		size_t size = fixed_part(of, part, &whole);
		if (size > 0)
			buffer_printf(text, "$only %s %.*s%s\n", model->config.key_name[part], (int)size,
				      part == 0 ? of->pk : of->sk, whole ? "" : "*");
	}
	each_column(model, entity, write_pipeline_column, text);
	return text->failed ? ERROR_INTERNAL : 0;
}
