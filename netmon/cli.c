/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What was asked of netmon on its command line. */
#include "netmon/cli.h"

#include <assert.h>
#include <errno.h>
#include <stddef.h>
#include <string.h>

#include "common/policy.h"

/* Which commands take an option. */
enum {
	SCAN = 1 << COMMAND_SCAN,
	EXPLAIN = 1 << COMMAND_EXPLAIN,
	SNAPSHOT = 1 << COMMAND_SNAPSHOT,
	POLICY = 1 << COMMAND_POLICY_CHECK,
	FACTS = SCAN | EXPLAIN, /* those that judge facts, live or saved */
};

enum kind { TEXT, LIST, FLAG, COLOR, PROBE };

static const struct option_row {
	const char *name;
	enum kind kind;
	unsigned int commands;
	size_t offset; /* into struct cli */
} options[] = {
	{"policy", TEXT, FACTS, offsetof(struct cli, policy)},
	{"engine", LIST, FACTS | SNAPSHOT, offsetof(struct cli, engines)},
	{"snapshot", TEXT, FACTS, offsetof(struct cli, snapshot)},
	{"perimeter", LIST, FACTS, offsetof(struct cli, perimeter)},
	{"format", TEXT, FACTS, offsetof(struct cli, format)},
	{"output", TEXT, FACTS | SNAPSHOT, offsetof(struct cli, output)},
	{"color", COLOR, FACTS | SNAPSHOT | POLICY, offsetof(struct cli, color)},
	{"all", FLAG, SCAN, offsetof(struct cli, all)},
	{"probe", PROBE, SCAN, offsetof(struct cli, probe)},
	{"dry-run", FLAG, SCAN, offsetof(struct cli, dry_run)},
	{"observe", TEXT, SCAN, offsetof(struct cli, observe)},
	{"batch", TEXT, EXPLAIN, offsetof(struct cli, batch)},
	{"from", TEXT, EXPLAIN, offsetof(struct cli, from)},
	{"to", TEXT, EXPLAIN, offsetof(struct cli, to)},
	{"proto", TEXT, EXPLAIN, offsetof(struct cli, proto)},
	{"port", TEXT, EXPLAIN, offsetof(struct cli, port)},
	{"sport", TEXT, EXPLAIN, offsetof(struct cli, sport)},
	{"in", TEXT, EXPLAIN, offsetof(struct cli, in)},
	{"zone", TEXT, EXPLAIN, offsetof(struct cli, zone)},
};

static const struct {
	const char *name;
	enum command command;
} commands[] = {
	{"scan", COMMAND_SCAN},
	{"explain", COMMAND_EXPLAIN},
	{"snapshot", COMMAND_SNAPSHOT},
	{"policy", COMMAND_POLICY_CHECK},
	{"help", COMMAND_HELP},
};

static const char help_text[] =
	"Usage: netmon COMMAND [OPTIONS]\n"
	"\n"
	"Works out who can reach which container port of this host, exactly, from its\n"
	"own packet filter rules, and reports what no policy approves. It acts in the\n"
	"network namespace that it is started in and changes nothing.\n"
	"\n"
	"Commands:\n"
	"  scan                  who can reach what, and what to do about it\n"
	"  explain               what happens to one packet, rule by rule:\n"
	"                          --from ADDR --to ADDR --port N [--sport N] [--in "
	"IFACE]\n"
	"                          [--proto tcp|udp|sctp|dccp|udplite]\n"
	"                          [--zone internet|private|adjacent]\n"
	"  explain --batch FILE  the same for many, a JSON object a line; - is stdin\n"
	"  snapshot --output FILE\n"
	"                        save all facts, to be judged elsewhere or later\n"
	"  policy check FILE     say every error of a policy\n"
	"\n"
	"Options:\n"
	"  --policy FILE         what is approved (default: " POLICY_DEFAULT_PATH ",\n"
	"                        and without that file nothing is)\n"
	"  --engine SOCKET       ask this Docker or Podman; may be repeated; \"none\": "
	"ask\n"
	"                        none (default: the sockets that exist)\n"
	"  --snapshot FILE       judge saved facts instead of this host's\n"
	"  --perimeter IFACE     strangers arrive here; may be repeated (default: the\n"
	"                        policy's, or the interfaces of the default routes)\n"
	"  --format table|json   for people or for programs\n"
	"  --output FILE         write there, all or nothing\n"
	"  --color WHEN          auto, always or never\n"
	"  --all                 scan: list services without a container, too\n"
	"  --observe SECONDS     scan: watch who connects, and hold it against the "
	"rules\n"
	"  --probe               scan: inject first packets as strangers would send "
	"them, and\n"
	"                        watch the answers. Sources are documentation "
	"prefixes;\n"
	"                        --probe=any-source takes whichever a rule asks for: "
	"the\n"
	"                        answers then go out to their owners\n"
	"  --dry-run             with these: say what would be sent and captured\n"
	"  --help, --version\n"
	"\n"
	"Exit status: 0 nothing to act on; 1 findings (explain: never); 2 wrong usage, "
	"a\n"
	"policy with errors, or a failure; 3 no finding, but something that could not "
	"be\n"
	"read or modelled could hide one (explain: an answer depends on it).\n";

const char *cli_help(void)
{
	return help_text;
}

static const struct option_row *find_option(const char *name, size_t len)
{
	for (size_t i = 0; i < ARRAY_LEN(options); i++)
		if (strlen(options[i].name) == len &&
			strncmp(options[i].name, name, len) == 0)
			return &options[i];
	return NULL;
}

static int set_color(struct cli *cli, const char *value, struct err *err)
{
	if (strcmp(value, "auto") == 0)
		cli->color = COLOR_AUTO;
	else if (strcmp(value, "always") == 0)
		cli->color = COLOR_ALWAYS;
	else if (strcmp(value, "never") == 0)
		cli->color = COLOR_NEVER;
	else
		return err_set(
			err, -EINVAL, "--color %s: give auto, always or never", value);
	return 0;
}

/* The value stands behind "=" or there is none: what follows is the next option. */
static int set_probe(struct cli *cli, const char *value, struct err *err)
{
	if (value && strcmp(value, "any-source") != 0)
		return err_set(err, -EINVAL,
			"--probe=%s: give --probe or --probe=any-source", value);
	cli->probe = true;
	cli->any_source = value != NULL;
	return 0;
}

static int set_option(struct cli *cli, const struct option_row *row, const char *value,
	struct arena *arena, struct err *err)
{
	void *field = (char *)cli + row->offset;
	struct words *words = field;
	const char **slot;

	if (row->kind == FLAG) {
		*(bool *)field = true;
		return 0;
	}
	if (row->kind == PROBE)
		return set_probe(cli, value, err);
	assert(value); /* parse_option() has seen to it */
	switch (row->kind) {
	case COLOR:
		return set_color(cli, value, err);
	case LIST:
		slot = arena_push(arena, &words->list, &words->n, sizeof(*slot));
		if (!slot)
			return err_set(err, -ENOMEM, "out of memory");
		*slot = value;
		return 0;
	case TEXT:
	case FLAG:
	case PROBE:
	default:
		slot = field;
		if (*slot)
			return err_set(err, -EINVAL, "--%s is given twice", row->name);
		*slot = value;
		return 0;
	}
}

/* One "--name", "--name=value" or "--name value"; *at moves over the value. */
static int parse_option(int argc, char *const *argv, int *at, struct cli *cli,
	unsigned int *used, struct arena *arena, struct err *err)
{
	const char *name = argv[*at] + 2;
	size_t len = strcspn(name, "=");
	const char *value = name[len] == '=' ? name + len + 1 : NULL;
	const struct option_row *row = find_option(name, len);

	if (!row)
		return err_set(err, -EINVAL,
			"unknown option '--%.*s': see netmon --help", (int)len, name);
	if (row->kind == FLAG && value)
		return err_set(err, -EINVAL, "--%s takes no value", row->name);
	if (row->kind != FLAG && row->kind != PROBE && !value) {
		if (*at + 1 >= argc)
			return err_set(err, -EINVAL, "--%s needs a value", row->name);
		value = argv[++*at];
	}
	if (value && value[0] == '\0')
		return err_set(err, -EINVAL, "--%s: the value is empty", row->name);
	*used |= 1U << (row - options);
	return set_option(cli, row, value, arena, err);
}

static enum command find_command(const char *name)
{
	for (size_t i = 0; i < ARRAY_LEN(commands); i++)
		if (strcmp(commands[i].name, name) == 0)
			return commands[i].command;
	return COMMAND_NONE;
}

static const char *command_name(enum command command)
{
	for (size_t i = 0; i < ARRAY_LEN(commands); i++)
		if (commands[i].command == command)
			return commands[i].name;
	return "";
}

static int parse_operand(
	const char *operand, size_t nth, struct cli *cli, struct err *err)
{
	if (nth == 0) {
		cli->command = find_command(operand);
		if (cli->command == COMMAND_NONE)
			return err_set(err, -EINVAL,
				"unknown command '%s': see netmon --help", operand);
		return 0;
	}
	if (cli->command == COMMAND_POLICY_CHECK && nth == 1) {
		if (strcmp(operand, "check") == 0)
			return 0;
		return err_set(err, -EINVAL,
			"unknown command 'policy %s': did you mean policy check?",
			operand);
	}
	if (cli->command == COMMAND_POLICY_CHECK && nth == 2) {
		cli->file = operand;
		return 0;
	}
	return err_set(err, -EINVAL, "'%s' is one argument too many: see netmon --help",
		operand);
}

static int check_explain(const struct cli *cli, struct err *err)
{
	const char *const single[] = {cli->from, cli->to, cli->port, cli->proto,
		cli->sport, cli->in, cli->zone};
	static const char *const names[] = {
		"from", "to", "port", "proto", "sport", "in", "zone"};

	for (size_t i = 0; i < ARRAY_LEN(single); i++) {
		if (cli->batch && single[i])
			return err_set(err, -EINVAL,
				"--%s is for a single question: with --batch, put it "
				"into the file",
				names[i]);
		if (!cli->batch && i < 3 && !single[i])
			return err_set(err, -EINVAL,
				"explain needs --%s: give --from, --to and --port, or "
				"--batch FILE",
				names[i]);
	}
	return 0;
}

static int check_confirm(const struct cli *cli, struct err *err)
{
	if (cli->snapshot && (cli->probe || cli->observe))
		return err_set(err, -EINVAL,
			"--probe and --observe look at this host's packets: not with "
			"--snapshot");
	if (cli->dry_run && !cli->probe && !cli->observe)
		return err_set(err, -EINVAL,
			"--dry-run goes with --probe or --observe: it says what they "
			"would do");
	return 0;
}

static int check(
	const struct cli *cli, unsigned int used, size_t noperands, struct err *err)
{
	for (size_t i = 0; i < ARRAY_LEN(options); i++)
		if (used & 1U << i && !(options[i].commands & 1U << cli->command))
			return err_set(err, -EINVAL,
				"--%s does not go with %s: see netmon --help",
				options[i].name, command_name(cli->command));
	for (size_t i = 0; i < cli->engines.n; i++)
		if (strcmp(cli->engines.list[i], "none") == 0 && cli->engines.n > 1)
			return err_set(err, -EINVAL,
				"--engine none excludes every other --engine");
	if (cli->snapshot && cli->engines.n > 0 &&
		strcmp(cli->engines.list[0], "none") != 0)
		return err_set(err, -EINVAL,
			"--engine does not go with --snapshot: the saved facts hold "
			"what the engines said");
	if (cli->command == COMMAND_EXPLAIN)
		return check_explain(cli, err);
	if (cli->command == COMMAND_SCAN)
		return check_confirm(cli, err);
	if (cli->command == COMMAND_SNAPSHOT && !cli->output)
		return err_set(err, -EINVAL,
			"snapshot needs --output FILE (- for standard output)");
	if (cli->command == COMMAND_POLICY_CHECK && noperands < 3)
		return err_set(err, -EINVAL,
			"policy check needs a file: netmon policy check FILE");
	return 0;
}

int cli_parse(int argc, char *const *argv, struct arena *arena, struct cli *ret_cli,
	struct err *err)
{
	struct cli cli = {0};
	unsigned int used = 0;
	size_t noperands = 0;
	bool only_operands = false;

	for (int i = 1; i < argc; i++) {
		const char *arg = argv[i];
		int rc;

		if (!only_operands && strcmp(arg, "--") == 0) {
			only_operands = true;
			continue;
		}
		if (!only_operands &&
			(strcmp(arg, "--help") == 0 || strcmp(arg, "-h") == 0)) {
			*ret_cli = (struct cli){.command = COMMAND_HELP};
			return 0;
		}
		if (!only_operands && strcmp(arg, "--version") == 0) {
			*ret_cli = (struct cli){.command = COMMAND_VERSION};
			return 0;
		}
		if (!only_operands && strncmp(arg, "--", 2) == 0)
			rc = parse_option(argc, argv, &i, &cli, &used, arena, err);
		else if (!only_operands && arg[0] == '-' && arg[1] != '\0')
			rc = err_set(err, -EINVAL,
				"unknown option '%s': see netmon --help", arg);
		else
			rc = parse_operand(arg, noperands++, &cli, err);
		if (rc < 0)
			return rc;
	}
	if (cli.command == COMMAND_NONE)
		return err_set(err, -EINVAL, "no command given: see netmon --help");
	if (cli.command != COMMAND_HELP) {
		int rc = check(&cli, used, noperands, err);

		if (rc < 0)
			return rc;
	}
	cli.policy_given = cli.policy != NULL;
	if (!cli.policy)
		cli.policy = POLICY_DEFAULT_PATH;
	if (!cli.format)
		cli.format = "table";
	*ret_cli = cli;
	return 0;
}
