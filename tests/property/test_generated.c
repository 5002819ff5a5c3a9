/* Generated histories against the table that made them: every format with every fault that loses nothing merges into
 * the table's own state, in both mergers, and so does every preset, and every form of export and dump. Chains of
 * incremental exports, which alone must give the table's state. Argument: [seed]. */
#include "tests/property/generated.h"

/* ---- faults that lose nothing ---- */

static const char *const harmless[] = {
	"",
	"child-first:5",
	"late:900@10-60",
	"swap-batch:100%",
	"duplicate:30%",
	"shuffle:50",
	"shuffle:1000000",
	"reupload:5",
	"half-batch:5",
	"replay:100%",
	"number-spelling:100%",
	"bom:50%",
	"crlf:50%",
	"no-newline:50%",
	"export-twice",
	"duplicate:20%@10-60,swap-batch,shuffle:30@50-100,replay:4,number-spelling:30%/modify,bom,crlf,child-first",
};

/* Nothing but their line breaks keeps lines of base64 apart. */
static bool loses(const struct stream_format *format, const char *fault)
{
	return strcmp(format->name, "kinesis-base64") == 0 && strstr(fault, "no-newline") != NULL;
}

/* The line breaks of CSV are not between rows alone. */
static bool applies(const struct stream_format *format, const char *fault)
{
	bool csv = (format->rows & LANDED_CSV) != 0;
	return !csv || (strstr(fault, "no-newline") == NULL && strstr(fault, "crlf") == NULL);
}

/* Of rows that tell neither the order of changes within a second nor deletes, not all can be proven. */
static bool is_vague(const struct stream_format *format)
{
	return strcmp(format->name, "flat") == 0 || (format->rows & LANDED_PUTS_ONLY) != 0;
}

static bool is_right(const struct checked *checked)
{
	if (checked->wrong + checked->problems + checked->unheard == 0 && checked->proven > 100)
		return true;
	print_counts(checked);
	return false;
}

static void test_harmless(void)
{
	static const enum stream_view views[] = {VIEW_NEW_AND_OLD_IMAGES, VIEW_NEW_IMAGE};
	const struct stream_format *format;

	for (size_t f = 0; (format = stream_format_at(f)) != NULL; f++) {
		if (format->parquet != NULL)
			continue; /* The bridge that writes it is not here. */
		/* Under a sanitizer each fault over some formats, each format over some faults. */
		size_t step = (size_t)scaled_step();
		for (size_t i = f % step; i < sizeof(harmless) / sizeof(harmless[0]); i += step) {
			bool held = true;
			if (!applies(format, harmless[i]))
				continue;
			for (size_t v = format->both_images; v < 2; v++) {
				struct checked checked = check(&(struct history_case){
					.faults = harmless[i], .format = format, .view = views[v], .gzip = v == 1});
				if (loses(format, harmless[i]))
					held = checked.wrong == 0 && checked.problems > 0 && held;
				else if (is_vague(format))
					held = is_right(&checked) && held;
				else
					held = is_whole(&checked, 200) && held;
			}
			ok(held, "%s, %s: %s", format->name, harmless[i][0] != '\0' ? harmless[i] : "no fault",
			   loses(format, harmless[i]) ? "what is lost shows"
			   : is_vague(format)         ? "what is proven is the table's"
						      : "the merged state is the table's");
		}
	}
}

static void test_presets(void)
{
	static const char *const formats[] = {"flat-sequence", "dms", "poll-csv"};
	const char *name;
	for (size_t i = 0; (name = workload_preset_name(i)) != NULL; i++) {
		struct checked checked = check(&(struct history_case){
			.preset = name, .faults = "duplicate:5%,shuffle:40,replay:2", .view = VIEW_NEW_AND_OLD_IMAGES});
		ok(is_whole(&checked, 200), "preset %s: the merged state is the table's", name);
		for (size_t f = 0; f < sizeof(formats) / sizeof(formats[0]); f++) {
			checked = check(&(struct history_case){.preset = name,
							       .faults = "duplicate:5%,shuffle:40",
							       .format = stream_format_find(formats[f]),
							       .few = true});
			ok(is_right(&checked), "preset %s as %s: what is proven is the table's", name, formats[f]);
		}
	}
}

static void test_dumps(void)
{
	static const char *const faults[] = {"", "export-twice,duplicate:20%,shuffle:40", "number-spelling:100%"};
	static const char *const presets[] = {"orders", "kitchen-sink", "single-table"};
	const struct dump_format *dump;

	for (size_t form = 0; (dump = dump_format_at(form)) != NULL; form++) {
		if (dump->parquet)
			continue; /* The bridge that writes it is not here. */
		bool held = true;
		for (size_t i = 0; i < 3; i++) {
			struct checked checked =
				check(&(struct history_case){.preset = presets[i],
							     .faults = faults[i],
							     .view = VIEW_NEW_AND_OLD_IMAGES,
							     .gzip = i == 1,
							     .closing_export = i > 0,
							     .export_format = EXPORT_DUMPS + (int)form});
			held = is_whole(&checked, 200) && held;
		}
		ok(held, "a dump, %s: the merged state is the table's", dump->name);
	}
}

/* Every kind that loses nothing is among the cases above. */
static void test_harmless_kinds(void)
{
	for (unsigned id = 0; id < FAULT_COUNT; id++) {
		bool tested = fault_kinds[id].harm != FAULT_HARMLESS || fault_kinds[id].stage == STAGE_WINDOW;
		for (size_t i = 0; i < sizeof(harmless) / sizeof(harmless[0]); i++)
			tested = tested ||
				 strncmp(harmless[i], fault_kinds[id].name, strlen(fault_kinds[id].name)) == 0;
		if (!tested)
			ok(false, "%s is tested", fault_kinds[id].name);
	}
}

/* ---- incremental exports ---- */

static const int increment_views[] = {EXPORT_NEW_AND_OLD_IMAGES, EXPORT_NEW_IMAGE};
static const char *const view_names[] = {"both images", "new images"};

static struct checked check_windows(const char *faults, unsigned count, size_t view, int64_t lead_s)
{
	return check(&(struct history_case){.faults = faults,
					    .view = VIEW_NEW_IMAGE,
					    .windows = count,
					    .windows_view = increment_views[view],
					    .lead_s = lead_s});
}

static void test_increments(void)
{
	static const unsigned counts[] = {1, 2, 5, 17};

	for (size_t view = 0; view < 2; view++) {
		bool held = true;
		for (size_t i = 0; i < sizeof(counts) / sizeof(counts[0]); i++) {
			struct checked checked = check_windows("", counts[i], view, 0);
			held = is_whole(&checked, 200) && held;
		}
		ok(held, "incremental exports that follow a full one, %s: the merged state is the table's",
		   view_names[view]);
	}
}

/* A window that begins before the export's time says nothing of an item that the export saw and that was gone again in
 * the window; between the export's time and a later window anything may have happened. */
static void test_increment_cuts(void)
{
	static const int64_t leads_s[] = {1500, 300, 61, 60, 59, 30, 1, -1, -30, -59, -60, -61, -300, -1500};

	for (size_t view = 0; view < 2; view++) {
		bool held = true;
		for (size_t i = 0; i < sizeof(leads_s) / sizeof(leads_s[0]); i++) {
			struct checked checked = check_windows("", (unsigned)i % 3 * 4 + 1, view, leads_s[i]);
			bool right = checked.wrong == 0 && checked.unproven > 0 &&
				     (checked.unheard == 0 || leads_s[i] < 0);
			if (!right) {
				print_counts(&checked);
				printf("#   the first window begins %d s before the export's time\n", (int)leads_s[i]);
			}
			held = held && right;
		}
		ok(held, "incremental exports that begin round a full one, %s: what is proven is true",
		   view_names[view]);
	}
}

static void test_increment_faults(void)
{
	/* Of the last window nothing could tell that it is missing. */
	static const char *const losses[] = {"missing-window",
					     "missing-window/window=1",
					     "missing-export-file/window=3",
					     "wrong-md5/window=3",
					     "wrong-count/window=3",
					     "truncate-export/window=3",
					     "missing-window/window=2,missing-window/window=4"};
	static const char *const others[] = {"window-again", "window-again/window=1", "window-again/window=6"};

	for (size_t view = 0; view < 2; view++) {
		for (size_t i = 0; i < sizeof(losses) / sizeof(losses[0]); i++) {
			struct checked checked = check_windows(losses[i], 6, view, 0);
			bool held = checked.wrong == 0 && checked.unproven > 0;
			if (!held)
				print_counts(&checked);
			ok(held, "%s, %s: what is proven is true, and that something is missing shows", losses[i],
			   view_names[view]);
		}
		for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
			struct checked checked = check_windows(others[i], 6, view, 0);
			ok(is_whole(&checked, 200), "%s, %s: the merged state is the table's", others[i],
			   view_names[view]);
		}
		for (unsigned window = 2; window <= 6; window++) {
			char fault[40];
			snprintf(fault, sizeof(fault), "window-overlap/window=%u", window);
			struct checked checked = check_windows(fault, 6, view, 0);
			bool held = checked.wrong + checked.unheard == 0;
			if (!held)
				print_counts(&checked);
			ok(held, "%s, %s: what is proven is true", fault, view_names[view]);
		}
	}
}

int main(int argc, char **argv)
{
	generated_begin(argc, argv);
	test_harmless_kinds();
	test_harmless();
	test_presets();
	test_dumps();
	test_increments();
	test_increment_cuts();
	test_increment_faults();
	return tap_done();
}
