/* The examples of docs/semantics.md, "Versions": records of one key, its row in one version after the other, and what
 * is told. The notation of records is tests/property/notation.h's. */
#include "tests/property/line_of.h"
#include "tests/tap.h"

static void tell(struct buffer *out, const char *format, uint32_t version)
{
	if (out->size > 0)
		buffer_append_text(out, ", ");
	buffer_printf(out, format, version);
}

/* "a, b soft, -" */
static void walk(const struct line *line, const char *rows, struct buffer *out)
{
	struct line_floor floor = LINE_NOWHERE;
	bool no_image = false, hole = false;
	for (uint32_t version = 0; *rows != '\0' && line->reason == VERSIONS_REASON_COUNT; version++) {
		const struct line_state *older;
		bool soft = strncmp(rows + 1, " soft", 5) == 0, was_absent = floor.absent;
		enum line_row row = *rows == '-' ? LINE_NONE : soft ? LINE_SOFT : LINE_IMAGE;
		uint64_t digest = row == LINE_NONE ? 0 : side_image(*rows).row;
		enum line_answer answer = line_step(line, &floor, row, digest, INT64_MAX, &older);
		if (answer == LINE_BACK)
			tell(out, was_absent ? "came back at %u" : "back at %u", version);
		no_image = no_image || answer == LINE_NO_IMAGE;
		hole = hole || answer == LINE_HOLE;
		rows += soft ? 6 : 1;
		rows += *rows == ',' ? 2 : 0;
	}
	static const char *const reasons[] = {"unproven", "unknown", "unordered"};
	if (line->reason != VERSIONS_REASON_COUNT)
		buffer_printf(out, "unjudged: %s", reasons[line->reason]);
	if (hole)
		tell(out, "unjudged: hole", 0);
	if (no_image)
		tell(out, "unjudged: no image", 0);
	if (out->size == 0)
		buffer_append_text(out, "forward");
	buffer_append_byte(out, '\0');
}

static void run_one(const char *name, const char *records, const char *rows, const char *outcome)
{
	struct universe *universe = universe_new();
	struct line line;
	struct buffer out;
	buffer_init(&out, 1 << 16);
	universe_read(universe, records);
	line_complete_scope(universe);
	line_init(&line, &universe->scope);
	line_make(universe, 0, &line);
	walk(&line, rows, &out);
	if (!ok(strcmp(out.data, outcome) == 0, "%s", name))
		printf("# %s\n# rows %s\n#   wanted: %s\n#   found:  %s\n", records, rows, outcome, out.data);
	buffer_release(&out);
	line_release(&line);
	free(universe);
}

/* The text between the next two backticks; cuts the line there. */
static char *next_quoted(char **at)
{
	char *begin = strchr(*at, '`'), *end = begin == NULL ? NULL : strchr(begin + 1, '`');
	if (end == NULL)
		return NULL;
	*end = '\0';
	*at = end + 1;
	return begin + 1;
}

static bool run_example(char *line)
{
	/* The sentence may quote too: the three cells are behind it. */
	char *cells = strstr(line, " | `");
	if (cells == NULL)
		return false;
	*cells = '\0';
	char *at = cells + 1, *records = next_quoted(&at), *rows = next_quoted(&at), *outcome = next_quoted(&at);
	if (outcome == NULL)
		return false;
	run_one(line + 2, records, rows, outcome);
	return true;
}

static void run_page(void)
{
	FILE *page = fopen("docs/semantics.md", "r");
	char *line = NULL;
	size_t capacity = 0;
	uint32_t examples = 0;
	bool in_table = false;
	if (!ok(page != NULL, "docs/semantics.md can be read"))
		return;
	while (getline(&line, &capacity, page) > 0) {
		if (line[0] != '|')
			in_table = false;
		else if (strncmp(line, "| example of versions |", 23) == 0)
			in_table = true;
		else if (in_table && strncmp(line, "|---", 4) != 0 && ++examples > 0)
			ok(run_example(line), "the line before is an example");
	}
	free(line);
	fclose(page);
	ok(examples > 20, "the page has its examples of versions");
}

/* A state that was not yet when the version was committed is not the row's. */
static void run_clocks(void)
{
	struct universe *universe = universe_new();
	struct line line;
	const struct line_state *older;
	universe_read(universe, "usual; item 1 a; change seq 1 at 1100 a > b; change seq 2 at 1200 b > a");
	line_complete_scope(universe);
	line_init(&line, &universe->scope);
	line_make(universe, 0, &line);
	struct line_floor floor = LINE_NOWHERE;
	uint64_t a = side_image('a').row, b = side_image('b').row;
	(void)line_step(&line, &floor, LINE_IMAGE, b, 1150 * SECOND_US, &older);
	ok(line_step(&line, &floor, LINE_IMAGE, a, 1150 * SECOND_US, &older) == LINE_BACK,
	   "an image that comes again only later is no excuse");
	floor = LINE_NOWHERE;
	ok(line_step(&line, &floor, LINE_IMAGE, b, 1050 * SECOND_US, &older) == LINE_NO_IMAGE,
	   "a row that is ahead of its item is none of its images");
	line_release(&line);
	free(universe);
}

int main(void)
{
	run_page();
	run_clocks();
	return tap_done();
}
