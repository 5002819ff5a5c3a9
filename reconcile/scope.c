#include "reconcile/scope.h"

#include <assert.h>
#include <stdlib.h>

#include "base/arena.h"
#include "base/clock.h"
#include "reconcile/merge.h"

/* AWS promises that a full export holds everything from a minute before its exportTime and nothing from a minute after.
 */
#define EXPORT_FUZZ_US INT64_C(60000000)

struct building {
	struct state *state;
	const struct contract *contract;
	const uint32_t *source_groups;
	struct scope *scope;
	struct arena *arena;
	struct state_domain_window *windows; /* as the state has them, of the chosen sources */
	size_t window_count, window_capacity;
	struct scope_window *spans; /* parts of the union: one a domain, and those of sources without a record */
	uint32_t span_count;
	uint32_t domain_max;
};

static int take_window(void *context, const struct state_domain_window *window)
{
	struct building *building = context;
	if (building->window_count == building->window_capacity) {
		size_t capacity = building->window_capacity * 2 + 64;
		struct state_domain_window *grown = reallocarray(building->windows, capacity, sizeof(*grown));
		if (grown == NULL)
			return ERROR_INTERNAL;
		building->windows = grown;
		building->window_capacity = capacity;
	}
	building->windows[building->window_count++] = *window;
	if (window->domain > building->domain_max)
		building->domain_max = window->domain;
	return 0;
}

static int take_problem(void *context, const struct state_problem *problem)
{
	struct scope *scope = context;
	if (!problem->has_key && strcmp(problem->id, "record.unreadable") == 0)
		scope->unreadable = true;
	return 0;
}

static uint32_t group_of(const struct building *building, const struct state_domain_window *window)
{
	const struct state_source *source = state_source(building->state, window->source);
	return source != NULL ? source->group : 0;
}

static bool is_nameless(const struct building *building, uint32_t domain)
{
	return state_domain_arn(building->state, domain, NULL)[0] == '\0';
}

/* The one stream that the group's records name, 0 when they name none or several. */
static uint32_t only_stream(const struct building *building, uint32_t group)
{
	uint32_t stream = 0;
	for (size_t i = 0; i < building->window_count; i++) {
		const struct state_domain_window *window = &building->windows[i];
		if (is_nameless(building, window->domain) || group_of(building, window) != group)
			continue;
		if (stream != 0 && stream != window->domain)
			return 0;
		stream = window->domain;
	}
	return stream;
}

static int make_aliases(struct building *building)
{
	uint32_t count = building->domain_max + 1;
	uint32_t *aliases = arena_array(building->arena, count, sizeof(*aliases));
	if (aliases == NULL)
		return ERROR_INTERNAL;
	for (uint32_t i = 0; i < count; i++)
		aliases[i] = i;
	for (size_t i = 0; i < building->window_count; i++) {
		uint32_t domain = building->windows[i].domain, group;
		if (aliases[domain] != domain || state_domain_arn(building->state, domain, &group)[0] != '\0')
			continue;
		uint32_t stream = only_stream(building, group);
		if (stream != 0)
			aliases[domain] = stream;
	}
	building->scope->aliases = aliases;
	building->scope->alias_count = count;
	return 0;
}

/* ---- domains and their windows */

static int by_domain(const void *left, const void *right)
{
	const struct state_domain_window *a = left, *b = right;
	return (a->domain > b->domain) - (a->domain < b->domain);
}

/* What the contract says of the sources that a domain's records came from. */
static void apply_contract(const struct building *building, struct scope_domain *domain, uint32_t group)
{
	bool known = false;
	for (uint32_t i = 0; i < building->contract->source_count; i++) {
		const struct contract_source *source = &building->contract->sources[i];
		if (source->kind != SOURCE_EVENTS || building->source_groups[i] != group)
			continue;
		known = true;
		domain->filtered = domain->filtered || source->filtered;
		domain->independent = domain->independent && source->independent;
		if (domain->name[0] == '\0')
			domain->name = source->text;
	}
	domain->independent = domain->independent && known;
}

/* The domain of a contract source whose records begin first, or end last; NULL when it has none with a time. The
 * windows are in the order of the domains; recorded is what the domains' records alone cover. */
static struct scope_domain *outermost(const struct building *building, const struct scope_domain *recorded,
				      uint32_t group, bool last)
{
	const struct scope_domain *best = NULL;
	uint32_t place = 0;
	for (size_t i = 0; i < building->window_count; i++) {
		const struct state_domain_window *window = &building->windows[i];
		while (recorded[place].domain != window->domain)
			place++;
		if (window->lo > window->hi || group_of(building, window) != group)
			continue;
		const struct scope_domain *domain = &recorded[place];
		if (best == NULL || (last ? domain->hi >= best->hi : domain->lo < best->lo))
			best = domain;
	}
	return best != NULL ? &building->scope->domains[best - recorded] : NULL;
}

/* The time in a stream's ARN, when it was enabled; INT64_MIN without one. */
static int64_t label_time(const struct building *building, uint32_t domain)
{
	static const char mark[] = "/stream/";
	const char *label = strstr(state_domain_arn(building->state, domain, NULL), mark);
	int64_t time;
	if (label == NULL || !clock_parse(slice_from(label + strlen(mark)), &time))
		return INT64_MIN;
	return time;
}

/* `from:` and `to:` say when the capture of a source began and ended, not that it had no gap between two streams; and a
 * stream that did not exist yet captured nothing. */
static int widen_domains(struct building *building)
{
	struct scope *scope = building->scope;
	struct scope_domain *recorded = calloc((size_t)scope->domain_count + 1, sizeof(*recorded));
	if (recorded == NULL)
		return ERROR_INTERNAL;
	if (scope->domain_count > 0)
		memcpy(recorded, scope->domains, scope->domain_count * sizeof(*recorded));
	for (uint32_t i = 0; i < building->contract->source_count; i++) {
		const struct contract_source *source = &building->contract->sources[i];
		if (source->kind != SOURCE_EVENTS)
			continue;
		uint32_t group = building->source_groups[i];
		struct scope_domain *first = source->has_from ? outermost(building, recorded, group, false) : NULL;
		struct scope_domain *last = source->has_to ? outermost(building, recorded, group, true) : NULL;
		if (first != NULL) {
			int64_t label = label_time(building, first->domain);
			int64_t from = source->from_us > label ? source->from_us : label;
			first->lo = from < first->lo ? from : first->lo;
		}
		if (last != NULL && source->to_us > last->hi)
			last->hi = source->to_us;
	}
	free(recorded);
	return 0;
}

static void cut_at_as_of(const struct scope *scope, int64_t *lo, int64_t *hi)
{
	if (scope->has_as_of && *hi > scope->as_of_us)
		*hi = scope->as_of_us;
	if (*lo >= *hi) {
		*lo = INT64_MAX;
		*hi = INT64_MIN;
	}
}

static int make_domains(struct building *building)
{
	struct scope *scope = building->scope;
	for (size_t i = 0; i < building->window_count; i++)
		building->windows[i].domain = scope_domain_of(scope, building->windows[i].domain);
	if (building->window_count > 0)
		qsort(building->windows, building->window_count, sizeof(*building->windows), by_domain);
	scope->domains = arena_array(building->arena, building->window_count + 1, sizeof(*scope->domains));
	if (scope->domains == NULL)
		return ERROR_INTERNAL;
	for (size_t i = 0; i < building->window_count; i++) {
		const struct state_domain_window *window = &building->windows[i];
		if (i == 0 || window->domain != building->windows[i - 1].domain)
			scope->domains[scope->domain_count++] =
				(struct scope_domain){.domain = window->domain,
						      .lo = INT64_MAX,
						      .hi = INT64_MIN,
						      .independent = true,
						      .name = state_domain_arn(building->state, window->domain, NULL)};
		struct scope_domain *domain = &scope->domains[scope->domain_count - 1];
		domain->lo = window->lo < domain->lo ? window->lo : domain->lo;
		domain->hi = window->hi > domain->hi ? window->hi : domain->hi;
		apply_contract(building, domain, group_of(building, window));
	}
	if (widen_domains(building) != 0)
		return ERROR_INTERNAL;
	for (uint32_t i = 0; i < scope->domain_count; i++)
		cut_at_as_of(scope, &scope->domains[i].lo, &scope->domains[i].hi);
	return 0;
}

static void add_span(struct building *building, int64_t lo, int64_t hi, bool filtered)
{
	cut_at_as_of(building->scope, &lo, &hi);
	if (lo < hi)
		building->spans[building->span_count++] = (struct scope_window){lo, hi, filtered};
}

static bool has_timed_records(const struct building *building, uint32_t group)
{
	for (size_t i = 0; i < building->window_count; i++) {
		const struct state_domain_window *window = &building->windows[i];
		if (window->lo <= window->hi && group_of(building, window) == group)
			return true;
	}
	return false;
}

/* A capture of a time in which nothing happened has no record to show for it. */
static void add_silent_sources(struct building *building)
{
	for (uint32_t i = 0; i < building->contract->source_count; i++) {
		const struct contract_source *source = &building->contract->sources[i];
		if (source->kind == SOURCE_EVENTS && source->has_from && source->has_to &&
		    !has_timed_records(building, building->source_groups[i]))
			add_span(building, source->from_us, source->to_us, source->filtered);
	}
}

static int by_lo(const void *left, const void *right)
{
	const struct scope_window *a = left, *b = right;
	return (a->lo > b->lo) - (a->lo < b->lo);
}

static int make_windows(struct building *building)
{
	struct scope *scope = building->scope;
	uint32_t most = scope->domain_count + building->contract->source_count;
	building->spans = calloc((size_t)most + 1, sizeof(*building->spans));
	scope->windows = arena_array(building->arena, (size_t)most + 1, sizeof(*scope->windows));
	if (building->spans == NULL || scope->windows == NULL)
		return ERROR_INTERNAL;
	for (uint32_t i = 0; i < scope->domain_count; i++)
		add_span(building, scope->domains[i].lo, scope->domains[i].hi, scope->domains[i].filtered);
	add_silent_sources(building);
	qsort(building->spans, building->span_count, sizeof(*building->spans), by_lo);
	for (uint32_t i = 0; i < building->span_count; i++) {
		const struct scope_window *span = &building->spans[i];
		struct scope_window *last = scope->window_count > 0 ? &scope->windows[scope->window_count - 1] : NULL;
		if (last == NULL || span->lo > last->hi) {
			scope->windows[scope->window_count++] = *span;
			continue;
		}
		last->hi = span->hi > last->hi ? span->hi : last->hi;
		last->filtered = last->filtered || span->filtered;
	}
	return 0;
}

/* ---- exports and holes */

static int exports_by_lo(const void *left, const void *right)
{
	const struct scope_export *a = left, *b = right;
	if (a->lo != b->lo)
		return a->lo < b->lo ? -1 : 1;
	return (a->group > b->group) - (a->group < b->group);
}

static int make_exports(struct building *building, const struct scope_export_input *exports, uint32_t count)
{
	struct scope *scope = building->scope;
	scope->exports = arena_array(building->arena, (size_t)count + 1, sizeof(*scope->exports));
	if (scope->exports == NULL)
		return ERROR_INTERNAL;
	for (uint32_t i = 0; i < count; i++) {
		if (scope->has_as_of && exports[i].export_time_us > scope->as_of_us)
			continue;
		struct slice name = arena_copy(building->arena, slice_from(exports[i].name));
		if (name.data == NULL)
			return ERROR_INTERNAL;
		scope->exports[scope->export_count++] =
			(struct scope_export){.group = exports[i].group,
					      .lo = exports[i].export_time_us - EXPORT_FUZZ_US,
					      .hi = exports[i].export_time_us + EXPORT_FUZZ_US,
					      .complete = exports[i].complete,
					      .name = name.data};
	}
	qsort(scope->exports, scope->export_count, sizeof(*scope->exports), exports_by_lo);
	return 0;
}

static int make_holes(struct building *building)
{
	struct scope *scope = building->scope;
	scope->holes = arena_array(building->arena, (size_t)scope->window_count + 1, sizeof(*scope->holes));
	if (scope->holes == NULL)
		return ERROR_INTERNAL;
	if (scope->window_count == 0)
		return 0;
	int64_t begin = scope->export_count > 0 ? scope->exports[0].lo : scope->windows[0].lo;
	for (uint32_t i = 0; i < scope->window_count; i++) {
		const struct scope_window *window = &scope->windows[i];
		if (window->lo > begin)
			scope->holes[scope->hole_count++] =
				(struct scope_hole){begin, window->lo,
						    i == 0 ? "the capture begins after the earliest export"
							   : "no capture covers this time"};
		if (window->hi > begin)
			begin = window->hi;
	}
	return 0;
}

static void set_evidence_end(struct scope *scope)
{
	scope->evidence_end = INT64_MIN;
	if (scope->window_count > 0)
		scope->evidence_end = scope->windows[scope->window_count - 1].hi;
	if (scope->export_count > 0 && scope->exports[scope->export_count - 1].lo > scope->evidence_end)
		scope->evidence_end = scope->exports[scope->export_count - 1].lo;
}

/* ---- all of it */

static void apply_policies(struct scope *scope, const struct contract *contract, bool has_lake, int64_t commit_time_us)
{
	scope->baseline = contract->baseline;
	scope->deletes = contract->deletes;
	scope->ttl = contract->ttl;
	scope->ambiguous_accept = contract->ambiguous_accept;
	scope->has_as_of = contract->has_as_of;
	scope->as_of_us = contract->as_of_us;
	scope->has_lake = has_lake;
	scope->settle_from_us = has_lake && contract->settle_us > 0 ? commit_time_us - contract->settle_us : INT64_MAX;
}

static int read_state(struct building *building, const struct merge_options *options, struct error *error)
{
	struct state *state = building->state;
	int code = state_windows(state, options->sources, options->source_count, take_window, building, error);
	if (code == ERROR_INTERNAL)
		error_set(error, code, "out of memory");
	if (code == 0)
		code = state_problems(state, options->sources, options->source_count, take_problem, building->scope,
				      error);
	for (uint64_t i = 0; i < options->source_count && code == 0; i++) {
		const struct state_source *source = state_source(state, options->sources[i]);
		if (source != NULL && source->kind == STATE_EVENTS_FILE && !source->complete)
			building->scope->unreadable = true;
	}
	return code;
}

int scope_build(struct state *state, const struct contract *contract, const uint32_t *source_groups,
		const struct merge_options *options, const struct scope_export_input *exports, uint32_t export_count,
		bool has_lake, int64_t commit_time_us, struct scope **result, struct error *error)
{
	struct scope *scope = calloc(1, sizeof(*scope));
	struct arena *arena = calloc(1, sizeof(*arena));
	*result = scope;
	if (scope == NULL || arena == NULL) {
		free(arena);
		return error_set(error, ERROR_INTERNAL, "out of memory");
	}
	arena_init(arena, SIZE_MAX);
	scope->memory = arena;
	struct building building = {
		.state = state, .contract = contract, .source_groups = source_groups, .scope = scope, .arena = arena};
	apply_policies(scope, contract, has_lake, commit_time_us);
	int code = read_state(&building, options, error);
	if (code == 0) {
		if (make_aliases(&building) != 0 || make_domains(&building) != 0 || make_windows(&building) != 0 ||
		    make_exports(&building, exports, export_count) != 0 || make_holes(&building) != 0)
			code = error_set(error, ERROR_INTERNAL, "out of memory");
		else
			set_evidence_end(scope);
	}
	free(building.windows);
	free(building.spans);
	return code;
}

void scope_free(struct scope *scope)
{
	if (scope == NULL)
		return;
	if (scope->memory != NULL)
		arena_release(scope->memory);
	free(scope->memory);
	free(scope);
}
