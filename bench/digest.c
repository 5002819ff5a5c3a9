/* digest - what one core parses and digests of an export's items, as written and with each item's attributes shuffled.
 *
 * usage: digest CONTRACT DATA_FILE [RUNS]
 * Prints items a second over the file's first ITEMS_MAX items. Each chunk of them counts with its fastest of RUNS (20)
 * runs, by the thread's own clock, so that a busy machine disturbs it little. */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/gzip.h"
#include "base/prng.h"
#include "reconcile/digest/digest.h"

enum { ITEMS_MAX = 20000, TEXT_MAX = 32 << 20, RECORD_MAX = 1 << 20, MEMBERS_MAX = 256, CHUNK = 250 };

struct lines {
	char *text;
	size_t size;
	struct slice items[ITEMS_MAX];
	size_t count;
};

static struct lines written, shuffled;
static struct json_parser *parser;
static struct digest_scratch *scratch;
static uint64_t sum; /* printed, so that no work can be left out */

static void give_up(const char *what)
{
	(void)fprintf(stderr, "digest: %s\n", what);
	exit(70);
}

static const struct json_token *parse(struct slice line)
{
	const struct json_token *tokens;
	struct json_failure failure;
	size_t count;
	if (!json_parse(parser, line, &tokens, &count, &failure))
		give_up(failure.reason);
	return tokens;
}

static void read_lines(const char *path)
{
	struct gzip_reader *reader;
	struct error error = {0};
	enum gzip_status status = GZIP_MORE;
	if (gzip_open(path, false, &reader, &error) != 0)
		give_up(error.message);
	while (status == GZIP_MORE && written.size < TEXT_MAX) {
		size_t size;
		if (gzip_read(reader, written.text + written.size, TEXT_MAX - written.size, &size, &status, &error) !=
		    0)
			give_up(error.message);
		written.size += size;
	}
	gzip_close(reader);
	const char *at = written.text, *end = at + written.size, *stop;
	while (written.count < ITEMS_MAX && (stop = memchr(at, '\n', (size_t)(end - at))) != NULL) {
		written.items[written.count++] = (struct slice){at, (size_t)(stop - at)};
		at = stop + 1;
	}
}

static void append(const char *bytes, size_t size)
{
	if (shuffled.size + size > TEXT_MAX)
		give_up("the items are too large");
	memcpy(shuffled.text + shuffled.size, bytes, size);
	shuffled.size += size;
}

/* Members as they stand in the text, "name":value, in an order drawn anew for each item. */
static void shuffle_item(struct slice line, struct prng *prng)
{
	const struct json_token *tokens = parse(line);
	struct slice members[MEMBERS_MAX];
	uint32_t item = json_member(tokens, 0, "Item"), count = item == 0 ? 0 : tokens[item].count, at = item + 1;
	size_t end = line.size - 2; /* the item's own brace and the line's */
	if (count == 0 || count > MEMBERS_MAX || line.data[end] != '}')
		give_up("not an export's line");
	for (uint32_t i = 0; i < count; i++) {
		uint32_t next = tokens[at + 1].next;
		size_t stop = i + 1 < count ? tokens[next].offset - 1 : end;
		members[i] = (struct slice){line.data + tokens[at].offset, stop - tokens[at].offset};
		at = next;
	}
	size_t start = shuffled.size;
	append("{\"Item\":{", 9);
	for (uint32_t left = count; left > 0; left--) {
		uint32_t drawn = (uint32_t)prng_below(prng, left);
		append(",", left < count);
		append(members[drawn].data, members[drawn].size);
		members[drawn] = members[left - 1];
	}
	append("}}", 2);
	shuffled.items[shuffled.count++] = (struct slice){shuffled.text + start, shuffled.size - start};
	append("\n", 1);
}

static double now_s(void)
{
	struct timespec time;
	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
	return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

static void digest(const struct json_token *tokens)
{
	struct slice key;
	struct digest_fault fault;
	struct image_digest image;
	uint32_t item = json_member(tokens, 0, "Item");
	if (!digest_key(scratch, tokens, item, &key, &fault) || !digest_image(scratch, tokens, item, &image, &fault))
		give_up(fault.reason);
	sum += image.item[0] + image.row + key.size;
}

static double run_chunk(const struct lines *lines, size_t first, bool digesting)
{
	double begin = now_s();
	for (size_t i = first; i < lines->count && i < first + CHUNK; i++) {
		const struct json_token *tokens = parse(lines->items[i]);
		sum += tokens[0].next;
		if (digesting)
			digest(tokens);
	}
	return now_s() - begin;
}

/* Seconds for all items. */
static double best(const struct lines *lines, bool digesting, int runs)
{
	static double least[ITEMS_MAX / CHUNK];
	double all = 0;
	for (int run = 0; run < runs; run++)
		for (size_t chunk = 0; chunk * CHUNK < lines->count; chunk++) {
			double took = run_chunk(lines, chunk * CHUNK, digesting);
			least[chunk] = run == 0 || took < least[chunk] ? took : least[chunk];
		}
	for (size_t chunk = 0; chunk * CHUNK < lines->count; chunk++)
		all += least[chunk];
	return all;
}

static void measure(const char *name, const struct lines *lines, int runs)
{
	double count = (double)lines->count / 1e6, parsed = best(lines, false, runs), all = best(lines, true, runs);
	printf("%-28s parse %5.2f M/s, key and digests %5.2f M/s, together %5.2f M/s\n", name, count / parsed,
	       count / (all - parsed), count / all);
}

int main(int argc, char **argv)
{
	struct error error = {0};
	struct contract *contract;
	struct digest_plan *plan;
	struct prng prng;
	if (argc < 3)
		give_up("usage: digest CONTRACT DATA_FILE [RUNS]");
	int runs = argc > 3 ? (int)strtol(argv[3], NULL, 10) : 20;
	parser = json_parser_new(RECORD_MAX);
	written.text = calloc(1, TEXT_MAX + JSON_PADDING);
	shuffled.text = calloc(1, TEXT_MAX + JSON_PADDING);
	if (parser == NULL || written.text == NULL || shuffled.text == NULL)
		give_up("out of memory");
	if (contract_load(argv[1], &contract, &error) != 0 || digest_plan_new(contract, NULL, &plan, &error) != 0)
		give_up(error.message);
	scratch = digest_scratch_new(plan);
	if (scratch == NULL)
		give_up("out of memory");
	read_lines(argv[2]);
	prng_init(&prng, 1);
	for (size_t i = 0; i < written.count; i++)
		shuffle_item(written.items[i], &prng);
	measure("items as written", &written, runs);
	measure("attributes shuffled", &shuffled, runs);
	printf("(%zu items, %zu bytes each, %016llx)\n", written.count,
	       written.count == 0 ? 0 : (size_t)(written.items[written.count - 1].data - written.text) / written.count,
	       (unsigned long long)sum);
	digest_scratch_free(scratch);
	digest_plan_free(plan);
	contract_free(contract);
	json_parser_free(parser);
	free(written.text);
	free(shuffled.text);
	return 0;
}
