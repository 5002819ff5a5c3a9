/* Prints the JSON that the bridge, by ion-rs, makes of each line of Ion on stdin. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bridge/read.h"

int main(void)
{
	struct bridge_ion *ion = NULL;
	struct error error = {0};
	char *line = NULL;
	size_t capacity = 0;
	ssize_t size;

	int code = bridge_ion_new(&ion, &error);
	while (code == 0 && (size = getline(&line, &capacity, stdin)) > 0) {
		const char *json = NULL;
		uint64_t json_size = 0, at = 0;
		size_t end = (size_t)size - (line[size - 1] == '\n');
		code = bridge_ion_line(ion, line, end, &json, &json_size, &at, &error);
		if (code == 0)
			printf("%.*s\n", (int)json_size, json);
	}
	if (code != 0)
		fprintf(stderr, "%s\n", error.message);
	free(line);
	bridge_ion_free(ion);
	return code;
}
