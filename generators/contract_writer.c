#include "generators/contract_writer.h"

#include "base/clock.h"
#include "generators/table.h"
#include "generators/table_image.h"

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

/* Calls `write` for each column of the flat table, the key's first; all entities go into one table. */
static void each_column(const struct model *model, column_writer *write, struct buffer *text)
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
			if (!named_before(table, i, attribute->name))
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
	each_column(model, write_pipeline_column, text);
	return text->failed ? ERROR_INTERNAL : 0;
}

static void write_sources(const struct contract_parts *parts, struct buffer *yaml)
{
	char time[CLOCK_TEXT_MAX];

	buffer_append_text(yaml, "sources:\n");
	for (unsigned i = 0; i < 3; i++) {
		if (parts->exports[i] == NULL)
			continue;
		buffer_append_text(yaml, "  - {export: ");
		buffer_append_json(yaml, slice_from(parts->exports[i]));
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
	if (!parts->events)
		return;
	buffer_append_text(yaml, "  - {events: events");
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

/* What the flat table leaves out. */
static void write_ignored(const struct model *model, struct buffer *yaml)
{
	const struct table *table = model->config.table;
	size_t before = yaml->size;

	buffer_append_text(yaml, "  ignore_attributes:\n");
	size_t head = yaml->size;
	for (uint32_t i = 0; i < table->entity_count; i++) {
		for (uint32_t j = 0; j < table->entities[i].attribute_count; j++) {
			const struct table_attribute *attribute = &table->entities[i].attributes[j];
			if (named_before(table, i, attribute->name))
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

int contract_write(const struct contract_parts *parts, struct buffer *yaml)
{
	const struct model_config *config = &parts->model->config;

	buffer_printf(yaml, "# Written by lakeproof generate.\nversion: 1\ntable: %s\n", config->table->name);
	buffer_append_text(yaml, "key:\n");
	for (unsigned part = 0; part < model_key_count(parts->model); part++)
		buffer_printf(yaml, "  - {attribute: %s, type: %c}\n", config->key_name[part], config->key_type[part]);
	write_sources(parts, yaml);
	if (parts->exports[0] == NULL)
		buffer_append_text(yaml, "baseline: none\n");
	buffer_append_text(yaml, "lake:\n  delta: lake\n  deletes: absent\n");
	if (config->ttl_ppm > 0)
		buffer_printf(yaml, "  ttl: {attribute: %s, lake: delete}\n", config->ttl_name);
	buffer_append_text(yaml, "  columns:\n");
	each_column(parts->model, write_contract_column, yaml);
	write_ignored(parts->model, yaml);
	return yaml->failed ? ERROR_INTERNAL : 0;
}
