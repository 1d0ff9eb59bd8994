/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One network namespace made ready: its chains by hook, its routes in order of choice.
 */
#ifndef SEAWALL_NETMON_REACH_SPACE_H
#define SEAWALL_NETMON_REACH_SPACE_H

#include "common/err.h"
#include "netmon/model/facts.h"
#include "netmon/model/ruleset.h"
#include "netmon/reach/packet.h"

struct chain_index;
struct set_cache;

/*
 * Base chains that the kernel calls at one priority. Those of several tables are called
 * in the order in which they were made, which nobody can read: @chains is that of the
 * dump, @others are the others (chain_order.h), each of @n, too.
 */
struct hook_level {
	const struct chain *const *chains;
	size_t n;
	const struct chain *const **others;
	size_t nothers;
	bool too_many; /* there are more of them */
};

/* Base chains of one hook, in the order in which the kernel calls them. */
struct hook_list {
	const struct chain **chains;
	size_t n;
	struct hook_level *levels; /* all of @chains, one after the other */
	size_t nlevels;
};

/* One bucket of the table that finds sockets by port. */
struct sock_slot {
	const struct sock *sock;
	const struct sock_slot *next;
};

#define SOCK_BUCKETS 4096

/* Address sets that do not change while the facts stay: computed once, in space->arena.
 */
enum address_set { ADDRESS_TYPE = 1, ADDRESS_VIA, ADDRESS_BAD_SOURCE };
struct cached_set {
	enum address_set what;
	enum family family;
	uint32_t number; /* RTN_* type, or mark */
	int ifindex;
	const struct ivset *set;
};
#define CACHED_SETS 64

/* Settings of interfaces that walks ask for again and again. */
struct cached_setting {
	const char *name; /* the literal that was asked for */
	int ifindex;
	uint8_t family, combine;
	int64_t value;
};
#define CACHED_SETTINGS 128

struct space {
	const struct netns *netns;
	struct ruleset *rules;
	struct arena arena; /* caches, as long as the space */
	/* Of each family, by hook: see hooks_collect(). */
	struct hook_list ip4[HOOK_COUNT], ip6[HOOK_COUNT];
	struct hook_list bridge[HOOK_COUNT];
	struct hook_list netdev[HOOK_COUNT];
	bool tracks;		    /* conntrack is on in this namespace */
	struct chain_index **index; /* by chain id; made on first use */
	struct set_cache **sets;    /* by set id */
	/* Routes sorted: table, longer prefix first, lower metric first. */
	const struct route **routes4, **routes6;
	size_t nroutes4, nroutes6;
	const struct route_rule **rules4, **rules6; /* by priority */
	size_t nrules4, nrules6;
	bool selective_rules; /* an IPv4 rule looks at more than destination and mark */
	bool selects_source6; /* an IPv6 rule or route is for some sources */
	const struct sock_slot *socks[SOCK_BUCKETS];
	struct cached_set cached[CACHED_SETS];
	size_t ncached;
	struct cached_setting settings[CACHED_SETTINGS];
	size_t nsettings;
	char (*padded)[16]; /* names by ifindex, as rules compare them */
	size_t npadded;
	uint16_t *source_ports; /* see space_source_ports() */
	size_t nsource_ports;
	bool tells_source_ports; /* some rule looks at them, in whatever way */
	bool tells_strange; /* some rule looks at what a sender may choose and hardly
			       one does: see value_is_senders() */
	bool is_host;
};

/**
 * space_new() - prepare one namespace
 *
 * @netns is borrowed. Return: 0, -EINVAL (malformed rules; @err says where), -ENOMEM.
 */
int space_new(const struct netns *netns, bool is_host, struct space **ret_space,
	struct err *err) _must_check_;
void space_free(struct space *space);

/** space_sysctl_if() - an interface's IPv4 sysctl combined with "all" as the kernel
 * does:
 *  maximum of both, either (IN_DEV_ORCONF), only its own, or only "all". */
enum combine { COMBINE_MAX = 0, COMBINE_OR, COMBINE_ONLY, COMBINE_ALL };
int64_t space_sysctl_if(struct space *space, enum family family, int ifindex,
	const char *name, enum combine combine, int64_t absent);

/** space_ifname() - name of an interface; "" for none. */
const char *space_ifname(const struct space *space, int ifindex);

/** space_padded_name() - the name in 16 bytes, zeroes behind it; NULL: not kept. */
static inline const char *space_padded_name(const struct space *space, int ifindex)
{
	return ifindex >= 0 && (size_t)ifindex < space->npadded ? space->padded[ifindex]
								: NULL;
}

/** space_has_addr() - whether the address is the interface's (0: any interface's). */
bool space_has_addr(
	const struct space *space, enum family family, u128 addr, int ifindex);

/** space_in_group() - whether the interface, or the VRF that it is in, takes what is
 * sent to a multicast group (ip_route_input_rcu()). */
enum tri space_in_group(
	const struct space *space, const struct addr *group, int ifindex);

/** space_first_addr() - the address a redirect or masquerade takes; family NONE: none.
 */
struct addr space_first_addr(
	const struct space *space, enum family family, int ifindex, u128 for_scope_of);

/** space_any_addr() - the first address of any interface that strangers may see. */
struct addr space_any_addr(const struct space *space, enum family family);

#define CLIENT_PORTS  1024  /* clients take ports from here on */
#define ORDINARY_PORT 45678 /* one of theirs that hardly any rule names */

/**
 * space_source_ports() - one port of each class of source ports that rules tell apart,
 * a client's where the class has one, the ordinary one first; 0 of them when no rule
 * looks at source ports (or they tell too many apart)
 */
size_t space_source_ports(const struct space *space, const uint16_t **ret_ports);

/** space_class_source_ports() - find those classes; done by space_new(). */
int space_class_source_ports(struct space *space) _must_check_;

/** space_rules_tell_strange() - what tells_strange holds. */
bool space_rules_tell_strange(const struct ruleset *rules);

/** space_cache_find() - an address set already computed, or NULL. */
const struct ivset *space_cache_find(const struct space *space, enum address_set what,
	enum family family, uint32_t number, int ifindex);

/** space_cache_keep() - remember it, where there is room. Return: @set. */
const struct ivset *space_cache_keep(
	struct space *space, struct cached_set row, const struct ivset *set);

#endif
