#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "reconcile/ingest/ingest_lake.h"

/* What is read, by all threads, for all lakes. */
struct reading {
	struct run *run; /* the first */
	struct ingest_job *jobs;
	struct ingest_work **works; /* of the jobs */
	uint64_t job_count;
	atomic_uint_fast64_t next;
	atomic_bool stop;
};

static int larger_first(const void *left, const void *right)
{
	const struct ingest_job *a = left, *b = right;
	if (a->size_bytes != b->size_bytes)
		return a->size_bytes < b->size_bytes ? 1 : -1;
	return strcmp(a->path, b->path);
}

static void add_job(struct reading *reading, struct ingest_lake *lakes, uint32_t first, uint32_t end,
		    uint32_t lake_count, uint64_t index)
{
	struct ingest_work **works = reading->works + reading->job_count * lake_count;
	struct ingest_job job = {.works = works};
	for (uint32_t lake = first; lake < end; lake++) {
		struct ingest_work *work = &lakes[lake].works[index];
		if (!work->wanted)
			continue;
		works[lake] = work;
		job.size_bytes = work->size_bytes;
		job.path = work->path;
	}
	if (job.path != NULL)
		reading->jobs[reading->job_count++] = job;
}

/* A file of a source is one job for all lakes, one of a lake a job of its own. */
static int make_jobs(struct reading *reading, struct ingest_lake *lakes, uint32_t lake_count, struct error *error)
{
	uint64_t most = lakes[0].shared;
	for (uint32_t lake = 0; lake < lake_count; lake++)
		most += lakes[lake].count - lakes[lake].shared;
	reading->jobs = calloc(most + 1, sizeof(*reading->jobs));
	reading->works = calloc((most + 1) * lake_count, sizeof(*reading->works));
	if (reading->jobs == NULL || reading->works == NULL)
		return error_set(error, ERROR_INTERNAL, "out of memory");
	for (uint64_t i = 0; i < lakes[0].shared; i++)
		add_job(reading, lakes, 0, lake_count, lake_count, i);
	for (uint32_t lake = 0; lake < lake_count; lake++)
		for (uint64_t i = lakes[lake].shared; i < lakes[lake].count; i++)
			add_job(reading, lakes, lake, lake + 1, lake_count, i);
	qsort(reading->jobs, reading->job_count, sizeof(*reading->jobs), larger_first);
	return 0;
}

struct ingest_thread {
	pthread_t thread;
	struct reading *reading;
	struct error error;
	int code;
};

static void *work_through(void *argument)
{
	struct ingest_thread *self = argument;
	struct reading *reading = self->reading;
	const struct run_watch *watch = &reading->run->options.watch;
	struct ingest_worker *worker = NULL;
	self->code = ingest_worker_new(reading->run, &worker, &self->error);
	while (self->code == 0 && !atomic_load(&reading->stop)) {
		uint64_t next = atomic_fetch_add(&reading->next, 1);
		if (next >= reading->job_count)
			break;
		const struct ingest_job *job = &reading->jobs[next];
		self->code = ingest_worker_read(worker, job, &self->error);
		if (self->code == 0 && watch->add != NULL)
			watch->add(1, job->size_bytes);
	}
	if (self->code == 0)
		self->code = ingest_worker_flush(worker, &self->error);
	else
		atomic_store(&reading->stop, true);
	ingest_worker_free(worker);
	return NULL;
}

static int read_queue(struct reading *reading, struct error *error)
{
	enum { THREADS_MAX = 64 };
	struct ingest_thread threads[THREADS_MAX];
	uint32_t jobs = reading->run->options.jobs, count = jobs < THREADS_MAX ? jobs : THREADS_MAX;
	int code = 0;
	uint32_t started = 0;
	for (; started < count; started++) {
		threads[started] = (struct ingest_thread){.reading = reading};
		if (pthread_create(&threads[started].thread, NULL, work_through, &threads[started]) != 0)
			break;
	}
	if (started == 0)
		return error_set(error, ERROR_INTERNAL, "cannot start a thread");
	for (uint32_t i = 0; i < started; i++) {
		pthread_join(threads[i].thread, NULL);
		if (threads[i].code != 0 && code == 0) {
			*error = threads[i].error;
			code = threads[i].code;
		}
	}
	return code;
}

int ingest_lake_read_all(struct ingest_lake *lakes, uint32_t count, struct error *error)
{
	struct reading reading = {.run = lakes[0].run};
	const struct run_watch *watch = &reading.run->options.watch;
	int code = make_jobs(&reading, lakes, count, error);
	if (code == 0 && reading.job_count > 0) {
		if (watch->begin != NULL)
			watch->begin("reading", reading.job_count, "files");
		code = read_queue(&reading, error);
		if (watch->end != NULL)
			watch->end();
	}
	free(reading.jobs);
	free(reading.works);
	return code;
}
