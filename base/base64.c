#include "base/base64.h"

/* A letter's value plus one; 0 for what is no letter. */
static const uint8_t values[256] = {
	['A'] = 1,  ['B'] = 2,  ['C'] = 3,  ['D'] = 4,  ['E'] = 5,  ['F'] = 6,  ['G'] = 7,  ['H'] = 8,  ['I'] = 9,
	['J'] = 10, ['K'] = 11, ['L'] = 12, ['M'] = 13, ['N'] = 14, ['O'] = 15, ['P'] = 16, ['Q'] = 17, ['R'] = 18,
	['S'] = 19, ['T'] = 20, ['U'] = 21, ['V'] = 22, ['W'] = 23, ['X'] = 24, ['Y'] = 25, ['Z'] = 26, ['a'] = 27,
	['b'] = 28, ['c'] = 29, ['d'] = 30, ['e'] = 31, ['f'] = 32, ['g'] = 33, ['h'] = 34, ['i'] = 35, ['j'] = 36,
	['k'] = 37, ['l'] = 38, ['m'] = 39, ['n'] = 40, ['o'] = 41, ['p'] = 42, ['q'] = 43, ['r'] = 44, ['s'] = 45,
	['t'] = 46, ['u'] = 47, ['v'] = 48, ['w'] = 49, ['x'] = 50, ['y'] = 51, ['z'] = 52, ['0'] = 53, ['1'] = 54,
	['2'] = 55, ['3'] = 56, ['4'] = 57, ['5'] = 58, ['6'] = 59, ['7'] = 60, ['8'] = 61, ['9'] = 62, ['+'] = 63,
	['/'] = 64,
};

bool base64_decode(struct slice text, uint8_t *bytes, size_t capacity, size_t *size)
{
	size_t letters = text.size, written = 0;
	uint32_t bits = 0;
	unsigned bit_count = 0;
	*size = 0;
	if (text.size % 4 != 0)
		return false;
	for (int pads = 0; pads < 2 && letters > 0 && text.data[letters - 1] == '='; pads++)
		letters--;
	if (bytes != NULL && letters / 4 * 3 + letters % 4 * 3 / 4 > capacity)
		return false;
	size_t i = 0;
	for (; bytes != NULL && letters - i >= 4; i += 4, written += 3) {
		/* What is no letter becomes -1 and shows in the bits above the 24. */
		const unsigned char *letter = (const unsigned char *)text.data + i;
		uint32_t group = (values[letter[0]] - 1U) << 18 | (values[letter[1]] - 1U) << 12 |
				 (values[letter[2]] - 1U) << 6 | (values[letter[3]] - 1U);
		if (group >> 24 != 0)
			return false;
		bytes[written] = (uint8_t)(group >> 16);
		bytes[written + 1] = (uint8_t)(group >> 8);
		bytes[written + 2] = (uint8_t)group;
	}
	for (; i < letters; i++) {
		uint8_t value = values[(unsigned char)text.data[i]];
		if (value == 0)
			return false;
		bits = bits << 6 | (uint32_t)(value - 1);
		bit_count += 6;
		if (bit_count < 8)
			continue;
		bit_count -= 8;
		if (bytes != NULL)
			bytes[written] = (uint8_t)(bits >> bit_count);
		written++;
	}
	*size = written;
	return true;
}
