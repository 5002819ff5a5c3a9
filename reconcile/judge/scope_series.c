/* Incremental exports as the scope sees them (docs/semantics.md, "Scope" and "Net changes"). */
#include <stdlib.h>

#include "reconcile/judge/scope_internal.h"

static int increments_by_window(const void *left, const void *right)
{
	const struct scope_increment_input *a = ((const struct increment *)left)->input;
	const struct scope_increment_input *b = ((const struct increment *)right)->input;
	if (a->from_us != b->from_us)
		return a->from_us < b->from_us ? -1 : 1;
	if (a->to_us != b->to_us)
		return a->to_us < b->to_us ? -1 : 1;
	return (a->group > b->group) - (a->group < b->group);
}

const struct increment *scope_increment_of(const struct scope_building *building, uint32_t group)
{
	for (uint32_t i = 0; i < building->increment_count; i++)
		if (building->increments[i].input->group == group)
			return &building->increments[i];
	return NULL;
}

/* The first of the series that the window continues, or that ends with the same window; its own index without one. */
static uint32_t series_of(const struct scope_building *building, uint32_t index)
{
	const struct scope_increment_input *window = building->increments[index].input;
	for (uint32_t i = 0; i < index; i++) {
		const struct increment *first = &building->increments[i];
		bool same = first->last_from_us == window->from_us && first->last_to_us == window->to_us;
		if (first->covered && first->series == i && (same || first->last_to_us == window->from_us))
			return i;
	}
	return index;
}

void scope_alias_series(struct scope_building *building, uint32_t *aliases)
{
	for (size_t i = 0; i < building->recorded_count; i++) {
		uint32_t domain = building->recorded[i].domain;
		const struct increment *increment = scope_increment_of(building, building->recorded[i].group);
		if (increment == NULL)
			continue;
		struct increment *first = &building->increments[increment->series];
		first->domain = first->domain != 0 ? first->domain : domain;
		aliases[domain] = first->domain;
	}
}

static void join_series(struct scope_building *building, uint32_t index)
{
	struct increment *increment = &building->increments[index];
	increment->series = increment->covered ? series_of(building, index) : index;
	struct increment *first = &building->increments[increment->series];
	first->last_from_us = increment->input->from_us;
	first->last_to_us = increment->input->to_us;
}

int scope_make_series(struct scope_building *building, const struct scope_inputs *inputs)
{
	struct scope *scope = building->scope;
	building->uncovered_hi = INT64_MIN;
	building->increments = arena_array(building->arena, (size_t)inputs->increment_count + 1,
					   sizeof(*building->increments));
	scope->nets = arena_array(building->arena, (size_t)inputs->increment_count + 1, sizeof(*scope->nets));
	if (building->increments == NULL || scope->nets == NULL)
		return ERROR_INTERNAL;
	for (uint32_t i = 0; i < inputs->increment_count; i++) {
		const struct scope_increment_input *input = &inputs->increments[i];
		if (scope->has_as_of && input->from_us >= scope->as_of_us)
			continue;
		/* What as_of cuts says of its keys only what they were after it. */
		bool cut = scope->has_as_of && input->to_us > scope->as_of_us;
		int64_t hi = cut ? scope->as_of_us : input->to_us;
		building->increments[building->increment_count++] =
			(struct increment){.input = input, .covered = input->complete && !cut};
		if ((!input->complete || cut) && hi > building->uncovered_hi)
			building->uncovered_hi = hi;
	}
	qsort(building->increments, building->increment_count, sizeof(*building->increments), increments_by_window);
	for (uint32_t i = 0; i < building->increment_count; i++)
		join_series(building, i);
	return 0;
}

/* Windows are what the exports say, whatever the times of their records. */
void scope_make_nets(struct scope_building *building)
{
	struct scope *scope = building->scope;
	for (uint32_t i = 0; i < building->increment_count; i++) {
		const struct increment *increment = &building->increments[i];
		const struct scope_increment_input *input = increment->input;
		uint32_t domain = building->increments[increment->series].domain;
		if (increment->series == i)
			scope->spans[scope->span_count++] =
				(struct scope_span){.domain = domain,
						    .kind = DOMAIN_NET,
						    .group = input->group,
						    .lo = increment->covered ? input->from_us : INT64_MAX,
						    .hi = increment->covered ? increment->last_to_us : INT64_MIN};
		if (increment->covered)
			scope->nets[scope->net_count++] =
				(struct scope_net){.domain = domain, .lo = input->from_us, .hi = input->to_us};
	}
	int64_t reach = INT64_MIN;
	for (uint32_t i = 0; i < scope->net_count; i++) {
		reach = scope->nets[i].hi > reach ? scope->nets[i].hi : reach;
		scope->nets[i].reach = reach;
	}
}
