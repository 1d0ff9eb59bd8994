/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What handles packets beside the rules: eBPF programs attached to interfaces. */
#include "netmon/collect/program.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/syscall.h>

#include <linux/bpf.h>

#include "netmon/collect/hook.h"

/* Attach types that are newer than the oldest headers this builds with. */
enum {
	ATTACH_TCX_INGRESS = 46, /* Linux 6.6 */
	ATTACH_TCX_EGRESS = 47,
	ATTACH_NETKIT_PRIMARY = 54, /* Linux 6.7 */
	ATTACH_NETKIT_PEER = 55,
};

static const char *const cgroup_roots[] = {"/sys/fs/cgroup/unified", "/sys/fs/cgroup"};

/*
 * Whether programs of that type are attached to an interface or descriptor. 0: no, also
 * where the kernel knows no such type; 1: yes; -EPERM: may not be asked.
 */
static int has_program(int target, uint32_t attach_type, uint32_t flags)
{
	union bpf_attr attr;

	memset(&attr, 0, sizeof(attr));
	attr.query.target_fd = (uint32_t)target; /* or an ifindex: the same place */
	attr.query.attach_type = attach_type;
	attr.query.query_flags = flags;
	if (syscall(SYS_bpf, BPF_PROG_QUERY, &attr, sizeof(attr)) < 0 &&
		errno != ENOSPC)
		return errno == EPERM || errno == EACCES ? -EPERM : 0;
	return attr.query.prog_cnt > 0;
}

static void note_link(struct facts *facts, const struct netns *netns,
	const struct link *link, const char *code, const char *what, const char *when)
{
	char where[128];

	(void)snprintf(where, sizeof(where), "%s%s%s", netns->id, ": ", link->name);
	facts_note(facts, code, netns == facts->host ? link->name : where, true,
		"%s on interface %s handle packets %s the rules do, and are not "
		"followed",
		what, link->name, when);
}

/* Returns -EPERM when some of it may not be asked. */
static int note_link_programs(
	struct facts *facts, struct netns *netns, struct link *link)
{
	int tcx = has_program(link->index, ATTACH_TCX_INGRESS, 0), netkit = 0;
	int leaving = has_program(link->index, ATTACH_TCX_EGRESS, 0);

	if (link->kind && strcmp(link->kind, "netkit") == 0) {
		netkit = has_program(link->index, ATTACH_NETKIT_PRIMARY, 0);
		if (netkit == 0)
			netkit = has_program(link->index, ATTACH_NETKIT_PEER, 0);
	}
	link->tc_ingress |= tcx > 0;
	link->tc_egress |= leaving > 0;
	if (link->xdp)
		note_link(facts, netns, link, "xdp-program", "XDP programs", "before");
	if (link->tc_ingress)
		note_link(facts, netns, link, "tc-ingress",
			"traffic control filters (tc, tcx)", "before");
	if (link->tc_egress)
		note_link(facts, netns, link, "tc-egress",
			"traffic control filters (tc, tcx)", "after");
	if (netkit > 0)
		note_link(facts, netns, link, "netkit-program", "netkit programs",
			"before");
	return tcx < 0 || leaving < 0 || netkit < 0 ? -EPERM : 0;
}

static int note_socket_lookup(struct facts *facts, const struct netns *netns)
{
	_cleanup_(cleanup_close) int fd =
		open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC);
	int r = fd < 0 ? 0 : has_program(fd, BPF_SK_LOOKUP, 0);

	if (r > 0)
		facts_note(facts, "bpf-sk-lookup", netns->id, true,
			"an sk_lookup program chooses the socket that a packet "
			"reaches");
	return r < 0 ? r : 0;
}

void collect_programs(struct facts *facts, struct netns *netns)
{
	int result = note_socket_lookup(facts, netns);

	for (size_t i = 0; i < netns->nlinks; i++) {
		int r = note_link_programs(facts, netns, &netns->links[i]);

		result = r < 0 ? r : result;
	}
	if (result < 0)
		facts_note(facts, "bpf-unreadable", netns->id, true,
			"eBPF programs (tcx, netkit, sk_lookup) could not be looked "
			"for: "
			"%s",
			strerror(-result));
	collect_hooks(facts, netns);
}

void collect_cgroup_programs(struct facts *facts)
{
	for (size_t i = 0; i < ARRAY_LEN(cgroup_roots); i++) {
		_cleanup_(cleanup_close) int fd =
			open(cgroup_roots[i], O_RDONLY | O_DIRECTORY | O_CLOEXEC);

		if (fd < 0 || has_program(fd, BPF_CGROUP_INET_INGRESS,
				      BPF_F_QUERY_EFFECTIVE) <= 0)
			continue;
		facts_note(facts, "cgroup-skb", cgroup_roots[i], false,
			"eBPF filters of the control groups' root may drop packets "
			"that "
			"the rules let in; they cannot open anything");
		return;
	}
}
