#include "base/error.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static void write_message(char *message, size_t size, const char *format, va_list arguments)
{
	if (vsnprintf(message, size, format, arguments) < 0)
		message[0] = '\0';
}

/* Appends ": " and the text, cut where the message is full. */
static void append_cause(char message[ERROR_MESSAGE_MAX], const char *text)
{
	size_t used = strlen(message);
	const char *parts[] = {": ", text};
	for (size_t i = 0; i < 2; i++) {
		size_t size = strnlen(parts[i], ERROR_MESSAGE_MAX - 1 - used);
		memcpy(message + used, parts[i], size);
		used += size;
	}
	message[used] = '\0';
}

int error_fill(struct error *error, int code, const char *format, ...)
{
	/* The arguments may point into the message that is replaced, so the new one is built aside. */
	char message[ERROR_MESSAGE_MAX];
	va_list arguments;
	va_start(arguments, format);
	write_message(message, sizeof(message), format, arguments);
	va_end(arguments);
	memcpy(error->message, message, strlen(message) + 1);
	error->code = code;
	return code;
}

int error_prefix(struct error *error, const char *format, ...)
{
	char message[ERROR_MESSAGE_MAX];
	va_list arguments;
	va_start(arguments, format);
	write_message(message, sizeof(message), format, arguments);
	va_end(arguments);
	append_cause(message, error->message);
	memcpy(error->message, message, strlen(message) + 1);
	return error->code;
}

int error_system(struct error *error, const char *format, ...)
{
	int cause = errno;
	char reason[128];
	char message[ERROR_MESSAGE_MAX];
	va_list arguments;
	va_start(arguments, format);
	write_message(message, sizeof(message), format, arguments);
	va_end(arguments);
	/* The GNU form: it returns the text, which may or may not be in the buffer, and is safe in any thread. */
	append_cause(message, strerror_r(cause, reason, sizeof(reason)));
	memcpy(error->message, message, strlen(message) + 1);
	error->code = ERROR_IO;
	return ERROR_IO;
}
