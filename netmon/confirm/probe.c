/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Probes sent, answers watched, evidence noted. */
#include "netmon/confirm/probe.h"

#include <errno.h>
#include <net/if_arp.h>
#include <netinet/in.h>
#include <poll.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

#include "netmon/confirm/capture.h"
#include "netmon/confirm/frame.h"
#include "netmon/confirm/inject.h"
#include "netmon/confirm/neigh.h"
#include "netmon/confirm/verdict.h"

enum {
	SPORT_FIRST = 32768, /* as Linux clients have them */
	SPORT_COUNT = 28000,
	WAIT_MS = 1000, /* for the answers to the last probe */
	AGAIN_MS = 1500,
	RESET_MS = 100,
	FIRST_HOP_LEN = 6,
};

_Static_assert(PLAN_PROBES_MAX <= SPORT_COUNT, "a source port for each probe");

struct run {
	const struct report *report;
	struct plan plan;
	struct probe **by_port; /* SPORT_COUNT */
	struct injector injector;
	struct capture *capture;
	struct neighbour *neighbours;
	size_t nneighbours;
	uint32_t secret;
	int64_t begin_ms;
	size_t sent; /* first packets */
};

static int64_t now_ms(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* ---------------------------------------------------------------- sending */

/* A macvlan takes only what is sent to its own address, not to its parent's. */
static bool macvlan_mac(
	const struct facts *facts, const struct probe *probe, uint8_t mac[6])
{
	const struct netns *ns = probe->container->netns;

	if (!ns || ns == facts->host)
		return false;
	for (size_t i = 0; i < ns->naddrs; i++) {
		const struct ifaddr *a = &ns->addrs[i];
		const struct link *link = netns_link(ns, a->ifindex);

		if (a->local.family != probe->endpoint.family ||
			a->local.value != probe->endpoint.addr.value || !link ||
			!link->kind || strcmp(link->kind, "macvlan") != 0 ||
			link->mac_len != 6)
			continue;
		memcpy(mac, link->mac, 6);
		return true;
	}
	return false;
}

/* Whose address the frame must have: the interface's, or that of a macvlan on it. */
static void fill_macs(const struct run *run, const struct probe *probe, struct frame *f)
{
	const struct netns *host = run->report->facts->host;
	const struct link *link = netns_link(host, probe->way->ifindex);
	const struct container *c = probe->container;
	struct addr hop;
	int ifindex;

	/* One that the kernel need not know: locally administered. */
	memcpy(f->src_mac, "\x02\x5e\xa1\x00\x00\x01", FIRST_HOP_LEN);
	if (link && link->mac_len == FIRST_HOP_LEN)
		memcpy(f->dst_mac, link->mac, FIRST_HOP_LEN);
	if (c)
		(void)macvlan_mac(run->report->facts, probe, f->dst_mac);
	/* Strangers come from the router's. */
	if (neigh_next_hop(&probe->source, probe->way->ifindex, &hop, &ifindex, NULL) <
		0)
		return;
	const struct neighbour *n =
		neigh_find(run->neighbours, run->nneighbours, ifindex, &hop);
	if (n && n->resolved)
		memcpy(f->src_mac, n->mac, FIRST_HOP_LEN);
}

static enum packet_kind first_kind(uint8_t proto)
{
	return proto == IPPROTO_TCP   ? PACKET_SYN
	       : proto == IPPROTO_UDP ? PACKET_UDP
				      : PACKET_INIT;
}

static int send_kind(struct run *run, const struct probe *probe, enum packet_kind kind,
	struct err *err)
{
	uint8_t buffer[FRAME_MAX];
	struct frame f = {.kind = kind,
		.seq = probe->seq,
		.key = {.family = probe->endpoint.family,
			.proto = probe->endpoint.proto,
			.sport = probe->sport,
			.dport = probe->endpoint.port,
			.src = probe->source.value,
			.dst = probe->endpoint.addr.value}};

	/* RFC 9293, 3.10.7.4: a reset counts when it has exactly the number expected.
	 */
	if (kind == PACKET_RST)
		f.seq++;
	if (kind == PACKET_UDP)
		f.payload = payload_of(probe->endpoint.port, &f.payload_len);
	fill_macs(run, probe, &f);
	size_t n = frame_build(&f, buffer);
	if (n == 0)
		return err_set(err, -EINVAL, "probe: protocol %u cannot be probed",
			probe->endpoint.proto);
	return inject_frame(&run->injector, probe->way->ifindex, buffer, n, err);
}

static void reset(struct run *run, struct probe *probe)
{
	struct err ignored = {0};

	if (probe->endpoint.proto != IPPROTO_TCP || probe->reset)
		return;
	probe->reset = true;
	/* It is gone with the interface, if that is why it fails. */
	if (send_kind(run, probe, PACKET_RST, &ignored) < 0)
		probe->reset = false;
}

/* ---------------------------------------------------------------- answers */

static struct probe *find(
	struct run *run, const struct flow_key *answer, bool strict_port)
{
	size_t at = (size_t)answer->dport - SPORT_FIRST;
	struct probe *p;

	if (answer->dport < SPORT_FIRST || at >= SPORT_COUNT)
		return NULL;
	p = run->by_port[at];
	if (!p || !p->sent || p->source.family != answer->family ||
		p->source.value != answer->dst || p->endpoint.proto != answer->proto)
		return NULL;
	return strict_port && p->endpoint.port != answer->sport ? NULL : p;
}

static enum reply reply_of(const struct probe *p, const struct packet *packet)
{
	switch (packet->kind) {
	case PACKET_SYN_ACK:
		return packet->ack == p->seq + 1 ? REPLY_OPEN : REPLY_NONE;
	case PACKET_RST:
	case PACKET_ABORT:
		return REPLY_RST;
	case PACKET_UDP:
	case PACKET_INIT_ACK:
		return REPLY_OPEN;
	case PACKET_ICMP_ERROR:
		return REPLY_ICMP;
	case PACKET_KIND_NONE:
	case PACKET_SYN:
	case PACKET_TCP:
	case PACKET_INIT:
	case PACKET_SCTP:
	case PACKET_ICMP:
	default:
		return REPLY_NONE;
	}
}

/* As reach/ has it: back where the question came by, or out where strangers are. */
static bool leads_back(const struct run *run, const struct probe *p, int ifindex)
{
	const struct report *report = run->report;
	const struct link *out = netns_link(report->facts->host, ifindex);
	const struct link *in = netns_link(report->facts->host, p->way->ifindex);

	if (ifindex == p->way->ifindex || (out && out->master == p->way->ifindex) ||
		(in && in->master == ifindex))
		return true;
	for (size_t i = 0; i < report->nways; i++)
		if (report->ways[i].perimeter && report->ways[i].ifindex == ifindex)
			return true;
	return false;
}

static void take_packet(void *context, const struct packet *packet, int64_t time_us)
{
	struct run *run = context;
	struct probe *p = NULL;

	(void)time_us;
	if (packet->status != PACKET_OK || packet->way != PACKET_OUT)
		return;
	if (packet->kind == PACKET_ICMP_ERROR) {
		const struct flow_key quoted = flow_key_turn(&packet->quoted);

		if (packet->quoted.family != FAMILY_NONE &&
			packet->key.dst == packet->quoted.src)
			p = find(run, &quoted, true);
	} else {
		p = find(run, &packet->key, true);
	}
	if (!p)
		return;
	enum reply reply = reply_of(p, packet);
	if (reply > p->reply)
		p->reply = reply;
	if (reply == REPLY_OPEN && leads_back(run, p, packet->ifindex))
		p->heard = true;
	if (packet->kind == PACKET_SYN_ACK)
		reset(run, p);
}

static int watch_until(struct run *run, int64_t deadline_ms, struct err *err)
{
	for (;;) {
		int64_t left = deadline_ms - now_ms();
		struct pollfd fd = {.fd = capture_fd(run->capture), .events = POLLIN};

		int n = capture_read(run->capture, take_packet, run, err);
		if (n < 0)
			return n;
		if (left <= 0)
			return 0;
		if (n == 0 && poll(&fd, 1, (int)left) < 0 && errno != EINTR)
			return err_errno(err, -errno, "wait for answers");
	}
}

/* Not before its time: @nth first packets at PROBE_RATE. */
static int pace(struct run *run, struct err *err)
{
	int64_t due = run->begin_ms + (int64_t)run->sent * 1000 / PROBE_RATE;

	run->sent++;
	return watch_until(run, due, err);
}

static int send_first(struct run *run, struct probe *probe, struct err *err)
{
	int rc = pace(run, err);

	if (rc < 0)
		return rc;
	probe->sent = true;
	rc = send_kind(run, probe, first_kind(probe->endpoint.proto), err);
	if (rc == -ENODEV || rc == -EINVAL) {
		/* The interface went away, or has no frames: this one was not sent. */
		probe->sent = false;
		probe->reason = "the interface takes no frame";
		return 0;
	}
	return rc;
}

/* What must be answered and was not may have been lost: once more. */
static int send_again(struct run *run, struct err *err)
{
	size_t n = 0;

	for (size_t i = 0; i < run->plan.n; i++) {
		struct probe *p = &run->plan.probes[i];

		if (!p->sent || p->expected == TRI_NO || p->reply != REPLY_NONE)
			continue;
		int rc = send_first(run, p, err);
		if (rc < 0)
			return rc;
		n++;
	}
	return n ? watch_until(run, now_ms() + AGAIN_MS, err) : 0;
}

/* Whatever may still be half open: its answer found no way, or was not seen. */
static int reset_all(struct run *run, struct err *err)
{
	for (size_t i = 0; i < run->plan.n; i++)
		if (run->plan.probes[i].sent && run->plan.probes[i].reply == REPLY_NONE)
			reset(run, &run->plan.probes[i]);
	return watch_until(run, now_ms() + RESET_MS, err);
}

/* ---------------------------------------------------------------- the run */

static void number_probes(struct run *run)
{
	uint32_t random[2] = {0};

	/* Fresh pairs: conntrack may still know those of the last run. */
	if (getrandom(random, sizeof(random), GRND_NONBLOCK) < 0)
		random[0] = random[1] = (uint32_t)now_ms();
	for (size_t i = 0; i < run->plan.n; i++) {
		struct probe *p = &run->plan.probes[i];
		size_t at = (i + random[0]) % SPORT_COUNT;

		p->sport = (uint16_t)(SPORT_FIRST + at);
		p->seq = random[1] + (uint32_t)i * 0x9e3779b1;
		run->by_port[at] = p;
	}
}

static int open_capture(struct run *run, struct err *err)
{
	const struct capture_options options = {
		.immediate = true, .delay_ms = 10, .buffer_bytes = 4 << 20};
	char filter[256];

	/* Extension headers, and answers from no port: let the decoder look. */
	(void)snprintf(filter, sizeof(filter),
		"dst portrange %d-%d or icmp or (ip6 and (ip6[6] = 58 or ip6[6] = 0 or "
		"ip6[6] = 43 or ip6[6] = 44 or ip6[6] = 51 or ip6[6] = 60))",
		SPORT_FIRST, SPORT_FIRST + SPORT_COUNT - 1);
	return capture_open("any", filter, &options, &run->capture, err);
}

static int send_all(struct run *run, struct err *err)
{
	int rc = open_capture(run, err);

	run->begin_ms = now_ms();
	for (size_t i = 0; rc == 0 && i < run->plan.n; i++)
		rc = send_first(run, &run->plan.probes[i], err);
	if (rc == 0)
		rc = watch_until(run, now_ms() + WAIT_MS, err);
	if (rc == 0)
		rc = send_again(run, err);
	if (rc == 0)
		rc = reset_all(run, err);
	return rc;
}

/* Silence where the host tried to answer and found no neighbour proves nothing. */
static int find_unresolved(struct run *run, struct arena *arena, struct err *err)
{
	int rc = neigh_read(arena, &run->neighbours, &run->nneighbours, err);

	for (size_t i = 0; rc == 0 && i < run->plan.n; i++) {
		struct probe *p = &run->plan.probes[i];
		const struct neighbour *n;
		struct addr hop;
		int ifindex;

		if (!p->sent || p->reply != REPLY_NONE ||
			neigh_next_hop(
				&p->source, p->way->ifindex, &hop, &ifindex, NULL) < 0)
			continue;
		n = neigh_find(run->neighbours, run->nneighbours, ifindex, &hop);
		p->unresolved = n && n->failed;
	}
	return rc;
}

static int run_plan(struct run *run, struct report *report, struct err *err)
{
	int rc = inject_open(&run->injector, err);

	if (rc == -EPERM || rc == -EOPNOTSUPP) {
		report->probing->unavailable = arena_strdup(&report->arena, err->text);
		*err = (struct err){0};
		return 0;
	}
	number_probes(run);
	if (rc == 0)
		rc = send_all(run, err);
	if (rc == 0)
		rc = find_unresolved(run, &report->arena, err);
	capture_close(run->capture);
	inject_close(&run->injector);
	if (rc == 0)
		verdict_note(report, &run->plan);
	return rc;
}

int probe_report(
	struct report *report, const struct probe_options *options, struct err *err)
{
	struct arena *arena = &report->arena;
	struct run run = {.report = report, .injector = {.program = -1}};
	struct expect expect;
	int rc = neigh_read(arena, &run.neighbours, &run.nneighbours, err);

	report->probing = arena_alloc(arena, sizeof(*report->probing));
	run.by_port = arena_array(arena, SPORT_COUNT, sizeof(struct probe *));
	expect_init(&expect, report, arena);
	if (rc == 0)
		plan_make(&expect, run.neighbours, run.nneighbours, options->any_source,
			arena, &run.plan);
	if (rc == 0 && arena_failed(arena))
		rc = err_set(err, -ENOMEM, "probe: out of memory");
	if (rc < 0)
		return rc;
	report->probing->withheld = run.plan.withheld;
	report->probing->cut = run.plan.cut;
	if (options->dry_run) {
		plan_print(&run.plan, options->dry_run);
		return 0;
	}
	return run_plan(&run, report, err);
}
