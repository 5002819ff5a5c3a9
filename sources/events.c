#include "sources/events.h"

#include "sources/stream.h"

int events_read_file(const char *path, enum events_format format, struct json_parser *parser,
		     const struct record_sink *sink, struct file_result *result, struct error *error)
{
	(void)format; /* stream records are all there is */
	const struct pass pass = {.path = path, .decode = stream_decode, .parser = parser, .sink = sink};
	return pass_run(&pass, result, NULL, error);
}

static int reread(const char *path, pass_decode decode, const uint64_t *numbers, size_t count,
		  struct json_parser *parser, const struct record_sink *sink, struct error *error)
{
	const struct pass pass = {.path = path,
				  .decode = decode,
				  .parser = parser,
				  .sink = sink,
				  .numbers = numbers,
				  .number_count = count};
	struct file_result result;
	if (count == 0)
		return 0;
	return pass_run(&pass, &result, NULL, error);
}

int events_reread(const char *path, enum events_format format, const uint64_t *numbers, size_t count,
		  struct json_parser *parser, const struct record_sink *sink, struct error *error)
{
	(void)format;
	return reread(path, stream_decode, numbers, count, parser, sink, error);
}

int export_reread(const char *path, const uint64_t *numbers, size_t count, struct json_parser *parser,
		  const struct record_sink *sink, struct error *error)
{
	return reread(path, item_decode, numbers, count, parser, sink, error);
}
