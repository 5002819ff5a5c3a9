#include "sources/members.h"

struct slice members_lookup(const struct json_token *tokens, uint32_t object, const struct member_name *names,
			  size_t count, uint32_t *values)
{
	uint32_t others[MEMBERS_MAX];
	size_t other_count = 0;
	uint64_t seen = 0;
	struct slice repeated = {NULL, 0};
	memset(values, 0, count * sizeof(*values));
	for (uint32_t i = object + 1; i < tokens[object].next; i = tokens[i + 1].next) {
		struct slice name = json_text(&tokens[i]);
		size_t known = 0;
		while (known < count &&
		       (names[known].size != name.size || memcmp(names[known].text, name.data, name.size) != 0))
			known++;
		bool twice = false;
		if (known < count) {
			twice = seen >> known & 1;
			seen |= UINT64_C(1) << known;
			if (!twice && tokens[i + 1].type != JSON_NULL)
				values[known] = i + 1;
		} else {
			for (size_t k = 0; k < other_count && !twice; k++)
				twice = slice_equal(json_text(&tokens[others[k]]), name);
			if (other_count == MEMBERS_MAX)
				twice = true;
			else
				others[other_count++] = i;
		}
		if (twice && (repeated.data == NULL || known == 0))
			repeated = name;
	}
	return repeated;
}
