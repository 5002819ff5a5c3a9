/* Kinds of values that only a workload file has: shares, ranges of bytes and numbers, rates. */
#include <stdlib.h>

#include "generators/workload_schema.h"

/* "0.5%" into parts per million. */
static int read_share(struct schema_loader *loader, yaml_node_t *node, const struct schema_key *key, void *target)
{
	const char *text;
	struct fault_rate rate;
	struct error why;
	int code = schema_text(loader, node, key->name, &text);
	if (code != 0)
		return code;
	if (fault_parse_rate(text, &rate, &why) != 0 || rate.count > 0)
		return schema_error(loader, node, "'%s' must be a share such as 0.5%%, or none, not '%.*s'", key->name,
				    schema_shown(text), text);
	uint32_t share = (uint32_t)rate.ppm;
	memcpy((char *)target + key->offset, &share, sizeof(share));
	return 0;
}

const struct schema_type workload_share = {
	"share, `0.5%`",
	"\"type\": \"string\", \"pattern\": \"^(none|[0-9]+([.][0-9]{1,4})?%)$\"",
	read_share,
};

static int read_rate(struct schema_loader *loader, yaml_node_t *node, const struct schema_key *key, void *target)
{
	const char *text;
	struct error why;
	struct fault_rate rate;
	int code = schema_text(loader, node, key->name, &text);
	if (code != 0)
		return code;
	if (fault_parse_rate(text, &rate, &why) != 0)
		return schema_error(loader, node, "'%s': %s", key->name, why.message);
	memcpy((char *)target + key->offset, &rate, sizeof(rate));
	*(bool *)((char *)target + key->also) = true;
	return 0;
}

const struct schema_type workload_rate = {
	"count, share or `none`",
	"\"type\": [\"integer\", \"string\"]",
	read_rate,
};

/* A whole number, with KB or MB of 1024; false when it is none. */
static bool parse_number(const char *text, size_t size, int64_t *value)
{
	size_t at = size > 0 && text[0] == '-' ? 1 : 0, digits = at;
	int64_t unit = 1;

	*value = 0;
	for (; at < size && text[at] >= '0' && text[at] <= '9'; at++)
		if (__builtin_mul_overflow(*value, 10, value) || __builtin_add_overflow(*value, text[at] - '0', value))
			return false;
	if (at == digits)
		return false;
	if (size - at == 2 && memcmp(text + at, "KB", 2) == 0)
		unit = 1024;
	else if (size - at == 2 && memcmp(text + at, "MB", 2) == 0)
		unit = 1024 * 1024;
	else if (at != size)
		return false;
	if (__builtin_mul_overflow(*value, unit, value) || *value > INT64_C(1) << 60)
		return false;
	*value = text[0] == '-' ? -*value : *value;
	return true;
}

/* "5..20", "1KB..400KB" or one number. */
static int read_range(struct schema_loader *loader, yaml_node_t *node, const struct schema_key *key, void *target)
{
	const char *text, *dots;
	struct table_range range;
	int code = schema_text(loader, node, key->name, &text);
	if (code != 0)
		return code;
	dots = strstr(text, "..");
	size_t first = dots != NULL ? (size_t)(dots - text) : strlen(text);
	const char *second = dots != NULL ? dots + 2 : text;
	if (!parse_number(text, first, &range.min) || !parse_number(second, strlen(second), &range.max) ||
	    range.max < range.min)
		return schema_error(loader, node, "'%s' must be a range such as 5..20 or 1KB..4KB, not '%.*s'",
				    key->name, schema_shown(text), text);
	memcpy((char *)target + key->offset, &range, sizeof(range));
	if (key->also > 0)
		*(bool *)((char *)target + key->also) = true;
	return 0;
}

const struct schema_type workload_range = {
	"number or range, `5..20`, `1KB..4KB`",
	"\"type\": [\"integer\", \"string\"]",
	read_range,
};

/* "0.99" or "none" into hundredths. */
static int read_exponent(struct schema_loader *loader, yaml_node_t *node, const struct schema_key *key, void *target)
{
	const char *text;
	int code = schema_text(loader, node, key->name, &text);
	if (code != 0)
		return code;
	int value = -1;
	size_t size = strlen(text);
	bool none = strcmp(text, "none") == 0;
	if (!none) {
		bool fits = size >= 1 && size <= 4 && text[0] >= '0' && text[0] <= '9' && (size == 1 || text[1] == '.');
		value = fits ? (text[0] - '0') * 100 : 0;
		for (size_t i = 2; i < size && fits; i++) {
			fits = text[i] >= '0' && text[i] <= '9';
			value += (text[i] - '0') * (i == 2 ? 10 : 1);
		}
		if (!fits || value > ZIPF_MAX)
			return schema_error(loader, node, "'%s' must be none or 0.00 to %d.00, not '%.*s'", key->name,
					    ZIPF_MAX / 100, schema_shown(text), text);
	}
	memcpy((char *)target + key->offset, &value, sizeof(value));
	return 0;
}

const struct schema_type workload_exponent = {
	"`none` or 0.00 to 4.00",
	"\"type\": [\"number\", \"string\"]",
	read_exponent,
};

/* "50" percent or "none" (-1). */
static int read_percent(struct schema_loader *loader, yaml_node_t *node, const struct schema_key *key, void *target)
{
	const char *text;
	int64_t value = -1;
	int code = schema_text(loader, node, key->name, &text);
	if (code != 0)
		return code;
	if (strcmp(text, "none") != 0 && (!parse_number(text, strlen(text), &value) || value < 0 || value > 100))
		return schema_error(loader, node, "'%s' must be none or a percentage from 0 to 100, not '%.*s'",
				    key->name, schema_shown(text), text);
	int percent = (int)value;
	memcpy((char *)target + key->offset, &percent, sizeof(percent));
	return 0;
}

const struct schema_type workload_percent = {
	"`none` or 0 to 100",
	"\"type\": [\"integer\", \"string\"]",
	read_percent,
};
