/* incremental_writer - what an incremental export says: of each item the net change within a window.
 *
 * Format: wire format "incremental export", as real ones of 2026 have it. The records go into files, folders and
 * manifests by export_writer.h; this module knows which items changed and writes their lines. An item that was inserted
 * and deleted within the window leaves no record. Borrows everything. */
#ifndef LAKEPROOF_GENERATORS_INCREMENTAL_WRITER_H
#define LAKEPROOF_GENERATORS_INCREMENTAL_WRITER_H

#include "generators/workload.h"

/* What became of one item within a window. Versions are 0 where there was no item. */
struct net_change {
	int64_t time_us; /* of the last write; 0: nothing to tell */
	uint32_t old_version, new_version;
};

struct increment {
	int64_t from_us, to_us;           /* [from, to) */
	bool with_old;                    /* view NEW_AND_OLD_IMAGES, else NEW_IMAGE */
	const struct net_change *changes; /* of every slot */
};

/* `changes`: model->slots_max entries, all overwritten. */
void increment_collect(const struct model *model, const struct history *history, int64_t from_us, int64_t to_us,
		       struct net_change *changes);
/* One line with its end; *size_bytes is added to. */
int increment_line(const struct model *model, const struct increment *increment, uint64_t item, struct buffer *json,
		   uint64_t *size_bytes) MUST_USE;

#endif
