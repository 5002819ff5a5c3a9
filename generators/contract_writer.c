#include "generators/contract_writer.h"

#include "base/clock.h"
#include "generators/preset.h"

/* Calls `write` for each column of the flat table, the key's first. */
static void each_column(const struct model *model,
			void (*write)(const struct preset_column *column, bool key, struct buffer *text),
			struct buffer *text)
{
	const struct model_config *config = &model->config;

	for (unsigned part = 0; part < model_key_count(model); part++) {
		char type = config->key_type[part];
		const char *name = config->key_name[part];
		struct preset_column column = {name, name, NULL, false};
		column.type = type == 'S' ? "string" : type == 'N' ? "decimal(38,0)" : "binary";
		write(&column, true, text);
	}
	for (const struct preset_column *column = config->preset->columns; column->column != NULL; column++)
		write(column, false, text);
	if (config->ttl_ppm > 0) {
		/* A wild table has TTL values of the wrong type. */
		struct preset_column ttl = {TTL_ATTRIBUTE, TTL_ATTRIBUTE, config->wild ? "string" : "bigint", false};
		write(&ttl, false, text);
	}
}

static void write_contract_column(const struct preset_column *column, bool key, struct buffer *yaml)
{
	(void)key;
	buffer_printf(yaml, "    - {column: %s, attribute: %s, type: \"%s\"%s}\n", column->column, column->attribute,
		      column->type, column->unordered ? ", unordered: true" : "");
}

static void write_pipeline_column(const struct preset_column *column, bool key, struct buffer *text)
{
	buffer_printf(text, "%s %s %s%s\n", column->column, column->type, column->attribute, key ? " key" : "");
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
	for (unsigned i = 0; i < 2; i++) {
		if (parts->exports[i] == NULL)
			continue;
		buffer_append_text(yaml, "  - {export: ");
		buffer_append_json(yaml, slice_from(parts->exports[i]));
		buffer_append_text(yaml, "}\n");
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

static void write_ignored(const struct model *model, struct buffer *yaml)
{
	const char *const *ignored = model->config.preset->ignored;

	if (ignored[0] == NULL && !model->config.wild)
		return;
	buffer_append_text(yaml, "  ignore_attributes:\n");
	for (; *ignored != NULL; ignored++)
		buffer_printf(yaml, "    - \"%s\"\n", *ignored);
	for (unsigned i = 0; model->config.wild && wild_names[i] != NULL; i++) {
		buffer_append_text(yaml, "    - ");
		buffer_append_json(yaml, slice_from(wild_names[i]));
		buffer_append_byte(yaml, '\n');
	}
}

int contract_write(const struct contract_parts *parts, struct buffer *yaml)
{
	const struct model_config *config = &parts->model->config;

	buffer_printf(yaml, "# Written by lakeproof generate.\nversion: 1\ntable: %s\n", config->preset->table);
	buffer_append_text(yaml, "key:\n");
	for (unsigned part = 0; part < model_key_count(parts->model); part++)
		buffer_printf(yaml, "  - {attribute: %s, type: %c}\n", config->key_name[part], config->key_type[part]);
	write_sources(parts, yaml);
	if (parts->exports[0] == NULL)
		buffer_append_text(yaml, "baseline: none\n");
	buffer_append_text(yaml, "lake:\n  delta: lake\n  deletes: absent\n");
	if (config->ttl_ppm > 0)
		buffer_append_text(yaml, "  ttl: {attribute: " TTL_ATTRIBUTE ", lake: delete}\n");
	buffer_append_text(yaml, "  columns:\n");
	each_column(parts->model, write_contract_column, yaml);
	write_ignored(parts->model, yaml);
	return yaml->failed ? ERROR_INTERNAL : 0;
}
