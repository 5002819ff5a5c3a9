/* fuzz_incremental - any line as a record of an incremental export, in both views: what is read keeps the decoder's
 * promises, and the two views differ in nothing but what they know of the state before. */
#include "sources/incremental.h"

#include <stdlib.h>

#include "sources/events.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void hold(const struct json_token *tokens, const struct record *record, enum decode_status status,
		 const char *remark)
{
	if (status == DECODE_UNREADABLE && remark[0] == '\0')
		abort();
	if (status == DECODE_UNREADABLE)
		return;
	if (status != DECODE_OK || record->kind != RECORD_CHANGE || tokens[record->keys].type != JSON_OBJECT ||
	    tokens[record->keys].count == 0)
		abort();
	if (!record->has_time || record->time_lo_us <= 0 || record->time_hi_us != record->time_lo_us + 1)
		abort();
	if (record->after != STATE_ABSENT && record->after != STATE_IMAGE)
		abort();
	if ((record->after == STATE_IMAGE && tokens[record->after_image].type != JSON_OBJECT) ||
	    (record->before == STATE_IMAGE && tokens[record->before_image].type != JSON_OBJECT))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct json_parser *parser;
	const struct json_token *tokens;
	struct json_failure failure;
	size_t count;
	if (parser == NULL)
		parser = json_parser_new(RECORD_SIZE_MAX);
	char *padded = calloc(1, size + JSON_PADDING);
	if (padded == NULL || parser == NULL)
		abort();
	memcpy(padded, data, size);
	if (json_parse(parser, (struct slice){padded, size}, &tokens, &count, &failure)) {
		char remark[REMARK_SIZE] = "", other_remark[REMARK_SIZE] = "";
		struct record record = {.tokens = tokens}, other = {.tokens = tokens};
		enum decode_status status = incremental_decode(tokens, &record, remark);
		enum decode_status other_status = incremental_decode_new(tokens, &other, other_remark);
		hold(tokens, &record, status, remark);
		hold(tokens, &other, other_status, other_remark);
		if (other_status == DECODE_OK && (status != DECODE_OK || other.before != STATE_UNKNOWN ||
						  other.after != record.after || other.time_lo_us != record.time_lo_us))
			abort();
	}
	free(padded);
	return 0;
}
