#include "generators/faults.h"

#include "base/clock.h"
#include "generators/lineage.h"
#include "generators/table.h"

#define FAULT_ROW(id, name, class, stage, harm, count, ppm, unit, help)                                                \
	[FAULT_##id] = {name, class, STAGE_##stage, FAULT_##harm, {count, ppm}, unit, help},
const struct fault_kind fault_kinds[FAULT_COUNT] = {FAULT_KINDS(FAULT_ROW)};
#undef FAULT_ROW

/* ---- rates ---- */

static int rate_error(const char *text, struct error *error)
{
	return error_set(error, ERROR_USAGE,
			 "cannot read the rate \"%s\"; write a count such as 12, a share such as 0.5%%, "
			 "or none",
			 text);
}

int fault_parse_rate(const char *text, struct fault_rate *rate, struct error *error)
{
	enum { PPM_DECIMALS = 4, DIGITS_MAX = 15 };
	uint64_t value = 0;
	int decimals = -1;
	size_t i = 0;

	*rate = (struct fault_rate){0, 0};
	if (strcmp(text, "none") == 0)
		return 0;
	for (; (text[i] >= '0' && text[i] <= '9') || (text[i] == '.' && decimals < 0 && i > 0); i++) {
		if (text[i] == '.') {
			decimals = 0;
			continue;
		}
		value = value * 10 + (uint64_t)(text[i] - '0');
		if (decimals >= 0)
			decimals++;
		if (i > DIGITS_MAX || decimals > PPM_DECIMALS)
			return rate_error(text, error);
	}
	if (i == 0)
		return rate_error(text, error);
	if (text[i] == '\0' && decimals < 0) {
		rate->count = value;
		return 0;
	}
	if (text[i] != '%' || text[i + 1] != '\0')
		return rate_error(text, error);
	for (int missing = decimals < 0 ? PPM_DECIMALS : PPM_DECIMALS - decimals; missing > 0; missing--)
		value *= 10;
	if (value > 1000000)
		return error_set(error, ERROR_USAGE, "the share \"%s\" is more than 100%%", text);
	rate->ppm = value;
	return 0;
}

uint64_t fault_rate_of(struct fault_rate rate, uint64_t n)
{
	uint64_t wanted = rate.count;
	if (rate.ppm > 0) {
		wanted = n / 1000000 * rate.ppm + n % 1000000 * rate.ppm / 1000000;
		wanted += wanted == 0;
	}
	return wanted < n ? wanted : n;
}

/* ---- faults as text ---- */

struct fault fault_make(enum fault_id id)
{
	return (struct fault){
		.id = id, .rate = fault_kinds[id].rate, .to_percent = 100, .shard = -1, .item = -1, .export_index = 0};
}

/* Digits up to `end`; false when there is anything else or too much of them. */
static bool parse_digits(const char *text, const char *end, uint64_t most, uint64_t *value)
{
	*value = 0;
	for (const char *at = text; at < end; at++) {
		if (*at < '0' || *at > '9')
			return false;
		*value = *value * 10 + (uint64_t)(*at - '0');
		if (*value > most)
			return false;
	}
	return end > text;
}

static bool parse_window(const char *text, struct fault *fault)
{
	const char *dash = strchr(text, '-');
	uint64_t from, to;

	if (dash == NULL || !parse_digits(text, dash, 100, &from) ||
	    !parse_digits(dash + 1, dash + 1 + strlen(dash + 1), 100, &to) || from >= to)
		return false;
	fault->from_percent = (unsigned)from;
	fault->to_percent = (unsigned)to;
	return true;
}

static bool parse_target(const char *text, struct fault *fault)
{
	static const char *const events[] = {"insert", "modify", "remove", "ttl"};
	const char *value = strchr(text, '=');
	uint64_t number = 0;

	for (unsigned kind = 0; kind < 4; kind++) {
		if (strcmp(text, events[kind]) == 0) {
			fault->events = 1u << kind;
			return true;
		}
	}
	if (value++ == NULL)
		return false;
	if (strncmp(text, "entity=", 7) == 0 && strlen(value) < FAULT_ENTITY_MAX && *value != '\0') {
		memcpy(fault->entity, value, strlen(value) + 1);
		return true;
	}
	if (!parse_digits(value, value + strlen(value), UINT32_MAX, &number))
		return false;
	if (strncmp(text, "shard=", 6) == 0)
		fault->shard = (int64_t)number;
	else if (strncmp(text, "item=", 5) == 0)
		fault->item = (int64_t)number;
	else if (strncmp(text, "export=", 7) == 0 && (number == 1 || number == 2))
		fault->export_index = (unsigned)number - 1;
	else if (strncmp(text, "window=", 7) == 0 && number >= 1)
		fault->window = (unsigned)number;
	else
		return false;
	return true;
}

/* Cuts `text` at the mark; what follows it, or NULL. */
static char *cut(char *text, char mark)
{
	char *found = strchr(text, mark);
	if (found != NULL)
		*found++ = '\0';
	return found;
}

int fault_parse(const char *whole, struct fault *fault, struct error *error)
{
	enum { TEXT_MAX = 200 };
	char text[TEXT_MAX];
	unsigned id = 0;

	if (strlen(whole) >= TEXT_MAX)
		return error_set(error, ERROR_USAGE, "cannot read the fault \"%.80s…\"", whole);
	memcpy(text, whole, strlen(whole) + 1);
	char *target = cut(text, '/'), *window = cut(text, '@'), *rate = cut(text, ':');
	while (id < FAULT_COUNT && strcmp(fault_kinds[id].name, text) != 0)
		id++;
	if (id == FAULT_COUNT)
		return error_set(error, ERROR_USAGE, "unknown fault \"%s\"; see `lakeproof generate --help`", text);
	*fault = fault_make((enum fault_id)id);
	const struct fault_kind *kind = &fault_kinds[id];
	if (rate != NULL && strncmp(kind->unit, "one ", 4) == 0)
		return error_set(error, ERROR_USAGE, "fault \"%s\" takes no rate", text);
	if (rate != NULL && fault_parse_rate(rate, &fault->rate, error) != 0)
		return error_prefix(error, "fault \"%s\"", text);
	if (fault->rate.ppm > 0 && (strcmp(kind->unit, "seconds") == 0 || id == FAULT_SHUFFLE))
		return error_set(error, ERROR_USAGE, "fault \"%s\" takes a number of %s, not a share", text,
				 kind->unit);
	if (window != NULL && !parse_window(window, fault))
		return error_set(error, ERROR_USAGE,
				 "fault \"%s\": \"@%s\" must be a part of the window in percent, such as @40-60", text,
				 window);
	if (target != NULL && !parse_target(target, fault))
		return error_set(error, ERROR_USAGE,
				 "fault \"%s\": \"/%s\" must be insert, modify, remove, ttl, entity=NAME, shard=N, "
				 "item=N, export=N or window=N",
				 text, target);
	return 0;
}

bool fault_hits(const struct fault *fault, const struct model *model, const struct change *change)
{
	const struct model_config *config = &model->config;
	int64_t share_us = config->duration_us / 100;

	if (fault->from_percent > 0 && change->time_us < config->start_us + share_us * fault->from_percent)
		return false;
	if (fault->to_percent < 100 && change->time_us >= config->start_us + share_us * fault->to_percent)
		return false;
	if (fault->events != 0 && (fault->events >> change->kind & 1) == 0)
		return false;
	if (fault->item >= 0 && change->item != (uint64_t)fault->item)
		return false;
	if (fault->shard >= 0 && lineage_shard(model, change->item, change->time_us) != (uint64_t)fault->shard)
		return false;
	return fault->entity[0] == '\0' || strcmp(model_entity(model, change->item)->name, fault->entity) == 0;
}

/* ---- the log ---- */

static void log_begin(enum fault_id id, struct buffer *log)
{
	buffer_printf(log, "{\"fault\":\"%s\",\"class\":\"%s\"", fault_kinds[id].name, fault_kinds[id].class_id);
}

int fault_log_record(const struct model *model, const struct history *history, enum fault_id id, const char *file,
		     uint64_t record, uint64_t offset, uint64_t change, struct buffer *log)
{
	char sequence[SEQUENCE_TEXT_MAX], time[CLOCK_TEXT_MAX];
	uint64_t size_bytes;
	static const char *const events[] = {"INSERT", "MODIFY", "REMOVE", "REMOVE by TTL"};

	model_sequence(model, change, sequence);
	log_begin(id, log);
	if (file != NULL) {
		buffer_append_text(log, ",\"file\":");
		buffer_append_json(log, slice_from(file));
		buffer_printf(log, ",\"record\":%llu,\"offset\":%llu", (unsigned long long)record,
			      (unsigned long long)offset);
	}
	buffer_append_text(log, ",\"key\":");
	if (model_key_json(model, history->changes[change].item, log, &size_bytes) != 0)
		return ERROR_INTERNAL;
	buffer_printf(log, ",\"event\":\"%s\",\"sequence\":\"%s\",\"time\":\"%s\"}\n",
		      events[history->changes[change].kind], sequence,
		      clock_format(history->changes[change].time_us, time));
	return log->failed ? ERROR_INTERNAL : 0;
}

int fault_log_file(enum fault_id id, const char *file, const char *detail, struct buffer *log)
{
	log_begin(id, log);
	buffer_append_text(log, ",\"file\":");
	buffer_append_json(log, slice_from(file));
	if (detail != NULL)
		buffer_printf(log, ",%s", detail);
	buffer_append_text(log, "}\n");
	return log->failed ? ERROR_INTERNAL : 0;
}
