#include "reconcile/judge/scope_internal.h"

#include <assert.h>
#include <stdlib.h>

#include "base/clock.h"

/* AWS promises that a full export holds everything from a minute before its exportTime and nothing from a minute after.
 */
#define EXPORT_FUZZ_US INT64_C(60000000)

static int take_window(void *context, const struct state_domain_window *window)
{
	struct scope_building *building = context;
	const struct state_source *source = state_source(building->state, window->source);
	if (building->recorded_count == building->recorded_capacity) {
		size_t capacity = building->recorded_capacity * 2 + 64;
		struct recorded *grown = reallocarray(building->recorded, capacity, sizeof(*grown));
		if (grown == NULL)
			return ERROR_INTERNAL;
		building->recorded = grown;
		building->recorded_capacity = capacity;
	}
	building->recorded[building->recorded_count++] =
		(struct recorded){window->domain, source != NULL ? source->group : 0, window->lo, window->hi};
	if (window->domain > building->domain_max)
		building->domain_max = window->domain;
	return 0;
}

static int take_problem(void *context, const struct state_problem *problem)
{
	struct scope *scope = context;
	if (strcmp(problem->id, "key.unmatched") == 0)
		((struct scope *)context)->unmatched = true;
	if (!problem->has_key && strcmp(problem->id, "record.unreadable") == 0)
		scope->unreadable = true;
	return 0;
}

/* Whether it is a DynamoDB stream that is known by name. */
static bool is_named_stream(const struct scope_building *building, uint32_t domain)
{
	return strncmp(state_domain_arn(building->state, domain, NULL), "arn:", 4) == 0;
}

/* The one stream that the group's records name, 0 when they name none or several. */
static uint32_t only_stream(const struct scope_building *building, uint32_t group)
{
	uint32_t stream = 0;
	for (size_t i = 0; i < building->recorded_count; i++) {
		const struct recorded *recorded = &building->recorded[i];
		if (!is_named_stream(building, recorded->domain) || recorded->group != group)
			continue;
		if (stream != 0 && stream != recorded->domain)
			return 0;
		stream = recorded->domain;
	}
	return stream;
}

static int make_aliases(struct scope_building *building)
{
	uint32_t count = building->domain_max + 1;
	uint32_t *aliases = arena_array(building->arena, count, sizeof(*aliases));
	if (aliases == NULL)
		return ERROR_INTERNAL;
	for (uint32_t i = 0; i < count; i++)
		aliases[i] = i;
	for (size_t i = 0; i < building->recorded_count; i++) {
		uint32_t domain = building->recorded[i].domain, group;
		if (aliases[domain] != domain || state_domain_arn(building->state, domain, &group)[0] != '\0')
			continue;
		uint32_t stream = only_stream(building, group);
		if (stream != 0)
			aliases[domain] = stream;
	}
	scope_alias_series(building, aliases);
	building->scope->aliases = aliases;
	building->scope->alias_count = count;
	return 0;
}

/* ---- spans, domains and their windows */

static int by_domain_and_group(const void *left, const void *right)
{
	const struct recorded *a = left, *b = right;
	if (a->domain != b->domain)
		return a->domain < b->domain ? -1 : 1;
	return (a->group > b->group) - (a->group < b->group);
}

static const struct contract_source *source_of(const struct scope_building *building, uint32_t group)
{
	for (uint32_t i = 0; i < building->contract->source_count; i++)
		if (contract_holds_changes(&building->contract->sources[i]) && building->source_groups[i] == group)
			return &building->contract->sources[i];
	return NULL;
}

/* The span of a contract source whose records begin first, or end last; NULL when it has none with a time. Spans are
 * in the order of the domains. */
static struct scope_span *outermost(const struct scope_building *building, uint32_t group, bool last)
{
	struct scope_span *best = NULL;
	for (uint32_t i = 0; i < building->scope->span_count; i++) {
		struct scope_span *span = &building->scope->spans[i];
		if (span->group != group || span->lo > span->hi)
			continue;
		if (best == NULL || (last ? span->hi >= best->hi : span->lo < best->lo))
			best = span;
	}
	return best;
}

/* The time in a stream's ARN, when it was enabled; INT64_MIN without one. */
static int64_t label_time(const struct scope_building *building, uint32_t domain)
{
	static const char mark[] = "/stream/";
	const char *label = strstr(state_domain_arn(building->state, domain, NULL), mark);
	int64_t time;
	if (label == NULL || !clock_parse(slice_from(label + strlen(mark)), &time))
		return INT64_MIN;
	return time;
}

static struct scope_span span_of(const struct contract_source *source, uint32_t domain, uint32_t group, int64_t lo,
				 int64_t hi)
{
	struct scope_span span = {.domain = domain, .group = group, .lo = lo, .hi = hi};
	if (source == NULL)
		return span;
	span.kind = source->kind == SOURCE_ROWS ? DOMAIN_ROWS : DOMAIN_EVENTS;
	span.puts_only = source->kind == SOURCE_ROWS && source->rows.puts_only;
	span.filtered = source->filtered || span.puts_only;
	span.independent = source->independent;
	return span;
}

/* `from:` and `to:` say when the capture of a source began and ended, not that it had no gap between two streams; and a
 * stream that did not exist yet captured nothing. A capture of a time in which nothing happened has no record to show
 * for it. */
static void widen_spans(struct scope_building *building, const struct contract_source *source, uint32_t group)
{
	struct scope *scope = building->scope;
	struct scope_span *first = outermost(building, group, false), *last = outermost(building, group, true);
	if (first == NULL && source->has_from && source->has_to)
		scope->spans[scope->span_count++] = span_of(source, 0, group, source->from_us, source->to_us);
	if (first != NULL)
		first->begun = source->has_from;
	if (last != NULL)
		last->ended = source->has_to;
	if (first != NULL && source->has_from && source->from_us < first->lo) {
		int64_t label = label_time(building, first->domain);
		first->labelled = label > source->from_us && label <= first->lo;
		if (label <= source->from_us)
			first->lo = source->from_us;
		else if (first->labelled)
			first->lo = label;
	}
	if (last != NULL && source->has_to && source->to_us > last->hi)
		last->hi = source->to_us;
}

static int spans_by_domain(const void *left, const void *right)
{
	const struct scope_span *a = left, *b = right;
	/* Those of no record last: 0 - 1 is the greatest. */
	if (a->domain != b->domain)
		return a->domain - 1 < b->domain - 1 ? -1 : 1;
	if (a->group != b->group)
		return a->group < b->group ? -1 : 1;
	return (a->lo > b->lo) - (a->lo < b->lo);
}

static int make_spans(struct scope_building *building)
{
	struct scope *scope = building->scope;
	const struct contract *contract = building->contract;
	for (size_t i = 0; i < building->recorded_count; i++)
		building->recorded[i].domain = scope_domain_of(scope, building->recorded[i].domain);
	if (building->recorded_count > 0)
		qsort(building->recorded, building->recorded_count, sizeof(*building->recorded), by_domain_and_group);
	scope->spans = arena_array(building->arena,
				   building->recorded_count + contract->source_count + building->increment_count + 1,
				   sizeof(*scope->spans));
	if (scope->spans == NULL)
		return ERROR_INTERNAL;
	for (size_t i = 0; i < building->recorded_count; i++) {
		const struct recorded *recorded = &building->recorded[i];
		if (scope_increment_of(building, recorded->group) != NULL)
			continue;
		if (i == 0 || by_domain_and_group(recorded - 1, recorded) != 0) {
			const struct contract_source *source = source_of(building, recorded->group);
			scope->spans[scope->span_count++] = span_of(source, recorded->domain, recorded->group,
								    INT64_MAX, INT64_MIN);
		}
		struct scope_span *span = &scope->spans[scope->span_count - 1];
		span->lo = recorded->lo < span->lo ? recorded->lo : span->lo;
		span->hi = recorded->hi > span->hi ? recorded->hi : span->hi;
	}
	/* Of records of one day, and no finer, only that it was captured at a moment: its first claims least. */
	for (uint32_t i = 0; i < scope->span_count; i++)
		if (scope->spans[i].lo != INT64_MAX && scope->spans[i].lo > scope->spans[i].hi)
			scope->spans[i].lo = scope->spans[i].hi - CLOCK_SECOND_US;
	for (uint32_t i = 0; i < contract->source_count; i++)
		if (contract_holds_changes(&contract->sources[i]))
			widen_spans(building, &contract->sources[i], building->source_groups[i]);
	scope_make_nets(building);
	qsort(scope->spans, scope->span_count, sizeof(*scope->spans), spans_by_domain);
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

static const char *domain_name(const struct scope_building *building, const struct scope_span *span)
{
	const char *arn = state_domain_arn(building->state, span->domain, NULL);
	const struct contract_source *source = source_of(building, span->group);
	const struct increment *increment = scope_increment_of(building, span->group);
	if (increment != NULL)
		return increment->input->name;
	return arn[0] == '\0' && source != NULL ? source->text : arn;
}

static int make_domains(struct scope_building *building)
{
	struct scope *scope = building->scope;
	scope->domains = arena_array(building->arena, (size_t)scope->span_count + 1, sizeof(*scope->domains));
	if (scope->domains == NULL)
		return ERROR_INTERNAL;
	for (uint32_t i = 0; i < scope->span_count; i++) {
		struct scope_span *span = &scope->spans[i];
		cut_at_as_of(scope, &span->lo, &span->hi);
		if (span->domain == 0)
			continue;
		if (i == 0 || scope->spans[i - 1].domain != span->domain)
			scope->domains[scope->domain_count++] =
				(struct scope_domain){.domain = span->domain,
						      .kind = span->kind,
						      .lo = INT64_MAX,
						      .hi = INT64_MIN,
						      .filtered = span->filtered,
						      .puts_only = span->puts_only,
						      .name = domain_name(building, span)};
		struct scope_domain *domain = &scope->domains[scope->domain_count - 1];
		domain->lo = span->lo < domain->lo ? span->lo : domain->lo;
		domain->hi = span->hi > domain->hi ? span->hi : domain->hi;
		domain->filtered = domain->filtered || span->filtered;
	}
	return 0;
}

static int by_lo(const void *left, const void *right)
{
	const struct scope_span *a = left, *b = right;
	return (a->lo > b->lo) - (a->lo < b->lo);
}

static int by_domain_and_lo(const void *left, const void *right)
{
	const struct scope_span *a = left, *b = right;
	if (a->domain != b->domain)
		return a->domain < b->domain ? -1 : 1;
	return (a->lo > b->lo) - (a->lo < b->lo);
}

static bool is_kinesis(const struct scope_building *building, uint32_t domain)
{
	return strncmp(state_domain_arn(building->state, domain, NULL), KINESIS_DOMAIN, strlen(KINESIS_DOMAIN)) == 0;
}

/* What several contract sources captured of one stream is one window, unless they say that one ended, or the next
 * began, before and after a gap. Those without a record stand for themselves, as do those of Kinesis: a table's Kinesis
 * stream may be switched off and on, and its records do not tell. */
/* Which domains' windows a union is of: those of which one may say that nothing else happened in them; with those of
 * incremental exports; with those that do not tell of deletes. */
enum united { UNITED_WHOLE, UNITED_NETS, UNITED_ALL };

static bool is_united(const struct scope_span *span, enum united which)
{
	if (span->lo >= span->hi)
		return false;
	return which == UNITED_ALL || (!span->puts_only && (which == UNITED_NETS || span->kind != DOMAIN_NET));
}

static uint32_t join_spans(const struct scope_building *building, enum united which, struct scope_span *parts)
{
	const struct scope *scope = building->scope;
	uint32_t count = 0, joined = 0;
	for (uint32_t i = 0; i < scope->span_count; i++)
		if (is_united(&scope->spans[i], which))
			parts[count++] = scope->spans[i];
	qsort(parts, count, sizeof(*parts), by_domain_and_lo);
	for (uint32_t i = 0; i < count; i++) {
		struct scope_span *last = joined > 0 ? &parts[joined - 1] : NULL;
		const struct scope_span *next = &parts[i];
		bool apart = last == NULL || next->domain == 0 || next->domain != last->domain ||
			     (next->lo > last->hi &&
			      (last->ended || next->begun || is_kinesis(building, next->domain)));
		if (apart) {
			parts[joined++] = *next;
			continue;
		}
		last->filtered = last->filtered || next->filtered;
		if (next->hi > last->hi) {
			last->hi = next->hi;
			last->ended = next->ended;
		}
	}
	return joined;
}

/* The union of the spans' windows; how many it is of. */
static uint32_t unite(const struct scope_building *building, enum united which, struct scope_span *parts,
		      struct scope_window *windows)
{
	uint32_t count = join_spans(building, which, parts), united = 0;
	qsort(parts, count, sizeof(*parts), by_lo);
	for (uint32_t i = 0; i < count; i++) {
		struct scope_window *last = united > 0 ? &windows[united - 1] : NULL;
		/* A net change does not tell of the states in between. */
		bool filtered = parts[i].filtered || parts[i].kind == DOMAIN_NET;
		if (last == NULL || parts[i].lo > last->hi) {
			windows[united++] = (struct scope_window){parts[i].lo, parts[i].hi, filtered};
			continue;
		}
		last->hi = parts[i].hi > last->hi ? parts[i].hi : last->hi;
		last->filtered = last->filtered || filtered;
	}
	return united;
}

static int make_windows(struct scope_building *building)
{
	struct scope *scope = building->scope;
	struct scope_span *parts = arena_array(building->arena, (size_t)scope->span_count + 1, sizeof(*parts));
	scope->windows = arena_array(building->arena, (size_t)scope->span_count + 1, sizeof(*scope->windows));
	scope->landed = arena_array(building->arena, (size_t)scope->span_count + 1, sizeof(*scope->landed));
	if (parts == NULL || scope->windows == NULL || scope->landed == NULL)
		return ERROR_INTERNAL;
	uint32_t count = unite(building, UNITED_WHOLE, parts, scope->windows);
	scope->captured = count > 0 ? scope->windows[count - 1] : (struct scope_window){.hi = -1};
	for (uint32_t i = 0; i < scope->net_count; i++) {
		struct scope_net *net = &scope->nets[i];
		net->open_hi = net->hi;
		for (uint32_t j = count; j-- > 0;)
			if (scope->windows[j].lo < net->open_hi && scope->windows[j].hi >= net->open_hi)
				net->open_hi = scope->windows[j].lo > net->lo ? scope->windows[j].lo : net->lo;
	}
	scope->window_count = unite(building, UNITED_NETS, parts, scope->windows);
	scope->landed_count = unite(building, UNITED_ALL, parts, scope->landed);
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

static int make_exports(struct scope_building *building, const struct scope_inputs *inputs)
{
	struct scope *scope = building->scope;
	uint32_t count = inputs->export_count;
	scope->exports = arena_array(building->arena, (size_t)count + 1, sizeof(*scope->exports));
	if (scope->exports == NULL)
		return ERROR_INTERNAL;
	for (uint32_t i = 0; i < count; i++) {
		const struct scope_export_input *export = &inputs->exports[i];
		int64_t fuzz = export->dump ? 0 : EXPORT_FUZZ_US;
		if (scope->has_as_of && export->to_us > scope->as_of_us)
			continue;
		struct slice name = arena_copy(building->arena, slice_from(export->name));
		if (name.data == NULL)
			return ERROR_INTERNAL;
		scope->exports[scope->export_count++] = (struct scope_export){.group = export->group,
									      .lo = export->from_us - fuzz,
									      .hi = export->to_us + fuzz,
									      .from = export->from_us,
									      .to = export->to_us,
									      .complete = export->complete,
									      .name = name.data};
	}
	qsort(scope->exports, scope->export_count, sizeof(*scope->exports), exports_by_lo);
	return 0;
}

/* Whether a window begins with a stream that was enabled only after the `from:` of its source. */
static bool begins_with_label(const struct scope *scope, int64_t lo)
{
	for (uint32_t i = 0; i < scope->span_count; i++)
		if (scope->spans[i].labelled && scope->spans[i].lo == lo)
			return true;
	return false;
}

/* AWS lets an incremental export begin where a full one stands: what the full one holds is then the table at that time,
 * and nothing is open before it. */
static int64_t continued(const struct scope_building *building, int64_t begin, int64_t lo)
{
	const struct scope *scope = building->scope;
	for (uint32_t i = 0; i < scope->net_count; i++)
		for (uint32_t j = 0; j < scope->export_count && scope->nets[i].lo == lo; j++)
			if (scope->exports[j].complete && begin <= scope->exports[j].lo && scope->exports[j].lo < lo &&
			    lo <= scope->exports[j].from)
				return scope->exports[j].lo;
	return lo;
}

static void add_hole(struct scope *scope, int64_t lo, int64_t hi, bool first)
{
	if (lo < hi)
		scope->holes[scope->hole_count++] = (struct scope_hole){lo, hi, first, begins_with_label(scope, hi)};
}

static int make_holes(struct scope_building *building)
{
	struct scope *scope = building->scope;
	scope->holes = arena_array(building->arena, (size_t)scope->landed_count + 2, sizeof(*scope->holes));
	if (scope->holes == NULL)
		return ERROR_INTERNAL;
	if (scope->landed_count == 0 && building->uncovered_hi == INT64_MIN)
		return 0;
	int64_t begin = INT64_MIN;
	if (scope->export_count > 0)
		begin = scope->exports[0].lo;
	else if (scope->landed_count > 0)
		begin = scope->landed[0].lo;
	for (uint32_t i = 0; i < scope->landed_count; i++) {
		const struct scope_window *window = &scope->landed[i];
		add_hole(scope, begin, continued(building, begin, window->lo), i == 0);
		if (window->hi > begin)
			begin = window->hi;
	}
	add_hole(scope, begin, building->uncovered_hi, false);
	return 0;
}

static void set_evidence_end(struct scope *scope)
{
	scope->evidence_end = INT64_MIN;
	if (scope->landed_count > 0)
		scope->evidence_end = scope->landed[scope->landed_count - 1].hi;
	if (scope->export_count > 0 && scope->exports[scope->export_count - 1].lo > scope->evidence_end)
		scope->evidence_end = scope->exports[scope->export_count - 1].lo;
}

/* ---- all of it */

static void apply_policies(struct scope *scope, const struct contract *contract, bool has_lake, int64_t commit_time_us)
{
	/* An export that lacks an item says nothing of its events. */
	bool events = contract->shape == SHAPE_EVENTS;
	scope->baseline = events && contract->baseline == BASELINE_SNAPSHOT ? BASELINE_NONE : contract->baseline;
	scope->shape = contract->shape;
	scope->history = &contract->history;
	scope->deletes = contract->deletes;
	scope->ttl = contract->ttl;
	scope->ambiguous_accept = contract->ambiguous_accept;
	scope->has_as_of = contract->has_as_of;
	scope->as_of_us = contract->as_of_us;
	scope->has_lake = has_lake;
	scope->settle_from_us = has_lake && contract->settle_us > 0 ? commit_time_us - contract->settle_us : INT64_MAX;
}

/* What a lake keeps only for a time: a day round the edge it may still have, or no longer. */
static void apply_retention(struct scope *scope, const struct contract *contract, bool has_lake, int64_t commit_time_us)
{
	const int64_t day_s = 86400, base_us = contract->has_as_of ? contract->as_of_us : commit_time_us;
	scope->retains = has_lake && contract->retain.attribute != NULL;
	if (!scope->retains)
		return;
	int64_t edge_s = (base_us - contract->retain.within_us) / CLOCK_SECOND_US;
	scope->retain_out_s = edge_s - day_s;
	scope->retain_in_s = edge_s + day_s;
}

static int read_state(struct scope_building *building, const struct merge_options *options, struct error *error)
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
		const struct merge_options *options, const struct scope_inputs *inputs, bool has_lake,
		int64_t commit_time_us, struct scope **result, struct error *error)
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
	struct scope_building building = {
		.state = state, .contract = contract, .source_groups = source_groups, .scope = scope, .arena = arena};
	apply_policies(scope, contract, has_lake, commit_time_us);
	apply_retention(scope, contract, has_lake, commit_time_us);
	scope->by_row = inputs->by_row;
	int code = read_state(&building, options, error);
	if (code == 0) {
		if (make_exports(&building, inputs) != 0 || scope_make_series(&building, inputs) != 0 ||
		    make_aliases(&building) != 0 || make_spans(&building) != 0 || make_domains(&building) != 0 ||
		    make_windows(&building) != 0 || make_holes(&building) != 0)
			code = error_set(error, ERROR_INTERNAL, "out of memory");
		else
			set_evidence_end(scope);
	}
	free(building.recorded);
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
