/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Multicast groups, from what igmp_mc_seq_show() and igmp6_mc_seq_show() print. */
#include "netmon/collect/group.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
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

static int push(struct group_list *list, int ifindex, struct addr group)
{
	struct membership *slot =
		arena_push(list->arena, &list->v, &list->n, sizeof(*slot));

	if (!slot)
		return -ENOMEM;
	*slot = (struct membership){ifindex, group};
	return 0;
}

/* A positive number with a space after it; where that is, or NULL. */
static const char *read_index(const char *text, int *ret_ifindex)
{
	long number;
	char *end;

	if (!isdigit((unsigned char)text[0]))
		return NULL;
	number = strtol(text, &end, 10); /* LONG_MAX for more */
	if (number == 0 || number > INT_MAX || !isspace((unsigned char)*end))
		return NULL;
	*ret_ifindex = (int)number;
	return end;
}

/* That many digits with a space after them. */
static bool read_hex(const char *text, size_t digits, u128 *ret_number)
{
	u128 number = 0;

	for (size_t i = 0; i < digits; i++) {
		int c = tolower((unsigned char)text[i]);

		if (!isxdigit(c))
			return false;
		number =
			number << 4 | (unsigned int)(c <= '9' ? c - '0' : c - 'a' + 10);
	}
	*ret_number = number;
	return isspace((unsigned char)text[digits]);
}

/* An interface's line begins with its index; its groups' lines follow, indented, each
 * a number whose bytes are in the network's order. */
static int read_line4(struct group_list *list, const char *line, int *ifindex)
{
	u128 group;

	if (line[0] != '\t')
		return read_index(line, ifindex) ? 0 : -EINVAL;
	if (*ifindex == 0 || !read_hex(line + strspn(line, "\t"), 8, &group))
		return -EINVAL;
	return push(list, *ifindex, (struct addr){ntohl((uint32_t)group), FAMILY_IP4});
}

/* Index, name, group, and what else is of no matter here. */
static int read_line6(struct group_list *list, const char *line, int *ifindex)
{
	const char *at = read_index(line, ifindex);
	struct addr group = {.family = FAMILY_IP6};

	if (!at)
		return -EINVAL;
	at += strspn(at, " ");
	at += strcspn(at, " \n");
	at += strspn(at, " ");
	if (!read_hex(at, 32, &group.value))
		return -EINVAL;
	return push(list, *ifindex, group);
}

typedef int line_fn(struct group_list *list, const char *line, int *ifindex);

static int read_lines(struct group_list *list, FILE *file, line_fn *fn)
{
	char line[LINE_BYTES];
	int ifindex = 0, r = 0;

	while (r == 0 && fgets(line, sizeof(line), file))
		r = strchr(line, '\n') ? fn(list, line, &ifindex) : -EINVAL;
	return r < 0 ? r : ferror(file) ? -EIO : 0;
}

int group_read_ip4(struct group_list *list, FILE *file)
{
	char heading[LINE_BYTES];

	if (!fgets(heading, sizeof(heading), file))
		return ferror(file) ? -EIO : -EINVAL;
	return strchr(heading, '\n') ? read_lines(list, file, read_line4) : -EINVAL;
}

int group_read_ip6(struct group_list *list, FILE *file)
{
	return read_lines(list, file, read_line6);
}

static int read_both(struct group_list *list)
{
	_cleanup_(cleanup_fclose) FILE *four = fopen(IGMP, "re");
	int r = four ? group_read_ip4(list, four) : -errno;

	if (r < 0)
		return r;
	_cleanup_(cleanup_fclose) FILE *six = fopen(IGMP6, "re");
	/* A kernel without IPv6 has neither file. */
	if (!six)
		return errno == ENOENT && access(IF_INET6, F_OK) < 0 ? 0 : -errno;
	return group_read_ip6(list, six);
}

static bool same(const struct group_list *a, const struct group_list *b)
{
	if (a->n != b->n)
		return false;
	for (size_t i = 0; i < a->n; i++)
		if (a->v[i].ifindex != b->v[i].ifindex ||
			!addr_equal(&a->v[i].group, &b->v[i].group))
			return false;
	return true;
}

void collect_groups(struct facts *facts, struct netns *netns)
{
	struct group_list before = {.arena = &facts->arena}, now = before;
	int r = read_both(&before);

	for (int i = 1; r == 0 && i < READINGS && !netns->groups_known; i++) {
		now = (struct group_list){.arena = &facts->arena};
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
