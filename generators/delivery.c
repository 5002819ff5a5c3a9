#include "generators/delivery.h"

#include <assert.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/prng.h"
#include "generators/lineage.h"
#include "generators/table.h"

enum { DUPLICATE_FILES_LATER = 3, POSITION_STEP = 16, SWAP_DISTANCE = 200 };

struct planner {
	const struct model *model;
	const struct history *history;
	const struct fault_plan *plan;
	struct delivery *delivery;
	struct buffer *log;
	struct error *error;
	struct prng prng; /* of the fault that is being planned */
	uint64_t capacity, file_capacity, error_capacity;
	bool *lost; /* by change */
	bool dirty; /* placements are not in order, or files do not know theirs */
};

bool fault_plan_has(const struct fault_plan *plan, enum fault_id id)
{
	for (unsigned i = 0; i < plan->fault_count; i++)
		if (plan->faults[i].id == id)
			return true;
	return false;
}

static int no_memory(struct planner *planner)
{
	return error_set(planner->error, ERROR_INTERNAL,
			 "out of memory for the delivery of %llu records; generate fewer",
			 (unsigned long long)planner->history->count);
}

/* Room for one more of `size` bytes in *array. */
static int make_room(struct planner *planner, void *array, uint64_t count, uint64_t *capacity, size_t size)
{
	void *grown;
	if (count < *capacity)
		return 0;
	uint64_t wanted = *capacity * 2 + 256;
	memcpy(&grown, array, sizeof(grown));
	grown = realloc(grown, wanted * size);
	if (grown == NULL)
		return no_memory(planner);
	memcpy(array, &grown, sizeof(grown));
	*capacity = wanted;
	return 0;
}

static int add_placement(struct planner *planner, struct placement placement)
{
	struct delivery *delivery = planner->delivery;
	if (make_room(planner, &delivery->placements, delivery->count, &planner->capacity, sizeof(placement)) != 0)
		return planner->error->code;
	delivery->placements[delivery->count++] = placement;
	planner->dirty = true;
	return 0;
}

static int add_file(struct planner *planner, struct delivered_file file)
{
	struct delivery *delivery = planner->delivery;
	if (make_room(planner, &delivery->files, delivery->file_count, &planner->file_capacity, sizeof(file)) != 0)
		return planner->error->code;
	delivery->files[delivery->file_count++] = file;
	return 0;
}

/* ---- what never arrives ---- */

static int lose(struct planner *planner, uint64_t change, const struct fault *fault)
{
	struct delivery *delivery = planner->delivery;

	planner->lost[change] = true;
	delivery->dropped++;
	if (fault->id == FAULT_ERROR_PREFIX) {
		if (make_room(planner, &delivery->errors, delivery->error_count, &planner->error_capacity,
			      sizeof(*delivery->errors)) != 0)
			return planner->error->code;
		delivery->errors[delivery->error_count++] = (uint32_t)change;
		return 0;
	}
	if (fault_log_record(planner->model, planner->history, fault->id, NULL, 0, 0, change, planner->log) != 0)
		return no_memory(planner);
	return 0;
}

static bool can_lose(const struct planner *planner, const struct fault *fault, uint64_t change)
{
	const struct change *what = &planner->history->changes[change];
	return !planner->lost[change] && (fault->id != FAULT_DROP_REMOVE || change_removes(what)) &&
	       fault_hits(fault, planner->model, what);
}

/* Selection sampling (Knuth 3.4.2 S): exactly the wanted number, each choice equally likely, in order. */
static int lose_some(struct planner *planner, const struct fault *fault)
{
	const struct history *history = planner->history;
	uint64_t eligible = 0;

	for (uint64_t i = 0; i < history->count; i++)
		eligible += can_lose(planner, fault, i);
	uint64_t wanted = fault_rate_of(fault->rate, eligible);
	for (uint64_t i = 0; i < history->count && wanted > 0; i++) {
		if (!can_lose(planner, fault, i) || prng_below(&planner->prng, eligible--) >= wanted)
			continue;
		wanted--;
		if (lose(planner, i, fault) != 0)
			return planner->error->code;
	}
	return 0;
}

static int lose_start(struct planner *planner, const struct fault *fault)
{
	const struct history *history = planner->history;
	int64_t start_us = planner->plan->export_end_us + (int64_t)fault->rate.count * CLOCK_SECOND_US;

	for (uint64_t i = 0; i < history->count && history->changes[i].time_us < start_us; i++) {
		if (!planner->lost[i] && lose(planner, i, fault) != 0)
			return planner->error->code;
	}
	return 0;
}

/* ---- batches ---- */

/* A batch of one shard that is still open. */
struct batch {
	uint32_t *changes;
	uint64_t count;
	int64_t opened_us;
	unsigned shard;
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
					      0};
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
	return add_file(planner, (struct delivered_file){
					 .count = count, .time_us = time_us, .number = number, .shard = batch->shard});
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
	struct batch batches[LINEAGE_SHARDS_MAX] = {{NULL, 0, 0, 0}};
	unsigned shards = planner->model->shard_count;
	uint32_t *changes = malloc(shards * planner->plan->records_per_file * sizeof(*changes));
	int failed = changes == NULL ? no_memory(planner) : 0;

	for (unsigned shard = 0; shard < shards && !failed; shard++) {
		batches[shard].shard = shard;
		batches[shard].changes = changes + shard * planner->plan->records_per_file;
	}
	for (uint64_t i = 0; i < history->count && !failed; i++) {
		const struct change *change = &history->changes[i];
		if (planner->lost[i])
			continue;
		struct batch *batch = &batches[lineage_shard(planner->model, change->item, change->time_us)];
		failed = close_old_batches(planner, batches, change->time_us);
		if (batch->count == 0)
			batch->opened_us = change->time_us;
		batch->changes[batch->count++] = (uint32_t)i;
		if (!failed && batch->count == planner->plan->records_per_file)
			failed = close_batch(planner, batch);
	}
	for (unsigned shard = 0; shard < shards && !failed; shard++)
		failed = close_batch(planner, &batches[shard]);
	free(changes);
	return failed;
}

/* ---- order ---- */

/* Whether what a record's fault does can be done to this placement. */
static bool can_mark(const struct planner *planner, const struct fault *fault, const struct placement *placement)
{
	const struct change *change = &planner->history->changes[placement->change];

	if ((placement->marks & (MARK_DUPLICATE | MARK_EXTRA_REMOVE)) != 0 ||
	    (fault->id == FAULT_NO_TTL_MARKER && change->kind != CHANGE_EXPIRE) ||
	    (fault->id == FAULT_PUT_AS_REMOVE && change->kind != CHANGE_MODIFY))
		return false;
	return fault_hits(fault, planner->model, change);
}

/* Calls `take` for as many of the first `count` placements as the fault asks for. */
static int sample(struct planner *planner, const struct fault *fault, uint64_t count,
		  int (*take)(struct planner *planner, const struct fault *fault, uint64_t index))
{
	uint64_t eligible = 0;

	for (uint64_t i = 0; i < count; i++)
		eligible += can_mark(planner, fault, &planner->delivery->placements[i]);
	uint64_t wanted = fault_rate_of(fault->rate, eligible);
	for (uint64_t i = 0; i < count && wanted > 0; i++) {
		if (!can_mark(planner, fault, &planner->delivery->placements[i]) ||
		    prng_below(&planner->prng, eligible--) >= wanted)
			continue;
		wanted--;
		if (take(planner, fault, i) != 0)
			return planner->error->code;
	}
	return 0;
}

/* The parent's last files and the children's first ones change places, whole. */
static int plan_child_first(struct planner *planner, const struct fault *fault)
{
	struct delivery *delivery = planner->delivery;
	uint64_t done[LINEAGE_SHARDS_MAX] = {0};
	uint64_t *moved = malloc((delivery->file_count + 1) * sizeof(*moved));

	if (moved == NULL)
		return no_memory(planner);
	for (uint64_t i = 0; i < delivery->file_count; i++)
		moved[i] = i;
	for (uint64_t child = 0; child < delivery->file_count; child++) {
		int parent = lineage_parent(planner->model, delivery->files[child].shard);
		if (parent < 0 || moved[child] != child || done[parent] >= fault->rate.count)
			continue;
		uint64_t other = child;
		while (other > 0 &&
		       (delivery->files[other - 1].shard != (unsigned)parent || moved[other - 1] != other - 1))
			other--;
		if (other-- == 0)
			continue;
		done[parent]++;
		moved[child] = other;
		moved[other] = child;
		struct delivered_file swap = delivery->files[child];
		delivery->files[child].count = delivery->files[other].count;
		delivery->files[child].shard = delivery->files[other].shard;
		delivery->files[other].count = swap.count;
		delivery->files[other].shard = swap.shard;
		delivery->files[child].child_first = delivery->files[other].child_first = true;
	}
	for (uint64_t i = 0; i < delivery->count; i++) {
		struct placement *placement = &delivery->placements[i];
		placement->place = moved[placement->place >> 32] << 32 | (placement->place & UINT32_MAX);
	}
	planner->dirty = true;
	free(moved);
	return 0;
}

/* Each record that the fault hits goes to the first file that arrives so long after its change, or to the last one. */
static int plan_late(struct planner *planner, const struct fault *fault)
{
	struct delivery *delivery = planner->delivery;

	for (uint64_t i = 0; i < delivery->count; i++) {
		struct placement *placement = &delivery->placements[i];
		const struct change *change = &planner->history->changes[placement->change];
		uint64_t file = placement->place >> 32;
		int64_t from_us = change->time_us + (int64_t)fault->rate.count * CLOCK_SECOND_US;
		if (!fault_hits(fault, planner->model, change))
			continue;
		while (file + 1 < delivery->file_count && delivery->files[file].time_us < from_us)
			file++;
		if (file == placement->place >> 32)
			continue;
		uint64_t position = prng_below(&planner->prng, delivery->files[file].count * POSITION_STEP + 1);
		placement->place = file << 32 | position;
		placement->marks |= MARK_LATE;
	}
	planner->dirty = true;
	return 0;
}

static int compare_placements(const void *left, const void *right)
{
	const struct placement *a = left, *b = right;
	if (a->place != b->place)
		return a->place < b->place ? -1 : 1;
	if (a->change != b->change)
		return a->change < b->change ? -1 : 1;
	return (a->marks > b->marks) - (a->marks < b->marks);
}

/* The files' runs of placements, once those are sorted. */
static void cut_files(struct planner *planner)
{
	struct delivery *delivery = planner->delivery;

	if (!planner->dirty)
		return;
	planner->dirty = false;
	if (delivery->count > 0)
		qsort(delivery->placements, delivery->count, sizeof(*delivery->placements), compare_placements);
	for (uint64_t i = 0; i < delivery->file_count; i++)
		delivery->files[i].count = 0;
	for (uint64_t i = 0; i < delivery->count; i++) {
		struct delivered_file *file = &delivery->files[delivery->placements[i].place >> 32];
		if (file->count++ == 0)
			file->first = i;
	}
}

static void swap_placements(struct placement *one, struct placement *two, uint32_t mark)
{
	struct placement swap = *one;
	one->change = two->change;
	one->marks = two->marks | mark;
	two->change = swap.change;
	two->marks = swap.marks | mark;
}

static void swap_file(struct planner *planner, const struct fault *fault, const struct delivered_file *file)
{
	struct placement *run = planner->delivery->placements + file->first;
	const struct change *changes = planner->history->changes;

	for (uint64_t i = 0; i < file->count; i++) {
		if ((run[i].marks & MARK_SWAPPED) != 0 || !fault_hits(fault, planner->model, &changes[run[i].change]))
			continue;
		for (uint64_t j = i + 1; j < file->count && j - i < SWAP_DISTANCE; j++) {
			if (changes[run[j].change].item != changes[run[i].change].item ||
			    run[j].change == run[i].change || (run[j].marks & MARK_SWAPPED) != 0)
				continue;
			swap_placements(&run[i], &run[j], MARK_SWAPPED);
			break;
		}
	}
}

static int plan_swaps(struct planner *planner, const struct fault *fault)
{
	struct delivery *delivery = planner->delivery;
	uint64_t eligible = delivery->file_count, wanted = fault_rate_of(fault->rate, eligible);

	cut_files(planner);
	for (uint64_t i = 0; i < delivery->file_count && wanted > 0; i++) {
		if (prng_below(&planner->prng, eligible--) >= wanted)
			continue;
		wanted--;
		swap_file(planner, fault, &delivery->files[i]);
	}
	return 0;
}

/* A put that an emulator told as two records: the REMOVE stands right before the MODIFY. */
static int add_remove(struct planner *planner, const struct fault *fault, uint64_t index)
{
	struct placement placement = planner->delivery->placements[index];
	(void)fault;
	placement.place--;
	placement.marks = MARK_EXTRA_REMOVE;
	return add_placement(planner, placement);
}

/* At-least-once: the copy comes in the same file or one of the next few, anywhere in it. */
static int add_duplicate(struct planner *planner, const struct fault *fault, uint64_t index)
{
	struct delivery *delivery = planner->delivery;
	uint64_t file = (delivery->placements[index].place >> 32) +
			prng_below(&planner->prng, DUPLICATE_FILES_LATER + 1);

	(void)fault;
	if (file >= delivery->file_count)
		file = delivery->file_count - 1;
	uint64_t position = prng_below(&planner->prng, delivery->files[file].count * POSITION_STEP);
	struct placement copy = {file << 32 | position, delivery->placements[index].change, MARK_DUPLICATE};
	delivery->duplicated++;
	return add_placement(planner, copy);
}

/* Records change places within windows; how many a file holds stays as it was. */
static int plan_shuffle(struct planner *planner, const struct fault *fault)
{
	struct delivery *delivery = planner->delivery;
	uint64_t window = fault->rate.count;

	cut_files(planner);
	for (uint64_t start = 0; start < delivery->count && window > 0;) {
		uint64_t size = delivery->count - start < window ? delivery->count - start : window;
		struct placement *run = delivery->placements + start;
		start += size;
		if (!fault_hits(fault, planner->model, &planner->history->changes[run->change]))
			continue;
		for (uint64_t i = size; i > 1; i--) {
			uint64_t j = prng_below(&planner->prng, i);
			if (j != i - 1)
				swap_placements(&run[i - 1], &run[j], MARK_SHUFFLED);
		}
	}
	return 0;
}

/* Files delivered again, spread over the capture; a replay comes at its end, the others beside their originals. */
static int plan_repeats(struct planner *planner, const struct fault *fault)
{
	struct delivery *delivery = planner->delivery;
	uint64_t eligible = 0, first_count = delivery->file_count;
	int64_t last_us = 0;

	cut_files(planner);
	for (uint64_t i = 0; i < first_count; i++) {
		eligible += delivery->files[i].origin == FILE_FIRST;
		if (delivery->files[i].time_us > last_us)
			last_us = delivery->files[i].time_us;
	}
	uint64_t wanted = fault_rate_of(fault->rate, eligible);
	for (uint64_t i = 0; i < first_count && wanted > 0; i++) {
		if (delivery->files[i].origin != FILE_FIRST || prng_below(&planner->prng, eligible--) >= wanted)
			continue;
		wanted--;
		struct delivered_file copy = delivery->files[i];
		copy.origin = fault->id == FAULT_REPLAY     ? FILE_REPLAY
			      : fault->id == FAULT_REUPLOAD ? FILE_REUPLOAD
							    : FILE_HALF;
		if (copy.origin == FILE_HALF)
			copy.count = (copy.count + 1) / 2;
		copy.original = i;
		if (fault->id == FAULT_REPLAY) {
			copy.number = delivery->file_count;
			copy.time_us = last_us + CLOCK_SECOND_US;
		}
		if (add_file(planner, copy) != 0)
			return planner->error->code;
	}
	return 0;
}

/* ---- records and files ---- */

static int mark_record(struct planner *planner, const struct fault *fault, uint64_t index)
{
	assert((int)fault->id >= FAULT_MARKS_FIRST && (int)fault->id <= FAULT_MARKS_LAST);
	planner->delivery->placements[index].marks |= MARK_OF(fault->id);
	return 0;
}

static bool can_damage(const struct planner *planner, const struct fault *fault, const struct delivered_file *file)
{
	if (file->origin != FILE_FIRST || file->count == 0)
		return false;
	uint32_t first = planner->delivery->placements[file->first].change;
	return fault_hits(fault, planner->model, &planner->history->changes[first]);
}

static int plan_damage(struct planner *planner, const struct fault *fault)
{
	struct delivery *delivery = planner->delivery;
	uint64_t eligible = 0;

	assert(fault->id >= FAULT_TRUNCATE_GZIP && fault->id <= FAULT_NO_NEWLINE);
	for (uint64_t i = 0; i < delivery->file_count; i++)
		eligible += can_damage(planner, fault, &delivery->files[i]);
	uint64_t wanted = fault_rate_of(fault->rate, eligible);
	for (uint64_t i = 0; i < delivery->file_count && wanted > 0; i++) {
		struct delivered_file *file = &delivery->files[i];
		if (!can_damage(planner, fault, file) || prng_below(&planner->prng, eligible--) >= wanted)
			continue;
		file->damage |= DAMAGE_OF(fault->id);
		wanted--;
	}
	return 0;
}

/* ---- the whole ---- */

static int plan_fault(struct planner *planner, const struct fault *fault)
{
	switch (fault->id) {
	case FAULT_LATE_START:
		return lose_start(planner, fault);
	case FAULT_CHILD_FIRST:
		return plan_child_first(planner, fault);
	case FAULT_LATE:
		return plan_late(planner, fault);
	case FAULT_SWAP_BATCH:
		return plan_swaps(planner, fault);
	case FAULT_PUT_AS_REMOVE:
		return sample(planner, fault, planner->delivery->count, add_remove);
	case FAULT_DUPLICATE:
		return sample(planner, fault, planner->delivery->count, add_duplicate);
	case FAULT_SHUFFLE:
		return plan_shuffle(planner, fault);
	case FAULT_REPLAY:
	case FAULT_REUPLOAD:
	case FAULT_HALF_BATCH:
		return plan_repeats(planner, fault);
	default:
		break;
	}
	switch (fault_kinds[fault->id].stage) {
	case STAGE_LOSS:
		return lose_some(planner, fault);
	case STAGE_RECORD:
		return sample(planner, fault, planner->delivery->count, mark_record);
	case STAGE_FILE:
		return plan_damage(planner, fault);
	default:
		return 0;
	}
}

/* Every fault of the list that is of this kind, each from randomness of its own. */
static int plan_kind(struct planner *planner, enum fault_id id)
{
	const struct fault_plan *plan = planner->plan;
	const struct fault_rate base = id == FAULT_DUPLICATE  ? plan->duplicates
				       : id == FAULT_SHUFFLE  ? (struct fault_rate){.count = plan->shuffle_window}
				       : id == FAULT_REPLAY   ? (struct fault_rate){.count = plan->replay_files}
				       : id == FAULT_REUPLOAD ? (struct fault_rate){.count = plan->reupload_files}
							      : (struct fault_rate){0, 0};
	struct fault habit = fault_make(id);
	uint64_t salt = planner->model->salt ^ prng_mix((uint64_t)id + UINT64_C(0x64656c6976657279));

	habit.rate = base;
	prng_init(&planner->prng, salt);
	if (fault_rate_is_set(base) && plan_fault(planner, &habit) != 0)
		return planner->error->code;
	for (unsigned i = 0; i < plan->fault_count; i++) {
		if (plan->faults[i].id != id)
			continue;
		prng_init(&planner->prng, salt + i + 1);
		if (plan_fault(planner, &plan->faults[i]) != 0)
			return planner->error->code;
	}
	return 0;
}

static int check_targets(const struct planner *planner)
{
	const struct table *table = planner->model->config.table;

	for (unsigned i = 0; i < planner->plan->fault_count; i++) {
		const char *entity = planner->plan->faults[i].entity;
		bool known = entity[0] == '\0';
		for (uint32_t j = 0; j < table->entity_count; j++)
			known = known || strcmp(table->entities[j].name, entity) == 0;
		if (!known)
			return error_set(planner->error, ERROR_USAGE,
					 "a fault's target is entity \"%s\", which is none", entity);
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
	if (plan->records_per_file == 0 || plan->records_per_file > 1000000)
		return error_set(error, ERROR_USAGE, "a file holds 1 to 1,000,000 records");
	if (check_targets(&planner) != 0)
		return error->code;
	planner.lost = calloc(history->count + 1, sizeof(*planner.lost));
	failed = planner.lost == NULL ? no_memory(&planner) : 0;
	for (unsigned id = 0; id < FAULT_COUNT && !failed; id++) {
		/* What is left after the losses is put into batches; what those hold is damaged once it is in order. */
		if (id == FAULT_CHILD_FIRST && (failed = plan_batches(&planner)) != 0)
			break;
		if ((int)id == FAULT_MARKS_FIRST)
			cut_files(&planner);
		if (fault_kinds[id].stage != STAGE_EXPORT)
			failed = plan_kind(&planner, (enum fault_id)id);
	}
	free(planner.lost);
	if (failed)
		delivery_release(delivery);
	return failed;
}

void delivery_release(struct delivery *delivery)
{
	free(delivery->placements);
	free(delivery->files);
	free(delivery->errors);
	*delivery = (struct delivery){0};
}
