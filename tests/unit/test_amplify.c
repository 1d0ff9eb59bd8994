/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "fixture.h"
#include "netmon/judge/amplify.h"

static void check(struct fixture *f, const char *expected, bool serious)
{
	struct amplifiers found =
		amplify(&f->arena, f->facts, &f->facts->containers[0], f->policy);
	const char *text = "";

	for (size_t i = 0; i < found.n; i++)
		text = arena_printf(
			&f->arena, "%s%s%s", text, i ? " " : "", found.words[i]);
	assert_string_equal(text, expected);
	assert_int_equal(found.serious, serious);
}

static void mounts(void **state)
{
	static const struct {
		struct mount mount;
		const char *expected;
		bool serious;
	} rows[] = {
		{{"bind", "/srv/data", "/data", true}, "", false},
		{{"bind", "/etc", "/etc", false}, "", false},
		{{"bind", "/etc", "/etc", true}, "host-mount:/etc", true},
		{{"bind", "/etc/cron.d", "/x", true}, "host-mount:/etc/cron.d", true},
		{{"bind", "/etcetera", "/x", true}, "", false},
		{{"bind", "/home/alice", "/x", true}, "", false},
		{{"bind", "/home", "/x", true}, "host-mount:/home", true},
		{{"volume", "/var/lib/docker/volumes/v/_data", "/x", true}, "", false},
		{{"bind", "/run/docker.sock", "/x", false}, "docker-socket", true},
		{{"bind", "/var/run/docker.sock", "/x", false}, "docker-socket", true},
		{{"bind", "/run", "/x", false}, "docker-socket engine-socket", true},
		{{"bind", "/var/run", "/x", true},
			"docker-socket engine-socket host-mount:/var/run", true},
		{{"bind", "/", "/host", false}, "docker-socket engine-socket", true},
		{{"bind", "/run/podman/podman.sock", "/x", true}, "engine-socket",
			true},
		{{"bind", "/run/containerd", "/x", false}, "engine-socket", true},
		{{"bind", "/opt/engine.sock", "/x", false}, "docker-socket", true},
		{{"bind", "/opt", "/x", false}, "docker-socket", true},
		{{"tmpfs", NULL, "/tmp", true}, "", false},
	};
	struct engine engine = {.socket = "/opt/engine.sock", .kind = "docker"};
	(void)state;

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct mount mount = rows[i].mount;
		struct fixture f;

		fixture_open(&f, NULL);
		fixture_container(&f, "web");
		f.facts->engines = &engine;
		f.facts->nengines = 1;
		f.facts->containers[0].mounts = &mount;
		f.facts->containers[0].nmounts = 1;
		check(&f, rows[i].expected, rows[i].serious);
		fixture_close(&f);
	}
}

static void root_by_engine(void **state)
{
	static const struct {
		const char *user, *userns_mode;
		bool rootless, userns_remap;
		const char *expected;
	} rows[] = {
		{"1000", NULL, false, false, ""},
		{"1000:0", NULL, false, false, ""},
		{"www-data", NULL, false, false, ""},
		{NULL, NULL, false, false, "root-user"},
		{"", NULL, false, false, "root-user"},
		{"0", NULL, false, false, "root-user"},
		{"0:1000", NULL, false, false, "root-user"},
		{"root", NULL, false, false, "root-user"},
		{"root:users", NULL, false, false, "root-user"},
		{"rootless", NULL, false, false, ""},
		{"0", NULL, true, false, ""},
		{"0", NULL, false, true, ""},
		{"0", "host", false, true, "host-userns root-user"},
		{"0", "auto:size=65536", false, false, ""},
	};
	(void)state;

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct engine engine = {.socket = "/run/docker.sock",
			.kind = "docker",
			.rootless = rows[i].rootless,
			.userns_remap = rows[i].userns_remap};
		struct fixture f;

		fixture_open(&f, NULL);
		fixture_container(&f, "web");
		f.facts->engines = &engine;
		f.facts->nengines = 1;
		f.facts->containers[0].engine = engine.socket;
		f.facts->containers[0].user = rows[i].user;
		f.facts->containers[0].userns_mode = rows[i].userns_mode;
		check(&f, rows[i].expected, false);
		fixture_close(&f);
	}
}

static void all_at_once(void **state)
{
	const char *caps[] = {"CAP_SYS_ADMIN", "net_raw"};
	const char *devices[] = {"/dev/kvm"};
	const char *options[] = {
		"seccomp=unconfined", "apparmor:unconfined", "label=disable"};
	struct fixture f;
	(void)state;

	fixture_open(&f, "{\"version\": 1, \"images\": [\"registry.example.org/*\"]}");
	struct container *container = fixture_container(&f, "web");
	check(&f, "unlisted-image", false);
	container->image = "registry.example.org/web@sha256:0";
	check(&f, "", false);
	container->image = "web:latest";
	container->privileged = true;
	container->cap_add = caps;
	container->ncap_add = 2;
	container->devices = devices;
	container->ndevices = 1;
	container->security_opt = options;
	container->nsecurity_opt = 3;
	container->pid_mode = container->ipc_mode = container->uts_mode = "host";
	container->network_mode = "host";
	container->pids_limit = -1;
	check(&f,
		"privileged host-pid host-ipc host-uts host-network "
		"capability:SYS_ADMIN capability:NET_RAW device:/dev/kvm "
		"seccomp-unconfined apparmor-unconfined no-pids-limit unpinned-image "
		"unlisted-image",
		true);
	container->inspected = false;
	check(&f, "host-network unpinned-image unlisted-image not-inspected", true);
	fixture_close(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(mounts),
		cmocka_unit_test(root_by_engine),
		cmocka_unit_test(all_at_once),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
