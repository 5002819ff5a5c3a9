/* scale - how much a property test tries when nothing is said: a fifth of it under a sanitizer, which is there for the
 * paths taken and not for rare histories, and slows everything down. */
#ifndef LAKEPROOF_TESTS_PROPERTY_SCALE_H
#define LAKEPROOF_TESTS_PROPERTY_SCALE_H

#include <stdint.h>

enum { SCALE = 5 };

static inline uint64_t scaled(uint64_t trials)
{
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
	return trials / SCALE;
#else
	return trials;
#endif
}

/* Of places that are tried one after the other, how far the next one is. */
static inline int64_t scaled_step(void)
{
	return SCALE / (int64_t)scaled(SCALE);
}

#endif
