/* generator - one whole generated history in a folder: exports, stream files, truth, contract, fault log.
 *
 * A pure function of its options: same options, same bytes, whatever the machine, time, locale or folder. The window
 * is [start, start + duration]; the export lies inside it by more than its fuzz, so the capture overlaps it on both
 * sides. Errors: ERROR_USAGE for options that cannot be met, ERROR_IO, ERROR_INTERNAL. */
#ifndef LAKEPROOF_GENERATORS_GENERATOR_H
#define LAKEPROOF_GENERATORS_GENERATOR_H

#include "generators/dump_writer.h"
#include "generators/export_writer.h"
#include "generators/only.h"
#include "generators/stream_writer.h"
#include "generators/truth.h"

enum { GENERATOR_EXPORTS_MAX = 3 }; /* the one, a copy of it, the closing one */
enum { GENERATOR_WINDOWS_MAX = 1000 };

/* Names, in the order of the enums. */
/* What is no export is a dump: dump_format_at(format - EXPORT_DUMPS). */
enum export_format { EXPORT_JSON = 0, EXPORT_ION, EXPORT_DUMPS };
#define EXPORT_FORMATS "json|ion|" DUMP_FORMATS
enum export_view { EXPORT_NEW_AND_OLD_IMAGES = 0, EXPORT_NEW_IMAGE };
#define EXPORT_VIEWS "NEW_AND_OLD_IMAGES|NEW_IMAGE"

/* What the service promises: all before a minute ahead of the export's time, nothing after a minute past it. */
#define FUZZ_PROMISED_US (INT64_C(60) * 1000000)

/* Told of each step, so that a program can show progress; members may be NULL. */
struct generator_watch {
	void (*begin)(const char *step, uint64_t total, const char *unit);
	void (*add)(uint64_t units, uint64_t bytes);
	void (*end)(void);
	/* Of each export and each file of the stream, in the order in which they are written, when it arrives; the path
	 * is relative to the root. A stream that lands as a Delta table is told once a commit. */
	void (*landed)(void *context, const char *path, int64_t time_us);
	void *context;
};

struct generator_options {
	struct model_config model;
	int export_percent;      /* of the window; -1 for no export */
	bool second_export;      /* another one after the window, which closes it */
	int64_t fuzz_us;         /* 0 to FUZZ_PROMISED_US; of a dump, half the time that reading it takes */
	unsigned shards;         /* 0: by the number of items */
	const char *prefix;      /* "" for none */
	int export_format;       /* enum export_format, of every full export */
	unsigned windows;        /* incremental exports that follow the full one, to the window's end */
	int windows_view;        /* enum export_view */
	int64_t windows_lead_us; /* the first begins so long before the full export's time */
	struct fault_plan faults;
	enum stream_view view;
	const struct stream_format *format;
	enum stream_time time;
	bool gzip;
	uint64_t envelope_records;
	enum truth_level truth;
	bool no_truth;    /* not even a truth.sqlite that says nothing */
	struct only only; /* items that are told of; then there is no truth either, which is of the whole table */
	bool force;
	const char *reproduce; /* the options as text, kept in the marker file; may be NULL */
	struct generator_watch watch;
};

struct generator_report {
	struct truth_totals totals;
	struct history history; /* counters only: its arrays are gone */
	uint64_t dropped, duplicated;
	unsigned exports;
	struct export_result exported[GENERATOR_EXPORTS_MAX];
	unsigned windows; /* incremental exports that were written */
	uint64_t window_records, window_bytes;
	struct stream_result stream;
	uint64_t files, bytes;
};

/* The demo's: 100,000 items, export mid-history, a stream with duplicates, shuffles and replays, TTL; no table yet,
 * which a workload file brings (workload_file.h). */
void generator_defaults(struct generator_options *options);
/* "pk:S,sk:N" */
int generator_parse_key(const char *text, struct model_config *config, struct error *error) MUST_USE;
/* As fault_parse takes them, several separated by commas; they are added to those that are there. */
int generator_parse_faults(const char *text, struct generator_options *options, struct error *error) MUST_USE;
/* Whether there is anything in what that format lands for that fault to be done to. */
bool generator_fault_fits(const struct stream_format *format, enum fault_id id);
int generator_run(const struct generator_options *options, const char *root, struct generator_report *report,
		  struct error *error) MUST_USE;

#endif
