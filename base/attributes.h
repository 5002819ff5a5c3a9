/* attributes - compiler attributes by readable names. */
#ifndef LAKEPROOF_BASE_ATTRIBUTES_H
#define LAKEPROOF_BASE_ATTRIBUTES_H

#define PRINTF_LIKE(format_index, first_argument) __attribute__((format(printf, format_index, first_argument)))
#define MUST_USE __attribute__((warn_unused_result))
#define UNUSED __attribute__((unused))

#endif
