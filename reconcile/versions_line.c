#include "reconcile/versions_line.h"

#include <stdlib.h>

enum {
	SLACK_US = 1000000, /* how far apart two kinds of sources may put one change */
	SHARED_MAX = 256    /* changes of one place of which it is asked whether one led to the other */
};

void line_init(struct line *line, const struct scope *scope)
{
	*line = (struct line){.scope = scope};
}

void line_release(struct line *line)
{
	free(line->changes);
	free(line->items);
	free(line->exports);
	free(line->places);
	free(line->states);
	*line = (struct line){0};
}

void line_begin(struct line *line)
{
	line->change_count = line->item_count = line->state_count = line->place_count = 0;
	line->reason = VERSIONS_REASON_COUNT;
}

static int out_of_memory(struct error *error)
{
	return error_set(error, ERROR_INTERNAL, "out of memory for a key's changes");
}

static int take_change(struct line *line, const struct fact *fact, struct error *error)
{
	if (line->change_count == line->change_capacity) {
		uint32_t capacity = line->change_capacity * 2 + 16;
		struct fact *grown = reallocarray(line->changes, capacity, sizeof *grown);
		if (grown == NULL)
			return out_of_memory(error);
		line->changes = grown;
		line->change_capacity = capacity;
	}
	line->changes[line->change_count++] = *fact;
	return 0;
}

static int take_item(struct line *line, const struct fact *fact, uint32_t export, struct error *error)
{
	if (line->item_count == line->item_capacity) {
		uint32_t capacity = line->item_capacity * 2 + 8;
		struct fact *grown = reallocarray(line->items, capacity, sizeof *grown);
		uint32_t *numbers = reallocarray(line->exports, capacity, sizeof *numbers);
		line->items = grown != NULL ? grown : line->items;
		line->exports = numbers != NULL ? numbers : line->exports;
		if (grown == NULL || numbers == NULL)
			return out_of_memory(error);
		line->item_capacity = capacity;
	}
	line->exports[line->item_count] = export;
	line->items[line->item_count++] = *fact;
	return 0;
}

int line_take(struct line *line, const struct fact *fact, uint32_t export, struct error *error)
{
	const struct scope *scope = line->scope;
	if (fact->kind == FACT_CHANGE && (!scope->has_as_of || fact->time_lo_us < scope->as_of_us))
		return take_change(line, fact, error);
	if (fact->kind == FACT_SNAPSHOT && export < scope->export_count)
		return take_item(line, fact, export, error);
	return 0;
}

/* ---- the places */

static const struct scope_domain *domain_of(const struct line *line, const struct fact *change)
{
	uint32_t id = scope_domain_of(line->scope, change->domain);
	for (uint32_t i = 0; i < line->scope->domain_count; i++)
		if (line->scope->domains[i].domain == id)
			return &line->scope->domains[i];
	return NULL;
}

static bool is_net(const struct line *line, const struct fact *change)
{
	const struct scope_domain *domain = domain_of(line, change);
	return domain != NULL && domain->kind == DOMAIN_NET;
}

/* What was met of one domain so far, in the order of times. */
struct met {
	uint32_t domain;
	bool has_sequence;
	uint8_t sequence[SEQUENCE_SIZE]; /* the greatest */
	int64_t time_hi;                 /* the greatest */
};

enum { MET_MAX = 16 };

static int by_time(const void *left, const void *right)
{
	const struct fact *a = left, *b = right;
	if (a->time_lo_us != b->time_lo_us)
		return a->time_lo_us < b->time_lo_us ? -1 : 1;
	int order = memcmp(a->sequence, b->sequence, SEQUENCE_SIZE);
	if (order != 0)
		return order;
	order = (a->source > b->source) - (a->source < b->source);
	return order != 0 ? order : (a->record > b->record) - (a->record < b->record);
}

/* Whether the change is known to be after all that were met. *backward: its number says that it is before one of them,
 * its time that it is after. */
static bool is_after(const struct line *line, const struct met *met, uint32_t count, const struct fact *change,
		     bool *backward)
{
	bool after = true;
	for (uint32_t i = 0; i < count; i++) {
		const struct met *one = &met[i];
		if (one->domain == scope_domain_of(line->scope, change->domain) && one->has_sequence &&
		    change->has_sequence) {
			int order = memcmp(change->sequence, one->sequence, SEQUENCE_SIZE);
			*backward = *backward || order < 0;
			after = after && order > 0;
			continue;
		}
		bool same = one->domain == scope_domain_of(line->scope, change->domain) &&
			    one->has_sequence == change->has_sequence;
		int64_t slack = same ? 0 : SLACK_US;
		after = after && one->time_hi <= INT64_MAX - slack && one->time_hi + slack <= change->time_lo_us;
	}
	return after;
}

/* False when there are too many. */
static bool meet(const struct line *line, struct met *met, uint32_t *count, const struct fact *change)
{
	uint32_t domain = scope_domain_of(line->scope, change->domain), i = 0;
	while (i < *count && (met[i].domain != domain || met[i].has_sequence != change->has_sequence))
		i++;
	if (i == MET_MAX)
		return false;
	if (i == *count) {
		met[(*count)++] = (struct met){domain, change->has_sequence, {0}, INT64_MIN};
		memcpy(met[i].sequence, change->sequence, SEQUENCE_SIZE);
	}
	if (memcmp(change->sequence, met[i].sequence, SEQUENCE_SIZE) > 0)
		memcpy(met[i].sequence, change->sequence, SEQUENCE_SIZE);
	met[i].time_hi = change->time_hi_us > met[i].time_hi ? change->time_hi_us : met[i].time_hi;
	return true;
}

/* Then they stand in their order already, whatever their times. */
static bool is_one_line(const struct line *line)
{
	for (uint32_t i = 0; i < line->change_count; i++)
		if (!line->changes[i].has_sequence || scope_domain_of(line->scope, line->changes[i].domain) !=
							      scope_domain_of(line->scope, line->changes[0].domain))
			return false;
	return true;
}

static int make_places(struct line *line, struct error *error)
{
	struct met met[MET_MAX];
	uint32_t count = 0;
	struct line_place *places = reallocarray(line->places, (size_t)line->change_count + 1, sizeof *places);
	if (places == NULL)
		return out_of_memory(error);
	line->places = places;
	if (!is_one_line(line))
		qsort(line->changes, line->change_count, sizeof *line->changes, by_time);
	for (uint32_t i = 0; i < line->change_count; i++) {
		const struct fact *change = &line->changes[i];
		bool backward = false;
		if (line->place_count == 0 || is_after(line, met, count, change, &backward))
			places[++line->place_count] = (struct line_place){INT64_MAX, INT64_MIN, i, 0};
		if (backward || is_net(line, change) || !meet(line, met, &count, change))
			line->reason = VERSIONS_UNORDERED;
		struct line_place *place = &places[line->place_count];
		place->time_lo = change->time_lo_us < place->time_lo ? change->time_lo_us : place->time_lo;
		place->time_hi = change->time_hi_us > place->time_hi ? change->time_hi_us : place->time_hi;
		place->count++;
	}
	return 0;
}

/* ---- the states */

/* One change, delivered twice. */
static bool same_stamp(const struct fact *a, const struct fact *b)
{
	if (a->domain != b->domain || a->has_sequence != b->has_sequence)
		return false;
	return a->has_sequence ? memcmp(a->sequence, b->sequence, SEQUENCE_SIZE) == 0
			       : a->time_lo_us == b->time_lo_us && a->event_hash == b->event_hash;
}

/* The change of a place that only one has, delivered once or more. */
static const struct fact *only_change(const struct line *line, uint32_t number)
{
	const struct line_place *place = &line->places[number];
	const struct fact *first = &line->changes[place->first];
	for (uint32_t i = 1; i < place->count; i++)
		if (!same_stamp(&first[i], first))
			return NULL;
	return first;
}

static int add_state(struct line *line, const struct line_state *state, struct error *error)
{
	if (line->state_count == line->state_capacity) {
		uint32_t capacity = line->state_capacity * 2 + 32;
		struct line_state *grown = reallocarray(line->states, capacity, sizeof *grown);
		if (grown == NULL)
			return out_of_memory(error);
		line->states = grown;
		line->state_capacity = capacity;
	}
	line->states[line->state_count++] = *state;
	return 0;
}

/* An image that its columns cannot hold may have become any row. */
static struct line_state state_of(const struct fact *fact, const struct fact_side *side, uint32_t lo, uint32_t hi,
				  int64_t time_us)
{
	bool exact = side->state == STATE_IMAGE && side->flags == 0;
	return (struct line_state){.state = side->state == STATE_IMAGE && !exact ? STATE_PRESENT : side->state,
				   .row = exact ? side->row : 0,
				   .lo = lo,
				   .hi = hi,
				   .time_us = time_us,
				   .origin = {fact->source, fact->record, fact->offset}};
}

/* What the first change found was so since the capture began. */
static int64_t found_since(const struct line *line, int64_t time_us)
{
	const struct scope_window *captured = &line->scope->captured;
	return captured->lo <= captured->hi && captured->lo < time_us ? captured->lo : time_us;
}

/* What a change found is what was at the place before, or, of changes that share a place, perhaps at that. That it
 * found something, or that it does not say, is told by the change before it. */
static int add_change(struct line *line, uint32_t number, uint32_t before_hi, const struct fact *change,
		      struct error *error)
{
	int64_t before_us = number > 1 ? line->places[number - 1].time_lo : found_since(line, change->time_lo_us);
	struct line_state before = state_of(change, &change->before, number - 1, before_hi, before_us);
	struct line_state after = state_of(change, &change->after, number, number, change->time_lo_us);
	bool tells = number == 1 || before.state == STATE_IMAGE || before.state == STATE_ABSENT;
	int code = tells ? add_state(line, &before, error) : 0;
	if (code == 0)
		code = add_state(line, &after, error);
	if (code != 0 || change->after.state != STATE_ABSENT || change->ttl == TTL_NO ||
	    line->scope->ttl != TTL_POLICY_KEEP)
		return code;
	/* The row stays, as it was. */
	struct line_state kept = state_of(change, &change->before, number, number, change->time_lo_us);
	kept.state = kept.state == STATE_IMAGE ? STATE_IMAGE : STATE_PRESENT;
	return add_state(line, &kept, error);
}

/* The places that an export may have seen. */
static void seen_by(const struct line *line, const struct scope_export *export, uint32_t *lo, uint32_t *hi)
{
	*lo = 0;
	*hi = line->place_count;
	while (*lo < line->place_count && line->places[*lo + 1].time_hi <= export->lo)
		++*lo;
	while (*hi > *lo && line->places[*hi].time_lo >= export->hi)
		--*hi;
}

static int add_exports(struct line *line, struct error *error)
{
	int code = 0;
	for (uint32_t number = 0; number < line->scope->export_count && code == 0; number++) {
		const struct scope_export *export = &line->scope->exports[number];
		uint32_t lo, hi, items = 0;
		seen_by(line, export, &lo, &hi);
		for (uint32_t i = 0; i < line->item_count && code == 0; i++) {
			if (line->exports[i] != number)
				continue;
			struct line_state state = state_of(&line->items[i], &line->items[i].after, lo, hi, export->lo);
			items++;
			code = add_state(line, &state, error);
		}
		struct line_state absent = {.state = STATE_ABSENT, .lo = lo, .hi = hi, .time_us = export->lo};
		if (code == 0 && items == 0 && export->complete)
			code = add_state(line, &absent, error);
	}
	return code;
}

/* ---- what is missing */

static bool compatible(const struct line *line, const struct fact_side *a, const struct fact_side *b)
{
	if (a->state == STATE_UNKNOWN || b->state == STATE_UNKNOWN)
		return true;
	if (a->state == STATE_ABSENT || b->state == STATE_ABSENT)
		return a->state == b->state;
	if (a->state != STATE_IMAGE || b->state != STATE_IMAGE)
		return true;
	return line->scope->by_row ? a->row == b->row : a->item[0] == b->item[0] && a->item[1] == b->item[1];
}

/* Whether some other change at the place, or one at the place ahead, left what this one found. */
static bool follows(const struct line *line, uint32_t number, const struct fact *change)
{
	const struct line_place *place = &line->places[number];
	for (uint32_t i = number > 1 ? line->places[number - 1].first : 0; i < place->first + place->count; i++) {
		const struct fact *other = &line->changes[i];
		if (other != change && !same_stamp(other, change) && compatible(line, &other->after, &change->before))
			return true;
	}
	return false;
}

/* Ahead of a change that did not find what another one left lies a change of which no record tells. */
static bool is_broken(const struct line *line)
{
	const struct fact *begin = NULL; /* what found what was there before the first change */
	for (uint32_t number = 1; number <= line->place_count; number++) {
		const struct line_place *place = &line->places[number];
		if (place->count > SHARED_MAX)
			return true;
		for (uint32_t i = 0; i < place->count; i++) {
			const struct fact *change = &line->changes[place->first + i];
			if (follows(line, number, change))
				continue;
			if (number > 1 || (begin != NULL && !compatible(line, &begin->before, &change->before)))
				return true;
			begin = change;
		}
	}
	return false;
}

/* Whether an export after the capture lists what the last change left. */
static bool agrees(const struct line *line, uint32_t export)
{
	const struct line_place *last = &line->places[line->place_count];
	static const struct fact_side absent = {.state = STATE_ABSENT};
	bool listed = false, same = false;
	for (uint32_t i = 0; i < line->item_count; i++) {
		if (line->exports[i] != export)
			continue;
		listed = true;
		for (uint32_t change = last->first; change < last->first + last->count; change++)
			same = same || compatible(line, &line->changes[change].after, &line->items[i].after);
	}
	for (uint32_t change = last->first; change < last->first + last->count && !listed; change++)
		same = same || compatible(line, &line->changes[change].after, &absent);
	return same || (!listed && !line->scope->exports[export].complete);
}

/* Whether something may have happened to the item of which no record tells. What it was then may be what it was before,
 * and nothing says that a row which is either is not of then. */
static bool has_gap(const struct line *line)
{
	const struct scope *scope = line->scope;
	const struct scope_window *captured = &scope->captured;
	if (scope->unreadable || scope->hole_count > 0 || is_broken(line))
		return true;
	if (line->place_count == 0)
		return false;
	/* Holes begin with the evidence; captures may be older than the first export. */
	if (captured->lo > captured->hi || captured->filtered || scope->window_count > 1)
		return true;
	for (uint32_t i = 0; i < scope->domain_count; i++) {
		const struct scope_domain *domain = &scope->domains[i];
		bool partial = domain->kind == DOMAIN_NET || domain->filtered || domain->puts_only;
		if (partial && (domain->lo < captured->lo || domain->hi > captured->hi))
			return true;
	}
	for (uint32_t i = 0; i < scope->export_count; i++)
		if (scope->exports[i].lo >= captured->hi && !agrees(line, i))
			return true;
	return false;
}

int line_end(struct line *line, struct error *error)
{
	int code = make_places(line, error);
	for (uint32_t number = 1; number <= line->place_count && code == 0; number++) {
		const struct line_place *place = &line->places[number];
		uint32_t before_hi = only_change(line, number) == NULL ? number : number - 1;
		for (uint32_t i = 0; i < place->count && code == 0; i++)
			code = add_change(line, number, before_hi, &line->changes[place->first + i], error);
	}
	if (code == 0)
		code = add_exports(line, error);
	line->gap = code == 0 && has_gap(line);
	if (line->reason == VERSIONS_REASON_COUNT && line->change_count + line->item_count == 0)
		line->reason = VERSIONS_UNKNOWN;
	return code;
}

/* ---- rows on it */

static bool may_be(const struct line_state *state, enum line_row row, uint64_t digest)
{
	switch (state->state) {
	case STATE_UNKNOWN:
		return true;
	case STATE_ABSENT:
		return row != LINE_IMAGE;
	case STATE_PRESENT:
		return row == LINE_IMAGE;
	case STATE_IMAGE:
		break;
	}
	return row == LINE_IMAGE && state->row == digest;
}

/* The least place from `from` on at which the row can be; INT64_MAX when there is none. *at: the state there, one with
 * a record where there is such. */
static int64_t least_place(const struct line *line, int64_t from, enum line_row row, uint64_t digest, int64_t until_us,
			   const struct line_state **at)
{
	int64_t least = INT64_MAX;
	*at = NULL;
	for (uint32_t i = 0; i < line->state_count; i++) {
		const struct line_state *state = &line->states[i];
		if ((int64_t)state->hi < from || state->time_us > until_us || !may_be(state, row, digest))
			continue;
		int64_t place = state->lo > from ? state->lo : from;
		if (place < least || (place == least && (*at)->origin.source == 0))
			*at = state;
		least = place < least ? place : least;
	}
	return least;
}

/* Moves the floor up; false where the row can be at no place from it on. */
static bool climb(const struct line *line, struct line_floor *floor, enum line_row row, uint64_t digest,
		  int64_t until_us)
{
	const struct line_state *at;
	int64_t place = least_place(line, floor->place, row, digest, until_us, &at);
	if (place == INT64_MAX)
		return false;
	if (place > floor->place || floor->absent != (row != LINE_IMAGE)) {
		floor->origin = at->origin;
		floor->time_us = at->time_us;
	}
	floor->place = place;
	floor->absent = row != LINE_IMAGE;
	return true;
}

bool line_reaches(const struct line *line, const struct line_floor *floor, uint64_t digest, int64_t until_us)
{
	const struct line_state *at;
	return least_place(line, floor->place, LINE_IMAGE, digest, until_us, &at) != INT64_MAX;
}

/* The newest state that has the row's very image. */
static const struct line_state *newest(const struct line *line, uint64_t digest, int64_t until_us)
{
	const struct line_state *found = NULL;
	for (uint32_t i = 0; i < line->state_count; i++) {
		const struct line_state *state = &line->states[i];
		if (state->state == STATE_IMAGE && state->row == digest && state->time_us <= until_us &&
		    (found == NULL || state->hi > found->hi))
			found = state;
	}
	return found;
}

enum line_answer line_step(const struct line *line, struct line_floor *floor, enum line_row row, uint64_t digest,
			   int64_t until_us, const struct line_state **older)
{
	*older = NULL;
	if (row != LINE_IMAGE) {
		/* Where there never was a row, no row says nothing. */
		if (floor->place >= 0 || row == LINE_SOFT)
			(void)climb(line, floor, row, 0, until_us);
		return LINE_FORWARD;
	}
	*older = newest(line, digest, until_us);
	if (*older == NULL)
		return LINE_NO_IMAGE;
	if (climb(line, floor, row, digest, until_us))
		return LINE_FORWARD;
	/* From here on it is held to what it is now. */
	*floor = LINE_NOWHERE;
	(void)climb(line, floor, row, digest, until_us);
	return line->gap ? LINE_HOLE : LINE_BACK;
}
