/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the caller of `gate run` asks for, and the environment that his command gets. */
#include "gate/run/request.h"

#include <errno.h>
#include <string.h>

#include "common/cleanup.h"
#include "common/escape.h"

/* A reason is read by people in a log: what escape_text() would change is refused. */
static bool is_printable(const char *text)
{
	char safe[REQUEST_MAX_REASON * 4 + 1];
	size_t len = strlen(text);

	if (len > REQUEST_MAX_REASON)
		return false;
	escape_text(text, len, safe, sizeof(safe));
	/* A backslash is doubled, and harmless. */
	const char *s = safe;
	for (const char *t = text; *t; t++, s++) {
		if (*s != *t)
			return false;
		if (*t == '\\' && *++s != '\\')
			return false;
	}
	return *s == '\0';
}

static int set_reason(struct request *request, const char *text, struct err *err)
{
	if (!text)
		return err_set(err, -EINVAL, "run: --reason: the text is missing");
	if (request->reason)
		return err_set(err, -EINVAL, "run: --reason is given twice");
	if (!*text || !is_printable(text))
		return err_set(err, -EINVAL,
			"run: --reason: up to %d bytes of printable text",
			REQUEST_MAX_REASON);
	request->reason = text;
	return 0;
}

static int check(const struct request *request, int ncommand, struct err *err)
{
	if (request->help)
		return 0;
	if (request->forget && ncommand > 0)
		return err_set(err, -EINVAL, "run: --forget runs no command");
	if (request->forget)
		return 0;
	if (ncommand == 0)
		return err_set(
			err, -EINVAL, "run: no command given: see gate run --help");
	if (ncommand > REQUEST_MAX_ARGUMENTS)
		return err_set(err, -E2BIG, "run: more than %d arguments",
			REQUEST_MAX_ARGUMENTS);
	if (!request->command[0][0])
		return err_set(err, -EINVAL, "run: the command's name is empty");
	return 0;
}

int request_parse(int argc, char *argv[], struct request *ret_request, struct err *err)
{
	struct request request = {0};
	int i = 1;

	if (argc < 1 || !argv[0])
		return err_set(err, -EINVAL, "run: there is no command line at all");
	for (; i < argc && argv[i][0] == '-'; i++) {
		int rc = 0;

		if (strcmp(argv[i], "--") == 0) {
			i++;
			break;
		}
		if (strcmp(argv[i], "--help") == 0) {
			request.help = true;
		} else if (strcmp(argv[i], "--forget") == 0) {
			request.forget = true;
		} else if (strcmp(argv[i], "--reason") == 0) {
			i++;
			rc = set_reason(&request, i < argc ? argv[i] : NULL, err);
		} else if (strncmp(argv[i], "--reason=", 9) == 0) {
			rc = set_reason(&request, argv[i] + 9, err);
		} else {
			rc = err_set(err, -EINVAL,
				"run: '%s' is no option of it: see gate run --help",
				argv[i]);
		}
		if (rc < 0)
			return rc;
	}
	request.command = i < argc ? argv + i : NULL;
	int rc = check(&request, i < argc ? argc - i : 0, err);
	if (rc == 0)
		*ret_request = request;
	return rc;
}

/* What a terminal and its language are: nothing that a loader or a shell acts upon. */
static const char *const passed[] = {"COLORTERM", "LANG", "LANGUAGE", "LC_ALL",
	"LC_CTYPE", "LC_MESSAGES", "LC_TIME", "NO_COLOR", "TERM", "TZ"};

/* No '/' and no '%': locales and time zones are names of files, and formats. */
static bool is_harmless(const char *value)
{
	size_t len =
		strspn(value, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
			      "0123456789_.,:@+-");

	return len <= REQUEST_MAX_VALUE && value[len] == '\0';
}

static const char *find(char *const *given, const char *name)
{
	size_t len = strlen(name);

	for (; given && *given; given++) {
		if (strncmp(*given, name, len) == 0 && (*given)[len] == '=')
			return *given + len + 1;
	}
	return NULL;
}

static void add(struct arena *arena, char ***list, size_t *n, const char *name,
	const char *value)
{
	char **slot = arena_push(arena, list, n, sizeof(*slot));

	if (slot)
		*slot = arena_printf(arena, "%s=%s", name, value);
}

char **request_environment(char *const *given, const struct request_identity *identity,
	const char *docker_host, struct arena *arena)
{
	char **list = NULL;
	size_t n = 0;

	for (size_t i = 0; i < ARRAY_LEN(passed); i++) {
		const char *value = find(given, passed[i]);

		if (value && is_harmless(value))
			add(arena, &list, &n, passed[i], value);
	}
	add(arena, &list, &n, "PATH", REQUEST_PATH);
	add(arena, &list, &n, "DOCKER_HOST", docker_host);
	add(arena, &list, &n, "HOME", identity->home ? identity->home : "/");
	if (identity->user) {
		add(arena, &list, &n, "USER", identity->user);
		add(arena, &list, &n, "LOGNAME", identity->user);
	}
	if (identity->shell && identity->shell[0])
		add(arena, &list, &n, "SHELL", identity->shell);
	/* The NULL at the end is a zeroed element. */
	(void)arena_push(arena, &list, &n, sizeof(*list));
	return arena_failed(arena) ? NULL : list;
}
