/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A host with one container, made by hand, and questions about it: for tests of reach/.
 */
#ifndef SEAWALL_TESTS_UNIT_HOST_MADE_H
#define SEAWALL_TESTS_UNIT_HOST_MADE_H

#include "netmon/reach/host.h"
#include "rules_made.h"

/*
 * eth0 (2) has 203.0.113.1/24 and the default route, docker0 (3) is a bridge with
 * 172.17.0.1/16; "web" is at 172.17.0.2 and listens on TCP 80. Everything forwards,
 * nothing filters.
 */
struct host_made {
	struct facts *facts;
	struct netns *host, *inside;
	struct container *web;
	struct network *network;
	struct ruleset rules; /* the host's: fill before the first question */
	struct reach *reach;
	struct ruleset *decoded;
	struct arena arena; /* of answers */
};

#define HOST_ETH0    2
#define HOST_DOCKER0 3
#define HOST_WEB     0xac110002u /* the container's address */

void host_open(struct host_made *h);
void host_close(struct host_made *h);
/** host_setup(), host_teardown() - open and close one that is a cmocka test's state. */
int host_setup(void **state);
int host_teardown(void **state);

struct link *host_link(struct netns *ns, int index, const char *name, const char *kind);
/** host_addr() - an address with its connected and local routes. */
void host_addr(struct netns *ns, int ifindex, const char *prefix, const char *addr);
/** host_route() - @gateway may be NULL. */
struct route *host_route(struct netns *ns, uint32_t table, const char *prefix,
	uint8_t type, int ifindex, const char *gateway);
struct route_rule *host_rule(struct netns *ns, uint32_t priority, uint32_t table);
void host_sysctl(struct netns *ns, const char *name, int64_t value);
struct sock *host_listen(struct netns *ns, uint8_t proto, uint16_t port);

/** host_ask() - the result for one TCP packet that comes in by @in. */
enum result host_ask(struct host_made *h, const char *in, const char *from,
	const char *to, uint16_t port);
/** host_datagram() - the answer for one of UDP over IPv4 that comes in by eth0. */
struct answer host_datagram(
	struct host_made *h, const char *from, uint32_t to, uint16_t port);
/** host_publish() - tcp dport 8080 dnat to 172.17.0.2:80, in prerouting at -100 */
struct chain *host_publish(struct host_made *h);
/** host_exposure() - the first one at that port; NULL: there is none. */
const struct exposure *host_exposure(const struct report *report, uint16_t port);
/** host_survey() - all exposures, in a report whose arena the caller releases. */
void host_survey(struct host_made *h, struct report *report);

#endif
