/* int128 - the compilers' 128-bit integers by names that -Wpedantic allows. */
#ifndef LAKEPROOF_BASE_INT128_H
#define LAKEPROOF_BASE_INT128_H

__extension__ typedef __int128 int128;
__extension__ typedef unsigned __int128 uint128;

#endif
