/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Multicast groups, from what igmp_mc_seq_show() and igmp6_mc_seq_show() print. */
#include "netmon/collect/group.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/*
 * Theory of operation. Netlink lists IPv4's groups since Linux 6.14 only; these files
 * are there in all versions. They are walked by position, so that one that leaves its
 * group meanwhile may hide another: what two readings after each other agree on is
 * taken.
 */
#define IGMP	 "/proc/thread-self/net/igmp"
#define IGMP6	 "/proc/thread-self/net/igmp6"
#define IF_INET6 "/proc/thread-self/net/if_inet6"

enum { READINGS = 10, LINE_BYTES = 256 };

struct groups {
	struct arena *arena;
	struct membership *v;
	size_t n;
};

static int push(struct groups *groups, int ifindex, struct addr group)
{
	struct membership *slot =
		arena_push(groups->arena, &groups->v, &groups->n, sizeof(*slot));

	if (!slot)
		return -ENOMEM;
	*slot = (struct membership){ifindex, group};
	return 0;
}

/* An interface's line begins with its index; its groups' lines follow, indented, each
 * a number whose bytes are in the network's order. */
static int read_line4(struct groups *groups, const char *line, int *ifindex)
{
	unsigned int group;

	if (line[0] != '\t')
		return sscanf(line, "%d", ifindex) == 1 ? 0 : -EINVAL;
	if (sscanf(line, " %8x", &group) != 1 || *ifindex <= 0)
		return -EINVAL;
	return push(groups, *ifindex, (struct addr){ntohl(group), FAMILY_IP4});
}

static int read_line6(struct groups *groups, const char *line, int *ifindex)
{
	uint64_t half[2] = {0};
	char digits[33];

	if (sscanf(line, "%d %*s %32[0-9a-f]", ifindex, digits) != 2 ||
		strlen(digits) != 32)
		return -EINVAL;
	for (size_t i = 0; i < 32; i++) {
		const char c = digits[i];

		half[i / 16] = half[i / 16] << 4 |
			       (uint64_t)(c <= '9' ? c - '0' : c - 'a' + 10);
	}
	return push(groups, *ifindex,
		(struct addr){(u128)half[0] << 64 | half[1], FAMILY_IP6});
}

typedef int line_fn(struct groups *groups, const char *line, int *ifindex);

static int read_lines(struct groups *groups, FILE *file, bool heading, line_fn *fn)
{
	char line[LINE_BYTES];
	int ifindex = 0, r = 0;

	while (r == 0 && fgets(line, sizeof(line), file)) {
		if (!strchr(line, '\n'))
			return -EINVAL;
		if (!heading)
			r = fn(groups, line, &ifindex);
		heading = false;
	}
	return r < 0 ? r : ferror(file) ? -EIO : 0;
}

static int read_both(struct groups *groups)
{
	_cleanup_(cleanup_fclose) FILE *four = fopen(IGMP, "re");
	int r = four ? read_lines(groups, four, true, read_line4) : -errno;

	if (r < 0)
		return r;
	_cleanup_(cleanup_fclose) FILE *six = fopen(IGMP6, "re");
	/* A kernel without IPv6 has neither file. */
	if (!six)
		return errno == ENOENT && access(IF_INET6, F_OK) < 0 ? 0 : -errno;
	return read_lines(groups, six, false, read_line6);
}

static bool same(const struct groups *a, const struct groups *b)
{
	if (a->n != b->n)
		return false;
	for (size_t i = 0; i < a->n; i++)
		if (a->v[i].ifindex != b->v[i].ifindex ||
			a->v[i].group.family != b->v[i].group.family ||
			a->v[i].group.value != b->v[i].group.value)
			return false;
	return true;
}

void collect_groups(struct facts *facts, struct netns *netns)
{
	struct groups before = {.arena = &facts->arena}, now = before;
	int r = read_both(&before);

	for (int i = 1; r == 0 && i < READINGS && !netns->groups_known; i++) {
		now = (struct groups){.arena = &facts->arena};
		r = read_both(&now);
		netns->groups_known = r == 0 && same(&before, &now);
		before = now;
	}
	if (netns->groups_known) {
		netns->groups = now.v;
		netns->ngroups = now.n;
		return;
	}
	facts_note(facts, "groups-unreadable", netns->id, true,
		"which multicast groups interfaces are in could not be read: %s",
		r < 0 ? strerror(-r) : "they kept changing");
}
