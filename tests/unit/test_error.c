#include "base/error.h"

#include <errno.h>

#include "tests/tap.h"

static void test_set(void)
{
	struct error error = {.code = 0};
	is_int(error_set(&error, ERROR_DATA, "cannot use '%s'", "a.gz"), ERROR_DATA, "error_set returns the code");
	is_int(error.code, ERROR_DATA, "error_set keeps the code");
	is_text(error.message, "cannot use 'a.gz'", "error_set formats the message");
	(void)error_set(&error, ERROR_USAGE, "again: %s", error.message);
	is_text(error.message, "again: cannot use 'a.gz'", "the old message may be an argument of the new one");
}

static void test_prefix(void)
{
	struct error error = {.code = 0};
	(void)error_set(&error, ERROR_IO, "disk full");
	is_int(error_prefix(&error, "merge of '%s'", "x"), ERROR_IO, "error_prefix returns the code that was there");
	is_text(error.message, "merge of 'x': disk full", "error_prefix puts the context first");
}

static void test_system(void)
{
	struct error error = {.code = 0};
	errno = ENOENT;
	is_int(error_system(&error, "cannot open '%s'", "y"), ERROR_IO, "error_system returns ERROR_IO");
	is_text(error.message, "cannot open 'y': No such file or directory",
		"error_system appends the system's reason");
}

static void test_cut(void)
{
	struct error error = {.code = 0};
	char longest[2 * ERROR_MESSAGE_MAX];
	memset(longest, 'x', sizeof(longest) - 1);
	longest[sizeof(longest) - 1] = '\0';
	(void)error_set(&error, ERROR_DATA, "%s", longest);
	is_int(strlen(error.message), ERROR_MESSAGE_MAX - 1, "an overlong message is cut to fit");
	(void)error_prefix(&error, "context");
	is_int(strlen(error.message), ERROR_MESSAGE_MAX - 1, "a prefix to a full message still fits");
	ok(strncmp(error.message, "context: xxx", 12) == 0, "and the prefix is whole");
	(void)error_prefix(&error, "%s", longest);
	is_int(strlen(error.message), ERROR_MESSAGE_MAX - 1, "an overlong prefix is cut to fit");
	errno = EACCES;
	(void)error_system(&error, "%s", longest);
	is_int(strlen(error.message), ERROR_MESSAGE_MAX - 1,
	       "an overlong text before the system's reason is cut to fit");
	memset(longest + ERROR_MESSAGE_MAX - 3, '\0', 1);
	(void)error_system(&error, "%s", longest);
	ok(strcmp(error.message + ERROR_MESSAGE_MAX - 5, "xx: ") == 0,
	   "two free bytes take the first two of the reason");
}

int main(void)
{
	test_set();
	test_prefix();
	test_system();
	test_cut();
	return tap_done();
}
