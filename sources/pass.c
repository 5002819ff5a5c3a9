#include "sources/pass.h"

#include <inttypes.h>
#include <stdio.h>

#include "sources/columnar.h"
#include "sources/foreign.h"
#include "sources/ion.h"
#include "sources/rows.h"

enum { MESSAGE_SIZE = REMARK_SIZE + 160 };

/* One run of a pass. */
struct run {
	const struct pass *pass;
	struct file_result *result;
	struct gzip_reader *file;
	struct frame_reader *frames; /* or */
	struct ion_reader *ion;      /* or */
	struct csv_reader *csv;      /* or */
	struct columnar_reader *columnar;
	struct unwrapper unwrapper;
	bool page_more;                       /* the last page is followed by others */
	bool paged;                           /* there was a page */
	uint64_t page_offset;                 /* where it began */
	uint64_t failed_deliveries, emulated; /* records */
	uint32_t flags;                       /* of the present record, by what carries it */
	size_t chosen;                        /* of pass->numbers, already met */
	bool end_told;                        /* a problem has said that the file is cut short */
};

int pass_report(const struct record_sink *sink, const struct problem *problem, struct error *error)
{
	return sink->problem != NULL ? sink->problem(sink->context, problem, error) : 0;
}

static enum gzip_status ended(const struct run *run)
{
	return run->ion != NULL        ? ion_ended(run->ion)
	       : run->csv != NULL      ? csv_ended(run->csv)
	       : run->columnar != NULL ? columnar_ended(run->columnar)
				       : frame_ended(run->frames);
}

static uint64_t bytes_read(const struct run *run)
{
	return run->ion != NULL        ? ion_bytes(run->ion)
	       : run->csv != NULL      ? csv_bytes(run->csv)
	       : run->columnar != NULL ? columnar_bytes(run->columnar)
				       : frame_bytes(run->frames);
}

static bool is_partial(const struct run *run)
{
	return run->pass->numbers != NULL;
}

/* Whether the record is one to deliver; numbers come in ascending order. */
static bool is_chosen(const struct run *run, uint64_t number)
{
	return !is_partial(run) || run->pass->numbers[run->chosen] == number;
}

/* delivered: as in struct problem. */
static int report(struct run *run, const struct frame *frame, bool delivered, const char *message, struct error *error)
{
	const struct problem problem = {.id = "record.unreadable",
					.path = run->pass->path,
					.has_position = true,
					.record = frame->number,
					.offset = frame->offset,
					.raw = frame->bytes,
					.delivered = delivered,
					.message = message};
	return pass_report(run->pass->sink, &problem, error);
}

static int set_aside(struct run *run, const struct frame *frame, const char *message, struct error *error)
{
	run->result->unreadable++;
	return report(run, frame, false, message, error);
}

static int decode(struct run *run, const struct json_token *tokens, struct record *record, char remark[REMARK_SIZE],
		  enum decode_status *status, struct error *error)
{
	if (run->pass->rows != NULL)
		return rows_decode(run->pass->rows, tokens, run->csv != NULL, record, remark, status, error);
	*status = run->pass->decode(tokens, record, remark);
	return 0;
}

static int deliver(struct run *run, const struct frame *frame, const struct json_token *tokens, struct error *error)
{
	char remark[REMARK_SIZE];
	struct record record = {.tokens = tokens,
				.raw = frame->bytes,
				.number = frame->number,
				.offset = frame->offset,
				.flags = run->flags};
	enum decode_status status;
	int code = decode(run, tokens, &record, remark, &status, error);
	if (code != 0)
		return code;
	if (status == DECODE_UNREADABLE)
		return set_aside(run, frame, remark, error);
	if (status == DECODE_DAMAGED)
		record.flags |= RECORD_DAMAGED;
	run->result->records++;
	run->emulated += (record.flags & RECORD_EMULATED) != 0;
	code = run->pass->sink->record(run->pass->sink->context, &record, error);
	if (code != 0 || status == DECODE_OK)
		return code;
	return report(run, frame, true, remark, error);
}

/* A record inside `text`, which is what the frame holds or carries. */
static int deliver_inner(struct run *run, const struct frame *frame, pass_open open, struct slice text,
			 struct error *error)
{
	char message[MESSAGE_SIZE];
	const struct json_token *tokens;
	const char *reason;
	int code = open(&run->unwrapper, text, &tokens, &reason, error);
	if (code != 0)
		return code;
	if (tokens != NULL)
		return deliver(run, frame, tokens, error);
	(void)snprintf(message, sizeof(message), "the record inside cannot be read: %s; redeliver it", reason);
	return set_aside(run, frame, message, error);
}

static int unwrap(struct run *run, const struct frame *frame, const struct json_token *tokens, struct error *error)
{
	struct wrapping wrapping = {.kind = WRAP_NONE};
	if (run->pass->unwrap != NULL)
		wrapping = run->pass->unwrap(tokens);
	switch (wrapping.kind) {
	case WRAP_NONE:
		break;
	case WRAP_BAD:
		return set_aside(run, frame, wrapping.reason, error);
	case WRAP_FAILED:
		run->failed_deliveries++;
		run->flags = RECORD_FAILED;
		return deliver_inner(run, frame, unwrap_base64, wrapping.text, error);
	case WRAP_BASE64:
		return deliver_inner(run, frame, unwrap_base64, wrapping.text, error);
	}
	return deliver(run, frame, tokens, error);
}

static int on_record(struct run *run, const struct frame *frame, struct error *error)
{
	const struct json_token *tokens;
	size_t count;
	struct json_failure failure;
	bool chosen = is_chosen(run, frame->number);
	if (!chosen && frame->whole_line)
		return 0;
	run->flags = 0;
	if (frame->is_text)
		return chosen ? deliver_inner(run, frame, run->pass->open, frame->bytes, error) : 0;
	if (json_parse(run->pass->parser, frame->bytes, &tokens, &count, &failure))
		return chosen ? unwrap(run, frame, tokens, error) : 0;
	if ((run->frames != NULL && frame_reject(run->frames)) || !chosen)
		return 0;
	char message[MESSAGE_SIZE];
	if (run->csv != NULL)
		(void)snprintf(message, sizeof(message), "malformed text in the row: %s; redeliver it", failure.reason);
	else
		(void)snprintf(message, sizeof(message),
			       "malformed JSON at offset %" PRIu64 ": %s; repair or redeliver the record",
			       frame->offset + failure.offset, failure.reason);
	return set_aside(run, frame, message, error);
}

static const char *end_text(enum gzip_status ended)
{
	switch (ended) {
	case GZIP_TRUNCATED:
		return "the gzip data are cut short";
	case GZIP_CORRUPT:
		return "the gzip data are corrupt (format, checksum, or bytes after their end)";
	default:
		return "the file is cut short";
	}
}

static int on_broken(struct run *run, const struct frame *frame, struct error *error)
{
	if (!is_chosen(run, frame->number))
		return 0;
	char message[MESSAGE_SIZE];
	if (frame->cut_short)
		(void)snprintf(message, sizeof(message), "%s at offset %" PRIu64 ": %s; fetch the file again",
			       end_text(ended(run)), bytes_read(run), frame->reason);
	else
		(void)snprintf(message, sizeof(message),
			       "unreadable record: %s (offset %" PRIu64 "); repair or redeliver it", frame->reason,
			       frame->reason_offset);
	run->end_told = run->end_told || frame->cut_short;
	return set_aside(run, frame, message, error);
}

static int report_page(struct run *run, const char *id, uint64_t record, uint64_t offset, const char *message,
		       struct error *error)
{
	const struct problem problem = {.id = id,
					.path = run->pass->path,
					.has_position = true,
					.record = record,
					.offset = offset,
					.message = message};
	run->result->unreadable++;
	return pass_report(run->pass->sink, &problem, error);
}

static int on_page(struct run *run, const struct frame *frame, struct error *error)
{
	const struct json_token *tokens;
	size_t count;
	struct json_failure failure;
	char message[MESSAGE_SIZE];
	if (is_partial(run))
		return 0;
	run->page_more = false;
	run->paged = true;
	run->page_offset = frame->offset;
	if (!json_parse(run->pass->parser, frame->bytes, &tokens, &count, &failure)) {
		(void)snprintf(message, sizeof(message), "malformed members of a page: %s; scan again", failure.reason);
		return set_aside(run, frame, message, error);
	}
	struct page_check check = run->pass->page(tokens, frame->items);
	run->page_more = check.more;
	if (check.wrong == NULL)
		return 0;
	return report_page(run, "export.count", frame->number, frame->offset, check.wrong, error);
}

/* What is true of many records is told once a file. */
static int report_count(struct run *run, const char *id, uint64_t count, const char *what, struct error *error)
{
	char message[MESSAGE_SIZE];
	if (count == 0 || is_partial(run))
		return 0;
	(void)snprintf(message, sizeof(message), "%" PRIu64 " %s", count, what);
	const struct problem problem = {.id = id, .path = run->pass->path, .message = message};
	return pass_report(run->pass->sink, &problem, error);
}

static int report_counts(struct run *run, struct error *error)
{
	int code = report_count(run, "record.failed_delivery", run->failed_deliveries,
				"records that Firehose could not deliver; they count as evidence. See that what "
				"should have had them got them",
				error);
	if (code != 0)
		return code;
	return report_count(run, "record.emulated", run->emulated,
			    "records with an empty image, which the service never writes: they come from an emulator, "
			    "or were changed on the way",
			    error);
}

/* What is wrong with the file as a whole. */
static int report_file(struct run *run, const char *message, struct error *error)
{
	const struct problem problem = {.id = "record.unreadable", .path = run->pass->path, .message = message};
	return is_partial(run) ? 0 : pass_report(run->pass->sink, &problem, error);
}

static int on_end(struct run *run, const struct frame *frame, struct error *error)
{
	run->result->complete = frame->ended == GZIP_END;
	int code = report_counts(run, error);
	if (code == 0 && run->page_more)
		code = report_page(
			run, "export.unfinished", frame->number, run->page_offset,
			"the file's last page says that more items follow (LastEvaluatedKey, NextToken): go on "
			"with the scan, and put its pages into one file in their order",
			error);
	bool blank = !run->paged && run->result->records == 0 && run->result->unreadable == 0;
	if (code == 0 && run->pass->empty != NULL && !is_partial(run) && run->result->complete && blank)
		code = report_page(run, "export.unfinished", frame->number, frame->offset, run->pass->empty, error);
	if (code != 0 || frame->ended == GZIP_END || run->end_told)
		return code;
	if (run->columnar != NULL)
		return report_file(run, columnar_failure(run->columnar), error);
	char message[MESSAGE_SIZE];
	(void)snprintf(message, sizeof(message), "%s at offset %" PRIu64 " between records; fetch the file again",
		       end_text(frame->ended), frame->offset);
	return report(run, frame, false, message, error);
}

/* One file that cannot be opened does not keep the others from being read. */
static int on_closed(const struct pass *pass, struct error *error)
{
	char message[MESSAGE_SIZE];
	(void)snprintf(message, sizeof(message), "%.*s; make it readable, or remove it if it says nothing of the table",
		       REMARK_SIZE, error->message);
	const struct problem problem = {.id = "record.unreadable", .path = pass->path, .message = message};
	return pass_report(pass->sink, &problem, error);
}

/* A file of another kind is told by its name, not by each of its bytes. */
static int refuse_foreign(struct run *run, bool *refused, struct error *error)
{
	char message[MESSAGE_SIZE];
	struct slice first;
	if (run->frames == NULL)
		return 0;
	int code = frame_peek(run->frames, FOREIGN_SIZE, &first, error);
	if (code != 0)
		return code;
	const char *what = foreign_text(first);
	*refused = what != NULL;
	if (what == NULL || is_partial(run))
		return 0;
	(void)snprintf(message, sizeof(message), "not JSON but %s", what);
	const struct problem problem = {.id = "record.unreadable", .path = run->pass->path, .message = message};
	return pass_report(run->pass->sink, &problem, error);
}

static int next_frame(struct run *run, struct frame *frame, struct error *error)
{
	return run->ion != NULL        ? ion_next(run->ion, frame, error)
	       : run->csv != NULL      ? csv_next(run->csv, frame, error)
	       : run->columnar != NULL ? columnar_next(run->columnar, frame, error)
				       : frame_next(run->frames, frame, error);
}

static int read_records(struct run *run, struct error *error)
{
	for (;;) {
		struct frame frame;
		if (is_partial(run) && run->chosen == run->pass->number_count)
			return 0;
		int code = next_frame(run, &frame, error);
		if (code != 0)
			return code;
		if (frame.kind == FRAME_END)
			return on_end(run, &frame, error);
		while (is_partial(run) && run->chosen < run->pass->number_count &&
		       frame.number > run->pass->numbers[run->chosen])
			run->chosen++;
		if (is_partial(run) && run->chosen == run->pass->number_count)
			return 0;
		if (frame.kind == FRAME_PAGE)
			code = on_page(run, &frame, error);
		else
			code = frame.kind == FRAME_RECORD ? on_record(run, &frame, error)
							  : on_broken(run, &frame, error);
		if (code != 0)
			return code;
	}
}

static int open_frames(struct run *run, struct error *error)
{
	struct byte_source source = byte_source_gzip(run->file);
	if (run->pass->ion)
		return ion_open(source, FRAME_WINDOW, &run->ion, error);
	if (run->pass->csv != NULL)
		return csv_open(source, FRAME_WINDOW, run->pass->csv, &run->csv, error);
	run->frames = frame_open(source, FRAME_WINDOW, run->pass->numbers != NULL);
	return run->frames != NULL ? 0
				   : error_set(error, ERROR_INTERNAL, "out of memory reading '%s'", run->pass->path);
}

/* A file or a table of rows. */
static int run_columnar(struct run *run, struct error *error)
{
	struct error failure = {0};
	int code = columnar_open(run->pass->path, run->pass->columnar, &run->columnar, &failure);
	if (code == ERROR_DATA || code == ERROR_IO)
		return report_file(run, failure.message, error);
	if (code != 0) {
		*error = failure;
		return code;
	}
	code = read_records(run, error);
	run->result->bytes = columnar_bytes(run->columnar);
	run->result->stored_bytes = columnar_stored(run->columnar);
	if (code != 0)
		run->result->complete = false;
	columnar_close(run->columnar);
	unwrapper_release(&run->unwrapper);
	return code;
}

int pass_run(const struct pass *pass, struct file_result *result, uint8_t md5[16], struct error *error)
{
	struct run run = {.pass = pass, .result = result};
	*result = (struct file_result){0};
	if (pass->columnar != NULL)
		return run_columnar(&run, error);
	int code = gzip_open(pass->path, pass->with_md5, &run.file, error);
	if (code == ERROR_IO)
		return on_closed(pass, error);
	if (code != 0)
		return code;
	code = open_frames(&run, error);
	if (code != 0)
		goto out;
	if (run.frames != NULL)
		frame_accept_lines(run.frames, pass->line);
	/* A row may have a field called Records. */
	if (run.frames != NULL && pass->rows != NULL)
		frame_refuse_envelopes(run.frames);
	if (run.frames != NULL && pass->page != NULL)
		frame_accept_pages(run.frames);
	bool refused = false;
	code = refuse_foreign(&run, &refused, error);
	if (code == 0 && !refused)
		code = read_records(&run, error);
	if (code == 0 && !is_partial(&run))
		code = gzip_drain(run.file, error);
	result->bytes = bytes_read(&run);
	result->stored_bytes = gzip_stored_size(run.file);
	if (code == 0 && pass->with_md5 && md5 != NULL)
		code = gzip_md5(run.file, md5, error);
out:
	if (code != 0)
		result->complete = false;
	frame_close(run.frames);
	ion_close(run.ion);
	csv_close(run.csv);
	unwrapper_release(&run.unwrapper);
	gzip_close(run.file);
	return code;
}
