#include "reconcile/state/state_pages.h"

#include <fcntl.h>
#include <sqlite3.h>
#include <sys/stat.h>

#include "reconcile/judge/merge.h"
#include "tests/support/random_fact.h"
#include "tests/support/scratch.h"
#include "tests/tap.h"

enum { SOURCES = 40, FACTS_EACH = 400, FLIPS = 700, BYTES_EACH = 3, SOURCES_MAX = 64 };

static void stop_on(int code, const struct error *error)
{
	if (code == 0)
		return;
	printf("Bail out! %s\n", error->message);
	exit(1);
}

/* ---- a small state with something in every table */

static void add_source(struct state_builder *builder, int number)
{
	struct error error = {0};
	struct prng prng;
	char path[60];
	snprintf(path, sizeof(path), "/landing/events/2026/11/%02d/part-%05d.json", number % 28, number);
	struct state_source source = {
		.kind = STATE_EVENTS_FILE, .group = 1, .path = path, .identity = "", .complete = true};
	struct state_problem problem = {
		.id = "record.unreadable", .path = path, .message = "cut", .has_position = true};
	prng_init(&prng, (uint64_t)number);
	source.size_bytes = prng_next(&prng);
	source.mtime_ns = number;
	stop_on(state_builder_begin(builder, &source, &error), &error);
	for (int i = 0; i < FACTS_EACH; i++) {
		char key[48];
		struct fact fact = random_fact(&prng, 900, key);
		fact.kind = FACT_CHANGE;
		fact.record = (uint64_t)i;
		fact.domain = (uint32_t)number % 2 + 1;
		stop_on(state_builder_add(builder, &fact, &error), &error);
	}
	stop_on(state_builder_problem(builder, &problem, &error), &error);
	stop_on(state_builder_attribute(builder, "colour", (uint64_t)number + 1, &error), &error);
	stop_on(state_builder_end(builder, &source, &error), &error);
}

static void make_state(const char *folder)
{
	struct error error = {0};
	struct state *state;
	struct state_builder *builder;
	uint32_t group, domain;
	stop_on(state_open(folder, &state, &error), &error);
	stop_on(state_group(state, "/landing/events", &group, &error), &error);
	stop_on(state_domain(state, group, slice_from("arn:first"), &domain, &error), &error);
	stop_on(state_domain(state, group, slice_from(""), &domain, &error), &error);
	stop_on(state_builder_new(state, 0, &builder, &error), &error);
	for (int i = 0; i < SOURCES; i++) {
		add_source(builder, i);
		if (i % 8 == 7)
			stop_on(state_builder_flush(builder, &error), &error);
	}
	state_builder_free(builder);
	/* Free pages in the file, as a state has that lost a source. */
	uint32_t last[8];
	for (uint32_t i = 0; i < 8; i++)
		last[i] = SOURCES - i;
	stop_on(state_drop(state, last, 8, &error), &error);
	state_close(state);
}

/* ---- all that it says, as one number */

static void mix(uint64_t *sum, uint64_t word)
{
	*sum = prng_mix(*sum + word);
}

static void mix_text(uint64_t *sum, const char *text)
{
	mix(sum, fact_key_hash(slice_from(text == NULL ? "(null)" : text)));
}

static int take_fact(void *context, const struct fact *fact, struct error *error)
{
	(void)error;
	mix(context, fact->key_hash ^ fact->source);
	mix(context, fact->record ^ fact->offset);
	mix(context, fact->after.row ^ fact->after.item[0]);
	return 0;
}

static int take_problem(void *context, const struct state_problem *problem)
{
	mix_text(context, problem->id);
	mix_text(context, problem->path);
	mix_text(context, problem->message);
	mix(context, problem->source + problem->record);
	return 0;
}

static int take_attribute(void *context, const char *name, uint64_t images)
{
	mix_text(context, name);
	mix(context, images);
	return 0;
}

static int take_window(void *context, const struct state_domain_window *window)
{
	mix(context, window->domain);
	mix(context, window->records);
	mix(context, (uint64_t)window->lo);
	mix(context, (uint64_t)window->hi);
	return 0;
}

static int read_all(struct state *state, uint64_t *sum, struct error *error)
{
	uint32_t ids[SOURCES_MAX];
	uint64_t count = 0;
	for (const struct state_source *source = state_source_next(state, 0); source != NULL && count < SOURCES_MAX;
	     source = state_source_next(state, source->id)) {
		ids[count++] = source->id;
		mix_text(sum, source->path);
		mix(sum, source->size_bytes);
		mix(sum, (uint64_t)source->mtime_ns + source->facts);
	}
	mix_text(sum, state_group_text(state, 1));
	mix_text(sum, state_domain_arn(state, 1, NULL));
	struct merge_options options = {.sources = ids, .source_count = count, .workers = 1, .memory_max = 1 << 26};
	int code = merge_all_facts(state, &options, take_fact, sum, error);
	if (code == 0)
		code = state_problems(state, ids, count, take_problem, sum, error);
	if (code == 0)
		code = state_attributes(state, ids, count, take_attribute, sum, error);
	if (code == 0)
		code = state_windows(state, ids, count, take_window, sum, error);
	return code;
}

/* What a run over these bytes finds: 0 and its sum, or an error. */
static int look(const char *folder, const struct buffer *bytes, uint64_t *sum, struct error *error)
{
	char path[SCRATCH_PATH_MAX + 20];
	struct state *state;
	*sum = 0;
	snprintf(path, sizeof(path), "%s/state.sqlite", folder);
	FILE *file = fopen(path, "wb");
	if (file == NULL || fwrite(bytes->data, 1, bytes->size, file) != bytes->size || fclose(file) != 0)
		abort();
	int code = state_open(folder, &state, error);
	if (code != 0)
		return code;
	code = read_all(state, sum, error);
	state_close(state);
	return code;
}

static bool says_what_to_do(int code, const struct error *error)
{
	return code == ERROR_IO && strstr(error->message, "delete the folder") != NULL &&
	       strstr(error->message, "run again") != NULL;
}

/* ---- tests */

static void flipped_bytes_are_never_data(const char *folder, struct buffer *bytes, uint64_t whole)
{
	struct prng prng;
	int found = 0, unseen = 0, wrong = 0, unclear = 0;
	prng_init(&prng, 300);
	for (int flip = 0; flip < FLIPS; flip++) {
		struct error error = {0};
		uint64_t sum, at[BYTES_EACH];
		uint8_t bits[BYTES_EACH];
		/* Every third in the header, where most hangs on few bytes. */
		uint64_t range = flip % 3 == 0 ? 100 : bytes->size;
		for (int i = 0; i < BYTES_EACH; i++) {
			at[i] = prng_below(&prng, range);
			bits[i] = (uint8_t)(1 + prng_below(&prng, 255));
			bytes->data[at[i]] = (char)(bytes->data[at[i]] ^ bits[i]);
		}
		int code = look(folder, bytes, &sum, &error);
		found += code != 0;
		unseen += code == 0 && sum == whole;
		wrong += code == 0 && sum != whole;
		if (code != 0 && !says_what_to_do(code, &error) && strstr(error.message, "--state DIR") == NULL) {
			unclear++;
			printf("# at %llu: %s\n", (unsigned long long)at[0], error.message);
		}
		for (int i = BYTES_EACH - 1; i >= 0; i--)
			bytes->data[at[i]] = (char)(bytes->data[at[i]] ^ bits[i]);
	}
	ok(wrong == 0, "of %d flips none is taken for data (%d found, %d in what nobody reads)", FLIPS, found,
	       unseen);
	is_int(unclear, 0, "and each that is found says what to do");
	ok(found > FLIPS * 3 / 4, "most are found");
}

/* A page in the place of another, or none at all: each is whole, but not there. */
static void pages_are_bound_to_their_place(const char *folder, const struct buffer *bytes, uint64_t whole)
{
	size_t pages = bytes->size / STATE_PAGE;
	int wrong = 0, found = 0, tries = 0;
	struct buffer copy;
	buffer_init(&copy, bytes->size);
	for (size_t from = 0; from <= pages; from++)
		for (size_t to = 0; to < pages; to++, tries++) {
			struct error error = {0};
			uint64_t sum;
			copy.size = 0;
			if (buffer_append(&copy, bytes->data, bytes->size) != 0)
				abort();
			if (from < pages)
				memcpy(copy.data + to * STATE_PAGE, bytes->data + from * STATE_PAGE, STATE_PAGE);
			else
				memset(copy.data + to * STATE_PAGE, 0, STATE_PAGE);
			int code = look(folder, &copy, &sum, &error);
			found += code != 0;
			wrong += code == 0 ? sum != whole : !says_what_to_do(code, &error);
		}
	ok(wrong == 0, "no page is taken for another, nor for an empty one (%d of %d found)", found, tries);
	ok(found > tries / 2, "most are found");
	wrong = 0;
	for (size_t kept = 1; kept < pages; kept++) {
		struct error error = {0};
		uint64_t sum;
		copy.size = kept * STATE_PAGE - (kept % 2) * 1000;
		wrong += !says_what_to_do(look(folder, &copy, &sum, &error), &error);
	}
	is_int(wrong, 0, "a file that is cut short is found");
	buffer_release(&copy);
}

int main(void)
{
	char folder[SCRATCH_PATH_MAX];
	struct error error = {0};
	struct buffer bytes;
	uint64_t whole, again;
	scratch_make(folder);
	make_state(folder);
	buffer_init(&bytes, 1 << 26);
	if (!scratch_read(folder, "state.sqlite", &bytes))
		abort();
	ok(look(folder, &bytes, &whole, &error) == 0 && look(folder, &bytes, &again, &error) == 0 && whole == again,
	   "a state of %zu pages says the same each time", bytes.size / STATE_PAGE);
	flipped_bytes_are_never_data(folder, &bytes, whole);
	pages_are_bound_to_their_place(folder, &bytes, whole);
	buffer_release(&bytes);
	scratch_remove(folder);
	return tap_done();
}
