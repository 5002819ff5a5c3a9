#include "reports/html.h"

#include <inttypes.h>

/* U+202A to U+202E and U+2066 to U+2069. */
static uint32_t turns_direction(const unsigned char *at)
{
	if (at[0] != 0xe2)
		return 0;
	if (at[1] == 0x80 && at[2] >= 0xaa && at[2] <= 0xae)
		return 0x2000U + (at[2] - 0x80U);
	if (at[1] == 0x81 && at[2] >= 0xa6 && at[2] <= 0xa9)
		return 0x2040U + (at[2] - 0x80U);
	return 0;
}

static const char *entity(unsigned char byte)
{
	switch (byte) {
	case '&':
		return "&amp;";
	case '<':
		return "&lt;";
	case '>':
		return "&gt;";
	case '"':
		return "&quot;";
	case '\'':
		return "&#39;";
	default:
		break;
	}
	return (byte < ' ' && byte != '\n' && byte != '\t') || byte == 0x7f ? "\xef\xbf\xbd" : NULL;
}

void html_text(struct buffer *out, const char *text)
{
	if (text == NULL)
		return;
	const char *start = text;
	for (const char *at = text; *at != '\0'; at++) {
		const char *instead = entity((unsigned char)*at);
		uint32_t point = instead == NULL ? turns_direction((const unsigned char *)at) : 0;
		if (instead == NULL && point == 0)
			continue;
		buffer_append(out, start, (size_t)(at - start));
		if (point != 0) {
			buffer_printf(out, "U+%04" PRIX32, point);
			at += 2;
		} else {
			buffer_append_text(out, instead);
		}
		start = at + 1;
	}
	buffer_append_text(out, start);
}

void html_code(struct buffer *out, const char *text)
{
	buffer_append_text(out, "<code><bdi>");
	html_text(out, text);
	buffer_append_text(out, "</bdi></code>");
}

void html_expectation(struct buffer *out, const struct cell *cell)
{
	struct buffer words;
	buffer_init(&words, 1 << 20);
	matrix_expectation(cell, &words);
	buffer_append_byte(&words, '\0');
	html_text(out, words.failed ? "" : words.data);
	buffer_release(&words);
}

/* ---- trend ---- */

enum { SPARK_WIDTH = 132, SPARK_HEIGHT = 26, SPARK_MARGIN = 4 };

static int spark_y(const struct matrix_trend_point *point)
{
	int room = SPARK_HEIGHT - 2 * SPARK_MARGIN;
	uint32_t cells = point->cells > 0 ? point->cells : 1;
	return SPARK_MARGIN + room - (int)((uint64_t)point->passed * (uint64_t)room / cells);
}

void html_spark(struct buffer *out, const struct matrix_column *column)
{
	uint32_t count = column->trend_count;
	if (count < 2) {
		buffer_append_text(out, "<span class=\"soft\">no earlier run</span>");
		return;
	}
	const struct matrix_trend_point *first = &column->trend[0], *last = &column->trend[count - 1];
	buffer_printf(out, "<svg class=\"spark\" role=\"img\" width=\"%d\" height=\"%d\" viewBox=\"0 0 %d %d\"><title>",
		      SPARK_WIDTH, SPARK_HEIGHT, SPARK_WIDTH, SPARK_HEIGHT);
	buffer_printf(out,
		      "Cells that passed in the last %" PRIu32 " runs: from %" PRIu32 " of %" PRIu32 " to %" PRIu32
		      " of %" PRIu32,
		      count, first->passed, first->cells, last->passed, last->cells);
	buffer_printf(out, "</title><line x1=\"0\" x2=\"%d\" y1=\"%d\" y2=\"%d\"/><polyline points=\"", SPARK_WIDTH,
		      SPARK_HEIGHT - SPARK_MARGIN, SPARK_HEIGHT - SPARK_MARGIN);
	int x = 0;
	for (uint32_t i = 0; i < count; i++) {
		x = SPARK_MARGIN + (int)(i * (uint32_t)(SPARK_WIDTH - 2 * SPARK_MARGIN) / (count - 1));
		buffer_printf(out, "%s%d,%d", i > 0 ? " " : "", x, spark_y(&column->trend[i]));
	}
	buffer_printf(out, "\"/><circle cx=\"%d\" cy=\"%d\" r=\"3\"/></svg>", x, spark_y(last));
}
