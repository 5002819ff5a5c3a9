/* Rows of fields: what a Lambda, Database Migration Service and a polling make of one change. */
#include "generators/plain_format.h"
#include "generators/stream_writer.h"
#include "generators/generator.h"
#include "tests/support/scratch.h"
#include "tests/support/workload.h"
#include "tests/tap.h"

static struct model model;

static const char image[] =
	"{\"pk\":{\"S\":\"a,\\\"b\\\"\"},\"sk\":{\"N\":\"7\"},\"amount\":{\"N\":\"12345678901234567890.5\"},"
	"\"active\":{\"BOOL\":true},\"tags\":{\"SS\":[\"x\",\"y\"]},\"addr\":{\"M\":{\"city\":{\"S\":\"K\\u00f6ln\"},"
	"\"no\":{\"NS\":[\"1\",\"2.50\"]},\"l\":{\"L\":[{\"NULL\":true},{\"N\":\"1\"}]}}},\"notes\":{\"S\":\"\"},"
	"\"payload\":{\"B\":\"AQI=\"},\"status\":{\"NULL\":true}}";

static struct record_parts parts_of(const char *name, const char *new_image, const char *old_image)
{
	struct record_parts parts;
	record_parts_init(&parts);
	parts.event_name = name;
	parts.time_us = INT64_C(1760001771000042);
	parts.keys = slice_from("{\"pk\":{\"S\":\"k\"},\"sk\":{\"N\":\"7\"}}");
	parts.new_image = new_image != NULL ? slice_from(new_image) : (struct slice){NULL, 0};
	parts.old_image = old_image != NULL ? slice_from(old_image) : (struct slice){NULL, 0};
	memcpy(parts.event_id, "e1", 3);
	memcpy(parts.sequence, "100", 4);
	parts.plain = plain_scratch_new();
	return parts;
}

static void writes(int (*write)(const struct stream_style *, const struct record_parts *, struct buffer *),
		   const char *name, const char *new_image, const char *old_image, const char *wanted,
		   const char *sentence)
{
	const struct stream_style style = {.model = &model};
	struct record_parts parts = parts_of(name, new_image, old_image);
	struct buffer out;

	buffer_init(&out, 1 << 20);
	int code = write(&style, &parts, &out);
	buffer_append_byte(&out, '\0');
	is_text(code == 0 ? out.data : "failed", wanted, sentence);
	buffer_release(&out);
	record_parts_release(&parts);
}

#define DATA                                                                                                           \
	"{\"pk\":\"a,\\\"b\\\"\",\"sk\":7,\"amount\":12345678901234567890.5,\"active\":true,\"tags\":[\"x\",\"y\"],"   \
	"\"addr\":{\"city\":\"K\xc3\xb6ln\",\"no\":[1,2.50],\"l\":[null,1]},\"notes\":\"\",\"payload\":\"AQI=\","      \
	"\"status\":null}"
#define CELLS                                                                                                          \
	"\"a,\"\"b\"\"\",7,%s,12345678901234567890.5,%s,true,\"[\"\"x\"\",\"\"y\"\"]\",\"{\"\"city\"\":"               \
	"\"\"K\xc3\xb6ln\"\",\"\"no\"\":[1,2.50],\"\"l\"\":[null,1]}\",\"\",AQI=,%s,%s,%s"

static void test_json(void)
{
	writes(plain_flat, "MODIFY", image, NULL,
	       "{\"event_id\":\"e1\",\"event_name\":\"MODIFY\",\"event_time\":1760001771,\"data\":" DATA "}",
	       "a Lambda's row: plain values, all digits, sets as arrays, base64");
	writes(plain_flat, "REMOVE", NULL, image,
	       "{\"event_id\":\"e1\",\"event_name\":\"REMOVE\",\"event_time\":1760001771,\"data\":{\"pk\":\"k\","
	       "\"sk\":7}}",
	       "of a remove the key");
	writes(plain_flat_sequence, "INSERT", "{}", NULL,
	       "{\"event_id\":\"e1\",\"event_name\":\"INSERT\",\"event_time\":1760001771,\"sequence\":\"100\",\"data\":"
	       "{}}",
	       "with a sequence number");
	writes(plain_poll_json, "MODIFY", "{\"pk\":{\"S\":\"k\"}}", NULL,
	       "{\"_updated_at\":\"2025-10-09T09:22:51.000042Z\",\"pk\":\"k\"}",
	       "a row that was polled says when it was written");
}

static void test_csv(void)
{
	struct buffer names, header;
	char wanted[1000];
	const struct stream_style style = {.model = &model};

	snprintf(wanted, sizeof(wanted), "U,2025-10-09 09:22:51.000042," CELLS, "\\N", "\\N", "\\N", "\\N", "\\N");
	writes(plain_dms, "MODIFY", image, NULL, wanted, "DMS: U, the time, every field, RFC 4180's quotes");
	snprintf(wanted, sizeof(wanted), "D,2025-10-09 09:22:51.000042," CELLS, "\\N", "\\N", "\\N", "\\N", "\\N");
	writes(plain_dms, "REMOVE", NULL, image, wanted, "D with the row before it");
	snprintf(wanted, sizeof(wanted), "2025-10-09T09:22:51.000042Z," CELLS, "", "", "", "", "");
	writes(plain_poll_csv, "INSERT", image, NULL, wanted, "a poll: nothing for null, quotes round an empty text");
	buffer_init(&names, 10000);
	buffer_init(&header, 10000);
	plain_csv_names(&model, &names);
	plain_poll_header(&style, &header);
	buffer_append_byte(&names, '\0');
	buffer_append_byte(&header, '\0');
	is_text(names.data,
		"\"pk\", \"sk\", \"status\", \"amount\", \"quantity\", \"active\", \"tags\", \"addr\", \"notes\", "
		"\"payload\", \"created_at\", \"history\", \"expires_at\"",
		"the fields are the key's, the attributes', the TTL's");
	is_text(header.data,
		"_updated_at,pk,sk,status,amount,quantity,active,tags,addr,notes,payload,created_at,history,expires_"
		"at\n",
		"and a header says so");
	buffer_release(&names);
	buffer_release(&header);
}

/* A poll's file has each item once, as it was written last, and none that went. */
static void test_polls(void)
{
	struct generator_options options;
	struct generator_report report;
	struct error error = {0, ""};
	char root[SCRATCH_PATH_MAX];
	uint64_t puts = 0;

	test_workload(&options, "orders");
	options.model.items = 100;
	options.model.changes = 2000;
	options.format = stream_format_find("poll");
	options.faults.records_per_file = 100000;
	options.faults.duplicates = (struct fault_rate){0, 0};
	scratch_make(root);
	if (generator_run(&options, root, &report, &error) != 0)
		abort();
	puts = report.history.inserts + report.history.modifies;
	ok(report.stream.records > 100 && report.stream.records < puts, "a poll passes over what was written again");
	scratch_remove(root);
	options.faults.records_per_file = 1;
	options.faults.replay_files = 0;
	scratch_make(root);
	if (generator_run(&options, root, &report, &error) != 0)
		abort();
	is_int(report.stream.records, puts, "and over deletes");
	scratch_remove(root);
}

int main(void)
{
	struct generator_options options;
	struct error error = {0, ""};

	test_workload(&options, "orders");
	if (model_init(&model, &options.model, &error) != 0)
		abort();
	test_json();
	test_csv();
	test_polls();
	return tap_done();
}
