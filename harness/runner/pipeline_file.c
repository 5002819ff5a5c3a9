#include "harness/runner/pipeline_file.h"

#include <stdio.h>

#include "generators/generator.h"
#include "harness/runner/runner_schema.h"

enum { PIPELINE_MEMORY_MAX = 16 * 1024 * 1024, VARIANTS_MAX = 1000 };

#define END                                                                                                            \
	{                                                                                                              \
		NULL, 0, .offset = 0                                                                                   \
	}
#define OF(type, member) .offset = offsetof(struct type, member)
#define WORDS_KEY SCHEMA_OTHER, .type = &runner_words

static const struct schema_map reads_schema = {
	.keys = (const struct schema_key[]){{"changes", SCHEMA_CHOICE, OF(pipeline_file, changes), .min = -1,
					     .choices = "none|" STREAM_FORMATS, .fallback = "none",
					     .help = "how changes land for it, as `generate --format` names it"},
					    {"export", SCHEMA_CHOICE, OF(pipeline_file, export), .min = -1,
					     .choices = "none|" EXPORT_FORMATS, .fallback = "none",
					     .help = "which full export or dump, as `generate --export-format`"},
					    {"increments", SCHEMA_CHOICE, OF(pipeline_file, increments), .min = -1,
					     .choices = "none|" EXPORT_VIEWS, .fallback = "none",
					     .help = "incremental exports, with these images"},
					    END},
};

static const struct schema_map limits_schema = {
	.keys = (const struct schema_key[]){{"setup", SCHEMA_DURATION, OF(pipeline_file, limits.setup_us),
					     .fallback = "60s", .help = "and for a session to be ready"},
					    {"apply", SCHEMA_DURATION, OF(pipeline_file, limits.apply_us),
					     .fallback = "60s", .help = "for one batch"},
					    {"teardown", SCHEMA_DURATION, OF(pipeline_file, limits.teardown_us),
					     .fallback = "60s", .help = "for its end"},
					    {"memory", SCHEMA_OTHER, .type = &runner_size,
					     OF(pipeline_file, limits.memory), .fallback = "2GiB",
					     .help = "that the largest process of a step may have had"},
					    {"versions", SCHEMA_INTEGER, OF(pipeline_file, limits.versions), .min = 1,
					     .max = 1000000, .fallback = "1000",
					     .help = "of its table, so that none commits without end"},
					    END},
};

static const struct schema_map variant_schema = {
	.keys = (const struct schema_key[]){{"name", SCHEMA_TEXT, .required = true, OF(pipeline_variant, name),
					     .help = "the pipeline is then called NAME+VARIANT"},
					    {"about", SCHEMA_TEXT, OF(pipeline_variant, about),
					     .help = "what is wrong with it, in a sentence"},
					    {"words", WORDS_KEY, OF(pipeline_variant, words),
					     .help = "appended to those of setup, apply and serve"},
					    END},
};

static int check_pipeline(struct schema_loader *loader, yaml_node_t *node, void *target);

const struct schema_map pipeline_schema = {
	.check = check_pipeline,
	.keys =
		(const struct schema_key[]){
			{"version", SCHEMA_INTEGER, OF(pipeline_file, version), .min = 1, .max = 1, .fallback = "1",
			 .help = "of this format"},
			{"name", SCHEMA_TEXT, OF(pipeline_file, name), .fallback = "its folder's name",
			 .help = "letters, digits, `-`, `_` and `.`"},
			{"about", SCHEMA_TEXT, OF(pipeline_file, about), .help = "what it is, in a sentence"},
			{"reads", SCHEMA_MAP, .required = true, .map = &reads_schema,
			 .help = "scenarios that deliver something else leave it out"},
			{"session", WORDS_KEY, OF(pipeline_file, session),
			 .help = "a process that all cells of a run share, such as a JVM; equal words are one session"},
			{"session_ready", SCHEMA_TEXT, OF(pipeline_file, session_ready), .fallback = "ready.json",
			 .help = "a file that appears in the session's folder when it can be used"},
			{"setup", WORDS_KEY, OF(pipeline_file, setup), .help = "once, before the first batch"},
			{"apply", WORDS_KEY, OF(pipeline_file, apply),
			 .help = "once for each batch; either this or `serve`"},
			{"serve", WORDS_KEY, OF(pipeline_file, serve),
			 .help = "runs from the first batch to the last, and sees files appear"},
			{"caught_up", WORDS_KEY, OF(pipeline_file, caught_up),
			 .help = "with `serve`: asked after each batch until it exits 0"},
			{"teardown", WORDS_KEY, OF(pipeline_file, teardown), .help = "once, at the end"},
			{"table", SCHEMA_TEXT, OF(pipeline_file, table), .fallback = "lake",
			 .help = "the Delta table's folder below `LAKEPROOF_WORK`"},
			{"checkpoint", SCHEMA_TEXT, OF(pipeline_file, checkpoint), .fallback = "none",
			 .help = "what is deleted below `LAKEPROOF_WORK` when a scenario loses the checkpoint"},
			{"set_aside", SCHEMA_TEXT, OF(pipeline_file, set_aside), .fallback = "none",
			 .help = "JSON lines below `LAKEPROOF_WORK` with `file` and `offset` of each record that it "
				 "could not use"},
			{"moments", SCHEMA_TEXTS, OF(pipeline_file, moments),
			 .also = offsetof(struct pipeline_file, moment_count),
			 .help = "at which it kills itself when `LAKEPROOF_CRASH_AT` names one"},
			{"claims", SCHEMA_TEXTS, OF(pipeline_file, claims),
			 .also = offsetof(struct pipeline_file, claim_count),
			 .help = "`each_batch`: after every batch the table is what was delivered so far"},
			{"contract", SCHEMA_OTHER, .type = &runner_yaml, OF(pipeline_file, contract),
			 .help = "laid over the generated contract: mappings merge, null takes a key away, anything "
				 "else replaces"},
			{"limits", SCHEMA_MAP, .map = &limits_schema, .help = "beyond which a step has failed"},
			{"needs", SCHEMA_TEXTS, OF(pipeline_file, needs),
			 .also = offsetof(struct pipeline_file, need_count),
			 .help = "programs; where one is missing the pipeline fails, it is never left out"},
			{"variants", SCHEMA_LIST, OF(pipeline_file, variants),
			 .also = offsetof(struct pipeline_file, variant_count), .min = 1, .max = VARIANTS_MAX,
			 .map = &variant_schema, .element_size = sizeof(struct pipeline_variant),
			 .help = "the same pipeline with a bug of its own each"},
			END},
};

static bool is_name(const char *text)
{
	static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.";
	return text[0] != '.' && text[0] != '-' && text[strspn(text, plain)] == '\0' && strlen(text) <= 100;
}

/* A path that stays below where it is laid. */
static bool is_below(const char *text)
{
	return text[0] != '/' && strcmp(text, "..") != 0 && strncmp(text, "../", 3) != 0 &&
	       strstr(text, "/../") == NULL && (strlen(text) < 3 || strcmp(text + strlen(text) - 3, "/..") != 0);
}

static int check_places(struct schema_loader *loader, yaml_node_t *node, struct pipeline_file *pipeline)
{
	const char **places[] = {&pipeline->table, &pipeline->checkpoint, &pipeline->set_aside};
	static const char *const keys[] = {"table", "checkpoint", "set_aside"};

	for (size_t i = 0; i < 3; i++) {
		if (*places[i] != NULL && i > 0 && strcmp(*places[i], "none") == 0)
			*places[i] = NULL;
		if (*places[i] != NULL && !is_below(*places[i]))
			return schema_error(loader, schema_find(loader, node, keys[i]),
					    "'%s' is a path below LAKEPROOF_WORK, without '..'", keys[i]);
	}
	return 0;
}

static int check_pipeline(struct schema_loader *loader, yaml_node_t *node, void *target)
{
	struct pipeline_file *pipeline = target;

	if ((pipeline->apply.count > 0) == (pipeline->serve.count > 0))
		return schema_error(loader, node, "a pipeline has either 'apply' or 'serve'");
	if ((pipeline->serve.count > 0) != (pipeline->caught_up.count > 0))
		return schema_error(loader, node, "'serve' and 'caught_up' go together");
	if (pipeline->changes < 0 && pipeline->export < 0 && pipeline->increments < 0)
		return schema_error(loader, schema_find(loader, node, "reads"), "it must read something");
	if (pipeline->increments >= 0 && pipeline->export > EXPORT_ION)
		return schema_error(loader, schema_find(loader, node, "reads"),
				    "incremental exports follow an export, json or ion, not a dump");
	if (pipeline->name != NULL && !is_name(pipeline->name))
		return schema_error(loader, schema_find(loader, node, "name"),
				    "a name has letters, digits, '-', '_' and '.', 100 at most");
	for (uint32_t i = 0; i < pipeline->claim_count; i++) {
		if (strcmp(pipeline->claims[i], "each_batch") != 0)
			return schema_error(loader, schema_find(loader, node, "claims"),
					    "unknown claim '%.*s'; there is each_batch",
					    schema_shown(pipeline->claims[i]), pipeline->claims[i]);
		pipeline->claims_each_batch = true;
	}
	for (uint32_t i = 0; i < pipeline->variant_count; i++) {
		bool twice = false;
		for (uint32_t j = 0; j < i; j++)
			twice = twice || strcmp(pipeline->variants[j].name, pipeline->variants[i].name) == 0;
		if (twice || !is_name(pipeline->variants[i].name))
			return schema_error(loader, schema_find(loader, node, "variants"),
					    twice ? "variant '%.*s' is there twice"
						  : "variant '%.*s': a name has letters, digits, '-', '_' and '.'",
					    schema_shown(pipeline->variants[i].name), pipeline->variants[i].name);
	}
	return check_places(loader, node, pipeline);
}

int pipeline_file_load(const char *path, struct pipeline_file *pipeline, struct error *error)
{
	*pipeline = (struct pipeline_file){
		.changes = -1,
		.export = -1,
		.increments = -1,
		.session_ready = "ready.json",
		.table = "lake",
		.limits = {60000000, 60000000, 60000000, (int64_t)2 << 30, 1000},
	};
	arena_init(&pipeline->arena, PIPELINE_MEMORY_MAX);
	int code = runner_schema_load(path, "pipeline", &pipeline_schema, &pipeline->arena, pipeline, &pipeline->digest,
				      error);
	if (code != 0)
		return code;
	pipeline->path = arena_text(&pipeline->arena, "%s", path);
	pipeline->folder = runner_folder_of(path, &pipeline->arena);
	if (pipeline->path == NULL || pipeline->folder == NULL)
		return error_set(error, ERROR_INTERNAL, "out of memory while reading \"%s\"", path);
	if (pipeline->name == NULL) {
		pipeline->name = strrchr(pipeline->folder, '/') + 1;
		if (!is_name(pipeline->name))
			return error_set(error, ERROR_USAGE,
					 "%s: the folder's name cannot be the pipeline's; give it a 'name'", path);
	}
	return 0;
}

void pipeline_file_release(struct pipeline_file *pipeline)
{
	arena_release(&pipeline->arena);
}

const struct pipeline_variant *pipeline_file_variant(const struct pipeline_file *pipeline, const char *name)
{
	for (uint32_t i = 0; i < pipeline->variant_count; i++)
		if (strcmp(pipeline->variants[i].name, name) == 0)
			return &pipeline->variants[i];
	return NULL;
}

bool pipeline_file_has_moment(const struct pipeline_file *pipeline, const char *moment)
{
	for (uint32_t i = 0; i < pipeline->moment_count; i++)
		if (strcmp(pipeline->moments[i], moment) == 0)
			return true;
	return false;
}
