/* story - what went wrong in a failing cell, as a person can follow it: one key, in less than ten lines.
 *
 * Of the keys that the cell's examples name the one with the fewest records is taken. The story says what happened to
 * the item, in which batch and file each record landed, what the table's versions held, what should be there, what is,
 * and which invariant that breaks. Where no key is to blame it says which step failed, and its last words. The key's
 * timeline goes into the cell too. That a story cannot be told is no error of the cell's: it has none then. */
#ifndef LAKEPROOF_HARNESS_RUNNER_STORY_H
#define LAKEPROOF_HARNESS_RUNNER_STORY_H

#include "harness/runner/key_life.h"

enum { STORY_LINES_MAX = 9 };

/* Once, when a cell that fails has been judged. Fails only when out of memory. */
int story_tell(const struct invariants *invariants, struct error *error) MUST_USE;

#endif
