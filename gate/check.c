/* SPDX-License-Identifier: GPL-2.0-or-later */
/* check: the decision for one request, printed; nothing is sent. */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "common/jsonw.h"
#include "gate/caller.h"
#include "gate/commands.h"
#include "gate/filter.h"
#include "gate/inputs.h"
#include "gate/serve/upstream.h"
#include "gate/serve/version.h"

enum { MAX_ARENA = 64 * 1024 * 1024 };

/** struct check - the command line; texts are borrowed from argv, NULL: not given */
struct check {
	const char *policy, *user, *engine, *body;
	const char *uid, *gid, *home;
	const char **groups;
	size_t ngroups;
	bool elevated, help, has_policy;
	struct gate_request request;
};

static const char help_text[] =
	"Usage: gate check --user NAME --method METHOD --path PATH [OPTIONS]\n"
	"\n"
	"Prints the decision for one request to the engine's API as JSON.\n"
	"\n"
	"  --user NAME           who asks; NAME may be a number\n"
	"  --method METHOD       GET, POST, ...\n"
	"  --path PATH           with the query: /v1.41/containers/json?all=1\n"
	"  --body FILE           the request's body; -: standard input\n"
	"  --content-type TYPE   its type; application/json unless given\n"
	"  --policy FILE         instead of " POLICY_DEFAULT_PATH "\n"
	"  --elevated            by the profile that `gate run` would give\n"
	"  --engine SOCKET       ask this engine what it knows of the objects named.\n"
	"                        Without it there are no images and volumes yet, and\n"
	"                        other objects are somebody else's\n"
	"  --uid N --gid N --home DIR --group NAME\n"
	"                        a user that this host does not know\n"
	"\n"
	"Exit status: 0 allowed, 1 refused, 2 error.\n";

enum option_id { OPTION_ELEVATED = 256, OPTION_GROUP, OPTION_TEXT };

static void set_option(struct check *check, int index)
{
	const char **const texts[] = {&check->user, &check->request.method,
		&check->request.target, &check->body, &check->request.content_type,
		&check->policy, &check->engine, &check->uid, &check->gid, &check->home};

	*texts[index] = optarg;
}

static int parse(int argc, char *argv[], struct check *check, struct arena *arena,
	struct err *err)
{
	/* in the order of set_option() */
	static const struct option options[] = {
		{"user", required_argument, NULL, OPTION_TEXT},
		{"method", required_argument, NULL, OPTION_TEXT},
		{"path", required_argument, NULL, OPTION_TEXT},
		{"body", required_argument, NULL, OPTION_TEXT},
		{"content-type", required_argument, NULL, OPTION_TEXT},
		{"policy", required_argument, NULL, OPTION_TEXT},
		{"engine", required_argument, NULL, OPTION_TEXT},
		{"uid", required_argument, NULL, OPTION_TEXT},
		{"gid", required_argument, NULL, OPTION_TEXT},
		{"home", required_argument, NULL, OPTION_TEXT},
		{"group", required_argument, NULL, OPTION_GROUP},
		{"elevated", no_argument, NULL, OPTION_ELEVATED},
		{"help", no_argument, NULL, 'h'},
		{0},
	};
	int option, index = 0;

	opterr = 0;
	optind = 0;
	while ((option = getopt_long(argc, argv, "+", options, &index)) != -1) {
		const char **group;

		switch (option) {
		case OPTION_TEXT:
			set_option(check, index);
			break;
		case OPTION_GROUP:
			group = arena_push(
				arena, &check->groups, &check->ngroups, sizeof(*group));
			if (group)
				*group = optarg;
			break;
		case OPTION_ELEVATED:
			check->elevated = true;
			break;
		case 'h':
			check->help = true;
			return 0;
		default:
			return err_set(err, -EINVAL,
				"check: '%s' is no option of it, or lacks its value: "
				"see gate check --help",
				argv[optind - 1]);
		}
	}
	if (optind < argc)
		return err_set(err, -EINVAL,
			"check: '%s' is one argument too many: see gate check --help",
			argv[optind]);
	if ((!check->user && !check->uid) || !check->request.method ||
		!check->request.target)
		return err_set(err, -EINVAL,
			"check: --user, --method and --path are needed: see gate check "
			"--help");
	check->has_policy = check->policy != NULL;
	if (!check->policy)
		check->policy = POLICY_DEFAULT_PATH;
	check->request.target_len = strlen(check->request.target);
	return 0;
}

static bool parse_id(const char *text, uint32_t *ret_id)
{
	uint64_t id = 0;

	for (const char *p = text; *p; p++) {
		if (*p < '0' || *p > '9' || p - text > 10)
			return false;
		id = id * 10 + (uint64_t)(*p - '0');
	}
	*ret_id = (uint32_t)id;
	return *text && id < UINT32_MAX;
}

/* Of the command line alone; @caller's groups have names only. */
static int make_caller(
	const struct check *check, struct gate_caller *caller, struct err *err)
{
	uint32_t uid = 0, gid = 0;

	if (!check->uid || !parse_id(check->uid, &uid) ||
		!parse_id(check->gid ? check->gid : check->uid, &gid))
		return err_set(err, -EINVAL,
			"check: --uid and --gid take numbers below 4294967295");
	*caller = (struct gate_caller){
		.user = {.name = check->user,
			.uid = uid,
			.groups = check->groups,
			.ngroups = check->ngroups},
		.gid = gid,
		.home = check->home,
	};
	return 0;
}

static int find_caller(const struct check *check, struct arena *arena,
	struct gate_caller *caller, struct err *err)
{
	uint32_t uid;

	if (check->uid)
		return make_caller(check, caller, err);
	if (parse_id(check->user, &uid))
		return caller_from_uid(uid, arena, caller, err);
	int rc = caller_from_name(check->user, arena, caller, err);
	if (rc == -ENOENT)
		return err_set(err, rc,
			"check: this host knows no user '%s': describe him with --uid, "
			"--gid, --home and --group",
			check->user);
	return rc;
}

static int read_body(struct check *check, struct arena *arena, struct err *err)
{
	enum { MOST = GATE_MAX_JSON_BODY + 1 };
	_cleanup_(cleanup_close) int fd = -1;
	char *body;
	size_t len = 0;
	ssize_t got;

	if (!check->body)
		return 0;
	fd = strcmp(check->body, "-") == 0
		     ? fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3)
		     : open(check->body, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	body = arena_alloc(arena, MOST);
	if (fd < 0 || !body)
		return err_errno(err, -errno, "open '%s'", check->body);
	/* One byte more than is allowed is enough to refuse it. */
	do {
		got = read(fd, body + len, MOST - len);
		if (got > 0)
			len += (size_t)got;
	} while ((got > 0 && len < MOST) || (got < 0 && errno == EINTR));
	if (got < 0)
		return err_errno(err, -errno, "read '%s'", check->body);
	check->request.has_body = len > 0;
	check->request.body = body;
	check->request.body_len = len;
	if (!check->request.content_type)
		check->request.content_type = "application/json";
	return 0;
}

static int print_decision(const struct gate_decision *decision, struct err *err)
{
	struct jsonw out;

	jsonw_init(&out, stdout, 2);
	jsonw_object_begin(&out);
	jsonw_member_string(
		&out, "decision", decision->verdict == GATE_ALLOW ? "allow" : "deny");
	jsonw_member_string(&out, "rule", decision->rule);
	jsonw_member_string(&out, "reason", decision->reason);
	if (decision->verdict == GATE_ALLOW) {
		const struct gate_forward *forward = &decision->forward;

		jsonw_member_object(&out, "forward");
		jsonw_member_string(&out, "method", forward->method);
		jsonw_member_string(&out, "path", forward->path);
		jsonw_key(&out, "body");
		if (forward->body)
			jsonw_raw(&out, forward->body, forward->body_len);
		else
			jsonw_null(&out);
		jsonw_object_end(&out);
	}
	jsonw_object_end(&out);
	int rc = jsonw_finish(&out, err);
	jsonw_done(&out);
	return rc;
}

static int load_policy(
	const struct check *check, struct policy **ret_policy, struct err *err)
{
	int rc = gate_load_policy(check->policy, ret_policy, err);

	if (rc == -ENOENT && check->has_policy)
		return err_set(
			err, rc, "policy '%s': there is no such file", check->policy);
	if (rc == -ENOENT) {
		*err = (struct err){0};
		return policy_new_default(ret_policy, err);
	}
	return rc;
}

static int run_check(struct check *check, struct arena *arena, struct err *err)
{
	_cleanup_(cleanup_policy) struct policy *policy = NULL;
	struct upstream upstream = {.socket_path = check->engine};
	struct gate_engine engine = {
		.get = upstream_get, .look = upstream_look, .context = &upstream};
	struct gate_decision decision;
	struct gate_caller caller;
	const char *api = NULL;
	int rc = load_policy(check, &policy, err);

	if (rc == 0)
		rc = find_caller(check, arena, &caller, err);
	if (rc == 0)
		rc = read_body(check, arena, err);
	if (rc == 0 && check->engine)
		rc = version_prepare(err);
	if (rc == 0 && check->engine &&
		version_find(&upstream, arena, &api, err) == -EPROTONOSUPPORT)
		rc = -EPROTONOSUPPORT;
	if (rc < 0)
		return rc;
	const struct grant *grant = policy_grant(policy, &caller.user);
	const struct gate_context context = {
		.policy = policy,
		.profile = !grant	     ? NULL
			   : check->elevated ? grant->elevate
					     : grant->profile,
		.caller = &caller,
		.today = policy_date(time(NULL)),
		.api = api,
		.engine = check->engine ? &engine : NULL,
	};
	gate_filter(&context, &check->request, arena, &decision);
	rc = print_decision(&decision, err);
	if (rc < 0)
		return rc;
	return decision.verdict == GATE_ALLOW ? STATUS_OK : STATUS_DENIED;
}

int command_check(int argc, char *argv[], struct err *err)
{
	struct check check = {0};
	struct arena arena;

	arena_init(&arena, MAX_ARENA);
	int rc = parse(argc, argv, &check, &arena, err);
	if (rc == 0 && check.help) {
		(void)fputs(help_text, stdout);
		rc = STATUS_OK;
	} else if (rc == 0) {
		rc = run_check(&check, &arena, err);
	}
	arena_done(&arena);
	return rc;
}
