/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Runs a fuzz target once on every file of the folders named: for ordinary test runs.
 */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int run_file(const char *path)
{
	FILE *stream = fopen(path, "rb");
	struct stat st;

	if (!stream || fstat(fileno(stream), &st) < 0) {
		perror(path);
		return -1;
	}
	size_t size = (size_t)st.st_size;
	/* Exactly as large as the input, so that a read past its end is seen. */
	uint8_t *data = malloc(size ? size : 1);
	if (!data || fread(data, 1, size, stream) != size) {
		perror(path);
		return -1;
	}
	fclose(stream);
	LLVMFuzzerTestOneInput(data, size);
	free(data);
	return 0;
}

int main(int argc, char **argv)
{
	int count = 0;

	for (int i = 1; i < argc; i++) {
		struct dirent **names;
		int n = scandir(argv[i], &names, NULL, alphasort);

		if (n < 0) {
			perror(argv[i]);
			return 1;
		}
		for (int k = 0; k < n; k++) {
			char path[4096];

			if (names[k]->d_name[0] != '.') {
				snprintf(path, sizeof(path), "%s/%s", argv[i],
					names[k]->d_name);
				if (run_file(path) < 0)
					return 1;
				count++;
			}
			free(names[k]);
		}
		free(names);
	}
	printf("%d seeds\n", count);
	return count ? 0 : 1; /* a target without seeds tests nothing */
}
