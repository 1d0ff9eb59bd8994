/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The kernel settings that decide what is forwarded, answered and delivered. */
#include "netmon/collect/sysctl.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <linux/if_link.h>
#include <linux/ip.h>
#include <linux/ipv6.h>

#include "netmon/collect/nlsock.h"

/* Value @index of the array that the kernel sends is conf/IFACE/@name. */
struct conf {
	const char *name;
	size_t index;
};

/* The array starts with number 1 (IPV4_DEVCONF_FORWARDING). */
static const struct conf conf4[] = {
	{"accept_local", IPV4_DEVCONF_ACCEPT_LOCAL - 1},
	{"accept_source_route", IPV4_DEVCONF_ACCEPT_SOURCE_ROUTE - 1},
	{"arp_ignore", IPV4_DEVCONF_ARP_IGNORE - 1},
	{"forwarding", IPV4_DEVCONF_FORWARDING - 1},
	{"mc_forwarding", IPV4_DEVCONF_MC_FORWARDING - 1},
	{"proxy_arp", IPV4_DEVCONF_PROXY_ARP - 1},
	{"route_localnet", IPV4_DEVCONF_ROUTE_LOCALNET - 1},
	{"rp_filter", IPV4_DEVCONF_RP_FILTER - 1},
	{"src_valid_mark", IPV4_DEVCONF_SRC_VMARK - 1},
};

static const struct conf conf6[] = {
	{"disable_ipv6", DEVCONF_DISABLE_IPV6},
	/* Linux 6.17; older headers end before it. */
	{"force_forwarding", DEVCONF_ACCEPT_RA_MIN_LFT + 1},
	{"forwarding", DEVCONF_FORWARDING},
	{"mc_forwarding", DEVCONF_MC_FORWARDING},
	{"proxy_ndp", DEVCONF_PROXY_NDP},
	{"rpl_seg_enabled", DEVCONF_RPL_SEG_ENABLED},
	{"seg6_enabled", DEVCONF_SEG6_ENABLED},
};

static const char *const single[] = {
	"net/bridge/bridge-nf-call-ip6tables",
	"net/bridge/bridge-nf-call-iptables",
	"net/bridge/bridge-nf-filter-vlan-tagged",
	"net/ipv4/fwmark_reflect",
	"net/ipv4/ip_forward",
	"net/ipv4/raw_l3mdev_accept",
	"net/ipv4/tcp_fwmark_accept",
	"net/ipv4/tcp_l3mdev_accept",
	"net/ipv4/udp_l3mdev_accept",
	"net/ipv6/fwmark_reflect",
	"net/netfilter/nf_conntrack_helper",
	"net/sctp/udp_port",
};

static void push(
	struct facts *facts, struct netns *netns, const char *name, int64_t value)
{
	struct sysctl *sysctl = arena_push(&facts->arena, &netns->sysctls,
		&netns->nsysctls, sizeof(*netns->sysctls));

	if (!sysctl)
		return;
	sysctl->name = name ? name : "";
	sysctl->value = value;
}

static void push_conf(struct facts *facts, struct netns *netns, const char *ifname,
	const char *family, const struct conf *conf, size_t nconf,
	const struct nlattr *array)
{
	size_t count = array ? mnl_attr_get_payload_len(array) / sizeof(int32_t) : 0;

	for (size_t i = 0; i < nconf; i++) {
		int32_t value;

		if (conf[i].index >= count)
			continue;
		memcpy(&value,
			(const uint8_t *)mnl_attr_get_payload(array) +
				conf[i].index * sizeof(value),
			sizeof(value));
		push(facts, netns,
			arena_printf(&facts->arena, "net/%s/conf/%s/%s", family, ifname,
				conf[i].name),
			value);
	}
}

void collect_sysctl_link(struct facts *facts, struct netns *netns, const char *ifname,
	const struct nlattr *af_spec)
{
	const struct nlattr *families[AF_INET6 + 1];
	const struct nlattr *inet[IFLA_INET_MAX + 1], *inet6[IFLA_INET6_MAX + 1];

	attrs_parse_nested(families, ARRAY_LEN(families), af_spec);
	attrs_parse_nested(inet, ARRAY_LEN(inet), families[AF_INET]);
	attrs_parse_nested(inet6, ARRAY_LEN(inet6), families[AF_INET6]);
	push_conf(facts, netns, ifname, "ipv4", conf4, ARRAY_LEN(conf4),
		inet[IFLA_INET_CONF]);
	push_conf(facts, netns, ifname, "ipv6", conf6, ARRAY_LEN(conf6),
		inet6[IFLA_INET6_CONF]);
}

/* A file of one number below /proc/sys; what is not there is not a setting here. */
static int read_number(int proc_sys, const char *path, int64_t *ret_value)
{
	char text[64], *end;
	_cleanup_(cleanup_close) int fd = openat(proc_sys, path, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return -errno;
	ssize_t n = read(fd, text, sizeof(text) - 1);
	if (n <= 0)
		return n < 0 ? -errno : -ENODATA;
	text[n] = '\0';
	errno = 0;
	int64_t value = strtoll(text, &end, 10);
	if (errno || end == text || (*end && *end != '\n'))
		return -EINVAL;
	*ret_value = value;
	return 0;
}

/* Adds one file's value. Returns 0, or why it is there and cannot be read. */
static int add_file(
	struct facts *facts, struct netns *netns, int proc_sys, const char *path)
{
	int64_t value;
	int r = path ? read_number(proc_sys, path, &value) : -ENOMEM;

	if (r == 0)
		push(facts, netns, path, value);
	return r == -ENOENT || r == -ENOTDIR ? 0 : r;
}

/* conf/all: conf/default is for interfaces to come. */
static int add_conf(struct facts *facts, struct netns *netns, int proc_sys,
	const char *family, const struct conf *conf, size_t nconf)
{
	int result = 0;

	for (size_t i = 0; i < nconf; i++) {
		int r = add_file(facts, netns, proc_sys,
			arena_printf(&facts->arena, "net/%s/conf/all/%s", family,
				conf[i].name));
		result = r < 0 ? r : result;
	}
	return result;
}

#define MPLS_CONF "net/mpls/conf"

/* Netlink does not tell these with the links; mostly there is no such folder. */
static int add_mpls(struct facts *facts, struct netns *netns, int proc_sys)
{
	int result = 0;

	if (faccessat(proc_sys, MPLS_CONF, F_OK, 0) < 0)
		return errno == ENOENT || errno == ENOTDIR ? 0 : -errno;
	for (size_t i = 0; i < netns->nlinks; i++) {
		int r = add_file(facts, netns, proc_sys,
			arena_printf(&facts->arena, MPLS_CONF "/%s/input",
				netns->links[i].name));
		result = r < 0 ? r : result;
	}
	return result;
}

static int compare(const void *a, const void *b)
{
	return strcmp(
		((const struct sysctl *)a)->name, ((const struct sysctl *)b)->name);
}

void collect_sysctl(struct facts *facts, struct netns *netns)
{
	_cleanup_(cleanup_close) int proc_sys =
		open("/proc/sys", O_PATH | O_DIRECTORY | O_CLOEXEC);
	int result = proc_sys < 0 ? -errno : 0;

	if (proc_sys >= 0) {
		int r[3 + ARRAY_LEN(single)];

		r[0] = add_conf(
			facts, netns, proc_sys, "ipv4", conf4, ARRAY_LEN(conf4));
		r[1] = add_conf(
			facts, netns, proc_sys, "ipv6", conf6, ARRAY_LEN(conf6));
		r[2] = add_mpls(facts, netns, proc_sys);
		for (size_t i = 0; i < ARRAY_LEN(single); i++)
			r[3 + i] = add_file(facts, netns, proc_sys, single[i]);
		for (size_t i = 0; i < ARRAY_LEN(r); i++)
			result = r[i] < 0 ? r[i] : result;
	}
	if (result < 0)
		facts_note(facts, "sysctl-unreadable", netns->id, true,
			"some settings below /proc/sys/net could not be read: %s",
			strerror(-result));
	if (netns->nsysctls)
		qsort(netns->sysctls, netns->nsysctls, sizeof(*netns->sysctls),
			compare);
}
