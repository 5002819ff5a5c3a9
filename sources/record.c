#include "sources/record.h"

enum { SEQUENCE_DIGITS_MAX = 40 };

bool sequence_parse(struct slice text, uint8_t sequence[SEQUENCE_SIZE])
{
	size_t at = 0;
	while (at < text.size && text.data[at] == '0')
		at++;
	if (text.size == 0 || text.size - at > SEQUENCE_DIGITS_MAX)
		return false;
	/* 10^40 < 2^136: five limbs of 32 bits. */
	uint32_t limbs[5] = {0};
	while (at < text.size) {
		uint32_t scale = 1;
		uint32_t digits = 0;
		for (; at < text.size && scale < UINT32_C(1000000000); at++, scale *= 10) {
			unsigned char digit = (unsigned char)(text.data[at] - '0');
			if (digit > 9)
				return false;
			digits = digits * 10 + digit;
		}
		uint64_t carry = digits;
		for (size_t i = 0; i < 5; i++) {
			carry += (uint64_t)limbs[i] * scale;
			limbs[i] = (uint32_t)carry;
			carry >>= 32;
		}
	}
	for (size_t i = 0; i < SEQUENCE_SIZE; i++) {
		size_t byte = SEQUENCE_SIZE - 1 - i;
		sequence[i] = (uint8_t)(limbs[byte / 4] >> 8 * (byte % 4));
	}
	return true;
}

void sequence_format(const uint8_t sequence[SEQUENCE_SIZE], char text[48])
{
	uint8_t number[SEQUENCE_SIZE];
	char digits[48];
	size_t count = 0;
	memcpy(number, sequence, sizeof(number));
	bool more = true;
	while (more && count < sizeof(digits) - 1) {
		uint32_t remainder = 0;
		more = false;
		for (size_t i = 0; i < SEQUENCE_SIZE; i++) {
			remainder = remainder << 8 | number[i];
			number[i] = (uint8_t)(remainder / 10);
			remainder %= 10;
			more = more || number[i] != 0;
		}
		digits[count++] = (char)('0' + remainder);
	}
	for (size_t i = 0; i < count; i++)
		text[i] = digits[count - 1 - i];
	text[count] = '\0';
}
