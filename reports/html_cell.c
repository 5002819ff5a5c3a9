/* html_cell - all that is known of a pair: its worst seed in full, the others in a line each. What passed is told in
 * short, as there is much of it. */
#include <inttypes.h>

#include "reports/html.h"

static void heading(struct buffer *out, const struct matrix *matrix, const struct matrix_cell *entry, size_t id)
{
	const struct cell *cell = &entry->cell;
	const struct matrix_row *row = &matrix->rows[entry->row];
	const char *mark = matrix_mark_word(matrix_cell_mark(cell));
	buffer_printf(out,
		      "<p class=\"back\"><a href=\"#m%zu\">↑ its place in the matrix</a></p><h3 id=\"h%zu\"><span "
		      "class=\"badge %s\">%s</span><bdi>",
		      id, id, mark, cell_verdict_text(cell->verdict));
	html_text(out, cell->scenario);
	buffer_append_text(out, "</bdi> <span class=\"soft\">under</span> <bdi>");
	html_text(out, cell->pipeline);
	buffer_append_text(out, "</bdi></h3>");
	if (row->title != NULL) {
		buffer_append_text(out, "<p><strong><bdi>");
		html_text(out, row->title);
		buffer_append_text(out, "</bdi></strong></p>");
	}
	if (row->why != NULL && matrix_cell_mark(cell) != MARK_PASS) {
		buffer_append_text(out, "<p><bdi>");
		html_text(out, row->why);
		buffer_append_text(out, "</bdi></p>");
	}
	buffer_append_text(out, "<p class=\"soft\">");
	html_expectation(out, cell);
	buffer_printf(out, "%sseed %" PRIu64 " · %" PRIu32 " batches · %" PRIu64 " items · %" PRIu64 " changes · ",
		      cell->expected != CELL_EXPECT_NOTHING ? " · " : "", cell->seed, cell->batches, cell->items,
		      cell->changes);
	matrix_duration(cell->us, out);
	if (row->class_id != NULL) {
		buffer_append_text(out, " · class ");
		html_text(out, row->class_id);
	}
	buffer_append_text(out, "</p>");
	if (entry->problem != NULL) {
		buffer_append_text(out, "<p class=\"note\"><bdi>");
		html_text(out, entry->problem);
		buffer_append_text(out, "</bdi> ");
		html_code(out, entry->folder);
		buffer_append_text(out, "</p>");
	}
}

static void story(struct buffer *out, const struct cell *cell)
{
	if (cell->story_count == 0)
		return;
	buffer_append_text(out, "<h4>What happened</h4><ol class=\"story\">");
	for (uint32_t i = 0; i < cell->story_count; i++) {
		buffer_append_text(out, "<li><bdi>");
		html_text(out, cell->story[i]);
		buffer_append_text(out, "</bdi></li>");
	}
	buffer_append_text(out, "</ol>");
}

static void examples(struct buffer *out, const struct cell *cell)
{
	if (cell->example_count == 0)
		return;
	buffer_append_text(out, "<h4>Examples</h4><div class=\"scroll\"><table class=\"list stack\"><tr "
				"class=\"heads\"><th>finding</th><th>key</th>"
				"<th>cause</th></tr>");
	for (uint32_t i = 0; i < cell->example_count; i++) {
		buffer_append_text(out, "<tr><td class=\"id\">");
		html_code(out, cell->examples[i].id);
		buffer_append_text(out, "</td><td>");
		html_code(out, cell->examples[i].key);
		buffer_append_text(out, "</td><td><bdi>");
		html_text(out, cell->examples[i].cause);
		buffer_append_text(out, "</bdi></td></tr>");
	}
	buffer_append_text(out, "</table></div>");
}

static void points(struct buffer *out, const struct cell *cell)
{
	static const char *const symbols[] = {"✓ ok", "✗ failed", "? unknown", "– skipped"};
	static const char *const words[] = {"ok", "failed", "unknown", "skipped"};
	if (cell->point_count == 0)
		return;
	buffer_append_text(out, "<h4>Invariants</h4><div class=\"scroll\"><table class=\"list stack inv\"><tr "
				"class=\"heads\"><th>state</th>"
				"<th>invariant</th><th>findings</th></tr>");
	for (uint32_t i = 0; i < cell->point_count; i++) {
		const struct cell_point *point = &cell->points[i];
		buffer_printf(out, "<tr><td class=\"state-%s\">%s</td><td class=\"name\">", words[point->state],
			      symbols[point->state]);
		html_code(out, point->id);
		buffer_append_text(out, " <bdi>");
		html_text(out, point->name);
		buffer_append_text(out, "</bdi></td><td><bdi>");
		for (uint32_t j = 0; j < point->finding_count; j++) {
			html_code(out, point->findings[j].id);
			buffer_printf(out, " %" PRIu64 "%s", point->findings[j].count,
				      j + 1 < point->finding_count ? ", "
				      : point->detail != NULL      ? ": "
								   : "");
		}
		html_text(out, point->detail);
		buffer_append_text(out, "</bdi></td></tr>");
	}
	buffer_append_text(out, "</table></div>");
}

/* One line of ids for each state: enough for what passed. */
static void points_in_short(struct buffer *out, const struct cell *cell)
{
	for (int state = 0; state < 4; state++) {
		const char *comma = "";
		for (uint32_t i = 0; i < cell->point_count; i++) {
			if (cell->points[i].state != (enum point_state)state)
				continue;
			if (comma[0] == '\0')
				buffer_printf(out, "<p>%s: ", cell_point_text((enum point_state)state));
			buffer_append_text(out, comma);
			html_text(out, cell->points[i].id);
			comma = ", ";
		}
		buffer_append_text(out, comma[0] != '\0' ? "</p>" : "");
	}
}

static void steps(struct buffer *out, const struct cell *cell)
{
	if (cell->step_count == 0)
		return;
	buffer_printf(
		out,
		"<details><summary>Steps (%" PRIu32
		")</summary><div class=\"scroll\"><table class=\"list\"><tr><th>step</th><th>ended</th><th>time</th>"
		"<th>its output</th></tr>",
		cell->step_count);
	for (uint32_t i = 0; i < cell->step_count; i++) {
		const struct cell_step *step = &cell->steps[i];
		buffer_append_text(out, "<tr><td><bdi>");
		html_text(out, step->name);
		buffer_append_text(out, "</bdi></td><td>");
		if (step->signal != 0)
			buffer_printf(out, "by signal %d", step->signal);
		else
			buffer_printf(out, "exit %d", step->exit);
		buffer_append_text(out, step->faulted ? ", disturbed by the scenario" : "");
		buffer_append_text(out, "</td><td class=\"n\">");
		matrix_duration(step->us, out);
		buffer_append_text(out, "</td><td>");
		if (step->out != NULL)
			html_code(out, step->out);
		buffer_append_byte(out, ' ');
		if (step->err != NULL)
			html_code(out, step->err);
		buffer_append_text(out, "</td></tr>");
	}
	buffer_append_text(out, "</table></div></details>");
}

static void reproduce(struct buffer *out, const struct cell *cell)
{
	if (cell->reproduce == NULL)
		return;
	buffer_append_text(out, "<h4>To run it again</h4><pre><bdi>");
	html_text(out, cell->reproduce);
	buffer_append_text(out, "</bdi></pre>");
}

static void seeds(struct buffer *out, const struct matrix *matrix, const struct matrix_pair *pair)
{
	if (pair->count < 2)
		return;
	buffer_printf(out,
		      "<h4>All %" PRIu32 " seeds</h4><div class=\"scroll\"><table class=\"list\"><tr><th>seed</th>"
		      "<th>verdict</th><th>findings</th></tr>",
		      pair->count);
	for (uint32_t i = pair->first; i < pair->first + pair->count; i++) {
		const struct matrix_cell *entry = &matrix->cells[i];
		const struct cell *cell = &entry->cell;
		struct buffer line;
		buffer_init(&line, 1 << 20);
		matrix_findings(cell->findings, cell->finding_count, &line);
		buffer_append_byte(&line, '\0');
		buffer_printf(out, "<tr><td class=\"n\">%" PRIu64 "</td><td>%s</td><td>", cell->seed,
			      cell_verdict_text(cell->verdict));
		html_text(out, line.failed ? "" : line.data);
		html_text(out, entry->problem);
		buffer_append_text(out, "</td></tr>");
		buffer_release(&line);
	}
	buffer_append_text(out, "</table></div>");
}

void html_cell(struct buffer *out, const struct matrix *matrix, const struct matrix_pair *pair, bool expect)
{
	const struct matrix_cell *entry = &matrix->cells[pair->worst];
	const struct cell *cell = &entry->cell;
	size_t id = (size_t)(pair - matrix->pairs);
	buffer_printf(out, "<section class=\"cell%s\" id=\"c%zu\" aria-labelledby=\"h%zu\">",
		      matrix_pair_good(matrix, pair, expect) ? "" : " bad", id, id);
	heading(out, matrix, entry, id);
	if (matrix_cell_mark(cell) == MARK_PASS) {
		points_in_short(out, cell);
	} else {
		story(out, cell);
		html_timeline(out, cell);
		examples(out, cell);
		points(out, cell);
		steps(out, cell);
	}
	reproduce(out, cell);
	seeds(out, matrix, pair);
	buffer_append_text(out, "</section>\n");
}
