/* Incremental exports: windows that follow a full export and each other, applied as far as none is missing. */
#include <inttypes.h>
#include <stdlib.h>

#include "base/clock.h"
#include "scenarios/pipelines/embedded/manifest.h"
#include "scenarios/pipelines/embedded/merge.h"

struct windows {
	struct manifest *manifests; /* by their begin */
	size_t count;
	size_t fresh; /* those that are to be applied now */
};

static int by_begin(const void *a, const void *b)
{
	int64_t from = ((const struct manifest *)a)->from_us, other = ((const struct manifest *)b)->from_us;
	return from < other ? -1 : from > other;
}

/* Those that were not applied before, in the order of their windows; full exports are left out. */
static int open_windows(struct pipeline *pipeline, char *const *folders, size_t count, struct windows *windows,
			struct error *error)
{
	int code = 0;
	windows->manifests = calloc(count + 1, sizeof(*windows->manifests));
	if (windows->manifests == NULL)
		return error_set(error, ERROR_INTERNAL, "out of memory for windows");
	for (size_t i = 0; code == 0 && i < count; i++) {
		struct manifest *manifest = &windows->manifests[windows->count];
		code = manifest_open(folders[i], pipeline->parser, pipeline->bugs, manifest, error);
		if (code != 0)
			break;
		windows->count++;
		if (!manifest->is_increment || checkpoint_has(&pipeline->applied, slice_from(manifest->id))) {
			manifest_release(manifest);
			windows->count--;
		}
	}
	if (code == 0 && windows->count > 1 && !bugs_has(pipeline->bugs, BUG_WINDOW_WITHOUT_GUARD))
		qsort(windows->manifests, windows->count, sizeof(*windows->manifests), by_begin);
	return code;
}

/* How far the export and the windows after it reach without a gap. */
static int64_t covered_to(const struct pipeline *pipeline)
{
	const struct guard *guard = &pipeline->guard;
	int64_t to = guard->export_time_us;
	for (size_t pass = 0; pass < guard->window_count; pass++)
		for (size_t i = 0; i < guard->window_count; i++)
			if (guard->windows[i].from_us <= to && guard->windows[i].to_us > to)
				to = guard->windows[i].to_us;
	return to;
}

static void choose(const struct pipeline *pipeline, struct windows *windows)
{
	int64_t to = covered_to(pipeline);
	bool any = bugs_has(pipeline->bugs, BUG_WINDOW_GAP_ACCEPTED) ||
		   bugs_has(pipeline->bugs, BUG_WINDOW_WITHOUT_GUARD);
	while (windows->fresh < windows->count && (any || windows->manifests[windows->fresh].from_us <= to)) {
		const struct manifest *manifest = &windows->manifests[windows->fresh++];
		to = manifest->to_us > to ? manifest->to_us : to;
	}
}

static int apply_windows(struct pipeline *pipeline, const struct windows *windows, struct error *error)
{
	size_t files = 0;
	int code = 0;
	for (size_t i = 0; i < windows->fresh; i++)
		files += windows->manifests[i].count;
	struct landing_file *list = calloc(files + 1, sizeof(*list));
	struct guard_window *covered = calloc(windows->fresh + 1, sizeof(*covered));
	struct merge merge = {
		.format = CHANGE_INCREMENT, .files = list, .windows = covered, .window_count = windows->fresh};
	if (list == NULL || covered == NULL)
		code = error_set(error, ERROR_INTERNAL, "out of memory for windows");
	for (size_t i = 0; code == 0 && i < windows->fresh; i++) {
		const struct manifest *manifest = &windows->manifests[i];
		covered[i] = (struct guard_window){manifest->from_us, manifest->to_us};
		for (size_t file = 0; file < manifest->count; file++)
			list[merge.count++] = manifest->files[file];
		code = checkpoint_add(&pipeline->applied, slice_from(manifest->id), error);
	}
	if (code == 0)
		code = merge_apply(pipeline, &merge, error);
	free(list);
	free(covered);
	return code;
}

static int say_gap(const struct pipeline *pipeline, const struct manifest *manifest, bool last, struct error *error)
{
	char from[CLOCK_TEXT_MAX];
	clock_format(manifest->from_us, from);
	if (last)
		return error_set(error, ERROR_DATA,
				 "no export ends where the window of \"%s\" begins, at %s; fetch what is between",
				 manifest->id, from);
	pipeline_say(pipeline, "\"%s\" waits for the window before %s", manifest->id, from);
	return 0;
}

int pipeline_increments(struct pipeline *pipeline, char *const *folders, size_t count, bool last, struct error *error)
{
	struct windows windows = {0};
	int code = open_windows(pipeline, folders, count, &windows, error);
	if (code == 0)
		choose(pipeline, &windows);
	if (code == 0 && windows.fresh > 0)
		code = apply_windows(pipeline, &windows, error);
	if (code == 0 && windows.fresh < windows.count)
		code = say_gap(pipeline, &windows.manifests[windows.fresh], last, error);
	for (size_t i = 0; i < windows.count; i++)
		manifest_release(&windows.manifests[i]);
	free(windows.manifests);
	return code;
}
