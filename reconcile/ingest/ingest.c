#include "reconcile/ingest/ingest.h"

#include <inttypes.h>
#include <stdlib.h>

#include "reconcile/ingest/ingest_lake.h"

/* A run that was killed may have merged a file for some lakes only. If it is gone now, the others lack it. */
static int settle_between(struct ingest_lake *lakes, uint32_t count, struct error *error)
{
	int code = 0;
	for (uint32_t one = 0; one < count && code == 0; one++) {
		struct run *run = lakes[one].run;
		for (uint32_t other = 0; other < count && code == 0; other++) {
			const struct run *from = lakes[other].run;
			for (uint64_t i = 0; i < from->problem_count && other != one && code == 0; i++) {
				const struct state_problem *problem = &from->problems[i];
				bool told = strcmp(problem->id, "source.gone") != 0;
				for (uint64_t j = 0; j < run->problem_count && !told; j++)
					told = strcmp(run->problems[j].id, problem->id) == 0 &&
					       strcmp(run->problems[j].path, problem->path) == 0;
				if (!told)
					code = run_problem(run, problem, error);
			}
		}
	}
	return code;
}

int ingest_sources(struct run *run, struct error *error)
{
	const struct run_watch *watch = &run->options.watch;
	uint32_t count = 0;
	uint64_t redigested = 0;
	for (const struct run *one = run; one != NULL; one = one->next)
		count++;
	struct ingest_lake *lakes = calloc(count, sizeof *lakes);
	if (lakes == NULL)
		return error_set(error, ERROR_INTERNAL, "out of memory");
	int code = 0;
	for (uint32_t i = 0; i < count && code == 0; i++, run = run->next) {
		lakes[i].run = run;
		code = ingest_lake_list(&lakes[i], lakes, error);
		if (code == 0)
			code = ingest_lake_plan(&lakes[i], error);
		redigested += lakes[i].redigested;
	}
	if (code == 0)
		code = settle_between(lakes, count, error);
	if (code == 0 && redigested > 0 && watch->note != NULL)
		watch->note("the contract's key, columns or ignores, or an export's manifests changed: %" PRIu64
			    " files are read again",
			    redigested);
	if (code == 0)
		code = ingest_lake_read_all(lakes, count, error);
	for (uint32_t i = 0; i < count && code == 0; i++)
		code = ingest_lake_adopt(&lakes[i], error);
	for (uint32_t i = 0; i < count; i++)
		ingest_lake_release(&lakes[i]);
	free(lakes);
	return code;
}
