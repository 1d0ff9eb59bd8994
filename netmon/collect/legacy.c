/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The iptables-legacy tables of one network namespace. */
#include "netmon/collect/legacy.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include <linux/netfilter_ipv4/ip_tables.h>
#include <linux/netfilter_ipv6/ip6_tables.h>

/* Both families have the same structures under other names, and the same option
 * numbers. */
struct family_row {
	enum family family;
	int domain, level;
	const char *names; /* the tables that exist */
};

static const struct family_row families[] = {
	{FAMILY_IP4, AF_INET, IPPROTO_IP, "/proc/thread-self/net/ip_tables_names"},
	{FAMILY_IP6, AF_INET6, IPPROTO_IPV6, "/proc/thread-self/net/ip6_tables_names"},
};

_Static_assert(
	sizeof(struct ipt_getinfo) == sizeof(struct ip6t_getinfo), "same layout");

enum {
	/* A table may be replaced between its size and its content. */
	TABLE_ATTEMPTS = 5,
	TABLE_LIMIT_BYTES = 512 * 1024 * 1024,
};

static int read_entries(const struct family_row *row, int fd,
	const struct ipt_getinfo *info, struct arena *arena, struct blob *ret_entries)
{
	size_t size = offsetof(struct ipt_get_entries, entrytable) + info->size;
	socklen_t len = (socklen_t)size;
	_cleanup_(cleanup_free) struct ipt_get_entries *get = NULL;

	if (info->size > TABLE_LIMIT_BYTES)
		return -EFBIG;
	get = calloc(1, size);
	if (!get)
		return -ENOMEM;
	memcpy(get->name, info->name, sizeof(get->name));
	get->size = info->size;
	if (getsockopt(fd, row->level, IPT_SO_GET_ENTRIES, get, &len) < 0)
		return -errno;
	ret_entries->data = arena_memdup(arena, get->entrytable, info->size);
	ret_entries->len = ret_entries->data ? info->size : 0;
	return ret_entries->data ? 0 : -ENOMEM;
}

static int read_table(const struct family_row *row, int fd, const char *name,
	struct arena *arena, struct legacy_table *table)
{
	struct ipt_getinfo info;
	size_t size = strlen(name) + 1;
	int r = -EAGAIN;

	if (size > sizeof(info.name))
		return -ENAMETOOLONG;

	/* The kernel answers EAGAIN when the size is no longer the table's. */
	for (int i = 0; i < TABLE_ATTEMPTS && r == -EAGAIN; i++) {
		socklen_t len = sizeof(info);

		memset(&info, 0, sizeof(info));
		memcpy(info.name, name, size);
		if (getsockopt(fd, row->level, IPT_SO_GET_INFO, &info, &len) < 0)
			return -errno;
		r = read_entries(row, fd, &info, arena, &table->entries);
	}
	table->family = row->family;
	table->name = arena_strdup(arena, name);
	table->valid_hooks = info.valid_hooks;
	memcpy(table->hook_entry, info.hook_entry, sizeof(table->hook_entry));
	memcpy(table->underflow, info.underflow, sizeof(table->underflow));
	return r;
}

static int read_tables(
	struct facts *facts, struct netns *netns, const struct family_row *row)
{
	_cleanup_(cleanup_fclose) FILE *names = fopen(row->names, "re");
	_cleanup_(cleanup_close) int fd = -1;
	char line[XT_TABLE_MAXNAMELEN + 2];

	if (!names)
		return errno == ENOENT ? 0 : -errno;
	while (fgets(line, sizeof(line), names)) {
		struct legacy_table table = {0}, *place;
		int r;

		line[strcspn(line, "\n")] = '\0';
		if (fd < 0)
			fd = socket(row->domain, SOCK_RAW | SOCK_CLOEXEC, IPPROTO_RAW);
		if (fd < 0)
			return -errno;
		r = read_table(row, fd, line, &facts->arena, &table);
		if (r == -ENOENT) /* removed since it was listed */
			continue;
		if (r < 0)
			return r;
		place = arena_push(&facts->arena, &netns->legacy, &netns->nlegacy,
			sizeof(*netns->legacy));
		if (!place)
			return -ENOMEM;
		*place = table;
	}
	return ferror(names) ? -EIO : 0;
}

void collect_legacy(struct facts *facts, struct netns *netns)
{
	for (size_t i = 0; i < ARRAY_LEN(families); i++) {
		int r = read_tables(facts, netns, &families[i]);

		if (r < 0)
			facts_note(facts, "legacy-unreadable", netns->id, true,
				"the iptables-legacy tables of IPv%d could not be "
				"read: %s",
				(int)families[i].family, strerror(-r));
	}
}
