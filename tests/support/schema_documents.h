/* schema_documents - a page whose tables come from a schema, and the JSON Schema beside it, held against the schema or
 * written anew. Run from the project's root. Three points. */
#ifndef LAKEPROOF_TESTS_SCHEMA_DOCUMENTS_H
#define LAKEPROOF_TESTS_SCHEMA_DOCUMENTS_H

#include "base/schema.h"
#include "tests/tap.h"

struct schema_documents {
	const struct schema_map *schema;
	const char *title;             /* the JSON Schema's */
	const char *page, *json, *how; /* paths, and the command that writes them anew */
	/* The page with its tables as they should be. */
	bool (*with_tables)(const char *page, struct buffer *whole);
};

static inline bool documents_read(const char *path, struct buffer *text)
{
	FILE *file = fopen(path, "r");
	if (file == NULL)
		return false;
	while (buffer_reserve(text, 65536) == 0) {
		size_t got = fread(text->data + text->size, 1, 65536, file);
		if (got == 0)
			break;
		text->size += got;
	}
	fclose(file);
	return buffer_append_byte(text, '\0') == 0;
}

static inline bool documents_write(const char *path, struct slice text)
{
	FILE *file = fopen(path, "w");
	return file != NULL && fwrite(text.data, 1, text.size, file) == text.size && fclose(file) == 0;
}

static inline void documents_test(const struct schema_documents *documents, bool write)
{
	struct buffer page, tables, json, written;
	buffer_init(&page, 1 << 20);
	buffer_init(&tables, 1 << 20);
	buffer_init(&json, 1 << 20);
	buffer_init(&written, 1 << 20);
	bool done = documents_read(documents->page, &page) && documents->with_tables(page.data, &tables) &&
		    schema_write_json(documents->schema, documents->title, &written) == 0;
	if (write)
		done = done && documents_write(documents->page, buffer_slice(&tables)) &&
		       documents_write(documents->json, buffer_slice(&written));
	done = done && documents_read(documents->json, &json);
	ok(done, "%s and %s are there (run from the project's root)", documents->page, documents->json);
	ok(done && (write || slice_is(buffer_slice(&tables), page.data)),
	   "%s lists the keys as the parser knows them (else run %s)", documents->page, documents->how);
	ok(done && slice_is(buffer_slice(&written), json.data), "so does %s", documents->json);
	buffer_release(&page);
	buffer_release(&tables);
	buffer_release(&json);
	buffer_release(&written);
}

#endif
