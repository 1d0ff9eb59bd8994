/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Where results go: standard output, or a file that appears whole or not at all. */
#include "netmon/output.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <termios.h>

static bool is_direct(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && !S_ISREG(st.st_mode);
}

static int open_direct(const char *path, struct output *output, struct err *err)
{
	output->stream = fopen(path, "we");
	if (!output->stream)
		return err_errno(err, -errno, "open '%s'", path);
	return 0;
}

static int open_beside(const char *path, struct output *output, struct err *err)
{
	_cleanup_(cleanup_close) int fd = -1;
	struct output made = {0};

	if (asprintf(&made.temporary, "%s.XXXXXX", path) < 0)
		return err_set(err, -ENOMEM, "out of memory");
	fd = mkostemp(made.temporary, O_CLOEXEC);
	if (fd < 0) {
		int code = -errno;

		free(made.temporary);
		return err_errno(err, code, "create a file beside '%s'", path);
	}
	made.path = strdup(path);
	made.stream = made.path ? fdopen(fd, "w") : NULL;
	if (!made.stream) {
		output_done(&made);
		return err_set(err, -ENOMEM, "out of memory");
	}
	(void)TAKE_FD(fd);
	*output = made;
	return 0;
}

int output_open(const char *path, struct output *ret_output, struct err *err)
{
	*ret_output = (struct output){.stream = stdout};
	if (!path || strcmp(path, "-") == 0)
		return 0;
	return is_direct(path) ? open_direct(path, ret_output, err)
			       : open_beside(path, ret_output, err);
}

int output_commit(struct output *output, struct err *err)
{
	const char *name = output->path ? output->path : "the output";

	if (fflush(output->stream) != 0 || ferror(output->stream))
		return err_errno(err, errno ? -errno : -EIO, "write %s", name);
	if (!output->temporary)
		return 0;
	if (fsync(fileno(output->stream)) < 0)
		return err_errno(err, -errno, "write '%s'", name);
	if (rename(output->temporary, output->path) < 0)
		return err_errno(err, -errno, "put '%s' in its place", name);
	free(TAKE_PTR(output->temporary));
	return 0;
}

void output_done(struct output *output)
{
	if (output->stream && output->stream != stdout)
		(void)fclose(output->stream);
	if (output->temporary)
		(void)unlink(output->temporary);
	free(output->temporary);
	free(output->path);
	*output = (struct output){0};
}

bool output_use_color(const struct output *output, bool always, bool never)
{
	const char *no_color = getenv("NO_COLOR");

	if (always || never)
		return always;
	return isatty(fileno(output->stream)) == 1 && !(no_color && no_color[0]);
}

unsigned int output_width(const struct output *output)
{
	const char *columns = getenv("COLUMNS");
	struct winsize size = {0};

	if (columns && columns[0] >= '1' && columns[0] <= '9') {
		unsigned long width = strtoul(columns, NULL, 10);

		if (width <= 10000)
			return (unsigned int)width;
	}
	if (ioctl(fileno(output->stream), TIOCGWINSZ, &size) == 0)
		return size.ws_col;
	return 0;
}
