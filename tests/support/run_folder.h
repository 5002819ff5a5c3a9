/* run_folder - a run's folder with cells of every kind, made through cell_write; for tests only. Whatever fails aborts
 * the test. */
#ifndef LAKEPROOF_TESTS_RUN_FOLDER_H
#define LAKEPROOF_TESTS_RUN_FOLDER_H

#include <stdint.h>

#include "reports/run_record.h"

struct run_folder {
	const char *name;
	int64_t started_us;
	uint32_t pipelines, scenarios, seeds;
	bool all_pass; /* else every state there is */
};

/* Texts that break what does not escape them. */
#define RUN_FOLDER_HOSTILE                                                                                             \
	"</script><b>\"'&]]> \xe2\x80\xae\xd7\xa9\xd7\x9c\xd7\x95\xd7\x9d\xe2\x80\xac | # \\ `x` \x01"

void run_folder_make(const char *folder, const struct run_folder *shape);

#endif
