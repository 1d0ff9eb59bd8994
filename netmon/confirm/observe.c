/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The perimeter watched: who connects, and whether the rules say they could. */
#include "netmon/confirm/observe.h"

#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

#include "netmon/confirm/capture.h"
#include "netmon/confirm/expect.h"
#include "netmon/confirm/filter.h"
#include "netmon/confirm/flows.h"
#include "netmon/confirm/track.h"

enum {
	DELAY_MS = 200,		/* a full buffer comes at once */
	BUFFER_BYTES = 4 << 20, /* a seventh of a second of 200,000 packets a second;
				   more would not stay in a processor's cache */
	WAIT_MS = 250,
	/* Waking for each full buffer of a flood costs more than reading it. */
	BUSY_PACKETS = 1000,
	BUSY_PAUSE_MS = 40, /* a quarter of what the buffer holds */
	INTERFACES_MAX = 64,
	ASKED_MAX = 1000, /* questions to conntrack */
};

struct observer {
	struct arena arena;
	struct capture *captures[INTERFACES_MAX];
	size_t ncaptures;
	struct flows *flows;
	struct expect expect;
	const struct ivset *local[2]; /* IPv4, IPv6: of host and containers */
	uint64_t packets, dropped_before;
	int64_t begin_ms;
	int track; /* conntrack's socket, or a negative errno */
	unsigned int asked;
};

static int64_t now_ms(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* ---------------------------------------------------------------- expectations */

static const struct ivset *local_addresses(
	struct arena *arena, const struct facts *facts, enum family family)
{
	const struct ivset *set = &ivset_none;

	for (size_t i = 0; i <= facts->nnetns; i++) {
		const struct netns *ns = i ? facts->netns[i - 1] : facts->host;

		for (size_t k = 0; k < ns->naddrs; k++) {
			const struct addr *a = &ns->addrs[k].local;

			if (a->family == family)
				set = ivset_union(arena, set,
					ivset_range(arena, a->value, a->value));
		}
	}
	return set;
}

static bool is_local(void *context, enum family family, u128 addr)
{
	const struct observer *observer = context;

	return ivset_contains(observer->local[family == FAMILY_IP6], addr);
}

/*
 * Of UDP the capture may have missed who spoke first, perhaps before it began:
 * conntrack knows. What cannot be asked (any more) is no contradiction.
 */
static enum tri began(struct observer *observer, const struct endpoint *e,
	const struct addr *source, uint16_t sport)
{
	const struct flow_key question = {.family = e->family,
		.proto = e->proto,
		.sport = sport,
		.dport = e->port,
		.src = source->value,
		.dst = e->addr.value};

	if (e->proto != IPPROTO_UDP)
		return TRI_YES;
	if (observer->asked >= ASKED_MAX)
		return TRI_UNKNOWN;
	observer->asked++;
	switch (track_ask(observer->track, &question)) {
	case TRACK_BEGUN:
	case TRACK_NONE: /* without tracking the rules see packets, not flows */
		return TRI_YES;
	case TRACK_ANSWER:
		return TRI_NO;
	case TRACK_UNKNOWN:
	default:
		return TRI_UNKNOWN;
	}
}

static enum tri allows(void *context, const struct endpoint *endpoint,
	const struct addr *source, uint16_t sport)
{
	struct observer *observer = context;
	enum tri rules = expect_allows(&observer->expect, endpoint, source);

	if (rules != TRI_NO || began(observer, endpoint, source, sport) == TRI_YES)
		return rules;
	return TRI_UNKNOWN;
}

static int make_flows(struct observer *observer, struct err *err)
{
	struct flows_options options = {
		.allows = allows, .is_local = is_local, .context = observer};

	if (getrandom(&options.key, sizeof(options.key), GRND_NONBLOCK) < 0)
		options.key = (uint64_t)now_ms();
	flows_free(observer->flows);
	observer->flows = flows_new(&options);
	return observer->flows ? 0 : err_set(err, -ENOMEM, "out of memory");
}

static uint64_t dropped(struct observer *observer)
{
	uint64_t n = 0;

	for (size_t i = 0; i < observer->ncaptures; i++)
		n += capture_dropped(observer->captures[i]);
	return n;
}

int observer_expect(
	struct observer *observer, const struct report *report, struct err *err)
{
	arena_reset(&observer->arena);
	expect_init(&observer->expect, report, &observer->arena);
	observer->local[0] =
		local_addresses(&observer->arena, report->facts, FAMILY_IP4);
	observer->local[1] =
		local_addresses(&observer->arena, report->facts, FAMILY_IP6);
	if (arena_failed(&observer->arena))
		return err_set(err, -ENOMEM, "out of memory");
	observer->packets = 0;
	observer->asked = 0;
	observer->dropped_before = dropped(observer);
	observer->begin_ms = now_ms();
	return make_flows(observer, err);
}

/* ---------------------------------------------------------------- watching */

static int open_captures(
	struct observer *observer, const struct report *report, struct err *err)
{
	const struct capture_options options = {
		.delay_ms = DELAY_MS, .buffer_bytes = BUFFER_BYTES};
	const struct ivset *ports;
	const char *filter = filter_text(&observer->arena, report, &ports);

	if (!filter)
		return err_set(err, -ENOMEM, "out of memory");
	if (report->nperimeter == 0)
		return err_set(err, -ENOENT,
			"observe: there is no perimeter: name an interface with "
			"--perimeter");
	for (size_t i = 0; i < report->nperimeter && i < INTERFACES_MAX; i++) {
		int rc = capture_open(report->perimeter[i], filter, &options,
			&observer->captures[i], err);
		if (rc == -EPERM)
			return err_set(err, rc,
				"observing needs CAP_NET_RAW: run as root, or give it "
				"to netmon with setcap");
		if (rc < 0)
			return rc;
		observer->ncaptures++;
	}
	return 0;
}

int observer_open(
	const struct report *report, struct observer **ret_observer, struct err *err)
{
	struct observer *observer = calloc(1, sizeof(*observer));

	if (!observer)
		return err_set(err, -ENOMEM, "out of memory");
	arena_init(&observer->arena, 0);
	observer->track = track_open();
	int rc = open_captures(observer, report, err);
	if (rc == 0)
		rc = observer_expect(observer, report, err);
	if (rc < 0) {
		observer_close(observer);
		return rc;
	}
	*ret_observer = observer;
	return 0;
}

void observer_close(struct observer *observer)
{
	if (!observer)
		return;
	for (size_t i = 0; i < observer->ncaptures; i++)
		capture_close(observer->captures[i]);
	if (observer->track >= 0)
		(void)close(observer->track);
	flows_free(observer->flows);
	arena_done(&observer->arena);
	free(observer);
}

void observer_cleanup(struct observer **observer)
{
	observer_close(*observer);
}

size_t observer_poll(const struct observer *observer, struct pollfd *fds, size_t n)
{
	size_t i;

	for (i = 0; i < observer->ncaptures && i < n; i++)
		fds[i] = (struct pollfd){
			.fd = capture_fd(observer->captures[i]), .events = POLLIN};
	return i;
}

static void take(void *context, const struct packet *packet, int64_t time_us)
{
	struct observer *observer = context;

	/* A tagged frame is the VLAN interface's, which is watched if it is perimeter.
	 */
	if (packet->vlan == 0)
		flows_packet(observer->flows, packet, time_us);
}

int observer_read(struct observer *observer, struct err *err)
{
	for (size_t i = 0; i < observer->ncaptures; i++) {
		int n = capture_read(observer->captures[i], take, observer, err);

		if (n < 0)
			return n;
		observer->packets += (uint64_t)n;
	}
	return 0;
}

int observer_run(struct observer *observer, unsigned int seconds, struct err *err)
{
	const struct timespec pause = {.tv_nsec = BUSY_PAUSE_MS * 1000000};
	int64_t end = now_ms() + (int64_t)seconds * 1000;
	struct pollfd fds[INTERFACES_MAX];

	for (;;) {
		int64_t left = end - now_ms();
		size_t n = observer_poll(observer, fds, INTERFACES_MAX);
		uint64_t before = observer->packets;
		int rc = observer_read(observer, err);

		if (rc < 0 || left <= 0)
			return rc;
		if (observer->packets - before >= BUSY_PACKETS)
			(void)nanosleep(&pause, NULL);
		else if (poll(fds, n, (int)(left < WAIT_MS ? left : WAIT_MS)) < 0 &&
			 errno != EINTR)
			return err_errno(err, -errno, "wait for packets");
	}
}

/* ---------------------------------------------------------------- evidence */

static const char *time_text(struct arena *arena, int64_t time_us)
{
	char text[32];
	time_t seconds = (time_t)(time_us / 1000000);
	struct tm tm;

	if (!gmtime_r(&seconds, &tm) ||
		strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", &tm) == 0)
		return NULL;
	return arena_strdup(arena, text);
}

static const char *address_text(struct arena *arena, enum family family, u128 value)
{
	const struct addr addr = {.family = family, .value = value};
	char text[ADDR_TEXT_MAX];

	return arena_strdup(arena, addr_format(&addr, text));
}

/* Several addresses of an exposure of all are added up. */
static void add_evidence(struct observer *observer, struct report *report,
	struct exposure *e, const struct flow_stat *stat)
{
	struct arena *arena = &report->arena;
	struct observed *o = e->observed;
	bool handshake = stat->handshakes > 0;
	uint64_t sources = flows_sources(observer->flows, stat, handshake);
	uint64_t most = handshake ? stat->handshakes : stat->attempts;

	if (!o)
		o = e->observed = arena_alloc(arena, sizeof(*o));
	if (!o)
		return;
	o->attempts += stat->attempts;
	o->refused += stat->refused;
	o->handshakes += stat->handshakes;
	if (o->handshake && !handshake)
		return;
	if (handshake && !o->handshake)
		*o = (struct observed){.handshake = true,
			.handshakes = o->handshakes,
			.attempts = o->attempts,
			.refused = o->refused};
	o->sources += sources < most ? sources : most;
	o->sample = address_text(arena, stat->endpoint.family, stat->sample);
	const char *first = time_text(arena, stat->first_us);
	const char *last = time_text(arena, stat->last_us);
	if (!o->first || (first && strcmp(first, o->first) < 0))
		o->first = first;
	if (!o->last || (last && strcmp(last, o->last) > 0))
		o->last = last;
}

static const char *reply_word(uint8_t proto)
{
	return proto == IPPROTO_TCP   ? "syn-ack"
	       : proto == IPPROTO_UDP ? "data"
				      : "init-ack";
}

static void add_contradiction(
	struct report *report, const struct flow_stat *stat, const struct exposure *e)
{
	struct contradiction *c = arena_push(&report->arena, &report->contradictions,
		&report->ncontradictions, sizeof(*c));

	if (c)
		*c = (struct contradiction){.answered = true,
			.endpoint = stat->endpoint,
			.exposure = e ? e->id : NULL,
			.source = address_text(
				&report->arena, stat->endpoint.family, stat->stranger),
			.reply = reply_word(stat->endpoint.proto),
			.first = time_text(&report->arena, stat->stranger_us),
			.count = stat->unexpected};
}

static void note_stat(struct observer *observer, struct report *report,
	const struct expect *expect, const struct flow_stat *stat)
{
	struct exposure *e, *first = NULL;
	size_t at = 0;

	while ((e = expect_next(expect, &stat->endpoint, &at))) {
		if (!first)
			first = e;
		add_evidence(observer, report, e, stat);
		if (stat->unexpected)
			e->disagrees = true;
	}
	if (stat->unexpected)
		add_contradiction(report, stat, first);
}

void observer_note(struct observer *observer, struct report *report)
{
	struct observing *o = arena_alloc(&report->arena, sizeof(*o));
	const struct flow_stat *stat;
	struct expect expect;
	size_t at = 0;

	if (!o)
		return;
	o->seconds = (unsigned int)((now_ms() - observer->begin_ms) / 1000);
	o->packets = observer->packets;
	o->dropped = dropped(observer) - observer->dropped_before;
	o->untracked = flows_untracked(observer->flows);
	report->observing = o;
	expect_init(&expect, report, &report->arena);
	while ((stat = flows_next(observer->flows, &at)))
		note_stat(observer, report, &expect, stat);
	/* Not seen says something only of what was looked at whole. */
	for (size_t i = 0; i < report->nexposures; i++) {
		struct exposure *e = &report->exposures[i];

		e->seen = e->observed && e->observed->handshake	 ? TRI_YES
			  : o->dropped == 0 && o->untracked == 0 ? TRI_NO
								 : TRI_UNKNOWN;
	}
}

int observer_print(const struct report *report, FILE *stream, struct err *err)
{
	struct arena arena;
	const struct ivset *ports;

	arena_init(&arena, 0);
	const char *filter = filter_text(&arena, report, &ports);
	for (size_t i = 0; filter && i < report->nperimeter; i++)
		(void)fprintf(
			stream, "capture on %s: %s\n", report->perimeter[i], filter);
	arena_done(&arena);
	return filter ? 0 : err_set(err, -ENOMEM, "out of memory");
}
