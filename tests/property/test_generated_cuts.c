/* Captures that begin or end at every second around an export or a dump, to a few seconds beyond its fuzz on both
 * sides: what is proven is what the table holds. Argument: [seed]. */
#include "base/clock.h"
#include "generators/text.h"
#include "tests/property/generated.h"

enum { DURATION_S = 200, AROUND_S = 66, SURE_S = 62 };

/* All that landed, before it is cut. */
struct landed {
	char root[SCRATCH_PATH_MAX];
	struct buffer lines, kept;
	int64_t unit_us; /* of their times */
};

static struct buffer *gathered;

static int gather(const char *path, const struct stat *status, int kind, struct FTW *walk)
{
	struct buffer bytes;

	(void)status;
	(void)walk;
	if (kind != FTW_F)
		return 0;
	buffer_init(&bytes, (size_t)64 << 20);
	if (!scratch_read("", path, &bytes) || buffer_append_slice(gathered, buffer_slice(&bytes)) != 0)
		abort();
	buffer_release(&bytes);
	return unlink(path);
}

static void land(const struct history_case *what, struct landed *landed)
{
	char events[SCRATCH_PATH_MAX + 16];

	generate(what, landed->root);
	buffer_init(&landed->lines, (size_t)64 << 20);
	buffer_init(&landed->kept, (size_t)64 << 20);
	gathered = &landed->lines;
	snprintf(events, sizeof(events), "%s/events", landed->root);
	if (nftw(events, gather, 16, FTW_PHYS) != 0 || buffer_append_byte(&landed->lines, '\0') != 0)
		abort();
	bool stamped = strstr(landed->lines.data, "\"tableName\"") != NULL;
	landed->unit_us = !stamped ? CLOCK_SECOND_US : strstr(landed->lines.data, "\"MICROSECOND\"") != NULL ? 1 : 1000;
}

static void unland(struct landed *landed)
{
	scratch_remove(landed->root);
	buffer_release(&landed->lines);
	buffer_release(&landed->kept);
}

/* Leaves of what landed the changes made in the capture, which is cut at whole seconds, as times may be. */
static void keep(struct landed *landed, struct capture capture)
{
	char path[SCRATCH_PATH_MAX + 32];

	landed->kept.size = 0;
	for (const char *line = landed->lines.data, *end; (end = strchr(line, '\n')) != NULL; line = end + 1) {
		int64_t time_us = (int64_t)scratch_number(line, "ApproximateCreationDateTime") * landed->unit_us;
		if (time_us >= capture.from_us && time_us < capture.to_us)
			buffer_append(&landed->kept, line, (size_t)(end - line) + 1);
	}
	snprintf(path, sizeof(path), "%s/events/kept.jsonl", landed->root);
	FILE *file = fopen(path, "wb");
	if (file == NULL || fwrite(landed->kept.data, 1, landed->kept.size, file) != landed->kept.size ||
	    fclose(file) != 0)
		abort();
}

static int64_t export_second(void)
{
	struct generator_options options;
	generator_defaults(&options);
	return (options.model.start_us + DURATION_S / 2 * CLOCK_SECOND_US) / CLOCK_SECOND_US;
}

struct cut_case {
	const char *name;
	struct history_case history;
	int step_s;
};

static void test_cut(const struct cut_case *cut)
{
	struct landed landed;
	uint64_t histories = 0, wrong = 0, whole = 0, unsure = 0;

	land(&cut->history, &landed);
	int64_t middle_s = export_second();
	for (int second = -AROUND_S; second <= AROUND_S; second += cut->step_s * (int)(5 / scaled(5))) {
		for (unsigned side = 0; side < 2; side++) {
			int64_t at_us = (middle_s + second) * CLOCK_SECOND_US;
			struct capture capture = everything;
			*(side == 0 ? &capture.from_us : &capture.to_us) = at_us;
			keep(&landed, capture);
			struct checked checked = check_folder(landed.root, "contract.yaml", capture);
			if (side == 0) /* What is missing lies before what was read. */
				checked.wrong += checked.excused;
			bool covers = side == 0 ? second < -SURE_S : second > SURE_S;
			histories++;
			whole += checked.unproven == 0;
			unsure += covers && checked.unproven > 0;
			wrong += checked.wrong + checked.unheard;
			if (checked.wrong + checked.unheard == 0 && !(covers && checked.unproven > 0))
				continue;
			print_counts(&checked);
			printf("#   the capture %s %d s from the export's time\n", side == 0 ? "begins" : "ends",
			       second);
		}
	}
	ok(wrong == 0, "%s: %llu captures cut around an export prove nothing that is wrong", cut->name,
	   (unsigned long long)histories);
	ok(unsure == 0 && whole > 0 && whole < histories,
	   "%s: those that overlap it on both sides prove every key; %llu do", cut->name, (unsigned long long)whole);
	unland(&landed);
}

int main(int argc, char **argv)
{
	generated_begin(argc, argv);
	const struct cut_case cuts[] = {
		{"both images", {.view = VIEW_NEW_AND_OLD_IMAGES}, 1},
		{"new images", {.view = VIEW_NEW_IMAGE}, 2},
		{"kinesis", {.format = stream_format_find("kinesis")}, 6},
		{"kinesis in milliseconds, a dump by EMR",
		 {.format = stream_format_find("kinesis-ms"), .export_format = EXPORT_DUMPS},
		 6},
		{"new images, a scan", {.view = VIEW_NEW_IMAGE, .export_format = EXPORT_DUMPS + 2}, 6},
	};
	for (size_t i = 0; i < sizeof(cuts) / sizeof(cuts[0]); i++) {
		struct cut_case cut = cuts[i];
		cut.history.few = true;
		cut.history.faults = "";
		cut.history.duration_s = DURATION_S;
		test_cut(&cut);
	}
	return tap_done();
}
