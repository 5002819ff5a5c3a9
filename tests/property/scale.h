/* scale - how much a property test tries when nothing is said: a fifth of it under a sanitizer, which is there for the
 * paths taken and not for rare histories, and slows everything down. */
#ifndef LAKEPROOF_TESTS_PROPERTY_SCALE_H
#define LAKEPROOF_TESTS_PROPERTY_SCALE_H

#include <stdint.h>

static inline uint64_t scaled(uint64_t trials)
{
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
	return trials / 5;
#else
	return trials;
#endif
}

#endif
