/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Profiles with "read_only": nothing that the engine will remove is the caller's to
 * change (golang/go#52745). */
#include "gate_fixture.h"

#define CREATE(title, image, text, rule, ...)                                         \
	{                                                                             \
		.name = "read_only.create." title, .user = "rex", .method = "POST",   \
		.path = "/v1.41/containers/create",                                   \
		.body = "{'Image':'" image "'," text "}", .want = (rule), __VA_ARGS__ \
	}
#define MADE(title, verb, target, rule)                                      \
	{                                                                    \
		.name = "read_only." title, .user = "rex", .method = (verb), \
		.path = "/v1.41/containers/" target, .want = (rule)          \
	}
#define VOLUME(more) \
	"'Mounts':[{'Type':'volume','Source':'rexes','Target':'/v'" more "}]"
#define TMPFS_AT(path) "'Mounts':[{'Type':'tmpfs','Target':'" path "'}]"

static const struct gate_case cases[] = {
	CREATE("absent", "nginx", "'Tty':true", "allow",
		.has = "'ReadonlyRootfs':true"),
	CREATE("null", "nginx", "'HostConfig':{'ReadonlyRootfs':null}", "allow",
		.has = "'ReadonlyRootfs':true"),
	CREATE("false", "nginx", "'HostConfig':{'ReadonlyRootfs':false}", "allow",
		.has = "'ReadonlyRootfs':true"),
	CREATE("bind", "nginx", "'HostConfig':{'Binds':['/srv/x:/x']}", "allow",
		.has = "'ReadOnly':false"),
	CREATE("tmpfs", "nginx", "'HostConfig':{'Tmpfs':{'/tmp':'size=1m'}}", "allow",
		.has = "'/tmp':'size=1m'"),
	CREATE("volume", "nginx", "'HostConfig':{" VOLUME("") "}", "create-mounts"),
	CREATE("volume-false", "nginx",
		"'HostConfig':{" VOLUME(",'ReadOnly':false") "}", "create-mounts"),
	CREATE("volume-ro", "nginx", "'HostConfig':{" VOLUME(",'ReadOnly':true") "}",
		"allow", .has = "'ReadOnly':true"),
	CREATE("volume-bind", "nginx", "'HostConfig':{'Binds':['rexes:/v']}",
		"create-binds"),
	CREATE("volume-bind-ro", "nginx", "'HostConfig':{'Binds':['rexes:/v:ro']}",
		"allow", .has = "'ReadOnly':true"),
	CREATE("unnamed-bind", "nginx", "'HostConfig':{'Binds':['/v']}",
		"create-binds"),
	CREATE("unnamed-mount", "nginx",
		"'HostConfig':{'Mounts':[{'Type':'volume','Target':'/v'}]}",
		"create-mounts"),
	CREATE("unnamed", "nginx", "'Volumes':{'/v':{}}", "create-volumes"),
	CREATE("image", "storing", "'Tty':true", "create-image"),
	CREATE("image-below", "storing", "'HostConfig':{" TMPFS_AT("/data") "}",
		"create-image"),
	CREATE("image-tmpfs", "storing", "'HostConfig':{'Tmpfs':{'/data/db':''}}",
		"allow", .has = "'/data/db':''"),
	CREATE("image-tmpfs-below", "storing", "'HostConfig':{'Tmpfs':{'/data':''}}",
		"create-image"),
	CREATE("image-odd-tmpfs", "storing", "'HostConfig':{'Tmpfs':['/data/db']}",
		"create-image"),
	CREATE("image-covered", "storing", "'HostConfig':{" TMPFS_AT("/data/db") "}",
		"allow", .has = "'Target':'/data/db'"),
	CREATE("image-covered-slash", "storing",
		"'HostConfig':{" TMPFS_AT("/data/db/") "}", "allow",
		.has = "'Target':'/data/db'"),
	CREATE("image-covered-bind", "storing",
		"'HostConfig':{'Binds':['/srv/x:/data/db:rw']}", "allow",
		.has = "'Target':'/data/db'"),
	CREATE("image-odd-binds", "storing", "'HostConfig':{'Binds':[7,'/a']}",
		"create-image"),
	CREATE("image-odd-mounts", "storing", "'HostConfig':{'Mounts':[7]}",
		"create-image"),
	CREATE("from-writable", "nginx", "'HostConfig':{'VolumesFrom':['filling']}",
		"container-mounts"),
	/* What is read-only there stays so. */
	CREATE("from-fixed", "nginx", "'HostConfig':{'VolumesFrom':['fixed:rw']}",
		"allow"),

	MADE("start-changing", "POST", "changing/start", "container-readonly-rootfs"),
	MADE("start-filling", "POST", "filling/start", "container-mounts"),
	MADE("start-fixed", "POST", "fixed/start", "allow"),
	MADE("restart-changing", "POST", "changing/restart",
		"container-readonly-rootfs"),
	MADE("stop-changing", "POST", "changing/stop", "allow"),
	MADE("remove-changing", "DELETE", "changing", "allow"),
};

int main(int argc, char *argv[])
{
	return gate_fixture_main(argc, argv, "gate_read_only", cases, ARRAY_LEN(cases));
}
