/* fuzz_ion - however the bytes arrive, the lines of an Ion file are the same. The first two bytes choose window and
 * pieces. The bridge's stand-in knows a few lines; that others are Ion is for tests of the bridge. */
#include "sources/ion.h"

#include <stdlib.h>

#include "base/json.h"
#include "bridge/fake.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct piece_source {
	struct slice bytes;
	size_t at, piece;
};

static int read_piece(void *context, void *bytes, size_t capacity, size_t *size, enum gzip_status *status,
		      struct error *error)
{
	(void)error;
	struct piece_source *source = context;
	*size = source->bytes.size - source->at;
	*size = *size < capacity ? *size : capacity;
	*size = *size < source->piece ? *size : source->piece;
	*status = *size == 0 ? GZIP_END : GZIP_MORE;
	if (*size > 0)
		memcpy(bytes, source->bytes.data + source->at, *size);
	source->at += *size;
	return 0;
}

static void hold(const struct frame *frame, const struct frame *other, struct slice bytes, uint64_t number)
{
	if (frame->kind != other->kind || frame->number != other->number || frame->offset != other->offset ||
	    frame->cut_short != other->cut_short || frame->reason_offset != other->reason_offset)
		abort();
	if (frame->number != number || frame->offset > bytes.size)
		abort();
	if (frame->kind == FRAME_BROKEN && (frame->reason[0] == '\0' || frame->reason_offset > bytes.size))
		abort();
	if (frame->kind == FRAME_RECORD && (frame->bytes.size == 0 || !slice_equal(frame->bytes, other->bytes)))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static bool known;
	if (!known) {
		fake_ion("$ion_1_0 {Item:{pk:\"a\"}}", "{\"Item\":{\"pk\":{\"S\":\"a\"}}}");
		fake_ion("{Item:{pk:1.}}", "{\"Item\":{\"pk\":{\"N\":\"1\"}}}");
		fake_ion("$ion_1_0", "");
		fake_ion(" ", "");
		known = true;
	}
	if (size < 2)
		return 0;
	struct slice bytes = {(const char *)data + 2, size - 2};
	struct piece_source whole = {bytes, 0, SIZE_MAX}, pieces = {bytes, 0, (size_t)data[1] + 1};
	struct ion_reader *a, *b;
	struct error error;
	if (ion_open((struct byte_source){&whole, read_piece}, FRAME_WINDOW, &a, &error) != 0 ||
	    ion_open((struct byte_source){&pieces, read_piece}, (size_t)data[0] + 1, &b, &error) != 0)
		abort();
	struct frame frame, other;
	uint64_t number = 0;
	do {
		if (ion_next(a, &frame, &error) != 0 || ion_next(b, &other, &error) != 0)
			abort();
		hold(&frame, &other, bytes, number);
		number++;
	} while (frame.kind != FRAME_END);
	if (ion_bytes(a) != bytes.size || ion_ended(a) != GZIP_END)
		abort();
	ion_close(a);
	ion_close(b);
	return 0;
}
