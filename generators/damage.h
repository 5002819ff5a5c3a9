/* damage - what faults do to a record's parts, before a format puts them together, so that every format shows it.
 *
 * Texts that take the place of others live in the parts' arena until the next record. */
#ifndef LAKEPROOF_GENERATORS_DAMAGE_H
#define LAKEPROOF_GENERATORS_DAMAGE_H

#include "generators/delivery.h"
#include "generators/record_parts.h"

/* `marks` of a placement; those that need the written record (FAULT_BAD_JSON) are left to its writer. ERROR_INTERNAL
 * when out of memory. */
int damage_parts(struct record_parts *parts, uint32_t marks, const char *key_name) MUST_USE;
/* "1700000000000" as "1.7E+12", "12.5" as "12.50": the same number in another spelling, for the i-th number of a
 * record. Returns the size; `to` has room for size + 8 bytes. */
size_t damage_respell(const char *number, size_t size, unsigned i, char *to);

#endif
