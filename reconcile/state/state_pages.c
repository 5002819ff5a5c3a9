#include "reconcile/state/state_pages.h"

#include <pthread.h>
#include <sqlite3.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

enum { HEADER_SIZE = 100, CONTENT_SIZE = STATE_PAGE - STATE_PAGE_SPARE };

/* The database; the file of the layer below follows it in memory. */
struct paged_file {
	sqlite3_file base;
	uint8_t *page; /* what is written, with its checksum; NULL until something is */
};

static sqlite3_vfs *below;

static sqlite3_file *real_of(sqlite3_file *file)
{
	return (sqlite3_file *)((struct paged_file *)file + 1);
}

static uint64_t page_checksum(const uint8_t *page, sqlite3_int64 offset)
{
	return XXH64(page, CONTENT_SIZE, (uint64_t)offset);
}

static bool page_whole(const uint8_t *page, sqlite3_int64 offset)
{
	uint64_t stored;
	memcpy(&stored, page + CONTENT_SIZE, sizeof(stored));
	return stored == page_checksum(page, offset) || (page[0] == 0 && memcmp(page, page + 1, STATE_PAGE - 1) == 0);
}

static int read_page(sqlite3_file *file, void *bytes, int size, sqlite3_int64 offset)
{
	sqlite3_file *real = real_of(file);
	int code = real->pMethods->xRead(real, bytes, size, offset);
	if (code != SQLITE_OK)
		return code;
	/* Parts of the header are read ahead of their page, which is read whole before they are relied on. */
	if (offset + size <= HEADER_SIZE)
		return SQLITE_OK;
	return size == STATE_PAGE && offset % STATE_PAGE == 0 && page_whole(bytes, offset) ? SQLITE_OK : SQLITE_CORRUPT;
}

static int write_page(sqlite3_file *file, const void *bytes, int size, sqlite3_int64 offset)
{
	struct paged_file *paged = (struct paged_file *)file;
	sqlite3_file *real = real_of(file);
	if (size != STATE_PAGE || offset % STATE_PAGE != 0)
		return SQLITE_IOERR_WRITE;
	if (paged->page == NULL && (paged->page = malloc(STATE_PAGE)) == NULL)
		return SQLITE_IOERR_NOMEM;
	memcpy(paged->page, bytes, CONTENT_SIZE);
	uint64_t checksum = page_checksum(paged->page, offset);
	memcpy(paged->page + CONTENT_SIZE, &checksum, sizeof(checksum));
	return real->pMethods->xWrite(real, paged->page, STATE_PAGE, offset);
}

static int close_file(sqlite3_file *file)
{
	sqlite3_file *real = real_of(file);
	free(((struct paged_file *)file)->page);
	return real->pMethods->xClose(real);
}

/* ---- the rest is as it is below */

static int truncate_file(sqlite3_file *file, sqlite3_int64 size)
{
	return real_of(file)->pMethods->xTruncate(real_of(file), size);
}

static int sync_file(sqlite3_file *file, int flags)
{
	return real_of(file)->pMethods->xSync(real_of(file), flags);
}

static int file_size(sqlite3_file *file, sqlite3_int64 *size)
{
	return real_of(file)->pMethods->xFileSize(real_of(file), size);
}

static int lock_file(sqlite3_file *file, int level)
{
	return real_of(file)->pMethods->xLock(real_of(file), level);
}

static int unlock_file(sqlite3_file *file, int level)
{
	return real_of(file)->pMethods->xUnlock(real_of(file), level);
}

static int check_reserved(sqlite3_file *file, int *reserved)
{
	return real_of(file)->pMethods->xCheckReservedLock(real_of(file), reserved);
}

static int control_file(sqlite3_file *file, int operation, void *argument)
{
	return real_of(file)->pMethods->xFileControl(real_of(file), operation, argument);
}

static int sector_size(sqlite3_file *file)
{
	return real_of(file)->pMethods->xSectorSize(real_of(file));
}

static int traits(sqlite3_file *file)
{
	int bits = real_of(file)->pMethods->xDeviceCharacteristics(real_of(file));
#ifdef SQLITE_IOCAP_SUBPAGE_READ
	bits &= ~SQLITE_IOCAP_SUBPAGE_READ; /* half a page has no checksum */
#endif
	return bits;
}

/* Version 1: without shared memory (no WAL) and without mapped pages, which would come unread. */
static const sqlite3_io_methods methods = {
	.iVersion = 1,
	.xClose = close_file,
	.xRead = read_page,
	.xWrite = write_page,
	.xTruncate = truncate_file,
	.xSync = sync_file,
	.xFileSize = file_size,
	.xLock = lock_file,
	.xUnlock = unlock_file,
	.xCheckReservedLock = check_reserved,
	.xFileControl = control_file,
	.xSectorSize = sector_size,
	.xDeviceCharacteristics = traits,
};

static int open_file(sqlite3_vfs *vfs, const char *name, sqlite3_file *file, int flags, int *given)
{
	(void)vfs;
	/* Journals have checksums of their own, and temporary files end with the process. */
	if ((flags & SQLITE_OPEN_MAIN_DB) == 0)
		return below->xOpen(below, name, file, flags, given);
	*(struct paged_file *)file = (struct paged_file){0};
	int code = below->xOpen(below, name, real_of(file), flags, given);
	if (real_of(file)->pMethods != NULL)
		file->pMethods = &methods;
	return code;
}

static const char vfs_name[] = "lakeproof-pages";

static void register_pages(void)
{
	static sqlite3_vfs pages;
	below = sqlite3_vfs_find(NULL);
	if (below == NULL)
		return;
	/* Whatever else a file system does is done by the one below, which is told apart by nothing but xOpen. */
	pages = *below;
	pages.zName = vfs_name;
	pages.szOsFile = (int)sizeof(struct paged_file) + below->szOsFile;
	pages.xOpen = open_file;
	if (sqlite3_vfs_register(&pages, 0) != SQLITE_OK)
		below = NULL;
}

const char *state_pages(void)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	pthread_once(&once, register_pages);
	return below != NULL ? vfs_name : NULL;
}
