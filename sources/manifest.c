#include "sources/manifest.h"

#include <openssl/evp.h>

#include "base/base64.h"
#include "sources/members.h"

enum {
	SUMMARY_VERSION,
	SUMMARY_EXPORT_ARN,
	SUMMARY_TABLE_ARN,
	SUMMARY_TABLE_ID,
	SUMMARY_EXPORT_TIME,
	SUMMARY_EXPORT_TYPE,
	SUMMARY_OUTPUT_FORMAT,
	SUMMARY_FROM_TIME,
	SUMMARY_TO_TIME,
	SUMMARY_OUTPUT_VIEW,
	SUMMARY_ITEM_COUNT,
	SUMMARY_BILLED_BYTES,
	SUMMARY_COUNT
};
static const struct member_name summary_names[SUMMARY_COUNT] = {
	MEMBER_NAME("version"),      MEMBER_NAME("exportArn"),      MEMBER_NAME("tableArn"),
	MEMBER_NAME("tableId"),      MEMBER_NAME("exportTime"),     MEMBER_NAME("exportType"),
	MEMBER_NAME("outputFormat"), MEMBER_NAME("exportFromTime"), MEMBER_NAME("exportToTime"),
	MEMBER_NAME("outputView"),   MEMBER_NAME("itemCount"),      MEMBER_NAME("billedSizeBytes"),
};

enum { FILE_KEY, FILE_MD5, FILE_ETAG, FILE_ITEM_COUNT, FILE_COUNT };
static const struct member_name file_names[FILE_COUNT] = {
	MEMBER_NAME("dataFileS3Key"),
	MEMBER_NAME("md5Checksum"),
	MEMBER_NAME("etag"),
	MEMBER_NAME("itemCount"),
};

static const char NOT_OBJECT[] = "not an object";
static const char TWICE[] = "a member is there twice";
static const char NOT_TEXT[] = "a member that must be text is not";
static const char NOT_COUNT[] = "a member that must be a whole number is not";

static bool get_text(const struct json_token *tokens, uint32_t index, struct slice *text, const char **reason)
{
	*text = slice_from("");
	if (index == 0)
		return true;
	*reason = NOT_TEXT;
	if (tokens[index].type != JSON_STRING)
		return false;
	*text = json_text(&tokens[index]);
	return memchr(text->data, '\0', text->size) == NULL;
}

static bool get_count(const struct json_token *tokens, uint32_t index, int64_t *count, const char **reason)
{
	*count = -1;
	if (index == 0)
		return true;
	*reason = NOT_COUNT;
	struct slice text = json_text(&tokens[index]);
	if (tokens[index].type != JSON_NUMBER || text.size > 18)
		return false;
	int64_t value = 0;
	for (size_t i = 0; i < text.size; i++) {
		if (text.data[i] < '0' || text.data[i] > '9')
			return false;
		value = value * 10 + (text.data[i] - '0');
	}
	*count = value;
	return true;
}

static bool find(const struct json_token *tokens, const struct member_name *names, size_t count, uint32_t *values,
		 const char **reason)
{
	*reason = NOT_OBJECT;
	if (tokens[0].type != JSON_OBJECT)
		return false;
	*reason = TWICE;
	return members_lookup(tokens, 0, names, count, values).data == NULL;
}

bool manifest_summary_decode(const struct json_token *tokens, struct manifest_summary *summary, const char **reason)
{
	uint32_t values[SUMMARY_COUNT];
	return find(tokens, summary_names, SUMMARY_COUNT, values, reason) &&
	       get_text(tokens, values[SUMMARY_VERSION], &summary->version, reason) &&
	       get_text(tokens, values[SUMMARY_EXPORT_ARN], &summary->export_arn, reason) &&
	       get_text(tokens, values[SUMMARY_TABLE_ARN], &summary->table_arn, reason) &&
	       get_text(tokens, values[SUMMARY_TABLE_ID], &summary->table_id, reason) &&
	       get_text(tokens, values[SUMMARY_EXPORT_TIME], &summary->export_time, reason) &&
	       get_text(tokens, values[SUMMARY_EXPORT_TYPE], &summary->export_type, reason) &&
	       get_text(tokens, values[SUMMARY_OUTPUT_FORMAT], &summary->output_format, reason) &&
	       get_text(tokens, values[SUMMARY_FROM_TIME], &summary->from_time, reason) &&
	       get_text(tokens, values[SUMMARY_TO_TIME], &summary->to_time, reason) &&
	       get_text(tokens, values[SUMMARY_OUTPUT_VIEW], &summary->output_view, reason) &&
	       get_count(tokens, values[SUMMARY_ITEM_COUNT], &summary->item_count, reason) &&
	       get_count(tokens, values[SUMMARY_BILLED_BYTES], &summary->billed_bytes, reason);
}

bool manifest_file_decode(const struct json_token *tokens, struct manifest_file *file, const char **reason)
{
	uint32_t values[FILE_COUNT];
	if (!find(tokens, file_names, FILE_COUNT, values, reason) ||
	    !get_text(tokens, values[FILE_KEY], &file->key, reason) ||
	    !get_text(tokens, values[FILE_MD5], &file->md5, reason) ||
	    !get_text(tokens, values[FILE_ETAG], &file->etag, reason) ||
	    !get_count(tokens, values[FILE_ITEM_COUNT], &file->item_count, reason))
		return false;
	*reason = "no dataFileS3Key";
	return file->key.size > 0;
}

bool manifest_md5_decode(struct slice text, uint8_t md5[16])
{
	size_t size;
	while (text.size > 0 && (unsigned char)text.data[text.size - 1] <= ' ')
		text.size--;
	while (text.size > 0 && (unsigned char)text.data[0] <= ' ') {
		text.data++;
		text.size--;
	}
	return base64_decode(text, md5, 16, &size) && size == 16;
}

static bool hex_is(struct slice hex, const uint8_t md5[16])
{
	static const char digits[] = "0123456789abcdef";
	if (hex.size != 32)
		return false;
	for (size_t i = 0; i < 16; i++)
		if ((hex.data[2 * i] | 0x20) != (digits[md5[i] >> 4] | 0x20) ||
		    (hex.data[2 * i + 1] | 0x20) != (digits[md5[i] & 15] | 0x20))
			return false;
	return true;
}

bool manifest_etag_matches(struct slice etag, const uint8_t md5[16], bool *known)
{
	uint8_t parts_md5[16];
	*known = true;
	if (etag.size == 34 && etag.data[32] == '-' && etag.data[33] == '1') {
		unsigned size = sizeof(parts_md5);
		if (EVP_Digest(md5, 16, parts_md5, &size, EVP_md5(), NULL) == 1)
			return hex_is((struct slice){etag.data, 32}, parts_md5);
	} else if (etag.size == 32) {
		return hex_is(etag, md5);
	}
	*known = false;
	return true;
}
