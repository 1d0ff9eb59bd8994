/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What an image has where the engine mounts and reads as root: what a create looks at.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "common/cleanup.h"
#include "gate_fixture.h"

struct there {
	const char *path;
	const struct gate_fixture_tar *tar; /* NULL: nothing */
};

/* An engine with one image; what @there does not say is as distributions make it. */
struct made {
	const struct there *there;
	size_t n;
	const char *runc, *labels; /* of the container */
	const char *user;	   /* in the place of its "1000:1000" */
	bool of_another;	   /* image, as its label says */
	int fails;
	unsigned int looked, asked, volumes;
	const char *store;   /* of images, eight characters; NULL: the engine's own */
	const char *status;  /* of that store; NULL: containerd's */
	bool untold;	     /* the engine knows no /info */
	const char *machine; /* what the image is for; NULL: as the fixture has it */
	char platform[64];   /* that was looked at */
	const char *api;     /* of the engine, its newest; NULL: 1.41 */
	char manifest, runs; /* all digits of what is looked at, and of a container's */
	const char *of;	     /* what of the container's manifest is told besides */
	bool remembers;
	const char *remembered;
};

static bool has(void *context, const char *text)
{
	const struct made *made = context;

	return made->remembered && strcmp(made->remembered, text) == 0;
}

static void keep(void *context, const char *text)
{
	((struct made *)context)->remembered = text;
}

static const char *digest(struct arena *arena, char digit)
{
	char digits[65] = "";

	for (size_t i = 0; digit && i < 64; i++)
		digits[i] = digit;
	return arena_printf(arena, "sha256:%s", digits);
}

static int look(void *context, const char *api, struct gate_looked *image,
	struct gate_glimpse *glimpses, size_t n, struct arena *arena, struct err *err)
{
	struct made *made = context;

	made->looked++;
	made->asked += (unsigned int)n;
	(void)snprintf(made->platform, sizeof(made->platform), "%s",
		image->platform ? image->platform : "");
	for (size_t i = 0; i < n; i++)
		made->volumes += glimpses[i].is_volume;
	if (image->told_by) {
		assert_string_equal(image->told_by, "1.48");
		image->manifest = digest(arena, made->manifest);
	}
	if (made->fails)
		return err_set(err, made->fails, "no container can be made");
	if (gate_fixture_look(NULL, api, image, glimpses, n, arena, err) < 0)
		return -ENOMEM;
	for (size_t i = 0; i < n; i++)
		for (size_t t = 0; t < made->n; t++)
			if (strcmp(made->there[t].path, glimpses[i].path) == 0 &&
				gate_fixture_tar(arena, made->there[t].tar,
					&glimpses[i].fact) < 0)
				return -ENOMEM;
	for (size_t i = 0; i < n; i++)
		if (glimpses[i].enough == 0)
			glimpses[i].fact.len = 0;
	return 0;
}

/* Over what is behind @at in the answer, if that is there. */
static void put(const struct gate_fact *fact, const char *at, const char *text)
{
	char *found = fact->body ? strstr((char *)(uintptr_t)fact->body, at) : NULL;

	if (found)
		memcpy(found + strlen(at), text, strlen(text));
}

static int get(void *context, const char *path, struct arena *arena,
	struct gate_fact *ret_fact, struct err *err)
{
	const struct made *made = context;

	if (strcmp(path, "/v1.41/version") == 0) {
		ret_fact->status = 200;
		ret_fact->body = arena_printf(arena,
			"{\"ApiVersion\":\"%s\",\"Components\":[{\"Name\":"
			"\"runc\",\"Version\":\"%s\"}]}",
			made->api ? made->api : "1.41", made->runc);
		ret_fact->len = strlen(ret_fact->body);
		return 0;
	}
	if (made->store && strcmp(path, "/v1.41/info") == 0) {
		ret_fact->status = made->untold ? 404 : 200;
		ret_fact->body = made->status ? made->status
					      : "{\"DriverStatus\":[[\"x\",\"y\"],["
						"\"driver-type\","
						"\"io.containerd.snapshotter.v1\"]]}";
		ret_fact->len = strlen(ret_fact->body);
		return 0;
	}
	if (strncmp(path, "/v1.48/", 7) == 0) {
		assert_non_null(strstr(path, "/v1.48/containers/"));
		ret_fact->status = 200;
		ret_fact->body = arena_printf(arena,
			"{\"ImageManifestDescriptor\":{\"digest\":\"%s\"%s}}",
			digest(arena, made->runs), made->of ? made->of : "");
		ret_fact->len = strlen(ret_fact->body);
		return 0;
	}
	int rc = gate_fixture_any.get(NULL, path, arena, ret_fact, err);
	char *driver = made->store && ret_fact->body
			       ? strstr((char *)(uintptr_t)ret_fact->body, "overlay2")
			       : NULL;
	if (driver)
		memcpy(driver, made->store, strlen("overlay2"));
	const char *machine = "\"Architecture\":\"amd64\",";
	const char *told = made->machine && ret_fact->body
				   ? strstr(ret_fact->body, machine)
				   : NULL;
	if (told) {
		ret_fact->body =
			arena_printf(arena, "%.*s%s%s", (int)(told - ret_fact->body),
				ret_fact->body, made->machine, told + strlen(machine));
		ret_fact->len = strlen(ret_fact->body);
	}
	if (made->user)
		put(ret_fact, "\"User\":\"", made->user);
	if (made->of_another)
		put(ret_fact, "\"seawall.image\":\"sha256:", "b");
	const char *labels = "\"seawall.owner\":\"1000\",";
	const char *at =
		made->labels && ret_fact->body ? strstr(ret_fact->body, labels) : NULL;
	if (rc == 0 && at && strstr(path, "/containers/")) {
		ret_fact->body = arena_printf(arena, "%.*s%s%s",
			(int)(at - ret_fact->body), ret_fact->body, made->labels, at);
		ret_fact->len = strlen(ret_fact->body);
	}
	return rc;
}

static struct gate_decision ask(struct gate_fixture *fixture, const char *user,
	const char *path, const char *body, struct made *made)
{
	struct gate_context context = gate_fixture_context(fixture, user, true);
	const struct gate_engine engine = {.get = get,
		.look = look,
		.seen = made->remembers ? has : NULL,
		.remember = made->remembers ? keep : NULL,
		.context = made};
	const struct gate_request request = {.method = "POST",
		.target = path,
		.target_len = strlen(path),
		.content_type = body ? "application/json" : NULL,
		.has_body = body != NULL,
		.body = body,
		.body_len = body ? strlen(body) : 0};
	struct gate_decision decision;

	made->looked = made->asked = made->volumes = 0;
	if (!made->runc)
		made->runc = "1.1.5+ds1";
	context.engine = &engine;
	gate_filter(&context, &request, &fixture->arena, &decision);
	return decision;
}

#define PLAIN		  "{\"Image\":\"nginx\"}"
#define WITH(host_config) "{\"Image\":\"nginx\",\"HostConfig\":{" host_config "}}"

static const char *create(struct gate_fixture *fixture, const char *user,
	const char *body, struct made *made)
{
	return ask(fixture, user, "/v1.41/containers/create", body, made).rule;
}

static const struct gate_fixture_tar folder = {.type = '5', .mode = 0755},
				     file = {.type = '0', .mode = 0644},
				     writable = {.type = '5', .mode = 0775},
				     others = {.type = '5', .mode = 0757},
				     owned = {.type = '5', .mode = 0755, .uid = 1000},
				     a_link = {.type = '2',
					     .mode = 0777,
					     .link = "/data"},
				     extended = {.type = 'x', .mode = 0644},
				     owned_list = {.type = '0',
					     .mode = 0644,
					     .uid = 1000},
				     open_list = {.type = '0', .mode = 0646};

static void those_three_are_roots_alone(void **state)
{
	static const struct {
		struct there there;
		const char *want;
	} rows[] = {
		{{"/etc/group", NULL}, "allow"},
		{{"/etc", NULL}, "allow"},
		{{"/", NULL}, "image-groups"},
		{{"/", &writable}, "image-groups"},
		{{"/", &owned}, "image-groups"},
		{{"/", &others}, "image-groups"},
		{{"/", &extended}, "image-groups"},
		{{"/etc", &writable}, "image-groups"},
		{{"/etc", &owned}, "image-groups"},
		{{"/etc", &a_link}, "image-groups"},
		{{"/etc", &extended}, "image-groups"},
		{{"/etc/group", &owned_list}, "image-groups"},
		{{"/etc/group", &open_list}, "image-groups"},
		{{"/etc/group", &a_link}, "image-groups"},
		{{"/etc/group", &folder}, "image-groups"},
		{{"/etc/group", &extended}, "image-groups"},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct made made = {.there = &rows[i].there, .n = 1};

		assert_string_equal(
			create(*state, "alice", PLAIN, &made), rows[i].want);
		assert_int_equal(made.looked, 1);
	}
}

static void no_name_is_a_number(void **state)
{
	static const struct {
		const char *list, *want;
	} rows[] = {
		{"root:x:0:\nstaff:x:50:\n", "allow"},
		{"", "allow"},
		{"1000:x:1000:\n", "image-groups"},
		{"1000:x:0:\n", "image-groups"},
		{"root:x:0:\n1000:x:0:", "image-groups"},
		{"1000::42:alice\n", "image-groups"},
		{"  1000:x:0:\n", "image-groups"},
		{"\xc2\xa0"
		 "1000:x:0:\n",
			"image-groups"},
		{"1000\t:x:0:\n", "image-groups"},
		{"1000\n", "image-groups"},
		{"root:x:0:\r\n1000:x:0:\r\n", "image-groups"},
		{"a1000:x:0:\n", "allow"},
		{"+:::\n", "allow"},
		{"# 1000:x:0:\n", "allow"},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		const struct gate_fixture_tar groups = {
			.type = '0', .mode = 0644, .content = rows[i].list};
		const struct there there = {"/etc/group", &groups};
		struct made made = {.there = &there, .n = 1, .runc = "1.2.9"};

		assert_string_equal(
			create(*state, "alice", PLAIN, &made), rows[i].want);
	}
}

/* Its size is told, and the rest does not come. */
static void a_list_is_read_whole(void **state)
{
	static char text[64 * 1024 + 2];
	const struct gate_fixture_tar groups = {
		.type = '0', .mode = 0644, .content = text};
	const struct there there = {"/etc/group", &groups};
	struct made made = {.there = &there, .n = 1};

	memset(text, 'a', 64 * 1024);
	assert_string_equal(create(*state, "alice", PLAIN, &made), "allow");
	text[64 * 1024] = 'a';
	assert_string_equal(create(*state, "alice", PLAIN, &made), "image-groups");
}

/* Of an image that has this, and that unless its path is NULL, alice's create. */
struct row {
	const char *body;
	struct there there[2];
	const char *want;
};

static void check_rows(struct gate_fixture *fixture, const struct row *rows, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		struct made made = {
			.there = rows[i].there, .n = rows[i].there[1].path ? 2 : 1};
		const char *rule = create(fixture, "alice", rows[i].body, &made);

		if (strcmp(rule, rows[i].want) != 0)
			fail_msg("row %zu: %s", i, rule);
	}
}

static void no_link_leads_to_a_mount(void **state)
{
#define HOME "\"Binds\":[\"/srv/users/alice:/srv/a/b\"]"
	static const struct gate_fixture_tar bin = {.type = '2', .link = "usr/bin"},
					     elsewhere = {.type = '2',
						     .link = "usr/lib"},
					     device = {.type = '3', .mode = 0600},
					     unstated = {.type = '5',
						     .mode = 0755,
						     .unstated = true},
					     up = {.type = '2', .link = "../run"},
					     lock = {.type = '2', .link = "/run/lock"},
					     var_run_lock = {
						     .type = '2', .link = "run/lock"};
	static const struct row rows[] = {
		{WITH(HOME), {{"/srv", &folder}, {"/srv/a", &folder}}, "allow"},
		{WITH(HOME), {{"/srv", &folder}, {"/srv/a/b", &file}}, "allow"},
		{WITH(HOME), {{"/srv", &a_link}}, "image-links"},
		{WITH(HOME), {{"/srv", &folder}, {"/srv/a", &a_link}}, "image-links"},
		{WITH(HOME), {{"/srv", &folder}, {"/srv/a/b", &a_link}}, "image-links"},
		{WITH(HOME), {{"/srv", &file}}, "image-links"},
		{WITH(HOME), {{"/srv", &extended}}, "image-links"},
		{WITH(HOME), {{"/srv", &folder}, {"/srv/a/b", &device}}, "image-links"},
		{WITH(HOME), {{"/srv", &folder}, {"/srv/a/b", &unstated}},
			"engine-answer"},
		{WITH("\"Tmpfs\":{\"/x/y\":\"\"}"), {{"/x", &a_link}}, "image-links"},
		{WITH("\"Mounts\":[{\"Type\":\"volume\",\"Target\":\"/x\"}]"),
			{{"/x", &a_link}}, "image-links"},
		{PLAIN, {{"/etc/hosts", &a_link}}, "image-links"},
		{PLAIN, {{"/dev", &a_link}}, "image-links"},
		{PLAIN, {{"/proc", &a_link}}, "image-links"},
		{PLAIN, {{"/etc/resolv.conf", &file}}, "allow"},
		/* Those of distributions, which are followed. */
		{WITH("\"Tmpfs\":{\"/bin/x\":\"\"}"), {{"/bin", &bin}}, "allow"},
		{WITH("\"Tmpfs\":{\"/bin/x\":\"\"}"),
			{{"/bin", &bin}, {"/usr/bin", &a_link}}, "image-links"},
		{WITH("\"Tmpfs\":{\"/bin/x\":\"\"}"), {{"/bin", &elsewhere}},
			"image-links"},
		{WITH("\"Tmpfs\":{\"/var/run/x\":\"\"}"), {{"/var/run", &up}}, "allow"},
		{WITH("\"Tmpfs\":{\"/var/lock\":\"\"}"), {{"/var/lock", &lock}},
			"allow"},
		/* From /var, that is, and not from the top. */
		{WITH("\"Tmpfs\":{\"/var/lock\":\"\"}"), {{"/var/lock", &var_run_lock}},
			"image-links"},
		{WITH("\"Tmpfs\":{\"/var/lock/x\":\"\"}"),
			{{"/var/lock", &var_run_lock}}, "image-links"},
	};

	check_rows(*state, rows, ARRAY_LEN(rows));
}

/* It is mounted in containers that do not ask for it, too, if the engine is told so. */
static void nothing_leads_docker_init(void **state)
{
	static const char *const off = WITH("\"Init\":false"),
				 *const fixed = WITH("\"ReadonlyRootfs\":true"),
				 *const null = WITH("\"Init\":null"),
				 *const below = WITH("\"Tmpfs\":{\"/sbin/x\":\"\"}"),
				 *const over = WITH("\"Binds\":[\"mine:/usr/bin\"]");
	static const struct gate_fixture_tar sbin = {.type = '2', .link = "usr/sbin"},
					     arch = {.type = '2', .link = "usr/bin"},
					     bin = {.type = '2', .link = "bin"},
					     up = {.type = '2', .link = "../usr/bin"},
					     top = {.type = '2', .link = "/usr/bin"},
					     odd = {.type = '2', .link = "../bin"};
	static const struct row rows[] = {
		{PLAIN, {{"/sbin/docker-init", &a_link}}, "image-links"},
		{WITH("\"Init\":true"), {{"/sbin/docker-init", &a_link}},
			"image-links"},
		{null, {{"/sbin/docker-init", &a_link}}, "image-links"},
		{off, {{"/sbin/docker-init", &a_link}}, "allow"},
		{PLAIN, {{"/sbin", &owned}}, "image-links"},
		{off, {{"/sbin", &owned}}, "allow"},
		{fixed, {{"/sbin", &owned}}, "allow"},
		{PLAIN, {{"/sbin", &a_link}}, "image-links"},
		{fixed, {{"/sbin", &a_link}}, "image-links"},
		/* Of Debian, of Fedora, of Arch: wherever they lead is looked at. */
		{PLAIN, {{"/sbin", &sbin}}, "allow"},
		{PLAIN, {{"/sbin", &sbin}, {"/usr/sbin", &bin}}, "allow"},
		{PLAIN, {{"/sbin", &arch}, {"/usr/sbin", &bin}}, "allow"},
		{PLAIN, {{"/sbin", &top}, {"/usr/sbin", &top}}, "allow"},
		{PLAIN, {{"/usr/sbin", &up}}, "allow"},
		{PLAIN, {{"/usr/sbin", &arch}}, "image-links"},
		{PLAIN, {{"/usr/sbin", &odd}}, "image-links"},
		{PLAIN, {{"/sbin", &bin}}, "image-links"},
		{PLAIN, {{"/sbin", &sbin}, {"/usr/sbin", &owned}}, "image-links"},
		{PLAIN, {{"/sbin", &arch}, {"/usr/bin", &owned}}, "image-links"},
		{PLAIN, {{"/sbin", &sbin}, {"/usr/sbin/docker-init", &a_link}},
			"image-links"},
		{PLAIN, {{"/sbin", &arch}, {"/usr/bin/docker-init", &a_link}},
			"image-links"},
		{below, {{"/sbin", &arch}, {"/usr/bin/x", &folder}}, "allow"},
		{below, {{"/sbin", &arch}, {"/usr/bin/x", &a_link}}, "image-links"},
		/* It is there before. */
		{over, {{"/sbin", &arch}}, "allow"},
	};

	check_rows(*state, rows, ARRAY_LEN(rows));
}

/* The engine makes it by its path at each start, whatever release it and runc are. */
static void nothing_leads_the_working_directory(void **state)
{
#define IN(path) "{\"Image\":\"nginx\",\"WorkingDir\":\"" path "\"}"
	static const char *const fixed =
		"{\"Image\":\"nginx\",\"WorkingDir\":\"/way/x\",\"HostConfig\":{"
		"\"ReadonlyRootfs\":true}}";
	static const struct {
		const char *user, *body;
		struct there there;
		const char *want;
	} rows[] = {
		{"alice", IN("/way/x"), {"/way", &folder}, "allow"},
		{"alice", IN("/way/x/y"), {"/way", NULL}, "allow"},
		{"alice", IN("/way/x"), {"/way", &owned}, "image-links"},
		{"alice", IN("/way/x/"), {"/way", &writable}, "image-links"},
		{"alice", IN("/way/x"), {"/way", &a_link}, "image-links"},
		{"alice", IN("/way"), {"/way", &a_link}, "image-links"},
		{"alice", IN("/way"), {"/way", &owned}, "allow"},
		{"alice", IN("/way"), {"/", &owned}, "image-groups"},
		{"alice", fixed, {"/way", &owned}, "allow"},
		{"rita", IN("/way/x"), {"/way", &owned}, "allow"},
		{"olga", IN("/way/x"), {"/way", &owned}, "allow"},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		for (int old = 0; old < 2; old++) {
			struct made made = {.there = &rows[i].there,
				.n = 1,
				.runc = old ? "1.1.5" : "1.3.3"};
			const char *rule =
				create(*state, rows[i].user, rows[i].body, &made);

			if (strcmp(rule, rows[i].want) != 0)
				fail_msg("row %zu, %s: %s", i, made.runc, rule);
		}
	}
}

/* Who can put a link on the way while the container runs has it started again. */
static void nobody_can_put_a_link_on_the_way(void **state)
{
	static const struct gate_fixture_tar
		others_own = {.type = '5', .mode = 0755, .uid = 1001},
		last_other = {.type = '5', .mode = 0755, .uid = 65535},
		subordinate = {.type = '5', .mode = 0755, .uid = 65536},
		sticky = {.type = '5', .mode = 01777},
		own_sticky = {.type = '5', .mode = 01777, .uid = 1000};
	static const struct gate_fixture_tar own_link = {.type = '2',
						     .mode = 0777,
						     .uid = 1000,
						     .link = "/run"},
					     roots_link = {.type = '2',
						     .mode = 0777,
						     .link = "/run"};
	static const char *const tmp = WITH("\"Binds\":[\"mine:/tmp/b\"]");
	static const char *const run = WITH("\"Binds\":[\"mine:/var/run/x\"]");
	static const char *const deep = WITH("\"Binds\":[\"mine:/srv/a/b\"]");
	static const char *const fixed =
		WITH("\"ReadonlyRootfs\":true,\"Binds\":[\"mine:/srv/a/b\"]");
	static const struct row rows[] = {
		{deep, {{"/srv/a", &folder}}, "allow"},
		{deep, {{"/srv/a", &others_own}}, "allow"},
		{deep, {{"/srv/a", &last_other}}, "allow"},
		/* Of /etc/subuid: perhaps hers, in a user namespace. */
		{deep, {{"/srv/a", &subordinate}}, "image-links"},
		{deep, {{"/srv", &subordinate}}, "image-links"},
		{fixed, {{"/srv/a", &subordinate}}, "allow"},
		{tmp, {{"/tmp", &sticky}, {"/tmp/b", &subordinate}}, "image-links"},
		{deep, {{"/srv/a", &sticky}}, "allow"},
		{deep, {{"/srv/a", &owned}}, "image-links"},
		{deep, {{"/srv/a", &writable}}, "image-links"},
		{deep, {{"/srv/a", &others}}, "image-links"},
		{deep, {{"/srv/a", &own_sticky}}, "image-links"},
		{deep, {{"/srv", &owned}}, "image-links"},
		{fixed, {{"/srv/a", &owned}}, "allow"},
		{fixed, {{"/srv/a", &a_link}}, "image-links"},
		/* The place itself is as what it is in lets it be. */
		{deep, {{"/srv/a/b", &owned}}, "allow"},
		{deep, {{"/srv/a", &folder}, {"/srv/a/b", &owned}}, "allow"},
		{tmp, {{"/tmp", &sticky}, {"/tmp/b", &folder}}, "allow"},
		{tmp, {{"/tmp", &sticky}, {"/tmp/b", &owned}}, "image-links"},
		{tmp, {{"/tmp", &sticky}, {"/tmp/b", &owned_list}}, "image-links"},
		/* Whose it is was not asked. */
		{deep, {{"/srv/a", &sticky}, {"/srv/a/b", &folder}}, "image-links"},
		{deep, {{"/srv/a", &sticky}, {"/srv/a/b", NULL}}, "allow"},
		{fixed, {{"/srv/a", &sticky}, {"/srv/a/b", &owned}}, "allow"},
		{run, {{"/var", &folder}, {"/var/run", &own_link}}, "allow"},
		{run, {{"/var", &sticky}, {"/var/run", &roots_link}}, "allow"},
		{run, {{"/var", &sticky}, {"/var/run", &own_link}}, "image-links"},
	};

	check_rows(*state, rows, ARRAY_LEN(rows));
}

/* Behind a link in what is mounted, which no look at the image shows. */
static void nothing_is_below_what_callers_can_change(void **state)
{
	static const char *const nested =
		"{\"Image\":\"nginx\",\"Volumes\":{\"/srv/x/y\":{}},\"HostConfig\":{"
		"\"Mounts\":[{\"Type\":\"volume\",\"Target\":\"/srv/x\"}]}}";
	static const struct {
		const char *user, *runc, *want;
	} rows[] = {
		{"alice", "1.1.15+ds1", "mount-nested"},
		{"alice", "1.2.9", "mount-nested"},
		{"alice", "1.3.2", "mount-nested"},
		{"alice", "1.3.3", "allow"},
		{"rita", "1.1.13", "mount-nested"},
		{"rita", "1.1.14", "allow"},
		{"olga", "1.1.5", "allow"},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct made made = {.runc = rows[i].runc};
		const char *rule = create(*state, rows[i].user, nested, &made);

		if (strcmp(rule, rows[i].want) != 0)
			fail_msg("row %zu: %s", i, rule);
	}
}

/* Nothing is copied into them for a look. */
static void volumes_are_told(void **state)
{
	struct made made = {.n = 0};

	assert_string_equal(create(*state, "alice", PLAIN, &made), "allow");
	assert_int_equal(made.volumes, 0);
	assert_string_equal(create(*state, "alice",
				    "{\"Image\":\"nginx\",\"Volumes\":{\"/a/b\":{},"
				    "\"/c/\":{}}}",
				    &made),
		"allow");
	assert_int_equal(made.volumes, 2);
}

/* By the release of runc, and what the profile gives anyway. */
static void who_is_looked_at(void **state)
{
	static const struct gate_fixture_tar bad = {
		.type = '0', .mode = 0644, .content = "1000:x:0:\n"};
	static const struct there list = {"/etc/group", &bad}, way = {"/srv", &a_link};
	static const char *const binds =
		"{\"Image\":\"nginx\",\"User\":\"0\",\"HostConfig\":{\"Binds\":["
		"\"/srv/x:/srv/x\"]}}";
	static const char *const tmpfs = WITH("\"Tmpfs\":{\"/srv/x\":\"\"}");
	static const struct {
		const char *user, *runc, *body;
		const struct there *there;
		const char *want;
	} rows[] = {
		{"alice", "1.3.3", PLAIN, &list, "allow"},
		{"alice", "1.3.3-rc.1", PLAIN, &list, "image-groups"},
		{"alice", "1.3.2", tmpfs, &way, "image-links"},
		{"alice", "1.3.3", tmpfs, &way, "allow"},
		{"alice", "", PLAIN, &list, "image-groups"},
		{"rita", "1.1.5", PLAIN, &list, "allow"},
		{"rita", "1.1.13", binds, &way, "image-links"},
		{"rita", "1.1.14", binds, &way, "allow"},
		{"olga", "1.1.5", binds, &way, "allow"},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct made made = {
			.there = rows[i].there, .n = 1, .runc = rows[i].runc};
		const char *rule = create(*state, rows[i].user, rows[i].body, &made);

		if (strcmp(rule, rows[i].want) != 0)
			fail_msg("row %zu: %s", i, rule);
	}
}

/* A container says what was looked at; of another it is looked at when it is started.
 */
static void a_label_tells(void **state)
{
	static const struct gate_fixture_tar bad = {
		.type = '0', .mode = 0644, .content = "1000:x:0:\n"};
	static const struct there there = {"/etc/group", &bad};
	static const struct {
		const char *labels, *want;
	} rows[] = {
		{NULL, "image-groups"},
		{"\"seawall.looked\":\"groups\",", "allow"},
		{"\"seawall.looked\":\"links\",", "image-groups"},
		{"\"seawall.looked\":\"\",", "image-groups"},
	};
	struct made fine = {.n = 0};
	struct gate_decision decision;

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct made made = {.there = &there, .n = 1, .labels = rows[i].labels};

		assert_string_equal(ask(*state, "alice", "/v1.41/containers/bare/start",
					    NULL, &made)
					    .rule,
			rows[i].want);
		assert_int_equal(made.looked, i != 1);
	}
	decision = ask(*state, "alice", "/v1.41/containers/create", PLAIN, &fine);
	assert_non_null(strstr(decision.forward.body, "\"seawall.looked\":\"groups\""));
	decision = ask(*state, "rita", "/v1.41/containers/create", PLAIN, &fine);
	assert_non_null(strstr(decision.forward.body, "\"seawall.looked\":\"links\""));
	/* The image may say that it was. */
	fine.runc = "1.3.3";
	decision = ask(*state, "alice", "/v1.41/containers/create", PLAIN, &fine);
	assert_non_null(strstr(decision.forward.body, "\"seawall.looked\":\"\""));
	assert_int_equal(fine.looked, 0);
	fine.runc = "1.1.5";
	decision = ask(*state, "olga", "/v1.41/containers/create", PLAIN, &fine);
	assert_non_null(strstr(decision.forward.body, "\"seawall.looked\":\"\""));
	assert_int_equal(fine.looked, 0);
}

/* Who may touch others' starts one that root made of another image, too. */
static void a_label_tells_of_its_image_alone(void **state)
{
	static const struct gate_fixture_tar bad = {
		.type = '0', .mode = 0644, .content = "1000:x:0:\n"};
	static const struct there there = {"/etc/group", &bad};

	for (int of_another = 0; of_another < 2; of_another++) {
		struct made made = {.there = &there,
			.n = 1,
			.user = "1006:1006",
			.labels = "\"seawall.looked\":\"groups\",",
			.of_another = of_another};

		assert_string_equal(
			ask(*state, "kim", "/v1.41/containers/bare/start", NULL, &made)
				.rule,
			of_another ? "image-groups" : "allow");
		assert_int_equal(made.looked, of_another);
	}
}

static void what_cannot_be_seen_is_refused(void **state)
{
	struct made made = {.fails = -ECONNRESET};

	assert_string_equal(create(*state, "alice", PLAIN, &made), "engine-answer");
}

static void too_many_directories(void **state)
{
	static char deep[4096] = WITH("\"Tmpfs\":{\"");
	struct made made = {.n = 0};
	size_t at = strlen(deep) - strlen("}}");

	for (int i = 0; i < 1030; i++) {
		memcpy(deep + at, "/x", 2);
		at += 2;
	}
	strcpy(deep + at, "\":\"\"}}}");
	assert_string_equal(create(*state, "alice", deep, &made), "too-many-objects");
	assert_int_equal(made.looked, 0);
}

/* Another image, or another mount, is looked at, and for another user. */
static void what_was_fine_is_remembered(void **state)
{
	static const struct there bad = {"/srv", &a_link};
	struct made made = {.n = 0, .remembers = true};

	assert_string_equal(create(*state, "alice", WITH(HOME), &made), "allow");
	assert_int_equal(made.looked, 1);
	assert_string_equal(create(*state, "alice", WITH(HOME), &made), "allow");
	assert_int_equal(made.looked, 0);
	/* In containerd's store one id is many platforms'. */
	made.store = "overlayf";
	assert_string_equal(create(*state, "alice", WITH(HOME), &made), "allow");
	assert_int_equal(made.looked, 1);
	made.store = NULL;
	assert_string_equal(create(*state, "alice", PLAIN, &made), "allow");
	assert_int_equal(made.looked, 1);
	assert_string_equal(create(*state, "kim", PLAIN, &made), "allow");
	assert_int_equal(made.looked, 1);
	assert_string_equal(create(*state, "kim", PLAIN, &made), "allow");
	assert_int_equal(made.looked, 0);
	/* As of one who may be anybody: nothing is asked about the user. */
	assert_string_equal(
		create(*state, "kim", WITH("\"ReadonlyRootfs\":true"), &made), "allow");
	assert_int_equal(made.looked, 1);
	assert_string_equal(
		create(*state, "alice", WITH("\"ReadonlyRootfs\":true"), &made),
		"allow");
	assert_int_equal(made.looked, 0);
	made.remembered = NULL;
	made.there = &bad;
	made.n = 1;
	assert_string_equal(create(*state, "alice", WITH(HOME), &made), "image-links");
	assert_null(made.remembered);
	assert_string_equal(create(*state, "bob",
				    "{\"Image\":\"nginx\",\"HostConfig\":{\"Tmpfs\":"
				    "{\"/x\":\"\"}}}",
				    &made),
		"allow");
	assert_non_null(strstr(made.remembered, "sha256:"));
	assert_non_null(strstr(made.remembered, "\n--a/x"));
	assert_non_null(strstr(made.remembered, "\nr--/etc/group"));
}

/* Of what one index of containerd's store names, another may come meanwhile. */
static void what_was_looked_at_is_what_runs(void **state)
{
#define FOR(machine) "\"Architecture\":" machine ","
	static const struct {
		const char *store, *machine, *query, *platform, *forward, *want;
	} rows[] = {
		{NULL, NULL, "", "", "create", "allow"},
		{NULL, FOR("\"\""), "", "", "create", "allow"},
		{NULL, FOR("\"arm64\",\"Variant\":\"v8\""), "?platform=linux/arm64/v8",
			"", "create", "allow"},
		{NULL, FOR("\"arm64\",\"Variant\":\"v8\""), "?platform=linux/arm64/v9",
			"", NULL, "create-platform"},
		{"overlayf", NULL, "", "linux/amd64", "create?platform=linux%2Famd64",
			"allow"},
		{"overlayf", NULL, "?platform=linux/amd64", "linux/amd64",
			"create?platform=linux%2Famd64", "allow"},
		{"overlayf", FOR("\"arm\",\"Variant\":\"v7\""), "", "linux/arm/v7",
			"create?platform=linux%2Farm%2Fv7", "allow"},
		{"overlayf", FOR("\"arm\",\"Variant\":\"v7\""),
			"?platform=linux/arm/v7", "linux/arm/v7",
			"create?platform=linux%2Farm%2Fv7", "allow"},
		{"overlayf", FOR("\"arm\",\"Variant\":\"v7\""), "?platform=linux/arm",
			"linux/arm/v7", "create?platform=linux%2Farm%2Fv7", "allow"},
		{"overlayf", FOR("\"arm\",\"Variant\":\"v7\""),
			"?platform=linux/arm/v6", "", NULL, "create-platform"},
		{"overlayf", FOR("\"\""), "", "", NULL, "engine-answer"},
		/* An image says of itself what it likes: that would be two values. */
		{"overlayf", FOR("\"amd64\\nx\""), "", "", NULL, "engine-answer"},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct made made = {.store = rows[i].store, .machine = rows[i].machine};
		char path[128];

		(void)snprintf(path, sizeof(path), "/v1.41/containers/create%s",
			rows[i].query);
		const struct gate_decision decision =
			ask(*state, "alice", path, PLAIN, &made);
		assert_string_equal(decision.rule, rows[i].want);
		assert_string_equal(made.platform, rows[i].platform);
		if (rows[i].forward)
			assert_string_equal(strrchr(decision.forward.path, '/') + 1,
				rows[i].forward);
	}
	struct made made = {.store = "overlayf"};
	assert_string_equal(
		ask(*state, "alice", "/v1.41/containers/bare/start", NULL, &made).rule,
		"allow");
	assert_string_equal(made.platform, "linux/amd64");
}

/* Names of drivers do not tell: there are "btrfs" and "zfs" of both. */
static void drivers_of_the_engine_are_no_stores_of_containerds(void **state)
{
	static const char other[] =
		"{\"DriverStatus\":[[\"Build Version\",\"Btrfs v6\"],[1,2],[\"x\"],3,"
		"[\"driver-type\",\"other\"],[\"other\",\"io.containerd.x\"]]}";
	static const char *const own[] = {"{}", "{\"DriverStatus\":null}", other};

	for (size_t i = 0; i < ARRAY_LEN(own); i++) {
		struct made made = {.store = "btrfs   ",
			.status = own[i],
			.api = "1.48",
			.remembers = true};
		const struct gate_decision decision =
			ask(*state, "alice", "/v1.41/containers/create", PLAIN, &made);

		assert_string_equal(decision.rule, "allow");
		assert_string_equal(decision.forward.path, "/v1.41/containers/create");
		assert_string_equal(made.platform, "");
		assert_non_null(made.remembered);
		assert_string_equal(ask(*state, "alice", "/v1.41/containers/bare/start",
					    NULL, &made)
					    .rule,
			"allow");
	}
}

/* What does not tell where it has its images may have them anywhere. */
static void an_engine_that_tells_nothing_has_any_store(void **state)
{
	struct made made = {.store = "overlayf", .status = "{}", .untold = true};

	assert_string_equal(
		ask(*state, "alice", "/v1.41/containers/create", PLAIN, &made).rule,
		"allow");
	assert_string_equal(made.platform, "linux/amd64");
}

/* Also for one platform there may be two, the better of which comes later. */
static void what_runs_is_of_what_was_looked_at(void **state)
{
#define OF(variant)                                                             \
	",\"platform\":{\"os\":\"linux\",\"architecture\":\"arm\",\"variant\":" \
	"\"" variant "\"}"
	static const struct {
		const char *api;
		char manifest, runs;
		const char *of, *want, *platform;
	} rows[] = {
		{"1.48", 'a', 'a', NULL, "allow", "linux/amd64"},
		{"1.51", 'a', 'a', OF("v7"), "allow", "linux/arm/v7"},
		{"1.51", 'a', 'a', OF(""), "allow", "linux/arm"},
		{"1.51", 'a', 'b', NULL, "image-platform", "linux/amd64"},
		{"1.51", 'a', '\0', NULL, "engine-answer", ""},
		/* None tells. */
		{"1.47", 'a', 'b', OF("v7"), "allow", "linux/amd64"},
		{"1.x", 'a', 'b', OF("v7"), "allow", "linux/amd64"},
	};
	static const char start[] = "/v1.41/containers/bare/start",
			  looked[] = "\"seawall.looked\":\"groups\"";
	struct made made = {.store = "overlayf", .remembers = true};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		made = (struct made){.store = "overlayf",
			.api = rows[i].api,
			.manifest = rows[i].manifest,
			.runs = rows[i].runs,
			.of = rows[i].of};
		assert_string_equal(
			ask(*state, "alice", start, NULL, &made).rule, rows[i].want);
		assert_string_equal(made.platform, rows[i].platform);
	}
	/* A label would say it of another one, too. */
	made = (struct made){
		.store = "overlayf", .api = "1.48", .manifest = 'a', .remembers = true};
	struct gate_decision decision =
		ask(*state, "alice", "/v1.41/containers/create", PLAIN, &made);
	assert_null(strstr(decision.forward.body, looked));
	made.runs = 'a';
	assert_string_equal(ask(*state, "alice", start, NULL, &made).rule, "allow");
	assert_int_equal(made.looked, 0);
	made.runs = 'b';
	assert_string_equal(
		ask(*state, "alice", start, NULL, &made).rule, "image-platform");
	made.api = "1.47";
	decision = ask(*state, "alice", "/v1.41/containers/create", PLAIN, &made);
	assert_non_null(strstr(decision.forward.body, looked));
}

/* The container of an older engine has no manifest, the image of another may be gone.
 */
static void where_nothing_is_looked_at_nothing_is_asked(void **state)
{
	struct made made = {.store = "overlayf",
		.api = "1.48",
		.machine = FOR("\"\""),
		.runs = '\0',
		.runc = "1.3.3"};

	assert_string_equal(
		ask(*state, "alice", "/v1.41/containers/bare/start", NULL, &made).rule,
		"allow");
	assert_int_equal(made.looked, 0);
}

int main(void)
{
#define T(name) \
	cmocka_unit_test_setup_teardown(name, gate_fixture_setup, gate_fixture_teardown)
	const struct CMUnitTest tests[] = {
		T(those_three_are_roots_alone),
		T(no_name_is_a_number),
		T(a_list_is_read_whole),
		T(no_link_leads_to_a_mount),
		T(nobody_can_put_a_link_on_the_way),
		T(nothing_leads_docker_init),
		T(nothing_leads_the_working_directory),
		T(nothing_is_below_what_callers_can_change),
		T(volumes_are_told),
		T(who_is_looked_at),
		T(a_label_tells),
		T(a_label_tells_of_its_image_alone),
		T(what_was_fine_is_remembered),
		T(what_was_looked_at_is_what_runs),
		T(what_runs_is_of_what_was_looked_at),
		T(where_nothing_is_looked_at_nothing_is_asked),
		T(drivers_of_the_engine_are_no_stores_of_containerds),
		T(an_engine_that_tells_nothing_has_any_store),
		T(what_cannot_be_seen_is_refused),
		T(too_many_directories),
	};

	return cmocka_run_group_tests_name("gate_look", tests, NULL, NULL);
}
