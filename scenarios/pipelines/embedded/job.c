#include "scenarios/pipelines/embedded/job.h"

#include <stdlib.h>

#include "base/buffer.h"
#include "scenarios/pipelines/embedded/landing.h"

enum { JOB_SIZE_MAX = 64 << 20 };

static const char *text_of(struct job *job, const struct json_token *tokens, const char *name)
{
	uint32_t member = json_member(tokens, 0, name);
	if (member == 0 || tokens[member].type != JSON_STRING)
		return NULL;
	return arena_copy(&job->memory, json_text(&tokens[member])).data;
}

static int64_t number_of(const struct json_token *tokens, const char *name, int64_t otherwise)
{
	uint32_t member = json_member(tokens, 0, name);
	if (member == 0 || tokens[member].type != JSON_NUMBER)
		return otherwise;
	return strtoll(tokens[member].text, NULL, 10); /* what follows a number in JSON is no digit */
}

static void paths_of(struct job *job, const struct json_token *tokens, const char *name, struct job_paths *list)
{
	uint32_t member = json_member(tokens, 0, name);
	if (member == 0 || tokens[member].type != JSON_ARRAY || tokens[member].count == 0)
		return;
	list->paths = arena_array(&job->memory, tokens[member].count, sizeof(*list->paths));
	if (list->paths == NULL)
		return;
	for (uint32_t i = member + 1; i < tokens[member].next; i = tokens[i].next)
		if (tokens[i].type == JSON_STRING)
			list->paths[list->count++] = arena_text(&job->memory, "%.*s", (int)tokens[i].size,
								tokens[i].text);
}

static void read_members(struct job *job, const struct json_token *tokens)
{
	job->landing = text_of(job, tokens, "landing");
	job->batch_folder = text_of(job, tokens, "batch_dir");
	job->work = text_of(job, tokens, "work");
	job->table = text_of(job, tokens, "table");
	job->columns = text_of(job, tokens, "columns");
	job->crash_at = text_of(job, tokens, "crash_at");
	job->batch = number_of(tokens, "batch", 1);
	job->of = number_of(tokens, "of", 1);
	job->attempt = number_of(tokens, "attempt", 1);
	job->now_us = number_of(tokens, "now_us", 0);
	paths_of(job, tokens, "exports", &job->exports);
	paths_of(job, tokens, "increments", &job->increments);
	paths_of(job, tokens, "dumps", &job->dumps);
	paths_of(job, tokens, "events", &job->events);
}

int job_read(struct job *job, const char *path, struct error *error)
{
	struct buffer bytes;
	const struct json_token *tokens;
	size_t count;
	struct json_failure failure;
	*job = (struct job){0};
	arena_init(&job->memory, JOB_SIZE_MAX);
	buffer_init(&bytes, JOB_SIZE_MAX);
	struct landing_file file = {.path = path, .items = -1};
	struct json_parser *parser = json_parser_new(JOB_SIZE_MAX);
	int code = parser == NULL ? error_set(error, ERROR_INTERNAL, "out of memory")
				  : landing_read(&file, (struct bug_set){0}, &bytes, error);
	if (code == 0 && !json_parse(parser, buffer_slice(&bytes), &tokens, &count, &failure))
		code = error_set(error, ERROR_DATA, "\"%s\" is no JSON: %s", path, failure.reason);
	if (code == 0)
		read_members(job, tokens);
	if (code == 0 && (job->table == NULL || job->work == NULL || job->columns == NULL))
		code = error_set(error, ERROR_DATA, "\"%s\" does not name table, work and columns", path);
	if (code == 0 && job->memory.failed)
		code = error_set(error, ERROR_INTERNAL, "out of memory for \"%s\"", path);
	json_parser_free(parser);
	buffer_release(&bytes);
	return code;
}

void job_release(struct job *job)
{
	arena_release(&job->memory);
}
