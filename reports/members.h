/* members - the members of JSON objects: written one after another, and read with their types checked.
 *
 * Writing: each puts a comma where one is wanted by what stands before it, so an object is members_open(…, '{'), its
 * members, and a '}'. Names are UTF-8; values are anybody's bytes: what is no UTF-8 becomes U+FFFD.
 * Reading: a member that is not there or null is NULL, 0 or false. The first that is wrong is told in `error` and kept
 * in `code`; nothing is found after it. Texts are copied into the arena and hold no NUL. */
#ifndef LAKEPROOF_REPORTS_MEMBERS_H
#define LAKEPROOF_REPORTS_MEMBERS_H

#include "base/arena.h"
#include "base/buffer.h"
#include "base/error.h"
#include "base/json.h"

/* ---- writing; a member that is NULL is an element of a list ---- */
void members_name(struct buffer *out, const char *member);
void members_value(struct buffer *out, const char *value); /* a string, or null for NULL */
void members_text(struct buffer *out, const char *member, const char *value);
void members_i64(struct buffer *out, const char *member, int64_t value);
void members_u64(struct buffer *out, const char *member, uint64_t value);
void members_seconds(struct buffer *out, const char *member, int64_t us); /* 1500000 as 1.500000 */
void members_bool(struct buffer *out, const char *member, bool value);
void members_open(struct buffer *out, const char *member, char bracket);

/* ---- reading ---- */
struct members_reader {
	const struct json_token *tokens;
	struct arena *arena;
	struct error *error;
	int code;
};

/* `"<member>" is not <wanted>` */
void members_refuse(struct members_reader *reader, const char *member, const char *wanted);
const struct json_token *members_find(struct members_reader *reader, uint32_t object, const char *member);
const char *members_copy(struct members_reader *reader, const struct json_token *token);
const char *members_read_text(struct members_reader *reader, uint32_t object, const char *member);
const char *members_require(struct members_reader *reader, uint32_t object, const char *member);
int64_t members_read_i64(struct members_reader *reader, uint32_t object, const char *member);
uint64_t members_read_u64(struct members_reader *reader, uint32_t object, const char *member, uint64_t max);
int64_t members_read_seconds(struct members_reader *reader, uint32_t object, const char *member);
bool members_read_bool(struct members_reader *reader, uint32_t object, const char *member);
/* Which of the words it is, by its number; it must be there. */
int members_read_word(struct members_reader *reader, uint32_t object, const char *member, const char *const *words,
		      int count);
bool members_number(const struct json_token *token, uint64_t max, uint64_t *value) MUST_USE;
/* Calls `each` with the index of every element, all of which must be of that type. */
void members_each(struct members_reader *reader, uint32_t object, const char *member, uint32_t type,
		  void (*each)(struct members_reader *reader, uint32_t element, void *context), void *context);

#endif
