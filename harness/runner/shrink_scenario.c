#include "harness/runner/shrink_scenario.h"

#include <inttypes.h>
#include <stdio.h>

#include "base/whole_file.h"
#include "generators/generator.h"
#include "generators/workload_file.h"
#include "harness/runner/folder.h"
#include "harness/runner/yaml_merge.h"

enum { TEXT_MAX = 8 * 1024 * 1024 };
#define WITHOUT_EXPORT "items: 0\nexport: {at: none}\n"

static int no_memory(struct error *error)
{
	return error_set(error, ERROR_INTERNAL, "out of memory for a smaller scenario");
}

/* ---- its workload */

static const char *find_base(const struct scenario_file *of, const char *scenario_folder, struct arena *arena)
{
	const char *const folders[] = {of->folder, arena_text(arena, "%s/..", of->folder), scenario_folder};
	for (size_t i = 0; i < sizeof folders / sizeof folders[0]; i++) {
		const char *path = folders[i] == NULL ? NULL : arena_text(arena, "%s/workload.yaml", folders[i]);
		if (path != NULL && folder_has(path))
			return path;
	}
	return NULL;
}

static struct slice own_workload(const struct scenario_file *of)
{
	char name[64];
	if (of->workload == NULL)
		return slice_from("");
	snprintf(name, sizeof name, "%.*s", (int)strcspn(of->workload, "\n"), of->workload);
	struct slice preset = workload_preset_text(name);
	return preset.size > 0 ? preset : slice_from(of->workload);
}

/* As histories have it: the base, what comes of a scenario without an export, its own. */
static int merge_workload(const struct scenario_file *of, const char *path, struct buffer *text, struct error *error)
{
	static const struct yaml_either either = {"attributes", "entities"};
	struct buffer base, middle;
	buffer_init(&base, TEXT_MAX);
	buffer_init(&middle, TEXT_MAX);
	int failed = whole_file_read(path, &base, error);
	struct yaml_source under = {path, buffer_slice(&base)};
	struct yaml_source without = {path, slice_from((of->lands & LANDS_EXPORT) == 0 ? WITHOUT_EXPORT : "")};
	struct yaml_source own = {of->path, own_workload(of)};
	if (failed == 0)
		failed = yaml_merge(&under, &without, NULL, &middle, error);
	struct yaml_source between = {path, buffer_slice(&middle)};
	if (failed == 0)
		failed = yaml_merge(&between, &own, &either, text, error);
	buffer_release(&base);
	buffer_release(&middle);
	return failed;
}

/* How much of it there is now. */
static int measure(struct shrink_scenario *scenario, struct arena *arena, struct error *error)
{
	struct generator_options options;
	struct workload_file *file = NULL;
	generator_defaults(&options);
	if (workload_file_parse(scenario->of->path, slice_from(scenario->workload), &options, &file, error) != 0)
		return error->code;
	scenario->items = options.model.items;
	scenario->changes = options.model.changes;
	scenario->only = arena_array(arena, (size_t)options.only.count + 1, sizeof *scenario->only);
	if (scenario->only != NULL && options.only.count > 0)
		memcpy(scenario->only, options.only.items, options.only.count * sizeof *scenario->only);
	scenario->only_count = options.only.count;
	workload_file_free(file);
	return scenario->only == NULL ? no_memory(error) : 0;
}

int shrink_scenario_open(const struct scenario_file *of, const char *scenario_folder, struct arena *arena,
			 struct shrink_scenario *scenario, struct error *error)
{
	const char *path = find_base(of, scenario_folder, arena);
	struct buffer text;
	*scenario = (struct shrink_scenario){.of = of, .order = of->order, .batches = of->batches};
	scenario->faults = arena_array(arena, (size_t)of->fault_count + 1, sizeof *scenario->faults);
	scenario->process = arena_array(arena, (size_t)of->process_count + 1, sizeof *scenario->process);
	if (scenario->faults == NULL || scenario->process == NULL)
		return no_memory(error);
	memset(scenario->faults, 1, of->fault_count * sizeof *scenario->faults);
	memset(scenario->process, 1, of->process_count * sizeof *scenario->process);
	if (path == NULL)
		return error_set(error, ERROR_USAGE, "there is no workload.yaml for scenario %s", of->name);
	buffer_init(&text, TEXT_MAX);
	int failed = merge_workload(of, path, &text, error);
	if (failed == 0) {
		scenario->workload = arena_copy(arena, buffer_slice(&text)).data;
		failed = scenario->workload == NULL ? no_memory(error) : measure(scenario, arena, error);
	}
	buffer_release(&text);
	return failed;
}

/* ---- as a file */

static void put_text(struct buffer *yaml, const char *name, const char *text)
{
	if (text == NULL)
		return;
	buffer_printf(yaml, "%s: ", name);
	buffer_append_json(yaml, slice_from(text));
	buffer_append_byte(yaml, '\n');
}

static void put_texts(struct buffer *yaml, const char *name, const char *const *texts, const bool *kept,
		      uint32_t count)
{
	bool any = false;
	for (uint32_t i = 0; i < count; i++) {
		if (kept != NULL && !kept[i])
			continue;
		if (!any)
			buffer_printf(yaml, "%s: [", name);
		else
			buffer_append_text(yaml, ", ");
		buffer_append_json(yaml, slice_from(texts[i]));
		any = true;
	}
	if (any)
		buffer_append_text(yaml, "]\n");
}

static void put_process(struct buffer *yaml, const struct shrink_scenario *scenario)
{
	static const char *const names[] = {"kill",           "twice",    "together",
					    "checkpoint-lost", "reupload", "disk-full"};
	bool any = false;
	for (uint32_t i = 0; i < scenario->of->process_count; i++) {
		const struct process_fault *fault = &scenario->of->process[i];
		if (!scenario->process[i])
			continue;
		if (!any)
			buffer_append_text(yaml, "process:\n");
		any = true;
		/* A batch that is no more: its last one stands for it. */
		int64_t batch = fault->batch < scenario->batches ? fault->batch : scenario->batches;
		buffer_printf(yaml, "  - {fault: %s, batch: %" PRId64, names[fault->fault], batch);
		if (fault->moment != NULL)
			buffer_printf(yaml, ", moment: %s", fault->moment);
		if (fault->fault == PROCESS_KILL)
			buffer_printf(yaml, ", after: %" PRId64 "ms", fault->after_us / 1000);
		if (fault->fault == PROCESS_REUPLOAD)
			buffer_printf(yaml, ", as: %s%s", fault->as_other_name ? "other-name" : "same-name",
				      fault->first_half ? ", first: half" : "");
		if (fault->fault == PROCESS_DISK_FULL)
			buffer_printf(yaml, ", bytes: %" PRId64, fault->bytes);
		buffer_append_text(yaml, "}\n");
	}
}

static int put_workload(struct buffer *yaml, const struct shrink_scenario *scenario, struct error *error)
{
	struct buffer less, whole;
	buffer_init(&less, TEXT_MAX);
	buffer_init(&whole, TEXT_MAX);
	buffer_printf(&less, "items: %" PRIu64 "\nchanges: %" PRIu64 "\n", scenario->items, scenario->changes);
	for (uint32_t i = 0; i < scenario->only_count; i++)
		buffer_printf(&less, "%s%" PRIu64, i == 0 ? "only_items: [" : ", ", scenario->only[i]);
	buffer_append_text(&less, scenario->only_count > 0 ? "]\n" : "");
	struct yaml_source base = {scenario->of->path, slice_from(scenario->workload)};
	struct yaml_source over = {scenario->of->path, buffer_slice(&less)};
	int failed = less.failed ? no_memory(error) : yaml_merge(&base, &over, NULL, &whole, error);
	buffer_append_text(yaml, "workload:\n");
	for (size_t at = 0; failed == 0 && at < whole.size;) {
		const char *end = memchr(whole.data + at, '\n', whole.size - at);
		size_t size = end == NULL ? whole.size - at : (size_t)(end - whole.data) - at;
		bool mark = size == 3 && (memcmp(whole.data + at, "---", 3) == 0 ||
					  memcmp(whole.data + at, "...", 3) == 0);
		if (!mark)
			buffer_printf(yaml, "  %.*s\n", (int)size, whole.data + at);
		at += size + 1;
	}
	buffer_release(&less);
	buffer_release(&whole);
	return failed;
}

int shrink_scenario_write(const struct shrink_scenario *scenario, const char *pipeline, const char *finding,
			  const char *path, struct error *error)
{
	static const char *const orders[] = {"overlap", "export-first", "stream-first", "reverse", "shuffled"};
	static const char *const finals[] = {"dynamodb", "delivered", "refuse"};
	const struct scenario_file *of = scenario->of;
	struct buffer yaml;
	buffer_init(&yaml, TEXT_MAX);
	buffer_printf(&yaml, "# What is left of %s when all is gone that %s does not need to fail.\n", of->name,
		      pipeline);
	buffer_append_text(&yaml, "version: 1\n");
	put_text(&yaml, "class", of->class_id);
	put_text(&yaml, "title", of->title);
	put_text(&yaml, "why", of->why);
	put_texts(&yaml, "lands", of->lands_texts, NULL, of->lands_count);
	put_texts(&yaml, "formats", of->formats, NULL, of->format_count);
	buffer_printf(&yaml, "delivery: {order: %s, batches: %" PRId64 "}\n", orders[scenario->order],
		      scenario->batches);
	put_texts(&yaml, "faults", of->faults, scenario->faults, of->fault_count);
	put_process(&yaml, scenario);
	buffer_printf(&yaml, "must: {final: %s}\n", finals[of->final]);
	buffer_append_text(&yaml, "breaks:\n  - {pipeline: ");
	buffer_append_json(&yaml, slice_from(pipeline));
	buffer_printf(&yaml, ", findings: [%s]}\n", finding);
	int failed = put_workload(&yaml, scenario, error);
	if (failed == 0 && yaml.failed)
		failed = no_memory(error);
	if (failed == 0)
		failed = folder_write(path, buffer_slice(&yaml), error);
	buffer_release(&yaml);
	return failed;
}
