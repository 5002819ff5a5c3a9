/* Every file of a small table mutated with a seed: what the bridge then reads is an error that names the table or
 * exactly the same rows. Never fewer or more rows, a crash or a hang. A value may change unnoticed in a data page that
 * has no checksum, so of mutated data files only the number of rows is held to the original. */
#include <signal.h>

#include "base/prng.h"
#include "tests/unit/test_bridge_table.h"

enum { FILES_MAX = 32, ROUNDS = 1500, HANG_SECONDS = 20, SIZE_MAX_BYTES = 1 << 16 };

struct victim {
	char path[512];
	char *bytes;
	size_t size;
	bool is_data;
};

static struct victim victims[FILES_MAX];
static size_t victim_count;
static char table_path[256];
static const char *const columns[] = {"id", "v", "region"};
/* What is being tried, for when it does not come back. */
static char attempt[700];

static void died(int signal)
{
	static const char hang[] = "Bail out! hangs on ", crash[] = "Bail out! crashes on ";
	const char *what = signal == SIGALRM ? hang : crash;
	ssize_t written = write(STDOUT_FILENO, what, strlen(what));
	written += write(STDOUT_FILENO, attempt, strlen(attempt));
	_exit(written > 0 ? 1 : 2);
}

static void collect(const char *relative)
{
	char path[512];
	path_in(path, sizeof(path), "mutated", relative);
	DIR *dir = opendir(path);
	must(dir == NULL, path);
	for (struct dirent *entry = readdir(dir); entry != NULL; entry = readdir(dir)) {
		if (entry->d_type != DT_REG)
			continue;
		must(victim_count == FILES_MAX, "too many files");
		struct victim *victim = &victims[victim_count++];
		snprintf(victim->path, sizeof(victim->path), "%s/%s", path, entry->d_name);
		victim->is_data = *relative == '\0' && strstr(entry->d_name, ".parquet") != NULL;
		victim->bytes = malloc(SIZE_MAX_BYTES);
		FILE *file = fopen(victim->path, "rb");
		must(victim->bytes == NULL || file == NULL, victim->path);
		victim->size = fread(victim->bytes, 1, SIZE_MAX_BYTES, file);
		must(victim->size == 0 || victim->size == SIZE_MAX_BYTES || fclose(file) != 0, victim->path);
	}
	closedir(dir);
}

static int by_path(const void *a, const void *b)
{
	return strcmp(((const struct victim *)a)->path, ((const struct victim *)b)->path);
}

static void put(const char *path, const char *bytes, size_t size)
{
	FILE *file = fopen(path, "wb");
	must(file == NULL || fwrite(bytes, 1, size, file) != size || fclose(file) != 0, path);
}

/* A history with everything that is read: commits, a checkpoint, a commit after it, a deletion vector, partitions. */
static void make_table(void)
{
	path_in(table_path, sizeof(table_path), "mutated", "");
	struct column *root = simple_new();
	must(!column_add_child(root, column_new("region", "u", true)), "add column");
	create(table_path, root, "region", "deletionVectors");
	struct bridge_writer *writer = NULL;
	char id[16];
	for (int version = 1; version <= 4; version++) {
		must(bridge_writer_begin(table_path, &writer, &error), "begin");
		for (int i = 0; i < 20; i++) {
			snprintf(id, sizeof(id), "%d.%02d", version, i);
			column_append_bytes(column_child(root, 2), text(i < 10 ? "eu" : "us"));
			simple_row(root, id, i % 5 == 0 ? -1 : i);
		}
		add(writer, root);
		if (version > 1)
			must(bridge_writer_delete_rows(writer, 1, (const int64_t[]){version, version + 4}, 2, &error),
			     "delete rows");
		if (version == 4)
			must(bridge_writer_remove_file(writer, 0, &error), "remove file");
		commit(writer, "MERGE", version);
		if (version == 2)
			must(bridge_table_checkpoint(table_path, &error), "checkpoint");
	}
	column_free(root);
	collect("");
	collect("_delta_log");
	qsort(victims, victim_count, sizeof(victims[0]), by_path);
}

static size_t mutate(struct prng *prng, const struct victim *victim, char *bytes)
{
	size_t size = victim->size, at = prng_below(prng, size);
	memcpy(bytes, victim->bytes, size);
	/* A Parquet file's footer is worth more tries than its length would give it. */
	if (victim->is_data && prng_chance(prng, 1, 2))
		at = size - 1 - prng_below(prng, size < 400 ? size : 400);
	switch (prng_below(prng, 5)) {
	case 0:
	case 1:
		bytes[at] = (char)(bytes[at] ^ (1 << prng_below(prng, 8)));
		break;
	case 2:
		bytes[at] = (char)prng_below(prng, 256);
		break;
	case 3:
		/* A commit cut exactly between lines is told by its checksum file alone, and where it moved only
		 * deletion vectors by a count in there that the kernel, unlike Spark, does not write. */
		size = at > 1 && bytes[at - 1] == '\n' ? at - 2 : at;
		if (size > 0 && size < victim->size && bytes[size] == '\n')
			size--;
		break;
	default: {
		size_t length = prng_below(prng, 8) + 1;
		length = length > size - at ? size - at : length;
		for (size_t i = 0; i < length; i++)
			bytes[at + i] = (char)prng_below(prng, 256);
	}
	}
	snprintf(attempt, sizeof(attempt), "%s, %zu bytes from %zu, at %zu: %02x for %02x\n", victim->path, size,
		 victim->size, at, at < size ? (unsigned char)bytes[at] : 0, (unsigned char)victim->bytes[at]);
	return size;
}

static bool is_told(const struct outcome *outcome)
{
	return (outcome->code == ERROR_DATA || outcome->code == ERROR_IO) && strstr(outcome->why, table_path) != NULL &&
	       strstr(outcome->why, "; ") != NULL;
}

static void test_mutations(uint64_t seed)
{
	static char bytes[SIZE_MAX_BYTES];
	struct prng prng;
	prng_init(&prng, seed);
	const struct outcome whole = read_table(table_path, -1, columns, 3);
	must(whole.code != 0 || whole.rows == 0, "read the table");
	uint64_t told = 0, same = 0, wrong = 0, untold = 0;
	for (int round = 0; round < ROUNDS; round++) {
		const struct victim *victim = &victims[prng_below(&prng, victim_count)];
		size_t size = mutate(&prng, victim, bytes);
		put(victim->path, bytes, size);
		alarm(HANG_SECONDS);
		struct outcome now = read_table(table_path, -1, columns, 3);
		alarm(0);
		bool equal = now.code == 0 && now.rows == whole.rows &&
			     (victim->is_data || now.identity == whole.identity);
		told += now.code != 0 && is_told(&now);
		untold += now.code != 0 && !is_told(&now);
		same += equal;
		wrong += now.code == 0 && !equal;
		if (now.code == 0 ? !equal : !is_told(&now))
			printf("# %s# %" PRIu64 " rows of %" PRIu64 ", %d: %s\n", attempt, now.rows, whole.rows,
			       now.code, now.why);
		put(victim->path, victim->bytes, victim->size);
	}
	printf("# seed %" PRIu64 ": %" PRIu64 " told, %" PRIu64 " without harm\n", seed, told, same);
	is_int(wrong, 0, "no mutation of any file loses or adds a row unsaid");
	is_int(untold, 0, "every error names the table and what to do, and none is a defect of the program");
	ok(told > ROUNDS / 4 && same > 0, "mutations are of both kinds, told and harmless");
	struct outcome after = read_table(table_path, -1, columns, 3);
	ok(after.code == 0 && after.identity == whole.identity, "the whole table reads as before");
}

int main(void)
{
	struct sigaction action = {.sa_handler = died};
	for (size_t i = 0; i < 4; i++)
		sigaction((const int[]){SIGALRM, SIGSEGV, SIGABRT, SIGBUS}[i], &action, NULL);
	const char *seed = getenv("SEED");
	tables_begin();
	make_table();
	test_mutations(seed == NULL ? 1 : strtoull(seed, NULL, 10));
	for (size_t i = 0; i < victim_count; i++)
		free(victims[i].bytes);
	tables_end();
	return tap_done();
}
