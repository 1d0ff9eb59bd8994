/* SPDX-License-Identifier: GPL-2.0-or-later */
/* gate audit: who holds the engine's power on this host, how, and who approved it. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <time.h>

#include "gate/audit/gather.h"
#include "gate/audit/judge.h"
#include "gate/audit/report.h"
#include "gate/commands.h"
#include "gate/inputs.h"

static const char usage[] =
	"usage: gate audit [--policy FILE] [--format table|json] [--root DIR]\n"
	"                  [--engine SOCKET|none] [--max-files N]\n"
	"  --policy FILE    whose approvals count (" POLICY_DEFAULT_PATH ")\n"
	"  --format FORMAT  table (default) or json\n"
	"  --root DIR       look at the file system of another host, mounted there\n"
	"  --engine SOCKET  ask this engine for its containers; none: do not ask\n"
	"  --max-files N    bound of the search for setgid programs\n"
	"Exit status: 0 nothing to act on, 1 something is, 2 error.";

struct options {
	const char *policy, *root;
	bool json, has_policy;
	struct gather gather;
};

static bool is_option(const char *arg, const char *name, int *index, int argc,
	char *argv[], const char **ret_value)
{
	size_t len = strlen(name);

	if (strncmp(arg, name, len) != 0)
		return false;
	if (arg[len] == '=') {
		*ret_value = arg + len + 1;
		return true;
	}
	if (arg[len] != '\0')
		return false;
	*ret_value = *index + 1 < argc ? argv[++*index] : NULL;
	return true;
}

static int set_number(const char *value, unsigned int *ret_number, struct err *err)
{
	struct span span = span_of(value);

	if (!span_number(span, ret_number) || *ret_number == 0)
		return err_set(
			err, -EINVAL, "--max-files: '%s' is no number over 0", value);
	return 0;
}

static int parse(int argc, char *argv[], struct options *options, struct err *err)
{
	for (int i = 1; i < argc; i++) {
		const char *arg = argv[i], *value = "";
		int rc = 0;

		if (is_option(arg, "--policy", &i, argc, argv, &value)) {
			options->policy = value;
			options->has_policy = true;
		} else if (is_option(arg, "--root", &i, argc, argv, &value)) {
			options->root = value;
			options->gather.live = false;
		} else if (is_option(arg, "--engine", &i, argc, argv, &value)) {
			options->gather.engine = value;
		} else if (is_option(arg, "--format", &i, argc, argv, &value)) {
			options->json = value && strcmp(value, "json") == 0;
			if (value && !options->json && strcmp(value, "table") != 0)
				return err_set(err, -EINVAL,
					"--format: '%s' is neither table nor json",
					value);
		} else if (is_option(arg, "--max-files", &i, argc, argv, &value)) {
			rc = value ? set_number(value, &options->gather.max_files, err)
				   : 0;
		} else {
			return err_set(err, -EINVAL,
				"'%s' is no option: see gate audit --help", arg);
		}
		if (rc < 0)
			return rc;
		if (!value)
			return err_set(err, -EINVAL, "%s: a value is missing", arg);
	}
	return 0;
}

static int load_policy(
	const struct options *options, struct policy **ret_policy, struct err *err)
{
	int rc = gate_load_policy(options->policy, ret_policy, err);

	if (rc == -ENOENT && !options->has_policy)
		return policy_new_default(ret_policy, err);
	if (rc == -ENOENT)
		return err_set(
			err, rc, "policy '%s': there is no such file", options->policy);
	return rc;
}

static int print(const struct options *options, const struct audit_result *result,
	struct err *err)
{
	char host[256] = "", generated[32] = "";
	time_t now = time(NULL);
	struct tm tm;

	if (!options->json) {
		report_table(stdout, result);
		return 0;
	}
	if (gethostname(host, sizeof(host) - 1) < 0 || !gmtime_r(&now, &tm) ||
		strftime(generated, sizeof(generated), "%Y-%m-%dT%H:%M:%SZ", &tm) == 0)
		return err_set(err, -EIO, "the host has no name or no time");
	return report_json(stdout, result, host, generated, err);
}

static int audit(
	const struct options *options, const struct policy *policy, struct err *err)
{
	struct audit_result result = {0};
	struct audit_facts facts;
	struct arena arena;

	audit_facts_init(&facts);
	arena_init(&arena, AUDIT_MAX_BYTES);
	gather_all(&options->gather, &facts);
	int rc = audit_judge(&facts, policy, &arena, &result, err);
	if (rc == 0)
		rc = print(options, &result, err);
	if (rc == 0)
		rc = result.nfindings > 0 ? STATUS_DENIED : STATUS_OK;
	arena_done(&arena);
	audit_facts_done(&facts);
	return rc;
}

int command_audit(int argc, char *argv[], struct err *err)
{
	_cleanup_(cleanup_policy) struct policy *policy = NULL;
	_cleanup_(cleanup_close) int root_fd = -1;
	struct options options = {
		.policy = POLICY_DEFAULT_PATH,
		.root = "/",
		.gather = {.live = true, .max_files = GATHER_MAX_FILES},
	};

	if (argc == 2 && strcmp(argv[1], "--help") == 0) {
		(void)puts(usage);
		return STATUS_OK;
	}
	int rc = parse(argc, argv, &options, err);
	if (rc == 0)
		rc = load_policy(&options, &policy, err);
	if (rc < 0)
		return rc;
	root_fd = open(options.root, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (root_fd < 0)
		return err_errno(err, -errno, "--root '%s'", options.root);
	options.gather.root_fd = root_fd;
	return audit(&options, policy, err);
}
