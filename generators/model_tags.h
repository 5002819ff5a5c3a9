/* model_tags - what model_random is asked for, so that no two draws share a word; attributes use tags from
 * TAG_ATTRIBUTES. */
#ifndef LAKEPROOF_GENERATORS_MODEL_TAGS_H
#define LAKEPROOF_GENERATORS_MODEL_TAGS_H

enum {
	TAG_REVERT = 1,
	TAG_KEY,
	TAG_PARTITION,
	TAG_TTL,
	TAG_TTL_VALUE,
	TAG_SEQUENCE,
	TAG_EVENT_HIGH,
	TAG_EVENT_LOW,
	TAG_ROTATE,
	TAG_ENTITY,
	TAG_FOREIGN,
	TAG_REPLICATED,
	TAG_ATTRIBUTES = 1000 /* and every number from here */
};

#endif
