/* export_place - where exports and their data files lie: what a contract's path names, and what a manifest's key means
 * after a copy.
 *
 * Bucket and prefix in a manifest may be stale, so a key is looked for by its end: as given below the export's folder's
 * ancestors, and by its last name in the data folder: the export's own, or for an incremental export the one that all
 * exports of a prefix share. A data folder is never listed to find what belongs to an export. */
#ifndef LAKEPROOF_SOURCES_EXPORT_PLACE_H
#define LAKEPROOF_SOURCES_EXPORT_PLACE_H

#include <stdint.h>

#include "base/arena.h"
#include "base/attributes.h"
#include "base/error.h"

struct export_place {
	struct arena *arena;  /* paths that are found live there */
	const char *folder;   /* the export's, as the caller spelled it */
	const char *absolute; /* of it, links resolved */
	bool shared;          /* data files lie beside the export's folder: an incremental export */
};

/* The data file of that key, or NULL: it is not here, or memory is out. */
const char *export_place_find(const struct export_place *place, const char *key, uint64_t *size);
bool export_place_is_file(const char *path, uint64_t *size);
bool export_place_is_folder(const char *path);

#endif
