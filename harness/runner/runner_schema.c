#include "harness/runner/runner_schema.h"

#include <limits.h>
#include <stdlib.h>
#include <xxhash.h>

#include "harness/runner/pipeline_file.h"
#include "harness/runner/yaml_merge.h"

enum { TEXT_MAX = 1024 * 1024 };

static int read_size(struct schema_loader *loader, yaml_node_t *node, const struct schema_key *key, void *target)
{
	static const struct {
		const char *suffix;
		int64_t bytes;
	} units[] = {{"", 1}, {"KiB", 1024}, {"MiB", 1024 * 1024}, {"GiB", 1024 * 1024 * 1024}};
	const char *text;
	char *end;

	if (schema_text(loader, node, key->name, &text) != 0)
		return loader->error->code;
	long long value = strtoll(text, &end, 10);
	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]) && text[0] >= '0' && text[0] <= '9'; i++) {
		int64_t bytes;
		if (strcmp(end, units[i].suffix) == 0 && !__builtin_mul_overflow(value, units[i].bytes, &bytes)) {
			memcpy((char *)target + key->offset, &bytes, sizeof(bytes));
			return 0;
		}
	}
	return schema_error(loader, node, "'%s' must be a size such as 512MiB, not '%.*s'", key->name,
			    schema_shown(text), text);
}

const struct schema_type runner_size = {"size such as 512MiB",
					"\"type\": [\"string\", \"integer\"], \"pattern\": \"^[0-9]+([KMG]iB)?$\"",
					read_size};

static int read_yaml(struct schema_loader *loader, yaml_node_t *node, const struct schema_key *key, void *target)
{
	struct buffer text;

	if (node->type == YAML_SEQUENCE_NODE)
		return schema_error(loader, node, "'%s' must be a mapping or a name", key->name);
	buffer_init(&text, TEXT_MAX);
	int code = yaml_append_node(loader->document, node, &text, loader->error);
	const char *kept = code == 0 ? arena_copy(loader->arena, buffer_slice(&text)).data : NULL;
	buffer_release(&text);
	if (code != 0)
		return code;
	if (kept == NULL)
		return schema_out_of_memory(loader);
	memcpy((char *)target + key->offset, &kept, sizeof(kept));
	return 0;
}

const struct schema_type runner_yaml = {"mapping", "\"type\": [\"object\", \"string\"]", read_yaml};

static int read_words(struct schema_loader *loader, yaml_node_t *node, const struct schema_key *key, void *target)
{
	struct schema_key texts = *key;

	texts.also = key->offset + offsetof(struct pipeline_words, count);
	if (schema_texts(loader, node, &texts, target) != 0)
		return loader->error->code;
	if (schema_count(node) == 0)
		return schema_error(loader, node, "'%s' must have a word at least", key->name);
	return 0;
}

const struct schema_type runner_words = {
	"list of words", "\"type\": \"array\", \"minItems\": 1, \"items\": {\"type\": [\"string\", \"number\"]}",
	read_words};

int runner_schema_load(const char *path, const char *what, const struct schema_map *map, struct arena *arena,
		       void *target, uint64_t *digest, struct error *error)
{
	struct schema_loader loader = {.arena = arena, .path = path, .what = what, .error = error};
	struct buffer text;

	buffer_init(&text, SCHEMA_FILE_MAX + 65536);
	int code = schema_read_file(path, what, &text, error);
	if (code == 0)
		code = schema_parse(&loader, map, buffer_slice(&text), target);
	if (code == 0)
		*digest = XXH3_64bits(text.data, text.size);
	buffer_release(&text);
	return code;
}

const char *runner_folder_of(const char *path, struct arena *arena)
{
	char full[PATH_MAX];

	if (realpath(path, full) == NULL)
		return NULL;
	char *slash = strrchr(full, '/');
	*(slash == full ? slash + 1 : slash) = '\0';
	return arena_text(arena, "%s", full);
}
