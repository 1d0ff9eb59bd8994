/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the kernel and the engine itself say. */
#include "gate/audit/system.h"

#include <errno.h>
#include <linux/capability.h>
#include <linux/posix_acl.h>
#include <linux/posix_acl_xattr.h>
#include <string.h>

#include "common/cleanup.h"
#include "common/json.h"

/* "  0: 0100007F:0947 00000000:0000 0A ...": address and state 0A is TCP_LISTEN. */
void system_read_ports(struct audit_facts *facts, struct span text)
{
	struct lines lines = {.rest = text};
	struct span line;

	while (lines_next(&lines, &line)) {
		(void)span_word(&line);
		struct span local = span_word(&line);
		(void)span_word(&line);
		struct span state = span_word(&line);
		unsigned int port = 0;

		(void)span_cut(&local, ':');
		if (!span_is(state, "0A") || local.len != 4)
			continue;
		for (size_t i = 0; i < 4; i++) {
			const char *digits = "0123456789ABCDEF";
			const char *digit = strchr(digits, local.text[i]);

			port = port * 16 + (digit ? (unsigned int)(digit - digits) : 0);
		}
		uint16_t *slot = arena_push(
			&facts->arena, &facts->ports, &facts->nports, sizeof(*slot));
		if (!slot)
			return;
		*slot = (uint16_t)port;
	}
}

/* The id of a container: 64 hexadecimal digits. */
static bool is_id(struct span name)
{
	for (size_t i = 0; i < name.len; i++) {
		char c = name.text[i];

		if (!((c >= '0' && c <= '9') || (c >= 'a' && c <= 'f')))
			return false;
	}
	return name.len == 64;
}

/* "docker-ID.scope": what an engine has systemd start; cgroupfs has no end. */
static bool is_scope(struct span name)
{
	static const char *const prefixes[] = {
		"docker-", "libpod-", "crio-", "cri-containerd-", "nerdctl-"};
	static const char end[] = ".scope";

	if (span_ends(name, end))
		name.len -= strlen(end);
	for (size_t i = 0; i < ARRAY_LEN(prefixes); i++) {
		size_t len = strlen(prefixes[i]);

		if (span_begins(name, prefixes[i]) &&
			is_id((struct span){name.text + len, name.len - len}))
			return true;
	}
	return false;
}

/*
 * "12:pids:/docker/ID", "0::/system.slice/docker-ID.scope", "0::/lxc.payload.NAME".
 * Whoever is logged in names the cgroups below his own, and a service may have been
 * given its own: no name below these says anything.
 */
static bool is_container_path(struct span path)
{
	bool below_docker = false, first = true;

	while (path.len > 0) {
		struct span name = span_cut(&path, '/');

		if (name.len == 0)
			continue;
		if (span_is(name, "user.slice") || span_ends(name, ".service"))
			return false;
		if (is_scope(name) || (below_docker && is_id(name)))
			return true;
		if (first && (span_begins(name, "lxc.payload.") ||
				     span_is(name, "kubepods") ||
				     span_is(name, "kubepods.slice") ||
				     span_is(name, "kubelet") ||
				     span_is(name, "kubelet.slice")))
			return true;
		below_docker = span_is(name, "docker");
		first = false;
	}
	return false;
}

bool system_is_contained(struct span cgroup)
{
	struct lines lines = {.rest = cgroup};
	struct span line;
	bool contained = false;

	while (lines_next(&lines, &line)) {
		(void)span_cut(&line, ':');
		(void)span_cut(&line, ':');
		if (line.len > 0 && memmem(line.text, line.len, "/user.slice/", 12))
			return false;
		contained = contained || is_container_path(line);
	}
	return contained;
}

static bool read_four(struct span rest, uint32_t ids[4])
{
	for (size_t i = 0; i < 4; i++) {
		if (!span_number(span_word(&rest), &ids[i]))
			return false;
	}
	return true;
}

static void read_gids(
	struct audit_facts *facts, struct audit_process *process, struct span rest)
{
	/* A number and a blank are two bytes at least. */
	uint32_t *gids = arena_array(&facts->arena, rest.len / 2 + 1, sizeof(*gids));

	for (struct span w = span_word(&rest); gids && w.len > 0;
		w = span_word(&rest)) {
		if (span_number(w, &gids[process->ngids]))
			process->ngids++;
	}
	process->gids = gids;
}

void system_read_status(
	struct audit_facts *facts, uint32_t pid, struct span text, struct span cgroup)
{
	struct audit_process process = {.pid = pid, .comm = "?"};
	struct lines lines = {.rest = text};
	struct span line;
	bool has_uid = false, has_gid = false;

	while (lines_next(&lines, &line)) {
		struct span value = line, key = span_cut(&value, ':');

		if (span_is(key, "Name")) {
			value = span_trim(value);
			process.comm =
				arena_strndup(&facts->arena, value.text, value.len);
		} else if (span_is(key, "Uid")) {
			has_uid = read_four(value, process.uid);
			bool root = has_uid;
			for (size_t i = 0; i < 4; i++)
				root = root && process.uid[i] == 0;
			if (root)
				return;
		} else if (span_is(key, "Gid")) {
			has_gid = read_four(value, process.gid);
		} else if (span_is(key, "Groups")) {
			read_gids(facts, &process, value);
		}
	}
	if (!has_uid || !has_gid || !process.comm)
		return;
	process.contained = system_is_contained(cgroup);
	struct audit_process *slot = arena_push(
		&facts->arena, &facts->processes, &facts->nprocesses, sizeof(*slot));
	if (slot)
		*slot = process;
}

static uint32_t le32(const unsigned char *bytes)
{
	return (uint32_t)bytes[0] | (uint32_t)bytes[1] << 8 | (uint32_t)bytes[2] << 16 |
	       (uint32_t)bytes[3] << 24;
}

static unsigned int le16(const unsigned char *bytes)
{
	return bytes[0] | (unsigned int)bytes[1] << 8;
}

enum { ACL_HEAD = 4, ACL_ENTRY = 8 };

/* A version, then entries of tag, permissions and id, all little-endian. */
int system_read_acl(struct audit_facts *facts, struct audit_socket *socket,
	const void *attribute, size_t len)
{
	const unsigned char *bytes = attribute;
	unsigned int mask = 7;

	if (len < ACL_HEAD || (len - ACL_HEAD) % ACL_ENTRY != 0 ||
		le32(bytes) != POSIX_ACL_XATTR_VERSION)
		return -EINVAL;
	for (size_t at = ACL_HEAD; at < len; at += ACL_ENTRY) {
		if (le16(bytes + at) == ACL_MASK)
			mask = le16(bytes + at + 2);
	}
	for (size_t at = ACL_HEAD; at < len; at += ACL_ENTRY) {
		unsigned int tag = le16(bytes + at);

		/* With an ACL the mode's group bits are its mask, not the group's. */
		if (tag == ACL_GROUP_OBJ && !(le16(bytes + at + 2) & mask & 2))
			socket->mode &= ~(uint32_t)020;
		if (tag != ACL_USER && tag != ACL_GROUP)
			continue;
		struct audit_acl *entry = arena_push(
			&facts->arena, &socket->acl, &socket->nacl, sizeof(*entry));
		if (!entry)
			return -ENOMEM;
		*entry = (struct audit_acl){
			.group = tag == ACL_GROUP,
			.perm = le16(bytes + at + 2) & mask,
			.id = le32(bytes + at + 4),
		};
	}
	return 0;
}

/* vfs_cap_data of linux/capability.h: magic, then permitted and inheritable words. */
int system_read_caps(const void *attribute, size_t len, uint64_t *ret_caps)
{
	const unsigned char *bytes = attribute;

	if (len < XATTR_CAPS_SZ_1)
		return -EINVAL;
	uint32_t revision = le32(bytes) & VFS_CAP_REVISION_MASK;
	uint64_t caps = le32(bytes + 4);
	if (revision == VFS_CAP_REVISION_2 || revision == VFS_CAP_REVISION_3) {
		if (len < XATTR_CAPS_SZ_2)
			return -EINVAL;
		caps |= (uint64_t)le32(bytes + 12) << 32;
	} else if (revision != VFS_CAP_REVISION_1) {
		return -EINVAL;
	}
	*ret_caps = caps;
	return 0;
}

static int read_container(
	struct audit_facts *facts, const struct json_node *node, struct err *err)
{
	const struct json_node *names = NULL, *mounts = NULL;
	const char *id = "", *name = NULL;

	if (json_get_string(node, "Id", &id, err) < 0 ||
		json_get_array(node, "Names", &names, err) < 0 ||
		json_get_array(node, "Mounts", &mounts, err) < 0)
		return -EINVAL;
	if (names && names->count > 0 && names->children[0].kind == JSON_KIND_STRING)
		name = names->children[0].string;
	if (name && name[0] == '/')
		name++;
	for (size_t i = 0; mounts && i < mounts->count; i++) {
		const struct json_node *mount = &mounts->children[i];
		const char *source = NULL;
		bool writable = true;

		if (mount->kind != JSON_KIND_OBJECT)
			return json_err(mount, err, -EINVAL, "not an object");
		if (json_get_string(mount, "Source", &source, err) < 0 ||
			json_get_bool(mount, "RW", &writable, err) < 0)
			return -EINVAL;
		if (!source || source[0] != '/')
			continue;
		struct audit_mount *slot = arena_push(
			&facts->arena, &facts->mounts, &facts->nmounts, sizeof(*slot));
		if (!slot)
			return err_set(err, -ENOMEM, "out of memory");
		*slot = (struct audit_mount){
			.container = arena_strdup(&facts->arena, name ? name : id),
			.id = arena_strdup(&facts->arena, id),
			.source = arena_strdup(&facts->arena, source),
			.read_only = !writable,
		};
		if (!slot->container || !slot->id || !slot->source)
			facts->nmounts--;
	}
	return 0;
}

int system_read_containers(struct audit_facts *facts, struct span text, struct err *err)
{
	_cleanup_(cleanup_json_doc) struct json_doc *doc = NULL;
	int rc = json_doc_load_text(
		"/containers/json", text.text, text.len, NULL, &doc, err);

	if (rc < 0)
		return rc;
	const struct json_node *list = json_doc_root(doc);
	if (list->kind != JSON_KIND_ARRAY)
		return json_err(list, err, -EINVAL, "not an array");
	for (size_t i = 0; rc == 0 && i < list->count; i++) {
		if (list->children[i].kind != JSON_KIND_OBJECT)
			return json_err(
				&list->children[i], err, -EINVAL, "not an object");
		rc = read_container(facts, &list->children[i], err);
	}
	return rc;
}

int system_read_version(struct audit_facts *facts, const char *socket, struct span text,
	struct err *err)
{
	_cleanup_(cleanup_json_doc) struct json_doc *doc = NULL;
	const char *go = NULL;
	int rc = json_doc_load_text("/version", text.text, text.len, NULL, &doc, err);

	if (rc < 0)
		return rc;
	const struct json_node *root = json_doc_root(doc);
	if (root->kind != JSON_KIND_OBJECT)
		return json_err(root, err, -EINVAL, "not an object");
	if (json_get_string(root, "GoVersion", &go, err) < 0)
		return -EINVAL;
	struct audit_build *slot = arena_push(
		&facts->arena, &facts->builds, &facts->nbuilds, sizeof(*slot));
	if (!slot)
		return err_set(err, -ENOMEM, "out of memory");
	*slot = (struct audit_build){
		.socket = arena_strdup(&facts->arena, socket),
		.go = arena_strdup(&facts->arena, go ? go : ""),
	};
	if (slot->socket && slot->go)
		return 0;
	facts->nbuilds--;
	return err_set(err, -ENOMEM, "out of memory");
}
