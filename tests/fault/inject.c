/* Makes the nth call of a kind fail, in a lakeproof that is otherwise the real one.
 *
 *   INJECT=KIND:N[+][:HOW]   the Nth call of KIND fails (with + every one from the Nth on); HOW is the name of an
 *                            errno, "short" (half is read or written) or "kill" (the process ends there, a write
 *                            in its midst)
 *   INJECT_LOG=FILE          receives the number of calls of each kind, whether the fault struck, and who called
 *
 * This is linked in by the linker's --wrap, not preloaded, so that it is plain whose calls are meant. Memory: those of
 * lakeproof's own C, of SQLite, libyaml and libdeflate, which are linked into one object first, and of simdjson; not
 * those of Rust, whose allocator ends the process when memory runs out, as is its way. Files: all calls, Rust's too,
 * but only on regular files and folders, not on what Rust's threads wake each other with. What the C library does by
 * itself, as in writing stdout, is not seen; for that there are devices that are full. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <openssl/evp.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

/* The order is that of the numbers in the log. "change" counts whatever alters a file or folder, a second time. */
#define KINDS(KIND)                                                                                                    \
	KIND(alloc)                                                                                                    \
	KIND(thread)                                                                                                   \
	KIND(open)                                                                                                     \
	KIND(list)                                                                                                     \
	KIND(stat)                                                                                                     \
	KIND(read)                                                                                                     \
	KIND(map)                                                                                                      \
	KIND(lock)                                                                                                     \
	KIND(write)                                                                                                    \
	KIND(truncate)                                                                                                 \
	KIND(sync)                                                                                                     \
	KIND(unlink)                                                                                                   \
	KIND(rename)                                                                                                   \
	KIND(mkdir)                                                                                                    \
	KIND(change)
#define KIND(name) KIND_##name,
enum kind { KINDS(KIND) KIND_COUNT };
#undef KIND

struct log {
	atomic_uint_fast64_t struck;
	uint64_t caller; /* of the first call that failed, from the start of the program: for addr2line */
	atomic_uint_fast64_t calls[KIND_COUNT];
};

enum { SHORT = -1, KILL = -2 };

extern const char __executable_start[];
int __real_open(const char *path, int flags, ...);
int __real_ftruncate(int file, off_t size);

static struct log unlogged;
static struct log *counts = &unlogged;
static enum kind chosen = KIND_COUNT;
static uint64_t first, last;
static int how;

static void misused(const char *text)
{
	(void)dprintf(STDERR_FILENO, "inject: %s\n", text);
	_exit(99);
}

static int parse_how(const char *text)
{
	static const struct {
		const char *name;
		int how;
	} names[] = {{"short", SHORT},	 {"kill", KILL},     {"EIO", EIO},	 {"EINTR", EINTR},
		     {"ENOSPC", ENOSPC}, {"ENOMEM", ENOMEM}, {"EACCES", EACCES}, {"EMFILE", EMFILE},
		     {"EAGAIN", EAGAIN}};
	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
		if (strcmp(names[i].name, text) == 0)
			return names[i].how;
	misused("unknown way to fail");
	return 0;
}

static void open_log(const char *path)
{
	int file = __real_open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
	void *memory = MAP_FAILED;
	if (file >= 0 && __real_ftruncate(file, sizeof(struct log)) == 0)
		memory = mmap(NULL, sizeof(struct log), PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
	if (memory == MAP_FAILED)
		misused("cannot make the log");
	(void)close(file);
	counts = memory;
	memset(memory, 0, sizeof(struct log));
}

__attribute__((constructor)) static void begin(void)
{
#define KIND(name) #name,
	static const char *const names[] = {KINDS(KIND)};
#undef KIND
	const char *log = getenv("INJECT_LOG"), *text = getenv("INJECT");
	char name[20], way[20] = "EIO", plus[2] = "";
	if (log != NULL)
		open_log(log);
	if (text == NULL)
		return;
	enum kind kind = 0;
	if (sscanf(text, "%19[a-z]:%lu%1[+]:%19s", name, &first, plus, way) < 3 &&
	    sscanf(text, "%19[a-z]:%lu:%19s", name, &first, way) < 2)
		misused("INJECT is KIND:N[+][:HOW]");
	while (kind < KIND_COUNT && strcmp(names[kind], name) != 0)
		kind++;
	if (kind == KIND_COUNT)
		misused("unknown kind of call");
	last = plus[0] != '\0' ? UINT64_MAX : first;
	how = parse_how(way);
	memset(counts, 0, sizeof *counts);
	chosen = kind;
}

/* Counts a call; whether it is one that fails. */
static bool counted(enum kind kind, const void *caller)
{
	uint64_t number = atomic_fetch_add(&counts->calls[kind], 1) + 1;
	if (kind != chosen || number < first || number > last)
		return false;
	if (atomic_fetch_add(&counts->struck, 1) == 0)
		counts->caller = (uint64_t)((uintptr_t)caller - (uintptr_t)__executable_start);
	return true;
}

static void end_here(void)
{
	(void)kill(getpid(), SIGKILL);
}

/* Whether a call that is not a transfer fails; errno then says how. */
static bool fails(enum kind kind, const void *caller)
{
	bool alters = kind >= KIND_write;
	if (alters && counted(KIND_change, caller))
		end_here();
	if (!counted(kind, caller))
		return false;
	if (how == KILL)
		end_here();
	errno = how > 0 ? how : EIO;
	return true;
}

#define FAILS(kind) fails(KIND_##kind, __builtin_return_address(0))

/* WRAP(type, name, parameters): declares the real function and begins the one that stands before it. */
#define WRAP(type, name, ...)                                                                                          \
	type __real_##name(__VA_ARGS__);                                                                               \
	type __wrap_##name(__VA_ARGS__);                                                                               \
	type __wrap_##name(__VA_ARGS__)
#define WRAP_PLAIN(kind, failure, type, name, parameters, ...)                                                         \
	WRAP(type, name, __VA_ARGS__)                                                                                  \
	{                                                                                                              \
		return FAILS(kind) ? failure : __real_##name parameters;                                               \
	}
/* In the one object only, so that the real function goes by its own name. */
#define WRAP_MEMORY(failure, type, name, parameters, ...)                                                              \
	type __wrap_##name(__VA_ARGS__);                                                                               \
	type __wrap_##name(__VA_ARGS__)                                                                                \
	{                                                                                                              \
		return FAILS(alloc) ? failure : name parameters;                                                       \
	}

/* ---- memory */

WRAP_MEMORY(NULL, void *, malloc, (size), size_t size)
WRAP_MEMORY(NULL, void *, calloc, (count, size), size_t count, size_t size)
WRAP_MEMORY(NULL, void *, realloc, (old, size), void *old, size_t size)
WRAP_MEMORY(NULL, void *, reallocarray, (old, count, size), void *old, size_t count, size_t size)
WRAP_MEMORY(NULL, char *, strdup, (text), const char *text)
WRAP_MEMORY(NULL, char *, strndup, (text, size), const char *text, size_t size)
WRAP_MEMORY(NULL, char *, realpath, (path, resolved), const char *path, char *resolved)
WRAP_MEMORY(NULL, EVP_MD_CTX *, EVP_MD_CTX_new, (), void)
WRAP_MEMORY(0, int, EVP_DigestInit_ex, (context, type, engine), EVP_MD_CTX *context, const EVP_MD *type,
	    ENGINE *engine)
WRAP_MEMORY(GLOB_NOSPACE, int, glob, (pattern, flags, fails_at, result), const char *pattern, int flags,
	   int (*fails_at)(const char *, int), glob_t *result)

int __wrap_asprintf(char **text, const char *format, ...);
int __wrap_asprintf(char **text, const char *format, ...)
{
	va_list arguments;
	if (FAILS(alloc)) {
		*text = NULL;
		return -1;
	}
	va_start(arguments, format);
	int size = vasprintf(text, format, arguments);
	va_end(arguments);
	return size;
}

/* operator new(size, std::nothrow) and new[]: in the program itself, hence also what libsimdjson.so calls. */
__attribute__((visibility("default"))) void *_ZnwmRKSt9nothrow_t(size_t size, const void *tag);
void *_ZnwmRKSt9nothrow_t(size_t size, const void *tag)
{
	(void)tag;
	return FAILS(alloc) ? NULL : malloc(size);
}

__attribute__((visibility("default"))) void *_ZnamRKSt9nothrow_t(size_t size, const void *tag);
void *_ZnamRKSt9nothrow_t(size_t size, const void *tag)
{
	(void)tag;
	return FAILS(alloc) ? NULL : malloc(size);
}

int __wrap_pthread_create(pthread_t *thread, const pthread_attr_t *traits, void *(*start)(void *), void *argument);
int __wrap_pthread_create(pthread_t *thread, const pthread_attr_t *traits, void *(*start)(void *), void *argument)
{
	return FAILS(thread) ? EAGAIN : pthread_create(thread, traits, start, argument);
}

/* ---- files: how they are reached */

#define WRAP_OPEN(name)                                                                                                \
	WRAP(int, name, const char *path, int flags, ...)                                                              \
	{                                                                                                              \
		va_list arguments;                                                                                     \
		va_start(arguments, flags);                                                                            \
		int mode = (flags & (O_CREAT | O_TMPFILE)) != 0 ? va_arg(arguments, int) : 0;                          \
		va_end(arguments);                                                                                     \
		return FAILS(open) ? -1 : __real_##name(path, flags, mode);                                            \
	}
WRAP_OPEN(open)
WRAP_OPEN(open64)
WRAP_PLAIN(open, NULL, DIR *, opendir, (path), const char *path)
WRAP_PLAIN(open, NULL, DIR *, fdopendir, (file), int file)
WRAP_PLAIN(list, -1, int, scandir, (path, list, keep, order), const char *path, struct dirent ***list,
	   int (*keep)(const struct dirent *), int (*order)(const struct dirent **, const struct dirent **))
WRAP_PLAIN(list, NULL, struct dirent *, readdir, (folder), DIR *folder)
WRAP_PLAIN(list, NULL, struct dirent64 *, readdir64, (folder), DIR *folder)
WRAP_PLAIN(stat, -1, int, stat, (path, into), const char *path, struct stat *into)
WRAP_PLAIN(stat, -1, int, stat64, (path, into), const char *path, struct stat64 *into)
WRAP_PLAIN(stat, -1, int, lstat, (path, into), const char *path, struct stat *into)
WRAP_PLAIN(stat, -1, int, lstat64, (path, into), const char *path, struct stat64 *into)
WRAP_PLAIN(stat, -1, int, fstat, (file, into), int file, struct stat *into)
WRAP_PLAIN(stat, -1, int, fstat64, (file, into), int file, struct stat64 *into)
WRAP_PLAIN(lock, -1, int, flock, (file, operation), int file, int operation)
WRAP_PLAIN(unlink, -1, int, unlink, (path), const char *path)
WRAP_PLAIN(rename, -1, int, rename, (from, to), const char *from, const char *to)
WRAP_PLAIN(mkdir, -1, int, mkdir, (path, mode), const char *path, mode_t mode)
WRAP_PLAIN(truncate, -1, int, ftruncate, (file, size), int file, off_t size)
WRAP_PLAIN(truncate, -1, int, ftruncate64, (file, size), int file, off_t size)
WRAP_PLAIN(sync, -1, int, fsync, (file), int file)
WRAP_PLAIN(sync, -1, int, fdatasync, (file), int file)
WRAP_PLAIN(map, MAP_FAILED, void *, mmap64, (at, size, access_to, flags, file, offset), void *at, size_t size,
	   int access_to, int flags, int file, off_t offset)

WRAP(int, fcntl64, int file, int command, ...)
{
	va_list arguments;
	va_start(arguments, command);
	void *argument = va_arg(arguments, void *);
	va_end(arguments);
	bool locks = command == F_SETLK || command == F_SETLKW || command == F_GETLK;
	return locks && FAILS(lock) ? -1 : __real_fcntl64(file, command, argument);
}

/* ---- files: what is read and written */

static bool is_file(int file)
{
	struct stat status;
	int kept = errno;
	bool is = __real_fstat(file, &status) == 0 && S_ISREG(status.st_mode);
	errno = kept;
	return is;
}

/* A transfer of *size bytes: whether it fails at once, else *size is what may be transferred. */
static bool transfer_fails(enum kind kind, int file, size_t *size, bool *ends, const void *caller)
{
	*ends = false;
	if (!is_file(file))
		return false;
	if (kind == KIND_write && counted(KIND_change, caller))
		*ends = true;
	if (counted(kind, caller)) {
		if (how > 0) {
			errno = how;
			return true;
		}
		*ends = *ends || how == KILL;
		*size -= *size / 2;
	}
	if (*ends)
		*size /= 2;
	return false;
}

#define TRANSFER(kind, call)                                                                                           \
	{                                                                                                              \
		bool ends;                                                                                             \
		if (transfer_fails(KIND_##kind, file, &size, &ends, __builtin_return_address(0)))                     \
			return -1;                                                                                     \
		ssize_t result = (call);                                                                               \
		if (ends)                                                                                              \
			end_here();                                                                                    \
		return result;                                                                                         \
	}
WRAP(ssize_t, read, int file, void *bytes, size_t size)
TRANSFER(read, __real_read(file, bytes, size))
WRAP(ssize_t, __read_chk, int file, void *bytes, size_t size, size_t room)
TRANSFER(read, __real___read_chk(file, bytes, size, room))
WRAP(ssize_t, pread, int file, void *bytes, size_t size, off_t offset)
TRANSFER(read, __real_pread(file, bytes, size, offset))
WRAP(ssize_t, pread64, int file, void *bytes, size_t size, off_t offset)
TRANSFER(read, __real_pread64(file, bytes, size, offset))
WRAP(ssize_t, write, int file, const void *bytes, size_t size)
TRANSFER(write, __real_write(file, bytes, size))
WRAP(ssize_t, pwrite64, int file, const void *bytes, size_t size, off_t offset)
TRANSFER(write, __real_pwrite64(file, bytes, size, offset))

/* A stream whose reads and writes are counted like any other. */
static ssize_t stream_read(void *context, char *bytes, size_t size)
{
	return __wrap_read(*(int *)context, bytes, size);
}

/* A cookie's write says 0 for an error. */
static ssize_t stream_write(void *context, const char *bytes, size_t size)
{
	ssize_t written = __wrap_write(*(int *)context, bytes, size);
	return written < 0 ? 0 : written;
}

static int stream_close(void *context)
{
	int code = close(*(int *)context);
	free(context);
	return code;
}

WRAP(FILE *, fopen, const char *path, const char *mode)
{
	static const cookie_io_functions_t functions = {stream_read, stream_write, NULL, stream_close};
	int flags = mode[0] == 'r' ? O_RDONLY : O_WRONLY | O_CREAT | (mode[0] == 'a' ? O_APPEND : O_TRUNC);
	if (FAILS(open))
		return NULL;
	int file = __real_open(path, flags | O_CLOEXEC, 0666);
	if (file < 0)
		return NULL;
	int *context = malloc(sizeof *context);
	if (context == NULL)
		misused("out of memory");
	*context = file;
	return fopencookie(context, mode[0] == 'r' ? "r" : "w", functions);
}
