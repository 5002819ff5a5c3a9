#include "harness/runner/sessions.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "harness/runner/folder.h"

enum { SESSIONS_MEMORY_MAX = 16 * 1024 * 1024, READY_POLL_US = 20000, STOP_GRACE_US = 10000000 };

static bool same_words(const struct pipeline_words *a, const struct pipeline_words *b)
{
	if (a->count != b->count)
		return false;
	for (uint32_t i = 0; i < a->count; i++)
		if (strcmp(a->words[i], b->words[i]) != 0)
			return false;
	return true;
}

const struct session *sessions_of(const struct sessions *sessions, const struct pipeline_file *pipeline)
{
	for (uint32_t i = 0; i < sessions->count && pipeline->session.count > 0; i++)
		if (same_words(&sessions->list[i].pipeline->session, &pipeline->session))
			return &sessions->list[i];
	return NULL;
}

static const char **environment_of(const struct session *session, const char *program_folder, struct arena *arena)
{
	const char *path = getenv("PATH");
	size_t count = 0, kept = 0;

	while (environ[count] != NULL)
		count++;
	const char **made = arena_array(arena, count + 3, sizeof(*made));
	if (made == NULL)
		return NULL;
	made[kept++] = arena_text(arena, "LAKEPROOF_SESSION=%s", session->folder);
	made[kept++] = arena_text(arena, "PATH=%s%s%s", program_folder != NULL ? program_folder : "",
				  program_folder != NULL ? ":" : "", path != NULL ? path : "/usr/bin:/bin");
	for (size_t i = 0; i < count; i++)
		if (strncmp(environ[i], "LAKEPROOF_", 10) != 0 && strncmp(environ[i], "PATH=", 5) != 0)
			made[kept++] = environ[i];
	made[kept] = NULL;
	return made[0] != NULL && made[1] != NULL ? made : NULL;
}

/* ${LAKEPROOF_SESSION} is all that its words may ask for. */
static const char *word_of(const char *word, const struct session *session, struct arena *arena)
{
	static const char name[] = "${LAKEPROOF_SESSION}";
	const char *found = strstr(word, name);

	if (found == NULL)
		return word;
	return arena_text(arena, "%.*s%s%s", (int)(found - word), word, session->folder, found + strlen(name));
}

static int start(struct session *session, const char *program_folder, struct arena *arena, struct error *error)
{
	const struct pipeline_words *from = &session->pipeline->session;
	const char **words = arena_array(arena, (size_t)from->count + 1, sizeof(*words));
	const char **environment = environment_of(session, program_folder, arena);
	const char *out = arena_text(arena, "%s/session.out", session->folder);
	const char *err = arena_text(arena, "%s/session.err", session->folder);
	struct error why = {0};

	if (words == NULL || environment == NULL || out == NULL || err == NULL)
		return error_set(error, ERROR_INTERNAL, "out of memory for a session");
	for (uint32_t i = 0; i < from->count; i++)
		words[i] = word_of(from->words[i], session, arena);
	words[from->count] = NULL;
	if (folder_make(session->folder, error) != 0)
		return error->code;
	const struct process_plan plan = {.words = words,
					  .environment = environment,
					  .folder = session->pipeline->folder,
					  .out = out,
					  .err = err};
	if (process_start(&plan, &session->process, &why) != 0) {
		session->failed = true;
		(void)fprintf(stderr, "lakeproof run: session of %s: %s\n", session->pipeline->name, why.message);
	}
	return 0;
}

static void await(struct session *session, struct arena *arena)
{
	const char *ready = arena_text(arena, "%s/%s", session->folder, session->pipeline->session_ready);

	while (!session->failed && process_interrupted() == 0) {
		bool over = process_now_us() - session->process.started_us > session->pipeline->limits.setup_us;
		if (ready != NULL && folder_has(ready))
			return;
		session->failed = ready == NULL || over || process_has_ended(&session->process);
		if (session->failed)
			(void)fprintf(stderr, "lakeproof run: the session of %s %s; its output is in \"%s\"\n",
				      session->pipeline->name, over ? "is not ready within its limit" : "has ended",
				      session->folder);
		else
			usleep(READY_POLL_US);
	}
}

int sessions_start(const struct selection *selection, const bool *wanted, const char *folder,
		   const char *program_folder, struct sessions *sessions, struct error *error)
{
	*sessions = (struct sessions){.count = 0};
	arena_init(&sessions->arena, SESSIONS_MEMORY_MAX);
	sessions->list = arena_array(&sessions->arena, (size_t)selection->file_count + 1, sizeof(*sessions->list));
	if (sessions->list == NULL)
		return error_set(error, ERROR_INTERNAL, "out of memory for sessions");
	for (uint32_t i = 0; i < selection->cell_count; i++) {
		const struct pipeline_file *pipeline = selection->cells[i].pipeline->file;
		if (!wanted[i] || pipeline->session.count == 0 || sessions_of(sessions, pipeline) != NULL)
			continue;
		struct session *session = &sessions->list[sessions->count++];
		*session = (struct session){.pipeline = pipeline,
					    .process = {.handle = -1},
					    .folder = arena_text(&sessions->arena, "%s/sessions/%u", folder,
								 sessions->count)};
		if (session->folder == NULL)
			return error_set(error, ERROR_INTERNAL, "out of memory for sessions");
		/* That of a run that was interrupted says nothing of this one. */
		if (folder_remove(session->folder, error) != 0 ||
		    start(session, program_folder, &sessions->arena, error) != 0)
			return error->code;
	}
	for (uint32_t i = 0; i < sessions->count; i++)
		await(&sessions->list[i], &sessions->arena);
	return 0;
}

void sessions_stop(struct sessions *sessions)
{
	for (uint32_t i = 0; i < sessions->count; i++)
		process_stop(&sessions->list[i].process, STOP_GRACE_US, NULL);
	arena_release(&sessions->arena);
}
