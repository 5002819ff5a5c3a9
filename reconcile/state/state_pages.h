/* state_pages - the layer below SQLite that gives every page of a state its checksum.
 *
 * Invariant: a page that SQLite gets is one that SQLite wrote to that place, or the read fails as SQLITE_CORRUPT; so no
 * damage, be it to facts, to what is known of files or to the tree that finds them, is ever taken for data. The last
 * STATE_PAGE_SPARE bytes of a page are XXH64 of the others, seeded with the page's offset; SQLite leaves them alone
 * since the database's header reserves them. A page of nothing but zeros is one that was never written: the file ends
 * before it or has a hole there, and SQLite takes neither for content.
 *
 * Not seen: a page the disk failed to write, which still holds what it held before (state_sync.c). Threads: any. */
#ifndef LAKEPROOF_RECONCILE_STATE_STATE_PAGES_H
#define LAKEPROOF_RECONCILE_STATE_STATE_PAGES_H

#include "base/attributes.h"

enum { STATE_PAGE = 65536, STATE_PAGE_SPARE = 8 };

/* The name to give to sqlite3_open_v2; NULL without memory. */
const char *state_pages(void) MUST_USE;

#endif
