/* Generated histories that lose something: in every format and with every fault what is proven is still true, and what
 * is lost shows wherever it can. Argument: [seed]. */
#include "tests/property/generated.h"

static const char *rate_for(enum fault_id id)
{
	if (id == FAULT_NUMBER_DOUBLE || id == FAULT_SET_AS_LIST || id == FAULT_BINARY_AS_TEXT)
		return ":30%"; /* Not every record has what they spoil. */
	switch (fault_kinds[id].stage) {
	case STAGE_LOSS:
		return id == FAULT_DROP_REMOVE || id == FAULT_LATE_START ? "" : ":12";
	case STAGE_RECORD:
		return id == FAULT_BAD_HUGE ? ":1" : ":3";
	default:
		return "";
	}
}

/* Rows have no images of what was before, so that a record that is missing need not show. */
static bool shows(enum fault_id id, const struct history_case *what)
{
	bool lost = fault_kinds[id].stage == STAGE_LOSS && id != FAULT_LATE_START;
	return fault_kinds[id].harm != FAULT_ODD && !(lost && what->format != NULL && what->format->rows != 0);
}

/* An export that lies about its time is not always seen through. */
static bool holds(enum fault_id id, const struct history_case *what)
{
	struct checked checked = check(what);
	bool seen = checked.unproven > 0 || checked.problems > 0 || !shows(id, what);
	bool held = seen && (checked.wrong == 0 || id == FAULT_EXPORT_FUZZ) &&
		    (checked.unheard == 0 || checked.problems > 0);
	if (!held)
		print_counts(&checked);
	return held;
}

/* All stages but those of exports, whose faults do not depend on how records land. */
static void test_landed(void)
{
	const struct stream_format *format;

	for (unsigned id = 0; id < FAULT_COUNT; id++) {
		const struct fault_kind *kind = &fault_kinds[id];
		bool held = true;
		char fault[64];
		const char *preset = id == FAULT_NUMBER_DOUBLE ? "kitchen-sink" : NULL;
		if (kind->harm == FAULT_HARMLESS || kind->stage == STAGE_WINDOW || kind->stage == STAGE_EXPORT)
			continue;
		snprintf(fault, sizeof(fault), "%s%s", kind->name, rate_for((enum fault_id)id));
		for (size_t f = 0; (format = stream_format_at(f)) != NULL; f++) {
			if (format->parquet != NULL)
				continue; /* The bridge that writes it is not here. */
			/* One record of 17 MB is as large in all of them. */
			if (!generator_fault_fits(format, (enum fault_id)id))
				continue;
			if (f > 0 && (id == FAULT_BAD_HUGE || (id + f) % (5 / scaled(5)) != 0))
				continue;
			const struct history_case what = {.preset = preset,
							  .faults = fault,
							  .format = format,
							  .view = VIEW_NEW_AND_OLD_IMAGES,
							  .gzip = id == FAULT_TRUNCATE_GZIP,
							  .few = f > 0};
			bool fine = holds((enum fault_id)id, &what);
			if (!fine)
				printf("#   format %s\n", format->name);
			held = held && fine;
		}
		ok(held, "%s, in every format: what is proven is true, and that something is missing shows", fault);
	}
}

/* Whether an export of that form can have that fault. */
static bool applies(enum fault_id id, const struct dump_format *dump)
{
	if (dump == NULL)
		return true;
	return id != FAULT_WRONG_MD5 && id != FAULT_STRAY_EXPORT &&
	       (id != FAULT_MISSING_EXPORT_FILE || dump->manifest) && (id != FAULT_WRONG_COUNT || dump->counts);
}

static void test_exports(void)
{
	static const char *const names[] = {"json", "ion"};

	for (int form = 0; form < EXPORT_DUMPS || dump_format_at((size_t)(form - EXPORT_DUMPS)) != NULL; form++) {
		const struct dump_format *dump = form < EXPORT_DUMPS ? NULL
								     : dump_format_at((size_t)(form - EXPORT_DUMPS));
		if (dump != NULL && dump->parquet)
			continue; /* The bridge that writes it is not here. */
		for (unsigned id = 0; id < FAULT_COUNT; id++) {
			const struct fault_kind *kind = &fault_kinds[id];
			if (kind->harm == FAULT_HARMLESS || kind->stage != STAGE_EXPORT ||
			    !applies((enum fault_id)id, dump))
				continue;
			ok(holds((enum fault_id)id, &(struct history_case){.faults = kind->name,
									   .view = VIEW_NEW_AND_OLD_IMAGES,
									   .gzip = id % 2 == 0,
									   .export_format = form}),
			   "%s, an export as %s: what is proven is true, and that something is missing shows",
			   kind->name, dump != NULL ? dump->name : names[form]);
		}
	}
}

/* With a closing export nothing that was lost can make a wrong state proven, not even a key's last change. */
static void test_closed(void)
{
	static const char *const faults[] = {"drop-record:20%", "drop-remove", "error-prefix:50",
					     "drop-record:100%@60-100", "drop-record:100%/shard=1"};
	int form = 0;

	for (size_t i = 0; i < sizeof(faults) / sizeof(faults[0]); i++) {
		for (unsigned dumped = 0; dumped < 2; dumped++) {
			form = !dumped ? EXPORT_JSON : EXPORT_DUMPS + (int)i;
			struct checked checked = check(&(struct history_case){.faults = faults[i],
									      .view = VIEW_NEW_AND_OLD_IMAGES,
									      .closing_export = true,
									      .export_format = form});
			bool held = checked.wrong + checked.excused + checked.unheard == 0 &&
				    checked.proven + checked.unproven > 200;
			if (!held)
				print_counts(&checked);
			ok(held, "%s, with a closing %s: nothing wrong is proven", faults[i],
			   dumped ? dump_format_at(i)->name : "export");
		}
	}
}

int main(int argc, char **argv)
{
	generated_begin(argc, argv);
	test_landed();
	test_exports();
	test_closed();
	return tap_done();
}
