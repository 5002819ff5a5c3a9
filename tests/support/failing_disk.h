/* failing_disk - SQLite's files on a disk that fails at the nth write: it is full, or the process ends in its midst.
 *
 * Header-only, for tests. failing_disk_begin once, before any database is opened; then `fault` and `writes_left` say
 * what happens when. Half of the bytes of the failing write are written. */
#ifndef LAKEPROOF_TESTS_FAILING_DISK_H
#define LAKEPROOF_TESTS_FAILING_DISK_H

#include <sqlite3.h>
#include <string.h>
#include <unistd.h>

enum fault { FAULT_NONE, FAULT_KILL, FAULT_FULL };

static enum fault fault;
static long writes_left;
static sqlite3_vfs *real_vfs;

struct shim_file {
	sqlite3_file base;
	sqlite3_file *real;
};

/* Half of what was to be written is: a write is not one step. */
static int shim_write(sqlite3_file *file, const void *bytes, int size, sqlite3_int64 offset)
{
	sqlite3_file *real = ((struct shim_file *)file)->real;
	if (fault != FAULT_NONE && --writes_left <= 0) {
		real->pMethods->xWrite(real, bytes, size / 2, offset);
		if (fault == FAULT_KILL)
			_exit(9);
		return SQLITE_FULL;
	}
	return real->pMethods->xWrite(real, bytes, size, offset);
}

static int shim_truncate(sqlite3_file *file, sqlite3_int64 size)
{
	sqlite3_file *real = ((struct shim_file *)file)->real;
	if (fault == FAULT_KILL && --writes_left <= 0)
		_exit(9);
	return real->pMethods->xTruncate(real, size);
}

static int shim_sync(sqlite3_file *file, int flags)
{
	sqlite3_file *real = ((struct shim_file *)file)->real;
	if (fault == FAULT_KILL && --writes_left <= 0)
		_exit(9);
	return real->pMethods->xSync(real, flags);
}

#define PASS(name, parameters, ...)                                                                                    \
	static int name parameters                                                                                     \
	{                                                                                                              \
		sqlite3_file *real = ((struct shim_file *)file)->real;                                                 \
		return real->pMethods->__VA_ARGS__;                                                                    \
	}
PASS(shim_read, (sqlite3_file * file, void *bytes, int size, sqlite3_int64 offset), xRead(real, bytes, size, offset))
PASS(shim_size, (sqlite3_file * file, sqlite3_int64 *size), xFileSize(real, size))
PASS(shim_lock, (sqlite3_file * file, int level), xLock(real, level))
PASS(shim_unlock, (sqlite3_file * file, int level), xUnlock(real, level))
PASS(shim_reserved, (sqlite3_file * file, int *result), xCheckReservedLock(real, result))
PASS(shim_control, (sqlite3_file * file, int operation, void *argument), xFileControl(real, operation, argument))
PASS(shim_sector, (sqlite3_file * file), xSectorSize(real))
PASS(shim_traits, (sqlite3_file * file), xDeviceCharacteristics(real))

static int shim_close(sqlite3_file *file)
{
	sqlite3_file *real = ((struct shim_file *)file)->real;
	int code = real->pMethods->xClose(real);
	sqlite3_free(real);
	return code;
}

static int shim_open(sqlite3_vfs *vfs, const char *name, sqlite3_file *file, int flags, int *given)
{
	static const sqlite3_io_methods methods = {
		.iVersion = 1,
		.xClose = shim_close,
		.xRead = shim_read,
		.xWrite = shim_write,
		.xTruncate = shim_truncate,
		.xSync = shim_sync,
		.xFileSize = shim_size,
		.xLock = shim_lock,
		.xUnlock = shim_unlock,
		.xCheckReservedLock = shim_reserved,
		.xFileControl = shim_control,
		.xSectorSize = shim_sector,
		.xDeviceCharacteristics = shim_traits,
	};
	struct shim_file *shim = (struct shim_file *)file;
	(void)vfs;
	shim->base.pMethods = NULL;
	shim->real = sqlite3_malloc(real_vfs->szOsFile);
	if (shim->real == NULL)
		return SQLITE_NOMEM;
	memset(shim->real, 0, (size_t)real_vfs->szOsFile);
	int code = real_vfs->xOpen(real_vfs, name, shim->real, flags, given);
	if (code == SQLITE_OK)
		shim->base.pMethods = &methods;
	else
		sqlite3_free(shim->real);
	return code;
}

static inline void failing_disk_begin(void)
{
	static sqlite3_vfs shim;
	real_vfs = sqlite3_vfs_find(NULL);
	shim = *real_vfs;
	shim.zName = "shim";
	shim.szOsFile = sizeof(struct shim_file);
	shim.xOpen = shim_open;
	sqlite3_vfs_register(&shim, 1);
}

#endif
