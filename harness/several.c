#include "harness/several.h"

#include <dirent.h>
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <yaml.h>

#include "base/schema.h"
#include "harness/progress.h"

enum { AT_ONCE_MAX = 64, CONTRACTS_MAX = 10000 };
static const int64_t memory_each = (int64_t)32 << 20;

/* ---- which */

static bool is_folder(const char *path)
{
	struct stat status;
	return stat(path, &status) == 0 && S_ISDIR(status.st_mode);
}

bool several_asked(int operand_count, char **operands)
{
	return operand_count > 1 || (operand_count == 1 && is_folder(operands[0]));
}

static bool names_contract(yaml_document_t *document)
{
	static const char *const telling[] = {"sources", "lake", "lakes"};
	const yaml_node_t *root = yaml_document_get_root_node(document);
	if (root == NULL || root->type != YAML_MAPPING_NODE)
		return false;
	const yaml_node_pair_t *pair = root->data.mapping.pairs.start;
	for (; pair < root->data.mapping.pairs.top; pair++) {
		const yaml_node_t *key = yaml_document_get_node(document, pair->key);
		for (size_t i = 0; i < sizeof telling / sizeof telling[0]; i++)
			if (key->type == YAML_SCALAR_NODE &&
			    slice_is((struct slice){(const char *)key->data.scalar.value, key->data.scalar.length},
				     telling[i]))
				return true;
	}
	return false;
}

/* What cannot be read may be a contract, and then its error is told. */
static bool may_be_contract(const char *path)
{
	struct error ignored = {0};
	struct buffer text;
	yaml_parser_t parser;
	yaml_document_t document;
	bool may_be = true;
	buffer_init(&text, SCHEMA_FILE_MAX + 65536);
	if (schema_read_file(path, "contract", &text, &ignored) == 0 && yaml_parser_initialize(&parser) == 1) {
		yaml_parser_set_input_string(&parser, (const unsigned char *)(text.size > 0 ? text.data : ""),
					     text.size);
		if (yaml_parser_load(&parser, &document) == 1) {
			may_be = names_contract(&document);
			yaml_document_delete(&document);
		}
		yaml_parser_delete(&parser);
	}
	buffer_release(&text);
	return may_be;
}

static int add_entry(struct several *several, const char *path, struct error *error)
{
	struct stat status = {0};
	if (several->count == CONTRACTS_MAX)
		return error_set(error, ERROR_USAGE, "there are more than %d contracts", CONTRACTS_MAX);
	bool there = stat(path, &status) == 0;
	for (uint64_t i = 0; i < several->count; i++)
		if (there && several->files[i].device == status.st_dev && several->files[i].node == status.st_ino)
			return error_set(error, ERROR_USAGE, "the contract \"%s\" is there twice", path);
	struct report_entry *grown = reallocarray(several->entries, several->count + 1, sizeof *grown);
	if (grown != NULL)
		several->entries = grown;
	struct several_file *files = reallocarray(several->files, several->count + 1, sizeof *files);
	if (files != NULL)
		several->files = files;
	const char *copy = arena_copy(&several->arena, slice_from(path)).data;
	if (grown == NULL || files == NULL || copy == NULL)
		return error_set(error, ERROR_INTERNAL, "out of memory");
	files[several->count] = (struct several_file){status.st_dev, status.st_ino};
	several->entries[several->count++] = (struct report_entry){.contract = copy};
	return 0;
}

static int pass_over(struct several *several, const char *path, struct error *error)
{
	const char **grown = reallocarray(several->passed_over, several->passed_over_count + 1, sizeof *grown);
	if (grown == NULL)
		return error_set(error, ERROR_INTERNAL, "out of memory");
	several->passed_over = grown;
	grown[several->passed_over_count] = arena_copy(&several->arena, slice_from(path)).data;
	if (grown[several->passed_over_count++] == NULL)
		return error_set(error, ERROR_INTERNAL, "out of memory");
	return 0;
}

static int is_yaml(const struct dirent *entry)
{
	const char *dot = strrchr(entry->d_name, '.');
	return entry->d_name[0] != '.' && dot != NULL && (strcmp(dot, ".yaml") == 0 || strcmp(dot, ".yml") == 0);
}

static int by_name(const struct dirent **left, const struct dirent **right)
{
	return strcmp((*left)->d_name, (*right)->d_name);
}

static int find_in_folder(struct several *several, const char *folder, struct error *error)
{
	struct dirent **names = NULL;
	uint64_t before = several->count;
	size_t size = strlen(folder);
	int count = scandir(folder, &names, is_yaml, by_name), code = 0;
	if (count < 0)
		return error_system(error, "cannot read folder \"%s\"", folder);
	while (size > 1 && folder[size - 1] == '/')
		size--;
	for (int i = 0; i < count; i++) {
		const char *path = arena_text(&several->arena, "%.*s/%s", (int)size, folder, names[i]->d_name);
		if (code == 0 && path == NULL)
			code = error_set(error, ERROR_INTERNAL, "out of memory");
		if (code == 0 && !is_folder(path))
			code = may_be_contract(path) ? add_entry(several, path, error)
						     : pass_over(several, path, error);
		free(names[i]);
	}
	free(names);
	if (code == 0 && several->count == before)
		code = error_set(error, ERROR_USAGE, "there is no contract in the folder \"%s\"", folder);
	return code;
}

int several_find(struct several *several, int operand_count, char **operands, struct error *error)
{
	*several = (struct several){.count = 0};
	arena_init(&several->arena, (size_t)1 << 30);
	int code = 0;
	for (int i = 0; i < operand_count && code == 0; i++)
		code = is_folder(operands[i]) ? find_in_folder(several, operands[i], error)
					      : add_entry(several, operands[i], error);
	return code;
}

void several_release(struct several *several)
{
	for (uint64_t i = 0; i < several->count; i++) {
		outcome_free(several->entries[i].outcome);
		free(several->entries[i].outcome);
	}
	free(several->entries);
	free(several->files);
	free(several->passed_over);
	arena_release(&several->arena);
}

/* ---- side by side */

struct judging {
	struct several *several;
	struct session_options each; /* its share of threads and memory */
	uint64_t finding_limit;
	int (*finish)(const struct session_options *own, const char *contract, struct outcome *outcome,
		      struct error *error);
	pthread_mutex_t lock; /* of the arena */
	atomic_uint_fast64_t next;
	atomic_bool out_of_memory;
};

/* A state of its own below the one that was named. */
static int own_state(struct judging *judging, const char *contract, const char **state, struct error *error)
{
	if (judging->each.state == NULL)
		return 0;
	const char *slash = strrchr(contract, '/'), *name = slash != NULL ? slash + 1 : contract;
	const char *dot = strrchr(name, '.');
	pthread_mutex_lock(&judging->lock);
	*state = arena_text(&judging->several->arena, "%s/%.*s", judging->each.state,
			    (int)(dot != NULL && dot > name ? (size_t)(dot - name) : strlen(name)), name);
	pthread_mutex_unlock(&judging->lock);
	return *state == NULL ? error_set(error, ERROR_INTERNAL, "out of memory") : 0;
}

static void judge_one(struct judging *judging, struct report_entry *entry)
{
	struct error error = {0};
	struct run *run = NULL;
	struct session_options own = judging->each;
	int code = own_state(judging, entry->contract, &own.state, &error);
	if (code == 0)
		code = session_open(&own, entry->contract, SESSION_LAKE, judging->finding_limit, &run, &error);
	if (code == 0)
		code = run_ingest(run, &error);
	if (code == 0)
		code = run_reconcile(run, &entry->outcome, &error);
	if (code == 0 && judging->finish != NULL)
		code = judging->finish(&own, entry->contract, entry->outcome, &error);
	run_close(run);
	progress_add(1, 0);
	if (code == 0)
		return;
	outcome_free(entry->outcome);
	free(entry->outcome);
	entry->outcome = NULL;
	entry->code = code;
	pthread_mutex_lock(&judging->lock);
	entry->message = arena_copy(&judging->several->arena, slice_from(error.message)).data;
	pthread_mutex_unlock(&judging->lock);
	if (entry->message == NULL)
		atomic_store(&judging->out_of_memory, true);
}

static void *judge_each(void *argument)
{
	struct judging *judging = argument;
	for (;;) {
		uint64_t next = atomic_fetch_add(&judging->next, 1);
		if (next >= judging->several->count)
			return NULL;
		judge_one(judging, &judging->several->entries[next]);
	}
}

static int64_t least(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

int several_judge(struct several *several, const struct session_options *options, uint64_t finding_limit,
		  int (*finish)(const struct session_options *own, const char *contract, struct outcome *outcome,
				struct error *error),
		  struct error *error)
{
	struct judging judging = {
		.several = several, .each = *options, .finding_limit = finding_limit, .finish = finish};
	pthread_t threads[AT_ONCE_MAX];
	int64_t at_once = least(least((int64_t)several->count, AT_ONCE_MAX),
				least(options->jobs, options->memory / memory_each)),
		started = 1;
	if (at_once > 1) {
		judging.each.jobs = options->jobs / at_once;
		judging.each.memory = options->memory / at_once;
	}
	judging.each.no_steps = true;
	pthread_mutex_init(&judging.lock, NULL);
	progress_begin("reconciling", several->count, "contracts");
	while (started < at_once && pthread_create(&threads[started], NULL, judge_each, &judging) == 0)
		started++;
	judge_each(&judging);
	for (int64_t i = 1; i < started; i++)
		pthread_join(threads[i], NULL);
	progress_end();
	pthread_mutex_destroy(&judging.lock);
	return atomic_load(&judging.out_of_memory) ? error_set(error, ERROR_INTERNAL, "out of memory") : 0;
}
