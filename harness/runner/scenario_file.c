#include "harness/runner/scenario_file.h"

#include "generators/generator.h"
#include "harness/runner/runner_schema.h"

enum { SCENARIO_MEMORY_MAX = 16 * 1024 * 1024, BATCHES_MAX = 1000, PROCESS_MAX = 100, BREAKS_MAX = 1000 };
enum { BATCHES_DEFAULT = 5, AFTER_DEFAULT_US = 20000, DISK_DEFAULT = 1024 };

#define END                                                                                                            \
	{                                                                                                              \
		NULL, 0, .offset = 0                                                                                   \
	}
#define OF(type, member) .offset = offsetof(struct type, member)

static const struct schema_map delivery_schema = {
	.keys = (const struct schema_key[]){{"order", SCHEMA_CHOICE, OF(scenario_file, order),
					     .choices = DELIVERY_ORDERS, .fallback = "overlap",
					     .help = "overlap is by time: the export lands among the changes"},
					    {"batches", SCHEMA_INTEGER, OF(scenario_file, batches), .min = 1,
					     .max = BATCHES_MAX, .fallback = "5",
					     .help = "into which what is delivered is divided"},
					    END},
};

static const struct schema_map process_schema = {
	.keys = (const struct schema_key[]){{"fault", SCHEMA_CHOICE, .required = true, OF(process_fault, fault),
					     .choices = PROCESS_FAULTS, .help = "what happens"},
					    {"batch", SCHEMA_INTEGER, .required = true, OF(process_fault, batch),
					     .min = 1, .max = BATCHES_MAX, .help = "at which, from 1"},
					    {"moment", SCHEMA_TEXT, OF(process_fault, moment),
					     .help = "kill: where the pipeline kills itself; one without such a moment "
						     "is killed after `after`"},
					    {"after", SCHEMA_DURATION, OF(process_fault, after_us), .fallback = "20ms",
					     .help = "kill: so long after its start"},
					    {"as", SCHEMA_CHOICE, OF(process_fault, as_other_name),
					     .choices = "same-name|other-name", .fallback = "same-name",
					     .help = "reupload: how the batch's files are called when they land again"},
					    {"first", SCHEMA_CHOICE, OF(process_fault, first_half),
					     .choices = "whole|half", .fallback = "whole",
					     .help = "reupload: whether what landed first was whole, or the first "
						     "half of each file's lines"},
					    {"bytes", SCHEMA_OTHER, .type = &runner_size, OF(process_fault, bytes),
					     .fallback = "1KiB", .help = "disk-full: what a file may have"},
					    END},
};

static const struct schema_map must_schema = {
	.keys = (const struct schema_key[]){{"final", SCHEMA_CHOICE, OF(scenario_file, final),
					     .choices = "dynamodb|delivered|refuse", .fallback = "dynamodb",
					     .help = "equal to the table; to the merge of what was delivered, where "
						     "faults lose information; or it must not report success"},
					    END},
};

static const struct schema_map break_schema = {
	.keys = (const struct schema_key[]){{"pipeline", SCHEMA_TEXT, .required = true, OF(scenario_break, pipeline),
					     .help = "NAME or NAME+VARIANT"},
					    {"findings", SCHEMA_TEXTS, .required = true, OF(scenario_break, findings),
					     .also = offsetof(struct scenario_break, finding_count),
					     .help = "ids of which there must be one at least each"},
					    END},
};

static int check_scenario(struct schema_loader *loader, yaml_node_t *node, void *target);

const struct schema_map scenario_schema = {
	.check = check_scenario,
	.keys =
		(const struct schema_key[]){
			{"version", SCHEMA_INTEGER, OF(scenario_file, version), .min = 1, .max = 1, .fallback = "1",
			 .help = "of this format"},
			{"class", SCHEMA_TEXT, OF(scenario_file, class_id), .help = "of bugs, such as D1"},
			{"title", SCHEMA_TEXT, .required = true, OF(scenario_file, title),
			 .help = "what goes wrong, in a sentence"},
			{"why", SCHEMA_TEXT, OF(scenario_file, why), .help = "why it matters, in two"},
			{"workload", SCHEMA_OTHER, .type = &runner_yaml, OF(scenario_file, workload),
			 .help = "as `generate --workload` takes it, or a preset's name; laid over `workload.yaml` of "
				 "the scenarios' folder"},
			{"lands", SCHEMA_TEXTS, OF(scenario_file, lands_texts),
			 .also = offsetof(struct scenario_file, lands_count), .fallback = "export, changes",
			 .help = "of `export`, `changes` and `increments`; pipelines that do not read all of it take "
				 "no "
				 "part"},
			{"formats", SCHEMA_TEXTS, OF(scenario_file, formats),
			 .also = offsetof(struct scenario_file, format_count), .fallback = "any",
			 .help = "only pipelines that read changes in one of these take part"},
			{"delivery", SCHEMA_MAP, .map = &delivery_schema, .help = "how what lands becomes batches"},
			{"faults", SCHEMA_TEXTS, OF(scenario_file, faults),
			 .also = offsetof(struct scenario_file, fault_count),
			 .help = "of what is delivered, each as `generate --fault` takes it"},
			{"process", SCHEMA_LIST, OF(scenario_file, process),
			 .also = offsetof(struct scenario_file, process_count), .min = 0, .max = PROCESS_MAX,
			 .map = &process_schema, .element_size = sizeof(struct process_fault),
			 .help = "what befalls the pipeline itself"},
			{"must", SCHEMA_MAP, .map = &must_schema, .help = "what has to hold"},
			{"holds", SCHEMA_TEXTS, OF(scenario_file, holds),
			 .also = offsetof(struct scenario_file, hold_count), .help = "pipelines that must pass"},
			{"breaks", SCHEMA_LIST, OF(scenario_file, breaks),
			 .also = offsetof(struct scenario_file, break_count), .min = 0, .max = BREAKS_MAX,
			 .map = &break_schema, .element_size = sizeof(struct scenario_break),
			 .help = "pipelines that must fail, and by what"},
			END},
};

static int check_lands(struct schema_loader *loader, yaml_node_t *node, struct scenario_file *scenario)
{
	for (uint32_t i = 0; i < scenario->lands_count; i++) {
		int place = schema_choice("export|changes|increments", scenario->lands_texts[i]);
		if (place < 0)
			return schema_error(loader, schema_find(loader, node, "lands"),
					    "what lands is export, changes and increments, not '%.*s'",
					    schema_shown(scenario->lands_texts[i]), scenario->lands_texts[i]);
		scenario->lands |= 1U << place;
	}
	if (scenario->lands_count == 0)
		scenario->lands = LANDS_EXPORT | LANDS_CHANGES;
	if ((scenario->lands & LANDS_INCREMENTS) != 0 && (scenario->lands & LANDS_EXPORT) == 0)
		return schema_error(loader, schema_find(loader, node, "lands"), "increments follow an export");
	for (uint32_t i = 0; i < scenario->format_count; i++)
		if (stream_format_find(scenario->formats[i]) == NULL)
			return schema_error(loader, schema_find(loader, node, "formats"), "there is no format '%.*s'",
					    schema_shown(scenario->formats[i]), scenario->formats[i]);
	return 0;
}

static int check_faults(struct schema_loader *loader, yaml_node_t *node, const struct scenario_file *scenario)
{
	struct error why = {0, ""};
	struct fault fault;

	for (uint32_t i = 0; i < scenario->fault_count; i++)
		if (fault_parse(scenario->faults[i], &fault, &why) != 0)
			return schema_error(loader, schema_find(loader, node, "faults"), "%s", why.message);
	return 0;
}

static int check_scenario(struct schema_loader *loader, yaml_node_t *node, void *target)
{
	struct scenario_file *scenario = target;

	for (uint32_t i = 0; i < scenario->process_count; i++) {
		struct process_fault *fault = &scenario->process[i];
		if (fault->batch > scenario->batches)
			return schema_error(loader, schema_find(loader, node, "process"),
					    "there is no batch %lld among %lld", (long long)fault->batch,
					    (long long)scenario->batches);
		if (fault->after_us == 0)
			fault->after_us = AFTER_DEFAULT_US;
		if (fault->bytes == 0)
			fault->bytes = DISK_DEFAULT;
	}
	for (uint32_t i = 0; i < scenario->break_count; i++)
		for (uint32_t j = 0; j < scenario->hold_count; j++)
			if (strcmp(scenario->breaks[i].pipeline, scenario->holds[j]) == 0)
				return schema_error(loader, schema_find(loader, node, "breaks"),
						    "'%s' cannot both hold and break", scenario->holds[j]);
	if (check_lands(loader, node, scenario) != 0)
		return loader->error->code;
	return check_faults(loader, node, scenario);
}

int scenario_file_load(const char *path, const char *name, struct scenario_file *scenario, struct error *error)
{
	*scenario = (struct scenario_file){.batches = BATCHES_DEFAULT};
	arena_init(&scenario->arena, SCENARIO_MEMORY_MAX);
	int code = runner_schema_load(path, "scenario", &scenario_schema, &scenario->arena, scenario, &scenario->digest,
				      error);
	if (code != 0)
		return code;
	scenario->path = arena_text(&scenario->arena, "%s", path);
	scenario->folder = runner_folder_of(path, &scenario->arena);
	scenario->name = arena_text(&scenario->arena, "%s", name);
	return scenario->path != NULL && scenario->folder != NULL && scenario->name != NULL
		       ? 0
		       : error_set(error, ERROR_INTERNAL, "out of memory while reading \"%s\"", path);
}

void scenario_file_release(struct scenario_file *scenario)
{
	arena_release(&scenario->arena);
}

/* Why what goes wrong cannot go wrong with this pipeline, or NULL: a fault that does not take place proves nothing. */
static const char *cannot_suffer(const struct process_fault *fault, const struct pipeline_file *pipeline)
{
	bool serves = pipeline->serve.count > 0;

	if (fault->fault == PROCESS_CHECKPOINT_LOST && pipeline->checkpoint == NULL)
		return "it has no checkpoint to lose";
	if (fault->fault == PROCESS_DISK_FULL && (serves || pipeline->session.count > 0))
		return "its work is done in a process that outlives a batch, whose disk cannot be filled for one";
	if (fault->fault == PROCESS_TOGETHER && serves)
		return "it is one process that serves all batches";
	return NULL;
}

bool scenario_file_suits(const struct scenario_file *scenario, const struct pipeline_file *pipeline, const char **why)
{
	*why = NULL;
	if ((scenario->lands & LANDS_EXPORT) != 0 && pipeline->export < 0)
		*why = "it reads no export";
	else if ((scenario->lands & LANDS_CHANGES) != 0 && pipeline->changes < 0)
		*why = "it reads no changes";
	else if ((scenario->lands & LANDS_INCREMENTS) != 0 && pipeline->increments < 0)
		*why = "it reads no incremental exports";
	for (uint32_t i = 0; i < scenario->process_count && *why == NULL; i++)
		*why = cannot_suffer(&scenario->process[i], pipeline);
	if (*why != NULL)
		return false;
	bool found = scenario->format_count == 0;
	for (uint32_t i = 0; i < scenario->format_count && pipeline->changes >= 0; i++)
		found = found ||
			stream_format_find(scenario->formats[i]) == stream_format_at((size_t)pipeline->changes);
	*why = found ? NULL : "it reads another format";
	return found;
}
