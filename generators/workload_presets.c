/* The presets' files, put into the program by the assembler; paths are relative to the project's root, where the
 * compiler runs. */
#include "generators/workload_file.h"

__asm__(".pushsection .rodata\n"
	"preset_orders_yaml:\n.incbin \"generators/presets/orders.yaml\"\n.byte 0\n"
	"preset_kitchen_sink_yaml:\n.incbin \"generators/presets/kitchen-sink.yaml\"\n.byte 0\n"
	"preset_single_table_yaml:\n.incbin \"generators/presets/single-table.yaml\"\n.byte 0\n"
	"preset_wide_yaml:\n.incbin \"generators/presets/wide.yaml\"\n.byte 0\n"
	"preset_hot_yaml:\n.incbin \"generators/presets/hot.yaml\"\n.byte 0\n"
	"preset_large_items_yaml:\n.incbin \"generators/presets/large-items.yaml\"\n.byte 0\n"
	".popsection\n");
extern const char preset_orders_yaml[];
extern const char preset_kitchen_sink_yaml[];
extern const char preset_single_table_yaml[];
extern const char preset_wide_yaml[];
extern const char preset_hot_yaml[];
extern const char preset_large_items_yaml[];

static const struct {
	const char *name, *text;
} presets[] = {
	{"orders", preset_orders_yaml},
	{"kitchen-sink", preset_kitchen_sink_yaml},
	{"single-table", preset_single_table_yaml},
	{"wide", preset_wide_yaml},
	{"hot", preset_hot_yaml},
	{"large-items", preset_large_items_yaml},
};

const char *workload_preset_name(size_t index)
{
	return index < sizeof(presets) / sizeof(presets[0]) ? presets[index].name : NULL;
}

struct slice workload_preset_text(const char *name)
{
	for (size_t i = 0; i < sizeof(presets) / sizeof(presets[0]); i++) {
		if (strcmp(presets[i].name, name) == 0)
			return slice_from(presets[i].text);
	}
	return (struct slice){NULL, 0};
}

int workload_file_preset(const char *name, struct generator_options *options, struct workload_file **file,
			 struct error *error)
{
	struct slice text = workload_preset_text(name);

	*file = NULL;
	if (text.size == 0)
		return error_set(error, ERROR_USAGE, "unknown preset \"%s\"", name);
	return workload_file_parse(name, text, options, file, error);
}
