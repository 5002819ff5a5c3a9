#include "generators/faults.h"

#include <stdlib.h>

#include "base/clock.h"
#include "base/prng.h"
#include "generators/lineage.h"

enum { DUPLICATE_FILES_LATER = 3, POSITION_STEP = 16 };

static const char *const broken_names[BROKEN_COUNT] = {
	"",         "bad-json", "bad-duplicate-key", "bad-type-tag", "bad-number", "bad-key-missing", "bad-key-type",
	"bad-utf8", "bad-deep", "bad-huge",
};

const char *broken_name(enum broken_kind kind)
{
	return broken_names[kind];
}

enum broken_kind broken_find(const char *name)
{
	for (unsigned kind = BROKEN_NONE + 1; kind < BROKEN_COUNT; kind++) {
		if (strcmp(broken_names[kind], name) == 0)
			return (enum broken_kind)kind;
	}
	return BROKEN_NONE;
}

/* ---- the log ---- */

int fault_log_record(const struct model *model, const struct history *history, const char *fault, const char *file,
		     uint64_t record, uint64_t offset, uint64_t change, struct buffer *log)
{
	char sequence[SEQUENCE_TEXT_MAX], time[CLOCK_TEXT_MAX];
	uint64_t size_bytes;
	static const char *const events[] = {"INSERT", "MODIFY", "REMOVE", "REMOVE by TTL"};

	model_sequence(model, change, sequence);
	buffer_printf(log, "{\"fault\":\"%s\"", fault);
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

int fault_log_file(const char *fault, const char *file, const char *detail, struct buffer *log)
{
	buffer_printf(log, "{\"fault\":\"%s\",\"file\":", fault);
	buffer_append_json(log, slice_from(file));
	if (detail != NULL)
		buffer_printf(log, ",%s", detail);
	buffer_append_text(log, "}\n");
	return log->failed ? ERROR_INTERNAL : 0;
}

/* ---- planning ---- */

struct planner {
	const struct model *model;
	const struct history *history;
	const struct fault_plan *plan;
	struct delivery *delivery;
	struct buffer *log;
	struct error *error;
	struct prng prng;
	uint64_t capacity, file_capacity;
	bool *lost; /* by change */
};

static int no_memory(struct planner *planner)
{
	return error_set(planner->error, ERROR_INTERNAL,
			 "out of memory for the delivery of %llu records; generate fewer",
			 (unsigned long long)planner->history->count);
}

static int add_placement(struct planner *planner, struct placement placement)
{
	struct delivery *delivery = planner->delivery;
	if (delivery->count == planner->capacity) {
		uint64_t capacity = planner->capacity * 2 + 1024;
		struct placement *grown = realloc(delivery->placements, capacity * sizeof(*grown));
		if (grown == NULL)
			return no_memory(planner);
		delivery->placements = grown;
		planner->capacity = capacity;
	}
	delivery->placements[delivery->count++] = placement;
	return 0;
}

static int add_file(struct planner *planner, struct delivered_file file)
{
	struct delivery *delivery = planner->delivery;
	if (delivery->file_count == planner->file_capacity) {
		uint64_t capacity = planner->file_capacity * 2 + 64;
		struct delivered_file *grown = realloc(delivery->files, capacity * sizeof(*grown));
		if (grown == NULL)
			return no_memory(planner);
		delivery->files = grown;
		planner->file_capacity = capacity;
	}
	delivery->files[delivery->file_count++] = file;
	return 0;
}

/* How many of n a rate asks for; a share of something asks for at least one. */
static uint64_t rate_of(struct fault_rate rate, uint64_t n)
{
	uint64_t wanted = rate.count;
	if (rate.ppm > 0) {
		wanted = n / 1000000 * rate.ppm + n % 1000000 * rate.ppm / 1000000;
		wanted += wanted == 0;
	}
	return wanted < n ? wanted : n;
}

static int lose(struct planner *planner, uint64_t change, const char *fault)
{
	planner->lost[change] = true;
	planner->delivery->dropped++;
	if (fault_log_record(planner->model, planner->history, fault, NULL, 0, 0, change, planner->log) != 0)
		return no_memory(planner);
	return 0;
}

/* Selection sampling (Knuth 3.4.2 S): exactly the wanted number, each choice equally likely, in order. */
static int lose_some(struct planner *planner, struct fault_rate rate, bool removes_only, const char *fault)
{
	const struct history *history = planner->history;
	uint64_t eligible = 0;

	for (uint64_t i = 0; i < history->count; i++)
		eligible += !planner->lost[i] && (!removes_only || change_removes(&history->changes[i]));
	uint64_t wanted = rate_of(rate, eligible);
	for (uint64_t i = 0; i < history->count && wanted > 0; i++) {
		if (planner->lost[i] || (removes_only && !change_removes(&history->changes[i])))
			continue;
		if (prng_below(&planner->prng, eligible--) >= wanted)
			continue;
		wanted--;
		if (lose(planner, i, fault) != 0)
			return planner->error->code;
	}
	return 0;
}

static int plan_losses(struct planner *planner)
{
	const struct history *history = planner->history;
	const struct fault_plan *plan = planner->plan;

	planner->lost = calloc(history->count + 1, sizeof(*planner->lost));
	if (planner->lost == NULL)
		return no_memory(planner);
	for (uint64_t i = 0; i < history->count && history->changes[i].time_us < plan->late_start_us; i++) {
		if (lose(planner, i, "late-start") != 0)
			return planner->error->code;
	}
	if (lose_some(planner, plan->drop_records, false, "drop-record") != 0)
		return planner->error->code;
	return lose_some(planner, plan->drop_removes, true, "drop-remove");
}

/* A batch of one shard that is still open. */
struct batch {
	uint32_t *changes;
	uint64_t count;
	int64_t opened_us;
};

static int close_batch(struct planner *planner, struct batch *batch)
{
	enum { LATENCY_US = 1500000 };
	uint64_t number = planner->delivery->file_count;
	int64_t last_us = 0;

	if (batch->count == 0)
		return 0;
	for (uint64_t i = 0; i < batch->count; i++) {
		struct placement placement = {number << 32 | (i * POSITION_STEP + POSITION_STEP / 2), batch->changes[i],
					      MARK_FIRST, BROKEN_NONE};
		if (add_placement(planner, placement) != 0)
			return planner->error->code;
		last_us = planner->history->changes[batch->changes[i]].time_us;
	}
	uint64_t count = batch->count;
	batch->count = 0;
	/* Whatever the shard, files arrive one after the other. */
	int64_t time_us = last_us + LATENCY_US;
	if (number > 0 && planner->delivery->files[number - 1].time_us > time_us)
		time_us = planner->delivery->files[number - 1].time_us;
	return add_file(planner, (struct delivered_file){.count = count, .time_us = time_us, .number = number});
}

static int close_old_batches(struct planner *planner, struct batch *batches, int64_t now_us)
{
	for (unsigned shard = 0; shard < planner->model->shard_count; shard++) {
		if (batches[shard].count > 0 && now_us - batches[shard].opened_us >= planner->plan->batch_window_us &&
		    close_batch(planner, &batches[shard]) != 0)
			return planner->error->code;
	}
	return 0;
}

/* As Lambda does it: a batch holds records of one shard, in order; batches of different shards arrive interleaved. */
static int plan_batches(struct planner *planner)
{
	const struct history *history = planner->history;
	struct batch batches[LINEAGE_SHARDS_MAX] = {{NULL, 0, 0}};
	int failed = 0;

	for (unsigned shard = 0; shard < planner->model->shard_count && !failed; shard++) {
		batches[shard].changes = malloc(planner->plan->records_per_file * sizeof(*batches[shard].changes));
		if (batches[shard].changes == NULL)
			failed = no_memory(planner);
	}
	for (uint64_t i = 0; i < history->count && !failed; i++) {
		const struct change *change = &history->changes[i];
		struct batch *batch = &batches[lineage_shard(planner->model, change->item, change->time_us)];
		if (planner->lost[i])
			continue;
		failed = close_old_batches(planner, batches, change->time_us);
		if (batch->count == 0)
			batch->opened_us = change->time_us;
		batch->changes[batch->count++] = (uint32_t)i;
		if (!failed && batch->count == planner->plan->records_per_file)
			failed = close_batch(planner, batch);
	}
	for (unsigned shard = 0; shard < planner->model->shard_count; shard++) {
		if (!failed)
			failed = close_batch(planner, &batches[shard]);
		free(batches[shard].changes);
	}
	return failed;
}

static int compare_placements(const void *left, const void *right)
{
	const struct placement *a = left, *b = right;
	if (a->place != b->place)
		return a->place < b->place ? -1 : 1;
	if (a->change != b->change)
		return a->change < b->change ? -1 : 1;
	return (int)a->mark - (int)b->mark;
}

/* At-least-once: the copy comes in the same file or one of the next few, anywhere in it. */
static int plan_duplicates(struct planner *planner)
{
	struct delivery *delivery = planner->delivery;
	uint64_t eligible = delivery->count, first_count = delivery->count;
	uint64_t wanted = rate_of(planner->plan->duplicates, eligible);

	for (uint64_t i = 0; i < first_count && wanted > 0; i++) {
		if (prng_below(&planner->prng, eligible--) >= wanted)
			continue;
		wanted--;
		uint64_t file = (delivery->placements[i].place >> 32) +
				prng_below(&planner->prng, DUPLICATE_FILES_LATER + 1);
		if (file >= delivery->file_count)
			file = delivery->file_count - 1;
		uint64_t position = prng_below(&planner->prng, delivery->files[file].count * POSITION_STEP);
		struct placement copy = {file << 32 | position, delivery->placements[i].change, MARK_DUPLICATE,
					 BROKEN_NONE};
		if (add_placement(planner, copy) != 0)
			return planner->error->code;
		delivery->duplicated++;
	}
	if (delivery->count > 0)
		qsort(delivery->placements, delivery->count, sizeof(*delivery->placements), compare_placements);
	return 0;
}

/* Records change places within windows; how many a file holds stays as it was. */
static void plan_shuffle(struct planner *planner)
{
	struct delivery *delivery = planner->delivery;
	uint64_t window = planner->plan->shuffle_window;

	if (window == 0)
		return;
	for (uint64_t start = 0; start < delivery->count;) {
		uint64_t size = delivery->count - start < window ? delivery->count - start : window;
		struct placement *run = delivery->placements + start;
		for (uint64_t i = size; i > 1; i--) {
			uint64_t j = prng_below(&planner->prng, i);
			struct placement swap = run[i - 1];
			run[i - 1].change = run[j].change;
			run[i - 1].mark = run[j].mark;
			run[j].change = swap.change;
			run[j].mark = swap.mark;
		}
		start += size;
	}
}

static void cut_files(struct delivery *delivery)
{
	for (uint64_t i = 0; i < delivery->file_count; i++)
		delivery->files[i].count = 0;
	for (uint64_t i = 0; i < delivery->count; i++) {
		struct delivered_file *file = &delivery->files[delivery->placements[i].place >> 32];
		if (file->count++ == 0)
			file->first = i;
	}
}

static void plan_broken(struct planner *planner)
{
	struct delivery *delivery = planner->delivery;

	for (unsigned kind = BROKEN_NONE + 1; kind < BROKEN_COUNT; kind++) {
		uint64_t wanted = rate_of(planner->plan->broken[kind], delivery->count);
		for (uint64_t tries = 0; wanted > 0 && tries < 64 * delivery->count; tries++) {
			struct placement *placement =
				&delivery->placements[prng_below(&planner->prng, delivery->count)];
			if (placement->broken != BROKEN_NONE || placement->mark != MARK_FIRST)
				continue;
			placement->broken = (uint16_t)kind;
			placement->mark = MARK_BROKEN;
			wanted--;
		}
	}
}

/* Files delivered again, spread over the capture; a replay comes at its end, a re-upload beside its original. */
static int plan_repeats(struct planner *planner, uint64_t wanted, enum file_origin origin)
{
	struct delivery *delivery = planner->delivery;
	uint64_t eligible = 0, first_count = delivery->file_count;
	int64_t last_us = 0;

	for (uint64_t i = 0; i < first_count; i++) {
		eligible += delivery->files[i].origin == FILE_FIRST;
		if (delivery->files[i].time_us > last_us)
			last_us = delivery->files[i].time_us;
	}
	if (wanted > eligible)
		wanted = eligible;
	for (uint64_t i = 0; i < first_count && wanted > 0; i++) {
		if (delivery->files[i].origin != FILE_FIRST || prng_below(&planner->prng, eligible--) >= wanted)
			continue;
		wanted--;
		struct delivered_file copy = delivery->files[i];
		copy.origin = origin;
		copy.original = i;
		if (origin == FILE_REPLAY) {
			copy.number = delivery->file_count;
			copy.time_us = last_us + CLOCK_SECOND_US;
		}
		if (add_file(planner, copy) != 0)
			return planner->error->code;
	}
	return 0;
}

static int plan_truncations(struct planner *planner)
{
	struct delivery *delivery = planner->delivery;
	uint64_t wanted = planner->plan->truncated_files;

	for (uint64_t i = 0; i < delivery->file_count && wanted > 0; i++) {
		/* From the middle on, as the first and last files are special enough. */
		struct delivered_file *file = &delivery->files[(i + delivery->file_count / 2) % delivery->file_count];
		if (file->origin != FILE_FIRST || file->count == 0)
			continue;
		file->truncated = true;
		wanted--;
	}
	return 0;
}

int delivery_plan(const struct model *model, const struct history *history, const struct fault_plan *plan,
		  struct delivery *delivery, struct buffer *log, struct error *error)
{
	struct planner planner = {
		.model = model, .history = history, .plan = plan, .delivery = delivery, .log = log, .error = error};
	int failed;

	*delivery = (struct delivery){0};
	prng_init(&planner.prng, model->config.seed ^ UINT64_C(0x64656c6976657279));
	if (plan->records_per_file == 0 || plan->records_per_file > 1000000)
		return error_set(error, ERROR_USAGE, "a file holds 1 to 1,000,000 records");
	if ((failed = plan_losses(&planner)) != 0 || (failed = plan_batches(&planner)) != 0 ||
	    (failed = plan_duplicates(&planner)) != 0)
		goto out;
	plan_shuffle(&planner);
	cut_files(delivery);
	plan_broken(&planner);
	if ((failed = plan_truncations(&planner)) != 0 ||
	    (failed = plan_repeats(&planner, plan->reupload_files, FILE_REUPLOAD)) != 0)
		goto out;
	failed = plan_repeats(&planner, plan->replay_files, FILE_REPLAY);
out:
	free(planner.lost);
	if (failed)
		delivery_release(delivery);
	return failed;
}

void delivery_release(struct delivery *delivery)
{
	free(delivery->placements);
	free(delivery->files);
	*delivery = (struct delivery){0};
}
