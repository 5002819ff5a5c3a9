/* workload - the generator's options with a preset's table, for tests; what they point to is freed at exit. */
#ifndef LAKEPROOF_TESTS_WORKLOAD_H
#define LAKEPROOF_TESTS_WORKLOAD_H

#include <stdio.h>
#include <stdlib.h>

#include "generators/workload_file.h"

enum { TEST_WORKLOADS_MAX = 1000 };
static struct workload_file *test_workloads[TEST_WORKLOADS_MAX];
static unsigned test_workload_count;

static inline void test_workloads_free(void)
{
	for (unsigned i = 0; i < test_workload_count; i++)
		workload_file_free(test_workloads[i]);
}

static inline void test_workload(struct generator_options *options, const char *preset)
{
	struct error error = {0, ""};

	if (test_workload_count == 0)
		(void)atexit(test_workloads_free);
	generator_defaults(options);
	if (test_workload_count == TEST_WORKLOADS_MAX ||
	    workload_file_preset(preset, options, &test_workloads[test_workload_count++], &error) != 0) {
		printf("# %s\n", error.message);
		abort();
	}
}

#endif
