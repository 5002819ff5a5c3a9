/* html_timeline - a key's records above, the table's versions below, from left to right as they came, batch by batch:
 * their clocks are two, the history's and the computer's, so batches put them in order. Equal images have one letter
 * and colour in both lanes. */
#include <inttypes.h>
#include <stdlib.h>

#include "base/clock.h"
#include "reports/html.h"

enum {
	STEP = 52,
	LEFT = 74,
	RECORDS_Y = 56,
	TABLE_Y = 122,
	HEIGHT = 160,
	RADIUS = 13,
	MARKS_MAX = 200, /* in the picture; the table below it has all */
	IMAGES_MAX = 256,
	COLOURS = 8,
	WHAT_MAX = 8
};

struct mark {
	uint32_t batch, index;
	bool version;
	const char *image;
};

struct timeline {
	const struct cell *cell;
	struct mark *marks; /* in the order they are drawn */
	uint32_t count;
	const char *images[IMAGES_MAX];
	uint32_t image_count;
};

/* A batch's records come before the versions that it makes. */
static int by_order(const void *a, const void *b)
{
	const struct mark *x = a, *y = b;
	if (x->batch != y->batch)
		return x->batch < y->batch ? -1 : 1;
	if (x->version != y->version)
		return x->version ? 1 : -1;
	return (x->index > y->index) - (x->index < y->index);
}

static uint32_t image_number(struct timeline *timeline, const char *image)
{
	for (uint32_t i = 0; i < timeline->image_count; i++)
		if (strcmp(timeline->images[i], image) == 0)
			return i;
	if (timeline->image_count < IMAGES_MAX)
		timeline->images[timeline->image_count++] = image;
	return timeline->image_count - 1;
}

/* A to Z, then A2 to Z2 and so on. */
static void letter(struct buffer *out, uint32_t number)
{
	buffer_append_byte(out, (char)('A' + number % 26));
	if (number >= 26)
		buffer_printf(out, "%" PRIu32, number / 26 + 1);
}

static void arrange(struct timeline *timeline)
{
	const struct cell *cell = timeline->cell;
	for (uint32_t i = 0; i < cell->event_count; i++)
		timeline->marks[timeline->count++] = (struct mark){cell->events[i].batch, i, false,
								   cell->events[i].image};
	for (uint32_t i = 0; i < cell->version_count; i++)
		timeline->marks[timeline->count++] = (struct mark){cell->versions[i].batch, i, true,
								   cell->versions[i].row};
	qsort(timeline->marks, timeline->count, sizeof *timeline->marks, by_order);
	for (uint32_t i = 0; i < timeline->count; i++)
		if (timeline->marks[i].image != NULL)
			(void)image_number(timeline, timeline->marks[i].image);
}

/* ---- the picture ---- */

static void batches(struct buffer *out, const struct timeline *timeline, uint32_t drawn)
{
	for (uint32_t first = 0, end; first < drawn; first = end) {
		uint32_t batch = timeline->marks[first].batch;
		for (end = first; end < drawn && timeline->marks[end].batch == batch; end++)
			;
		int x = LEFT + (int)first * STEP, width = (int)(end - first) * STEP;
		if (batch % 2 == 0)
			buffer_printf(out, "<rect class=\"band\" x=\"%d\" y=\"0\" width=\"%d\" height=\"%d\"/>", x,
				      width, HEIGHT);
		buffer_printf(out, "<text class=\"dim\" x=\"%d\" y=\"14\" text-anchor=\"middle\">%s%" PRIu32 "</text>",
			      x + width / 2, width > STEP ? "batch " : "", batch);
	}
}

static void letter_at(struct buffer *out, struct timeline *timeline, const char *image, int x, int y)
{
	buffer_printf(out, "<text class=\"letter\" x=\"%d\" y=\"%d\" text-anchor=\"middle\">", x, y + 4);
	letter(out, image_number(timeline, image));
	buffer_append_text(out, "</text>");
}

/* As much as there is room for, by whole characters. */
static void short_text(struct buffer *out, const char *text)
{
	char cut[WHAT_MAX + 1];
	size_t size = text != NULL ? strnlen(text, WHAT_MAX) : 0;
	while (size > 0 && (text[size] & 0xc0) == 0x80)
		size--;
	memcpy(cut, text != NULL ? text : "", size);
	cut[size] = 0;
	html_text(out, cut);
}

static void record(struct buffer *out, struct timeline *timeline, const struct mark *mark, int x)
{
	const struct cell_event *event = &timeline->cell->events[mark->index];
	char time[CLOCK_TEXT_MAX];
	buffer_printf(out, "<g><title>record of batch %" PRIu32 ": ", event->batch);
	html_text(out, event->what);
	buffer_printf(out, " at %s", clock_format(event->time_us, time));
	buffer_append_text(out, event->file != NULL ? " in " : "");
	html_text(out, event->file);
	buffer_append_text(out, event->image != NULL ? ", image " : ", no image");
	html_text(out, event->image);
	buffer_append_text(out, "</title>");
	if (event->image != NULL)
		buffer_printf(out, "<circle class=\"mark i%" PRIu32 "\" cx=\"%d\" cy=\"%d\" r=\"%d\"/>",
			      image_number(timeline, event->image) % COLOURS, x, RECORDS_Y, RADIUS);
	else
		buffer_printf(out, "<circle class=\"gone\" cx=\"%d\" cy=\"%d\" r=\"%d\"/>", x, RECORDS_Y, RADIUS);
	if (event->image != NULL)
		letter_at(out, timeline, event->image, x, RECORDS_Y);
	else
		buffer_printf(out, "<text x=\"%d\" y=\"%d\" text-anchor=\"middle\">×</text>", x, RECORDS_Y + 4);
	buffer_printf(out, "<text class=\"dim\" x=\"%d\" y=\"%d\" text-anchor=\"middle\">", x, RECORDS_Y - RADIUS - 6);
	short_text(out, event->what);
	buffer_append_text(out, "</text></g>");
}

static void version(struct buffer *out, struct timeline *timeline, const struct mark *mark, int x)
{
	const struct cell_version *one = &timeline->cell->versions[mark->index];
	char time[CLOCK_TEXT_MAX];
	buffer_printf(out, "<g><title>table version %" PRId64 ", after batch %" PRIu32 ", committed %s: ", one->version,
		      one->batch, clock_format(one->time_us, time));
	buffer_append_text(out, one->row != NULL ? "row " : "no row of this key");
	html_text(out, one->row);
	buffer_append_text(out, "</title><rect ");
	if (one->row != NULL)
		buffer_printf(out, "class=\"mark i%" PRIu32 "\"", image_number(timeline, one->row) % COLOURS);
	else
		buffer_append_text(out, "class=\"gone\"");
	buffer_printf(out, " x=\"%d\" y=\"%d\" width=\"%d\" height=\"%d\" rx=\"3\"/>", x - RADIUS, TABLE_Y - RADIUS,
		      2 * RADIUS, 2 * RADIUS);
	if (one->row != NULL)
		letter_at(out, timeline, one->row, x, TABLE_Y);
	else
		buffer_printf(out, "<text x=\"%d\" y=\"%d\" text-anchor=\"middle\">–</text>", x, TABLE_Y + 4);
	buffer_printf(out, "<text class=\"dim\" x=\"%d\" y=\"%d\" text-anchor=\"middle\">v%" PRId64 "</text></g>", x,
		      TABLE_Y + RADIUS + 14, one->version);
}

static void picture(struct buffer *out, struct timeline *timeline)
{
	uint32_t drawn = timeline->count < MARKS_MAX ? timeline->count : MARKS_MAX;
	int width = LEFT + (int)drawn * STEP + 8;
	buffer_printf(out,
		      "<div class=\"timeline scroll\" tabindex=\"0\" role=\"group\" aria-label=\"timeline\"><svg "
		      "role=\"img\" width=\"%d\" height=\"%d\" viewBox=\"0 0 %d %d\"><title>%" PRIu32
		      " records and %" PRIu32 " table versions; the table below has the same</title>",
		      width, HEIGHT, width, HEIGHT, timeline->cell->event_count, timeline->cell->version_count);
	batches(out, timeline, drawn);
	buffer_printf(out,
		      "<text x=\"6\" y=\"%d\">records</text><text x=\"6\" y=\"%d\">table</text>"
		      "<line class=\"rail\" x1=\"%d\" x2=\"%d\" y1=\"%d\" y2=\"%d\"/>"
		      "<line class=\"rail\" x1=\"%d\" x2=\"%d\" y1=\"%d\" y2=\"%d\"/>",
		      RECORDS_Y + 4, TABLE_Y + 4, LEFT, width - 8, RECORDS_Y, RECORDS_Y, LEFT, width - 8, TABLE_Y,
		      TABLE_Y);
	for (uint32_t i = 0; i < drawn; i++) {
		int x = LEFT + (int)i * STEP + STEP / 2;
		if (timeline->marks[i].version)
			version(out, timeline, &timeline->marks[i], x);
		else
			record(out, timeline, &timeline->marks[i], x);
	}
	buffer_append_text(out, "</svg></div>");
	if (drawn < timeline->count)
		buffer_printf(out, "<p class=\"soft\">the first %" PRIu32 " of %" PRIu32 " are drawn</p>", drawn,
			      timeline->count);
}

/* ---- the same in words ---- */

static void image_cell(struct buffer *out, struct timeline *timeline, const char *image, const char *none)
{
	buffer_append_text(out, "<td>");
	if (image == NULL) {
		buffer_append_text(out, none);
	} else {
		letter(out, image_number(timeline, image));
		buffer_append_text(out, " ");
		html_code(out, image);
	}
	buffer_append_text(out, "</td>");
}

static void table(struct buffer *out, struct timeline *timeline)
{
	char time[CLOCK_TEXT_MAX];
	buffer_append_text(out,
			   "<details><summary>The same as a table</summary><div class=\"scroll\"><table class=\"list\">"
			   "<tr><th>batch</th><th>what</th><th>time</th><th>image or row</th><th>file</th></tr>");
	for (uint32_t i = 0; i < timeline->count; i++) {
		const struct mark *mark = &timeline->marks[i];
		buffer_printf(out, "<tr><td class=\"n\">%" PRIu32 "</td><td>", mark->batch);
		if (mark->version) {
			const struct cell_version *one = &timeline->cell->versions[mark->index];
			buffer_printf(out, "table version %" PRId64 "</td><td>%s</td>", one->version,
				      clock_format(one->time_us, time));
			image_cell(out, timeline, one->row, "no row");
			buffer_append_text(out, "<td></td></tr>");
			continue;
		}
		const struct cell_event *event = &timeline->cell->events[mark->index];
		html_text(out, event->what);
		buffer_printf(out, "</td><td>%s</td>", clock_format(event->time_us, time));
		image_cell(out, timeline, event->image, "none");
		buffer_append_text(out, "<td>");
		html_code(out, event->file);
		buffer_append_text(out, "</td></tr>");
	}
	buffer_append_text(out, "</table></div></details>");
}

void html_timeline(struct buffer *out, const struct cell *cell)
{
	struct timeline timeline = {.cell = cell};
	size_t count = (size_t)cell->event_count + cell->version_count;
	if (cell->timeline_key == NULL || count == 0)
		return;
	timeline.marks = calloc(count, sizeof *timeline.marks);
	if (timeline.marks == NULL) {
		out->failed = true;
		return;
	}
	arrange(&timeline);
	buffer_append_text(out, "<h4>Timeline of ");
	html_code(out, cell->timeline_key);
	buffer_append_text(out, "</h4>");
	picture(out, &timeline);
	buffer_append_text(out,
			   "<p class=\"soft\">Above the records of this key as they were delivered, below the table's "
			   "versions; the same letter is the same image. × has no image, – is no row.</p>");
	table(out, &timeline);
	free(timeline.marks);
}
