/* table_image - an item's attributes as its table's entity has them: the interpreter of table.h.
 *
 * A pure function of (model, item, version). Keys, TTL and a replica's attributes are the model's. Thread-safe. */
#ifndef LAKEPROOF_GENERATORS_TABLE_IMAGE_H
#define LAKEPROOF_GENERATORS_TABLE_IMAGE_H

#include "generators/model.h"
#include "generators/table.h"

/* Every attribute but those that fill. `version` is the content's (model_content_version). */
void table_image_write(const struct model *model, struct item_writer *writer, uint64_t item, uint32_t version);
/* After everything else: what brings the item to its size. */
void table_image_fill(const struct model *model, struct item_writer *writer, uint64_t item, uint32_t version);

/* The extra attributes of a wild table, whose names are hard on tools; ends with NULL. */
extern const char *const wild_names[];
void wild_write(const struct model *model, struct item_writer *writer, uint64_t item, uint32_t version);

#endif
