/* floor - what cannot be avoided: read, MD5, inflate and parse both JSON sources, decode the lake's Parquet columns.
 *
 * usage: floor JOBS EXPORT_DATA_DIR EVENTS DELTA_DIR
 * Frames lines by newline and walks every token; nothing is digested, kept or compared. Prints one line of seconds. */
#include <inttypes.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "base/clock.h"
#include "base/gzip.h"
#include "base/json.h"
#include "bridge/read.h"
#include "sources/events.h"

enum { WINDOW = 1 << 20, RECORD_MAX = 1 << 20, BATCH_ROWS = 65536, THREADS_MAX = 16 };

struct work {
	const char *path; /* NULL: lake file `index` */
	uint64_t index, size;
	bool with_md5;
};

static struct work *works;
static size_t work_count;
static atomic_size_t work_next;
static atomic_uint_fast64_t sum, records, rows;
static struct bridge_table *table;
static const char **columns;
static uint64_t column_count;

static void give_up(const char *what)
{
	(void)fprintf(stderr, "floor: %s\n", what);
	exit(70);
}

static void add_work(const char *path, uint64_t index, uint64_t size, bool with_md5)
{
	struct work *grown = realloc(works, (work_count + 1) * sizeof *grown);
	if (grown == NULL)
		give_up("out of memory");
	works = grown;
	works[work_count++] = (struct work){path, index, size, with_md5};
}

static void add_files(const char *place, bool with_md5)
{
	char **files = NULL;
	size_t count = 0;
	struct error error = {0};
	struct stat status;
	if (events_list(place, &files, &count, &error) != 0)
		give_up(error.message);
	for (size_t i = 0; i < count; i++)
		if (stat(files[i], &status) == 0)
			add_work(files[i], 0, (uint64_t)status.st_size, with_md5);
}

static uint64_t walk(const struct json_token *tokens, size_t count)
{
	uint64_t seen = 0;
	for (size_t i = 0; i < count; i++)
		seen += tokens[i].size + (tokens[i].size > 0 ? (unsigned char)tokens[i].text[0] : 0);
	return seen;
}

static size_t parse_lines(struct json_parser *parser, const char *bytes, size_t size, uint64_t *seen, uint64_t *parsed)
{
	size_t begin = 0;
	const char *end;
	while ((end = memchr(bytes + begin, '\n', size - begin)) != NULL) {
		const struct json_token *tokens;
		struct json_failure failure;
		size_t count, stop = (size_t)(end - bytes);
		if (stop > begin &&
		    json_parse(parser, (struct slice){bytes + begin, stop - begin}, &tokens, &count, &failure))
			*seen += walk(tokens, count);
		(*parsed)++;
		begin = stop + 1;
	}
	return begin;
}

static void read_json(const struct work *work, struct json_parser *parser, char *window)
{
	struct gzip_reader *reader;
	struct error error = {0};
	enum gzip_status status = GZIP_MORE;
	size_t kept = 0, size;
	uint64_t seen = 0, parsed = 0;
	uint8_t md5[16];
	if (gzip_open(work->path, work->with_md5, &reader, &error) != 0)
		give_up(error.message);
	while (status == GZIP_MORE) {
		if (gzip_read(reader, window + kept, WINDOW - kept, &size, &status, &error) != 0)
			give_up(error.message);
		size_t used = parse_lines(parser, window, kept + size, &seen, &parsed);
		kept = kept + size - used;
		memmove(window, window + used, kept);
	}
	if (work->with_md5) {
		if (gzip_md5(reader, md5, &error) != 0)
			give_up(error.message);
		seen += md5[0];
	}
	gzip_close(reader);
	atomic_fetch_add(&sum, seen);
	atomic_fetch_add(&records, parsed);
}

static void read_lake(const struct work *work)
{
	struct ArrowArrayStream stream = {0};
	struct error error = {0};
	if (bridge_file_read(table, work->index, columns, column_count, BATCH_ROWS, false, &stream, &error) != 0)
		give_up(error.message);
	for (;;) {
		struct ArrowArray batch = {0};
		if (stream.get_next(&stream, &batch) != 0)
			give_up(stream.get_last_error(&stream));
		if (batch.release == NULL)
			break;
		atomic_fetch_add(&rows, (uint64_t)batch.length);
		batch.release(&batch);
	}
	stream.release(&stream);
}

static void *work_through(void *unused)
{
	(void)unused;
	struct json_parser *parser = json_parser_new(RECORD_MAX);
	char *window = calloc(1, WINDOW + JSON_PADDING);
	if (parser == NULL || window == NULL)
		give_up("out of memory");
	for (size_t next; (next = atomic_fetch_add(&work_next, 1)) < work_count;) {
		if (works[next].path == NULL)
			read_lake(&works[next]);
		else
			read_json(&works[next], parser, window);
	}
	json_parser_free(parser);
	free(window);
	return NULL;
}

static int larger_first(const void *left, const void *right)
{
	const struct work *a = left, *b = right;
	return (a->size < b->size) - (a->size > b->size);
}

static void add_lake(const char *delta)
{
	struct error error = {0};
	struct ArrowSchema schema = {0};
	if (bridge_table_open(delta, -1, &table, &error) != 0 || bridge_table_schema(table, &schema, &error) != 0)
		give_up(error.message);
	column_count = (uint64_t)schema.n_children;
	columns = calloc(column_count + 1, sizeof(*columns));
	for (uint64_t i = 0; columns != NULL && i < column_count; i++)
		columns[i] = strdup(schema.children[i]->name);
	schema.release(&schema);
	for (uint64_t i = 0; i < bridge_table_info(table)->file_count; i++)
		add_work(NULL, i, bridge_table_file(table, i)->size_bytes, false);
}

int main(int argc, char **argv)
{
	pthread_t threads[THREADS_MAX];
	struct rusage usage;
	if (argc != 5)
		give_up("usage: floor JOBS EXPORT_DATA_DIR EVENTS DELTA_DIR");
	long jobs = strtol(argv[1], NULL, 10);
	int64_t begin = clock_monotonic_us();
	add_files(argv[2], true);
	add_files(argv[3], false);
	add_lake(argv[4]);
	qsort(works, work_count, sizeof *works, larger_first);
	for (long i = 0; i < jobs && i < THREADS_MAX; i++)
		if (pthread_create(&threads[i], NULL, work_through, NULL) != 0)
			give_up("cannot start a thread");
	for (long i = 0; i < jobs && i < THREADS_MAX; i++)
		pthread_join(threads[i], NULL);
	getrusage(RUSAGE_SELF, &usage);
	printf("%.3f %.3f %ld\n", (double)(clock_monotonic_us() - begin) / 1e6,
	       (double)usage.ru_utime.tv_sec + (double)usage.ru_utime.tv_usec / 1e6 + (double)usage.ru_stime.tv_sec +
		       (double)usage.ru_stime.tv_usec / 1e6,
	       usage.ru_maxrss);
	(void)fprintf(stderr, "floor: %" PRIu64 " records, %" PRIu64 " rows, checksum %" PRIu64 "\n",
		      (uint64_t)atomic_load(&records), (uint64_t)atomic_load(&rows), (uint64_t)atomic_load(&sum));
	bridge_table_close(table);
	return 0;
}
