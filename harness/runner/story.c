#include "harness/runner/story.h"

#include <inttypes.h>
#include <stdio.h>

#include "base/clock.h"
#include "base/whole_file.h"
#include "harness/runner/folder.h"
#include "harness/runner/timeline.h"

enum { LINE_MAX = 16384, EVENTS_SHOWN = 4, ROWS_SHOWN = 2, LANDINGS_SHOWN = 2, WORDS_MAX = 200 };
#define MEMORY_MAX ((size_t)64 << 20)

struct teller {
	struct cell *cell;
	const struct scenario_file *scenario;
	const struct key_life *life;
	struct buffer line;
};

static void say(struct teller *teller)
{
	if (!teller->line.failed && buffer_append_byte(&teller->line, '\0') == 0)
		(void)cell_add_story(teller->cell, teller->line.data);
	teller->line.size = 0;
}

/* "09:04:05.120", of the day that the history is of; a whole second without its fraction. */
static void put_time(struct buffer *line, int64_t time_us)
{
	char text[CLOCK_TEXT_MAX];
	if (time_us == INT64_MIN || time_us == INT64_MAX) {
		buffer_append_text(line, "(no time)");
		return;
	}
	clock_format(time_us, text);
	char *time = strchr(text, 'T');
	if (time == NULL)
		return;
	time[strcspn(time, "Z")] = '\0';
	buffer_append_text(line, time + 1);
}

/* ---- what happened */

static void put_landings(struct teller *teller, const struct life_event *event)
{
	struct buffer *line = &teller->line;
	if (event->landing_count == 0) {
		buffer_append_text(line, " — never landed");
		return;
	}
	for (uint32_t i = 0; i < event->landing_count && i < LANDINGS_SHOWN; i++) {
		const struct life_landing *landing = &event->landings[i];
		const char *name = strrchr(landing->file, '/');
		name = name != NULL ? name + 1 : landing->file;
		buffer_printf(line, "%s%s in ", i == 0 ? " — landed" : ", again", landing->altered ? " altered" : "");
		if (landing->batch > 0)
			buffer_printf(line, "batch %" PRIu32 ", ", landing->batch);
		buffer_printf(line, "%s record %" PRIu64, name, landing->record);
	}
	if (event->landing_count > LANDINGS_SHOWN)
		buffer_printf(line, ", and %" PRIu32 " times more", event->landing_count - LANDINGS_SHOWN);
}

/* Numbers of several lengths: what a comparison of texts turns round. */
static bool lengths_differ(const struct key_life *life)
{
	size_t length = 0;
	bool differ = false;
	for (uint32_t i = 0; i < life->event_count; i++) {
		char text[48];
		if (!life->events[i].has_sequence)
			continue;
		sequence_format(life->events[i].sequence, text);
		differ = differ || (length != 0 && length != strlen(text));
		length = strlen(text);
	}
	return differ;
}

static void tell_event(struct teller *teller, const struct life_event *event, uint32_t passed)
{
	struct buffer *line = &teller->line;
	char sequence[48];
	if (passed > 0)
		buffer_printf(line, "(after %" PRIu32 " more) ", passed);
	put_time(line, event->time_us);
	buffer_printf(line, " %s%s", event->what, event->foreign ? ", which is not what DynamoDB wrote" : "");
	if (event->changed[0] != '\0')
		buffer_printf(line, " %s", event->changed);
	if (event->has_sequence && lengths_differ(teller->life)) {
		sequence_format(event->sequence, sequence);
		buffer_printf(line, " (sequence %.4s…, %zu digits)", sequence, strlen(sequence));
	}
	put_landings(teller, event);
	if (event->decides)
		buffer_append_text(line, " <- decides");
	if (event->held)
		buffer_append_text(line, " <- what the table holds");
	say(teller);
}

/* The lowest batch that a record of it landed in. */
static uint32_t batch_of(const struct life_event *event)
{
	uint32_t batch = 0;
	for (uint32_t i = 0; i < event->landing_count; i++)
		if (batch == 0 || event->landings[i].batch < batch)
			batch = event->landings[i].batch;
	return batch;
}

/* What the story cannot do without: what decides, what the table holds, what landed before something older, what never
 * landed, the export. */
static uint32_t importance(const struct key_life *life, uint32_t index)
{
	const struct life_event *event = &life->events[index];
	uint32_t weight = event->decides ? 100 : event->held ? 80 : 0;
	bool lost = event->landing_count == 0;
	for (uint32_t i = index + 1; i < life->event_count; i++)
		if (batch_of(&life->events[i]) > 0 && batch_of(&life->events[i]) < batch_of(event))
			weight += weight < 60 ? 60 : 0;
	weight += lost || event->foreign ? 40 : 0;
	weight += event->snapshot ? 30 : 0;
	weight += event->landing_count > 1 ? 10 : 0;
	return weight * 64 + (index < 63 ? index : 63);
}

static void tell_events(struct teller *teller)
{
	const struct key_life *life = teller->life;
	uint32_t passed = 0, most = EVENTS_SHOWN;
	most -= teller->scenario->process_count > 0 ? 1 : 0;
	most -= life->agrees ? 1 : 0;
	for (uint32_t i = 0; i < life->event_count; i++) {
		uint32_t better = 0;
		for (uint32_t j = 0; j < life->event_count; j++)
			better += importance(life, j) > importance(life, i);
		if (better >= most) {
			passed++;
			continue;
		}
		tell_event(teller, &life->events[i], passed);
		passed = 0;
	}
}

static void tell_process(struct teller *teller)
{
	static const char *const names[] = {"killed",
					    "given it twice",
					    "two at once",
					    "without its checkpoint",
					    "given its files again",
					    "with a full disk"};
	const struct scenario_file *scenario = teller->scenario;
	if (scenario->process_count == 0)
		return;
	for (uint32_t i = 0; i < scenario->process_count; i++) {
		const struct process_fault *fault = &scenario->process[i];
		buffer_printf(&teller->line, "%s%s in batch %" PRId64 "%s%s", i == 0 ? "the pipeline was " : ", ",
			      names[fault->fault], fault->batch, fault->moment != NULL ? ", " : "",
			      fault->moment != NULL ? fault->moment : "");
	}
	say(teller);
}

/* ---- the table */

/* The newest that left the item so; of several, one that had landed by then. */
static const struct life_event *event_of_row(const struct key_life *life, const struct life_row *row)
{
	const struct life_event *found = NULL;
	for (uint32_t i = life->event_count; i > 0; i--) {
		const struct life_event *event = &life->events[i - 1];
		if (event->after != STATE_IMAGE || event->row != row->row)
			continue;
		if (batch_of(event) > 0 && batch_of(event) <= row->batch)
			return event;
		found = found == NULL ? event : found;
	}
	return found;
}

static void tell_row(struct teller *teller, const struct life_row *row)
{
	struct buffer *line = &teller->line;
	const struct life_event *event = row->known ? event_of_row(teller->life, row) : NULL;
	buffer_printf(line, "version %" PRId64, row->version);
	if (row->batch > 0)
		buffer_printf(line, " (batch %" PRIu32 ")", row->batch);
	if (row->rows == 0) {
		buffer_append_text(line, ": no row of it");
	} else if (row->rows > 1) {
		buffer_printf(line, ": %" PRIu32 " rows of it", row->rows);
	} else if (event != NULL) {
		buffer_append_text(line, ": the row of ");
		put_time(line, event->time_us);
	} else {
		buffer_append_text(line, ": a row that is no image of the item");
	}
	say(teller);
}

static bool rows_differ(const struct life_row *a, const struct life_row *b)
{
	return a->rows != b->rows || (a->rows > 0 && (a->known != b->known || a->row != b->row));
}

/* A table begins without rows. */
static bool is_change(const struct key_life *life, uint32_t index)
{
	return index == 0 ? life->rows[0].rows > 0 : rows_differ(&life->rows[index - 1], &life->rows[index]);
}

/* The last versions that changed it. */
static void tell_rows(struct teller *teller)
{
	const struct key_life *life = teller->life;
	uint32_t changes = 0, told = 0, most = life->agrees ? ROWS_SHOWN + 1 : ROWS_SHOWN;
	for (uint32_t i = 0; i < life->row_count; i++)
		changes += is_change(life, i);
	if (changes == 0 && life->row_count > 0) {
		buffer_printf(&teller->line, "none of the table's %" PRIu32 " versions holds a row of it",
			      life->row_count);
		say(teller);
	}
	for (uint32_t i = 0; i < life->row_count; i++)
		if (is_change(life, i) && told++ + most >= changes)
			tell_row(teller, &life->rows[i]);
}

/* ---- how it ends */

static const struct cell_point *point_of(const struct cell *cell, const char *finding_id)
{
	for (uint32_t i = 0; i < cell->point_count; i++)
		for (uint32_t j = 0; cell->points[i].state == POINT_FAILED && j < cell->points[i].finding_count; j++)
			if (strcmp(cell->points[i].findings[j].id, finding_id) == 0)
				return &cell->points[i];
	return NULL;
}

static void tell_ending(struct teller *teller)
{
	const struct key_life *life = teller->life;
	struct buffer *line = &teller->line;
	const struct cell_point *point = point_of(teller->cell, life->id);
	if (life->agrees)
		buffer_append_text(line, "in the end it is as it should be, and on the way it was not");
	else if (life->lake_rows > 1)
		buffer_printf(line, "there should be %s row of it, and there are %" PRIu32,
			      life->expected == STATE_ABSENT ? "no" : "one", life->lake_rows);
	else if (life->differs[0] != '\0')
		buffer_append_text(line, life->differs);
	else if (life->expected == STATE_IMAGE)
		buffer_printf(line, "there should be one row of it, and %s",
			      life->lake_rows == 0 ? "there is none" : "it is not that");
	else if (life->expected == STATE_ABSENT)
		buffer_printf(line, "there should be no row of it, and there %s",
			      life->lake_rows == 1   ? "is one"
			      : life->lake_rows == 0 ? "is none now"
						     : "are several");
	else
		buffer_append_text(line, "what there should be is not known");
	say(teller);
	buffer_printf(line, "this is %s", life->id);
	if (point != NULL)
		buffer_printf(line, ": it breaks %s, \"%s\"", point->id, point->name);
	say(teller);
}

/* ---- the whole */

static void tell_key(const struct invariants *invariants, const struct key_life *life)
{
	struct teller teller = {.cell = invariants->cell, .scenario = invariants->scenario, .life = life};
	buffer_init(&teller.line, LINE_MAX);
	buffer_printf(&teller.line, "the item %s", life->key);
	say(&teller);
	tell_events(&teller);
	tell_process(&teller);
	tell_rows(&teller);
	tell_ending(&teller);
	buffer_release(&teller.line);
}

/* The last line that a step wrote on stderr. */
static void put_last_words(const struct invariants *invariants, const struct cell_step *step, struct buffer *line)
{
	struct buffer bytes;
	struct error none = {0};
	char path[4200];
	if (step->err == NULL)
		return;
	snprintf(path, sizeof path, "%s/%s", invariants->folder, step->err);
	buffer_init(&bytes, (size_t)1 << 24);
	if (folder_has(path) && whole_file_read(path, &bytes, &none) == 0) {
		while (bytes.size > 0 && bytes.data[bytes.size - 1] == '\n')
			bytes.size--;
		size_t from = bytes.size;
		while (from > 0 && bytes.data[from - 1] != '\n' && bytes.size - from < WORDS_MAX)
			from--;
		if (from < bytes.size)
			buffer_printf(line, ": %.*s", (int)(bytes.size - from), bytes.data + from);
	}
	buffer_release(&bytes);
}

static void tell_points(const struct invariants *invariants)
{
	struct cell *cell = invariants->cell;
	struct teller teller = {.cell = cell};
	uint32_t told = 0;
	buffer_init(&teller.line, LINE_MAX);
	for (uint32_t i = 0; i < cell->point_count && told < STORY_LINES_MAX - 2; i++) {
		const struct cell_point *point = &cell->points[i];
		if (point->state != POINT_FAILED)
			continue;
		buffer_printf(&teller.line, "%s does not hold, \"%s\"%s%s", point->id, point->name,
			      point->detail != NULL ? ": " : "", point->detail != NULL ? point->detail : "");
		say(&teller);
		told++;
	}
	for (uint32_t i = 0; i < cell->step_count; i++) {
		const struct cell_step *step = &cell->steps[i];
		if (step->faulted || (step->exit == 0 && step->signal == 0))
			continue;
		buffer_printf(&teller.line, "step %s ended with %s %d", step->name,
			      step->signal != 0 ? "signal" : "exit", step->signal != 0 ? step->signal : step->exit);
		put_last_words(invariants, step, &teller.line);
		say(&teller);
		break;
	}
	buffer_release(&teller.line);
}

/* The life with the fewest events, of the examples of what failed first. */
static int choose(const struct invariants *invariants, struct arena *arena, struct key_life *life, bool *found,
		  struct error *error)
{
	const struct cell *cell = invariants->cell;
	const char **keys = arena_array(arena, (size_t)cell->example_count + 1, sizeof *keys);
	const char *id = NULL;
	uint32_t count = 0, lightest = 0;
	struct error why = {0};
	*found = false;
	if (keys == NULL)
		return error_set(error, ERROR_INTERNAL, "out of memory for a story");
	for (uint32_t i = 0; i < cell->example_count; i++) {
		const struct cell_example *example = &cell->examples[i];
		if (example->key == NULL || point_of(cell, example->id) == NULL ||
		    (id != NULL && strcmp(id, example->id) != 0))
			continue;
		id = example->id;
		keys[count++] = example->key;
	}
	int code = count == 0 ? 0 : key_life_lightest(invariants, keys, count, &lightest, &why);
	if (code == 0 && lightest < count)
		code = key_life_gather(invariants, keys[lightest], id, arena, life, &why);
	*found = code == 0 && lightest < count;
	return code == ERROR_INTERNAL ? error_set(error, code, "%s", why.message) : 0;
}

int story_tell(const struct invariants *invariants, struct error *error)
{
	struct arena arena;
	struct key_life life;
	bool found = false;
	arena_init(&arena, MEMORY_MAX);
	int code = choose(invariants, &arena, &life, &found, error);
	if (code == 0 && found) {
		tell_key(invariants, &life);
		code = timeline_fill(&life, invariants->cell, error);
	} else if (code == 0) {
		tell_points(invariants);
	}
	arena_release(&arena);
	return code;
}
