/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The snapshot: every fact read from one host at one moment, as plain data. */
#ifndef SEAWALL_NETMON_MODEL_FACTS_H
#define SEAWALL_NETMON_MODEL_FACTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/addr.h"
#include "common/arena.h"

/*
 * Theory of operation. Collectors fill a struct facts, model/snapshot.h saves and loads
 * it, everything later only reads it. All memory is in facts->arena. Arrays are pointer
 * and count; strings are terminated, NULL where the fact is absent. Nothing here is
 * interpreted: rules stay the kernel's own bytes (model/ruleset.h decodes them).
 *
 * What could not be read is itself a fact: a struct note. It lowers what is claimed
 * later; a fact that is silently missing would be a wrong "safe".
 */

/**
 * struct note - something that could not be read, or that the walk cannot follow
 * @code:  stable reason code, e.g. "engine-unreachable", "netns-unreadable",
 *         "sockets-no-owner", "legacy-unreadable", "xdp-program", "nft-unreadable"
 * @where: which socket, container, interface, table ...
 * @text:  one sentence for people
 * @hides: whether an exposure could hide behind it (then exit status 3 is possible)
 */
struct note {
	const char *code;
	const char *where;
	const char *text;
	bool hides;
};

struct blob {
	const uint8_t *data;
	size_t len;
};

/* One iptables-legacy table as the kernel gives it (struct ipt_get_entries' content).
 */
struct legacy_table {
	enum family family;
	const char *name;	/* "filter", "nat", "mangle", "raw", "security" */
	uint32_t valid_hooks;	/* struct ipt_getinfo */
	uint32_t hook_entry[5]; /* byte offsets into entries; NF_INET_* order */
	uint32_t underflow[5];
	struct blob entries;
};

enum ipset_kind {
	IPSET_OTHER = 0, /* not modelled: a lookup may match and may not */
	IPSET_ADDR,	 /* hash:ip, hash:net, bitmap:ip: addresses and prefixes */
	IPSET_TUPLE,	 /* hash:net,port and friends: see dims */
	IPSET_LIST,	 /* list:set */
};

enum ipset_dim {
	IPSET_DIM_NONE = 0,
	IPSET_DIM_ADDR,
	IPSET_DIM_PORT,
	IPSET_DIM_IFACE,
	IPSET_DIM_MARK,
	IPSET_DIM_MAC,
};

/* One part of an element: a closed range of addresses, ports or marks, or a name. */
struct ipset_part {
	u128 lo, hi;
	const char *iface; /* IPSET_DIM_IFACE */
	uint8_t proto;	   /* with IPSET_DIM_PORT */
};

struct ipset_element {
	struct ipset_part part[3];
	bool nomatch; /* an exception inside a net set: most specific element wins */
	const char *member; /* IPSET_LIST: name of the member set */
};

struct ipset {
	const char *name;
	const char *type; /* "hash:net" ... */
	enum ipset_kind kind;
	enum family family;
	uint16_t index; /* what `-m set` rules hold */
	uint8_t ndims;
	enum ipset_dim dim[3];
	bool has_mark_mask; /* hash:ip,mark with markmask: treat as unknown */
	struct ipset_element *elements;
	size_t nelements;
};

#define NETNS_OTHER "other" /* a namespace that was not read */

struct link {
	int index;
	const char *name;
	const char *kind; /* IFLA_INFO_KIND: "veth", "bridge", "macvlan" ...; NULL */
	int master;	  /* ifindex of the bridge, bond or VRF it belongs to; 0 */
	int link;	  /* IFLA_LINK: parent or veth peer's index; 0 */
	int link_netnsid; /* namespace of @link; -1: this one */
	const char *link_netns; /* its id, or NETNS_OTHER; NULL: not known */
	uint32_t group;
	uint16_t type; /* ARPHRD_* */
	uint8_t mac[32];
	uint8_t mac_len;
	bool up, loopback, noarp;
	bool xdp;	       /* an XDP program is attached */
	bool tc_ingress;       /* a clsact or ingress qdisc, or tcx, with a filter */
	bool tc_egress;	       /* the same for what leaves */
	bool macvlan_passthru; /* macvlan and macvtap */
	bool udp_encap;	       /* a tunnel whose packets are in datagrams (FOU, GUE) */
	uint8_t hairpin, isolated;	 /* bridge port flags */
	uint8_t nf_call_ip, nf_call_ip6; /* a bridge's own bridge-nf-call-* */
};

struct ifaddr {
	int ifindex;
	struct addr local;
	struct addr peer; /* IFA_ADDRESS: prefix address or point-to-point peer */
	uint8_t prefix_len;
	uint8_t scope;	/* RT_SCOPE_* */
	uint32_t flags; /* IFA_F_*; a tentative address does not answer */
};

struct nexthop {
	int ifindex;
	struct addr gateway; /* family NONE: on link */
	uint32_t flags;	     /* RTNH_F_* */
};

struct route {
	enum family family;
	struct prefix dst; /* len 0: default */
	uint32_t table;
	uint8_t type; /* RTN_UNICAST, RTN_LOCAL, RTN_BROADCAST, RTN_BLACKHOLE ... */
	uint8_t scope, protocol, tos;
	uint32_t metric;
	struct addr prefsrc;
	struct prefix src; /* IPv6 source-specific routes; family NONE otherwise */
	struct nexthop *hops;
	size_t nhops;
};

/* One `ip rule`; what it does not select by is zero. */
struct route_rule {
	enum family family;
	uint32_t priority;
	struct prefix src, dst; /* family NONE: any */
	const char *iif, *oif;
	uint32_t mark, mark_mask;
	uint8_t tos;
	uint8_t action; /* FR_ACT_* */
	uint32_t table, goto_target;
	bool invert;
	bool unknown; /* holds a selector that is not modelled (uid range, tun id ...)
		       */
	int suppress_prefix_len; /* -1: none */
	bool l3mdev;
	uint8_t proto;					 /* 0: any */
	uint16_t sport_lo, sport_hi, dport_lo, dport_hi; /* hi 0: any */
};

/* A multicast group that an interface takes packets of: some program joined it, or the
 * kernel. */
struct membership {
	int ifindex;
	struct addr group;
};

/* An address that is answered for at an interface (ip neigh add proxy), or that
 * somebody says is there (nud permanent). */
struct neigh {
	int ifindex; /* 0: any */
	struct addr addr;
	bool proxy;
};

struct sysctl {
	const char *name; /* "net/ipv4/conf/eth0/rp_filter": path below /proc/sys */
	int64_t value;
};

/* A listening TCP, SCTP or DCCP socket, or an unconnected UDP one. */
struct sock {
	uint8_t proto;	   /* IPPROTO_* */
	struct addr local; /* value 0: any */
	bool v6only;	   /* of an IPv6 wildcard socket */
	uint16_t port;
	int ifindex;   /* SO_BINDTODEVICE; 0 */
	uint32_t mark; /* SO_MARK; 0 */
	uint32_t uid;
	uint64_t inode;
	int pid; /* one owner; 0 unknown */
	const char *comm;
	const char *cmdline; /* arguments joined by spaces */
	const char
		*container_id; /* of the owner, by its cgroup or its ancestors; NULL */
	bool connected;	       /* a UDP socket with a peer: it hears only that one */
	bool opaque; /* not IP_TRANSPARENT, says the kernel; false: nobody knows */
};

/**
 * struct netns - what one network namespace holds
 *
 * The host has one; so has each container that has its own network, where it could be
 * read. @nft is the concatenation of the kernel's nf_tables netlink messages, headers
 * included, 4-byte aligned, without DONE: GETTABLE, GETCHAIN, GETRULE, GETSET,
 * GETSETELEM of each set, GETOBJ, GETFLOWTABLE, NEWGEN.
 */
struct netns {
	const char *id; /* "host", or "netns:INODE" */
	struct blob nft;
	struct legacy_table *legacy;
	size_t nlegacy;
	struct ipset *ipsets;
	size_t nipsets;
	struct link *links;
	size_t nlinks;
	struct ifaddr *addrs;
	size_t naddrs;
	struct route *routes;
	size_t nroutes;
	struct route_rule *rules;
	size_t nrules;
	struct sysctl *sysctls; /* sorted by name */
	size_t nsysctls;
	struct sock *socks;
	size_t nsocks;
	struct membership *groups;
	size_t ngroups;
	struct neigh *neighs;
	size_t nneighs;
	bool groups_known; /* false: any group may have been joined */
	bool socks_known;  /* false: an absent socket proves nothing */
	bool rules_known;  /* false: the rules could not be read */
	bool routes_known; /* false: links, addresses or routes could not be read */
};

struct port_binding {
	uint8_t proto;
	uint16_t container_port;
	struct addr host_addr; /* family NONE: the engine gave none; value 0: any */
	uint16_t host_port;    /* 0: exposed by the image, not published */
};

struct container_net {
	const char *network; /* name */
	const char *network_id;
	struct addr addr4, addr6; /* family NONE: absent */
	uint8_t prefix_len4, prefix_len6;
	const char *mac;
};

struct mount {
	const char *type; /* "bind", "volume", ... */
	const char *source, *target;
	bool writable;
};

struct container {
	const char *engine;    /* which struct engine, by its socket */
	const char *id, *name; /* name without the leading slash */
	const char *image, *image_id;
	const char *state; /* "running", ... */
	int pid;
	const char *network_mode; /* "bridge", "host", "none", "container:ID", ... */
	struct container_net *nets;
	size_t nnets;
	struct port_binding *ports;
	size_t nports;
	const char *(*labels)[2]; /* key, value */
	size_t nlabels;
	struct mount *mounts;
	size_t nmounts;
	const char **cap_add;
	size_t ncap_add;
	const char **devices;
	size_t ndevices;
	const char **security_opt;
	size_t nsecurity_opt;
	const char *pid_mode, *ipc_mode, *uts_mode, *userns_mode, *user;
	int64_t pids_limit; /* 0 or -1: none */
	bool privileged;
	bool inspected; /* false: only the list's row is known; amplifiers unknown */
	const struct netns
		*netns; /* its own; the host's for host networking; NULL unknown */
};

struct network {
	const char *engine, *id, *name, *driver;
	const char *bridge; /* name of the bridge interface, where it has one */
	const char *parent; /* parent interface of macvlan and ipvlan */
	const char *gateway_mode4, *gateway_mode6; /* Docker 28's options; NULL */
	bool internal, ingress, ipv6;
	struct prefix *subnets;
	size_t nsubnets;
};

struct engine {
	const char *socket;
	const char *kind; /* "docker" or "podman" */
	const char *version, *api_version;
	bool rootless, userns_remap, swarm;
	const char *firewall_backend; /* Docker 29's /info; NULL */
	const char *data_root;
	bool reachable;
};

struct facts {
	struct arena arena;
	const char *hostname, *kernel, *taken; /* taken: RFC 3339, UTC */
	struct netns *host;
	struct netns **netns; /* the containers' own; not the host's */
	size_t nnetns;
	struct container *containers;
	size_t ncontainers;
	struct network *networks;
	size_t nnetworks;
	struct engine *engines;
	size_t nengines;
	struct note *notes;
	size_t nnotes;
	bool docker_sockets_known; /* engines were asked for (not --engine none) */
};

/** facts_new() - empty facts with an arena of their own and an empty host namespace. */
struct facts *facts_new(void);
/** facts_free() - release all of it; NULL is fine. */
void facts_free(struct facts *facts);
/** facts_cleanup() - for _cleanup_(facts_cleanup). */
void facts_cleanup(struct facts **facts);
/** facts_note() - record something that could not be read. Copies its strings. */
void facts_note(struct facts *facts, const char *code, const char *where, bool hides,
	const char *format, ...) _printf_(5, 6);

const struct link *netns_link(const struct netns *netns, int index);
const struct link *netns_link_named(const struct netns *netns, const char *name);
/**
 * netns_other_end() - the other end of a pair, where it is in that namespace; else NULL
 *
 * Each end names the other: an index alone says little, for each namespace counts anew.
 * Where the namespace of the other end is known, it must be that one.
 */
const struct link *netns_other_end(const struct netns *netns, const struct link *link);
/** netns_sysctl() - its value, or @absent. @format gives a path below /proc/sys. */
int64_t netns_sysctl(const struct netns *netns, int64_t absent, const char *format, ...)
	_printf_(3, 4);
/** facts_container() - by id (whole) or NULL. */
const struct container *facts_container(const struct facts *facts, const char *id);

#endif
