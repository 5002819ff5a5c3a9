#include "harness/redrive/redrive_report.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "base/json.h"
#include "harness/redrive/item_text.h"

struct redrive_report {
	const char *path, *contract;
	struct arena arena;
	struct buffer text;
	struct json_parser *parser;
	const struct json_token *tokens;
};

int redrive_report_is(const char *path, bool *is, struct error *error)
{
	FILE *file = fopen(path, "r");
	int first = ' ';
	*is = false;
	if (file == NULL)
		return error_system(error, "cannot read \"%s\"", path);
	while (first == ' ' || first == '\n' || first == '\t' || first == '\r')
		first = getc(file);
	*is = first == '{';
	fclose(file);
	return 0;
}

static int read_text(const char *path, struct buffer *text, struct error *error)
{
	FILE *file = fopen(path, "r");
	if (file == NULL)
		return error_system(error, "cannot read \"%s\"", path);
	int code = 0;
	for (size_t got = 1; got > 0 && code == 0;) {
		if (buffer_reserve(text, (size_t)1 << 20) != 0) {
			code = error_set(error, ERROR_USAGE, "\"%s\" is larger than a report can be read; give its "
							     "contract instead", path);
			break;
		}
		got = fread(text->data + text->size, 1, (size_t)1 << 20, file);
		text->size += got;
	}
	if (code == 0 && ferror(file) != 0)
		code = error_system(error, "cannot read \"%s\"", path);
	fclose(file);
	if (code == 0 && buffer_reserve(text, JSON_PADDING) != 0)
		code = error_set(error, ERROR_INTERNAL, "out of memory");
	return code;
}

static int no_report(const char *path, const char *why, struct error *error)
{
	return error_set(error, ERROR_USAGE,
			 "\"%s\" is no report of `lakeproof reconcile --format json --findings all`: %s", path, why);
}

int redrive_report_read(const char *path, struct redrive_report **report, struct error *error)
{
	struct redrive_report *made = *report = calloc(1, sizeof **report);
	struct json_failure failure;
	size_t count;
	if (made == NULL)
		return error_set(error, ERROR_INTERNAL, "out of memory");
	made->path = path;
	arena_init(&made->arena, (size_t)1 << 20);
	buffer_init(&made->text, (size_t)1 << 30);
	if (read_text(path, &made->text, error) != 0)
		return error->code;
	made->parser = json_parser_new(made->text.size + 1);
	if (made->parser == NULL)
		return error_set(error, ERROR_INTERNAL, "out of memory");
	if (!json_parse(made->parser, buffer_slice(&made->text), &made->tokens, &count, &failure))
		return no_report(path, failure.reason, error);
	uint32_t contract = json_member(made->tokens, 0, "contract");
	if (json_member(made->tokens, 0, "contracts") != 0)
		return no_report(path, "it is of several contracts; redrive one at a time", error);
	if (contract == 0 || made->tokens[contract].type != JSON_STRING || json_member(made->tokens, 0, "verdict") == 0)
		return no_report(path, "it names no contract", error);
	made->contract = arena_copy(&made->arena, json_text(&made->tokens[contract])).data;
	return made->contract == NULL ? error_set(error, ERROR_INTERNAL, "out of memory") : 0;
}

void redrive_report_free(struct redrive_report *report)
{
	if (report == NULL)
		return;
	json_parser_free(report->parser);
	buffer_release(&report->text);
	arena_release(&report->arena);
	free(report);
}

const char *redrive_report_contract(const struct redrive_report *report)
{
	return report->contract;
}

static struct slice member_text(const struct json_token *tokens, uint32_t object, const char *name)
{
	uint32_t value = json_member(tokens, object, name);
	return value != 0 && tokens[value].type == JSON_STRING ? json_text(&tokens[value]) : (struct slice){NULL, 0};
}

static int add_finding(const struct json_token *tokens, uint32_t finding, struct run *run, struct redrive_plan *plan,
		       struct buffer *text, struct error *error)
{
	struct slice name = member_text(tokens, finding, "id");
	uint32_t key = json_member(tokens, finding, "key");
	char id[64];
	if (name.size == 0 || name.size >= sizeof id || key == 0)
		return 0;
	memcpy(id, name.data, name.size);
	id[name.size] = '\0';
	text->size = 0;
	item_text_append(tokens, key, text);
	if (text->failed)
		return error_set(error, ERROR_INTERNAL, "out of memory");
	return redrive_plan_add(plan, run, finding_from_text(id), buffer_slice(text), error);
}

/* How many findings of rows the counts tell. */
static uint64_t counted(const struct json_token *tokens, uint32_t outcome)
{
	uint32_t counts = json_member(tokens, outcome, "findings_by_id");
	uint64_t sum = 0;
	for (uint32_t i = counts + 1; counts != 0 && i < tokens[counts].next; i = tokens[i + 1].next) {
		struct slice id = json_text(&tokens[i]), number = json_text(&tokens[i + 1]);
		uint64_t value = 0;
		for (size_t digit = 0; digit < number.size; digit++)
			value = value * 10 + (uint64_t)(number.data[digit] - '0');
		if (id.size > 4 && memcmp(id.data, "row.", 4) == 0 && !slice_is(id, "row.null_key"))
			sum += value;
	}
	return sum;
}

static int add_outcome(const struct redrive_report *report, uint32_t outcome, struct run *chain,
		       struct redrive_plan *plan, uint64_t *more, struct error *error)
{
	const struct json_token *tokens = report->tokens;
	uint32_t findings = json_member(tokens, outcome, "findings");
	uint64_t before = plan->count, told = counted(tokens, outcome);
	struct slice name = member_text(tokens, outcome, "name");
	struct buffer text;
	int code = 0;
	buffer_init(&text, (size_t)1 << 20);
	if (buffer_append_slice(&text, name) != 0 || buffer_append_byte(&text, '\0') != 0)
		code = error_set(error, ERROR_INTERNAL, "out of memory");
	struct run *run = code != 0 ? NULL : run_of_lake(chain, name.size > 0 ? text.data : NULL);
	if (code == 0 && run == NULL)
		code = no_report(report->path, "its contract has no such lake any more", error);
	for (uint32_t i = findings + 1; code == 0 && findings != 0 && i < tokens[findings].next; i = tokens[i].next)
		code = add_finding(tokens, i, run, plan, &text, error);
	if (told > plan->count - before)
		*more += told - (plan->count - before);
	buffer_release(&text);
	return code;
}

int redrive_report_keys(const struct redrive_report *report, struct run *chain, struct redrive_plan *plan,
			uint64_t *more, struct error *error)
{
	uint32_t lakes = json_member(report->tokens, 0, "lakes");
	int code = 0;
	*more = 0;
	if (lakes == 0)
		return add_outcome(report, 0, chain, plan, more, error);
	for (uint32_t i = lakes + 1; code == 0 && i < report->tokens[lakes].next; i = report->tokens[i].next)
		code = add_outcome(report, i, chain, plan, more, error);
	return code;
}

int redrive_outcome_keys(const struct outcome *outcome, struct run *chain, struct redrive_plan *plan,
			 struct error *error)
{
	struct run *run = outcome->lake_count > 0 ? NULL : run_of_lake(chain, outcome->name);
	int code = 0;
	for (uint64_t i = 0; run != NULL && i < outcome->finding_count && code == 0; i++)
		if (outcome->findings[i].key_json != NULL)
			code = redrive_plan_add(plan, run, outcome->findings[i].id,
						slice_from(outcome->findings[i].key_json), error);
	for (uint32_t i = 0; i < outcome->lake_count && code == 0; i++)
		code = redrive_outcome_keys(outcome->lakes[i], chain, plan, error);
	return code;
}
