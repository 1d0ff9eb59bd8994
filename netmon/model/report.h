/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What netmon says: exposures, findings, gaps and the answer about one packet. Data. */
#ifndef SEAWALL_NETMON_MODEL_REPORT_H
#define SEAWALL_NETMON_MODEL_REPORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/addr.h"
#include "common/arena.h"
#include "common/ivset.h"
#include "common/zone.h"
#include "netmon/model/facts.h"
#include "netmon/model/ruleset.h"

/*
 * Theory of operation. reach/ makes exposures and gaps, confirm/ adds evidence, judge/
 * adds approvals, verdicts and findings, report/ only reads. All memory is in
 * report->arena; facts and rulesets are borrowed and must outlive the report.
 */

enum path {
	PATH_DNAT = 0,
	PATH_DOCKER_PROXY, /* any engine's user-space forwarder on the host */
	PATH_HOST_NETWORK,
	PATH_ROUTED, /* the container's own address */
	PATH_MACVLAN,
	PATH_IPVLAN,
	PATH_HOST_SERVICE, /* a listener with no container behind it */
	PATH_COUNT,
};

enum tri { TRI_UNKNOWN = 0, TRI_NO, TRI_YES };

/* must is a subset of the truth, the truth a subset of may. */
struct reach_set {
	const struct ivset *must, *may;
};

/* A reason why an answer is not exact. */
struct gap {
	const char *code;
	const char *table, *chain; /* NULL: not a rule's; see where */
	uint64_t handle;
	const char *where; /* NULL, or what it is about when it is no rule */
	const char *text;
	bool hides; /* an exposure could hide behind it */
};

enum effect {
	EFFECT_ACCEPT = 0,
	EFFECT_DROP,
	EFFECT_REJECT,
	EFFECT_JUMP,
	EFFECT_DNAT,
	EFFECT_SNAT,
	EFFECT_MARK,
	EFFECT_MAYBE,
	EFFECT_POLICY,
	EFFECT_QUEUE,
	EFFECT_OTHER,
};

/* One step of the way in, or what ended it. */
struct trace_step {
	enum hook hook;
	const struct chain *chain; /* NULL: not a rule's: see text */
	const struct rule *rule;   /* NULL with a chain: its policy */
	const char
		*stage; /* without a chain: "routing", "conntrack", "socket", "proxy" */
	enum effect effect;
	const char *text; /* "dnat to 172.17.0.2:80", "drop", "route: docker0" */
};

struct trace {
	const struct trace_step *steps;
	size_t nsteps;
};

enum result {
	RESULT_MAYBE = 0,
	RESULT_OPEN,
	RESULT_CLOSED,
	RESULT_FILTERED,
	RESULT_REJECTED,
};

enum delivery {
	DELIVERY_MAYBE = 0,
	DELIVERY_DELIVERED,
	DELIVERY_DROPPED,
	DELIVERY_REJECTED,
	DELIVERY_NO_ROUTE,
};

/* `netmon explain`: what happens to one packet. */
struct answer {
	enum delivery verdict;
	enum tri listener;
	enum result result;
	bool has_path;
	enum path path;
	const struct container *container; /* NULL */
	struct addr target;		   /* family NONE: it never got that far */
	uint16_t target_port;
	struct trace trace;
	const struct gap *const *gaps;
	size_t ngaps;
};

struct question {
	struct addr from, to;
	uint8_t proto; /* IPPROTO_*, of common/proto.h */
	uint16_t port;
	int sport;	/* -1: whatever a client takes */
	const char *in; /* interface; NULL: the perimeter's (by zone) */
	enum zone zone;
};

struct endpoint {
	enum family family;
	bool any; /* every address of the host alike: "0.0.0.0/0" or "::/0" */
	struct addr addr;
	uint8_t proto;
	uint16_t port;
	uint16_t port_last; /* of a span of ports that are all alike; 0: one port */
};

enum exposure_verdict {
	EXPOSURE_UNKNOWN = 0,
	EXPOSURE_VIOLATION,
	EXPOSURE_APPROVED,
	EXPOSURE_NOT_PUBLIC,
};

struct approval; /* common/policy.h */

/* The evidence of confirm/: absent (NULL) when nobody looked. */
struct observed {
	bool handshake; /* a stranger's handshake was answered */
	uint64_t handshakes, attempts, refused;
	uint64_t sources;   /* of handshakes, or without any of attempts; estimate */
	const char *sample; /* one source address */
	const char *first, *last; /* RFC 3339 */
};

/* One injected first packet, and what came back. */
struct probed {
	bool open; /* somebody answered: "syn-ack", "data", "init-ack" */
	enum zone zone;
	const char *source, *via; /* address; interface */
	const char *reply; /* "syn-ack", "init-ack", "data", "rst", "abort", "icmp",
			      "none" */
	enum tri expected; /* answered, by the rules and the listener */
	enum tri agrees;   /* UNKNOWN: the reply proves nothing; see reason */
	const char *reason;
};

/* An interface that strangers arrive by, and the sources of each zone there. */
struct way {
	int ifindex;
	const char *name;
	bool perimeter;
	enum family family;
	const struct ivset *zone[ZONE_COUNT]; /* disjoint; never NULL */
};

/* A question that reach/ asked: what no exposure claims of it is claimed closed, unless
 * it is @told: then another address's exposure of the same port claims as much, or it
 * is routers that keep others away, and not the rules. */
struct asked {
	struct endpoint endpoint; /* never any */
	bool told;
	size_t way;
	bool zone[ZONE_COUNT];		   /* those that can have it on the wire */
	const struct container *container; /* whose own address it is; NULL: the host's
					    */
};

/* Packets that say something else than the rules. */
struct contradiction {
	bool probed;   /* else observed */
	bool answered; /* where nothing can be; else silent where an answer must come */
	struct endpoint endpoint;
	const char *exposure; /* id; NULL: of none */
	enum zone zone;	      /* probed only */
	const char *source, *reply, *first;
	uint64_t count;
	enum tri rules_changed; /* between reading them and the packets */
};

/* How much was looked at: what was not seen means no more than this. */
struct observing {
	unsigned int seconds;
	uint64_t packets, dropped; /* dropped by the capture: never looked at */
	uint64_t untracked;	   /* endpoints that found no room */
};

struct probing {
	size_t sent, answered, silent, unknown;
	size_t withheld; /* need a source of the exact cell: --probe=any-source */
	size_t cut;	 /* edges past the bound for one endpoint */
	const char *unavailable; /* NULL, or why nothing was sent */
};

struct exposure {
	struct endpoint endpoint;
	struct addr target;
	const char *id; /* stable over runs: of endpoint, path and container name */
	const struct container *container;
	struct reach_set reach[ZONE_COUNT]; /* never NULL sets */
	struct trace trace; /* of a packet that gets in; the deciding rules */
	const char *owner;  /* PATH_HOST_SERVICE: the process's name; NULL */
	const struct gap *const *gaps; /* those that this answer depends on */
	size_t ngaps;
	enum path path;
	enum tri listening;
	struct observed *observed;
	struct probed *probed; /* array */
	size_t nprobed;
	enum tri seen;	   /* observed in a word; NO: watched all, and nobody came */
	enum tri answered; /* probed in a word */
	/* judge/ */
	const struct approval *approval;
	const struct prefix *excess; /* sources past the approval: judge.h */
	size_t nexcess;
	const char **amplifiers;
	size_t namplifiers;
	enum exposure_verdict verdict;
	/* small ones together */
	uint16_t target_port;
	bool target_moves;   /* the span's next port arrives at the next one */
	bool rules_differ;   /* each port has rules of its own that do the same */
	bool published;	     /* the engine lists this port as published */
	bool loopback_bound; /* published on 127.0.0.0/8 or ::1 only */
	bool disagrees;	     /* packets say something else than the rules */
};

enum severity {
	SEVERITY_INFO = 0,
	SEVERITY_LOW,
	SEVERITY_MEDIUM,
	SEVERITY_HIGH,
	SEVERITY_CRITICAL,
};

struct control {
	const char *benchmark, *control, *title;
};

struct finding {
	const char *id;	  /* stable */
	const char *kind; /* "internet-exposure-unapproved", ... */
	enum severity severity;
	const char *title;
	const char *detail;		 /* NULL, or more than one line holds */
	const struct exposure *exposure; /* NULL */
	const char *remedy;
	const struct control *compliance;
	size_t ncompliance;
};

struct report {
	struct arena arena;
	const struct facts *facts;
	const struct ruleset *ruleset; /* the host's */
	const char **perimeter;
	size_t nperimeter;
	const char **assumptions; /* sentences */
	size_t nassumptions;
	struct exposure *exposures;
	size_t nexposures;
	struct gap *gaps;
	size_t ngaps;
	struct finding *findings;
	size_t nfindings;
	const struct way *ways;
	size_t nways;
	struct asked *asked;
	size_t nasked;
	size_t nwalks; /* for all that was asked: ports of one sign take one */
	/* By port: two ports with one sign are told apart by no rule and no socket.
	 * NULL: only single ports were asked, and each may be alone. */
	const u128 *port_signs;
	struct contradiction *contradictions;
	size_t ncontradictions;
	struct observing *observing; /* NULL: nobody watched */
	struct probing *probing;     /* NULL: nothing was to be probed */
	size_t nhost_services; /* listeners without a container among the exposures */
	bool live;
	const char *generated; /* RFC 3339; given by the caller, never read here */
};

#endif
