/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The prepared snapshot: the host's namespace, the containers', and who has which
 * address. */
#ifndef SEAWALL_NETMON_REACH_HOST_H
#define SEAWALL_NETMON_REACH_HOST_H

#include "netmon/model/facts.h"
#include "netmon/reach/reach.h"
#include "netmon/reach/space.h"

/* Which container holds an address on which network. */
struct address_owner {
	struct addr addr;
	const struct container *container;
	const struct container_net *net;
	const struct network *network; /* NULL: the engine did not list it */
};

struct reach {
	const struct facts *facts;
	struct arena arena;
	struct space *host;
	struct space **spaces;	      /* as facts->netns; prepared on first use */
	bool *space_broken;	      /* its rules could not be decoded */
	struct address_owner *owners; /* sorted by address */
	size_t nowners;
	int *perimeter; /* ifindexes */
	size_t nperimeter;
};

/** host_container_space() - the prepared namespace of a container; NULL: unknown. */
struct space *host_container_space(
	struct reach *reach, const struct container *container);

/** host_owner() - who holds an address; NULL: no container. */
const struct address_owner *host_owner(
	const struct reach *reach, const struct addr *addr);

/** host_owner_on() - of several that hold the address (engines may give one twice), the
 *  one on the network of that bridge; else one whose network has no bridge. */
const struct address_owner *host_owner_on(
	const struct reach *reach, const struct addr *addr, const char *bridge);

/** host_runs() - whether it is running, or paused. */
bool host_runs(const struct container *container);

/** host_leads_everywhere() - a default route, or so large a part of one that strangers
 *  are behind it. */
bool host_leads_everywhere(const struct route *route);

/** host_holder() - the running container whose namespace has the address on one of its
 *  interfaces, whatever its engine says; NULL: none. */
const struct container *host_holder(const struct reach *reach, const struct addr *addr);

/** host_ends_at() - whether a container's link is a pair whose other end is a port of
 *  that bridge. */
bool host_ends_at(
	const struct reach *reach, const struct link *link, const struct link *bridge);

/** host_bridge_of() - the bridge that a container's link ends at a port of; NULL. */
const struct link *host_bridge_of(const struct reach *reach, const struct link *link);

/** host_holder_at() - the one that has it on an interface whose other end is a port of
 *  that bridge: what is sent to it on the bridge's link does not pass this host. NULL:
 *  none. */
const struct container *host_holder_at(
	const struct reach *reach, const struct addr *addr, const struct link *bridge);

/** host_makes_local() - a route that makes addresses a namespace's own, but for those
 * of loopback and of links. */
bool host_makes_local(const struct route *route);

/** host_is_spoken_for() - whether a container at that bridge answers for the address
 *  though it is not its own (proxy_arp, proxy_ndp, ip neigh add proxy), or the host was
 *  told who has it, so that what is sent there may get on. */
bool host_is_spoken_for(
	const struct reach *reach, const struct link *bridge, const struct addr *addr);

/** host_port_of() - the port of a bridge whose other end is the container's; NULL. */
const struct link *host_port_of(const struct reach *reach, const struct link *bridge,
	const struct container *container);

/** host_is_container_port() - a veth whose other end is in a container's namespace. */
bool host_is_container_port(const struct reach *reach, const struct link *port);

/** host_is_engine_bridge() - a bridge that some engine lists as a network's, all
 *  engines having answered, with a known container behind each port: nobody else is on
 *  it. */
bool host_is_engine_bridge(const struct reach *reach, int ifindex);

/** host_published_by() - the container whose published port this is; NULL: none.
 *  @addr: the host address that was dialled. */
const struct container *host_published_by(const struct reach *reach, uint8_t proto,
	const struct addr *addr, uint16_t port,
	const struct port_binding **ret_binding);

/** host_wire() - the interface whose link it shares: of a macvlan or ipvlan child its
 *  parent, where that is in the same namespace; else itself. */
int host_wire(const struct netns *netns, const struct link *link);

/** host_is_perimeter() - whether strangers arrive by an interface. */
bool host_is_perimeter(const struct reach *reach, int ifindex);

/** host_is_port() - a link of a bridge, bond or the like, which has no packets of its
 * own: they are its master's. A VRF leaves them where they came. */
bool host_is_port(const struct reach *reach, const struct link *link);

/** host_has_outer_port() - whether a bridge has a port that is neither a veth nor a
 *  tap, so that frames come in from elsewhere than the containers and machines that
 * live here; or a veth to where the uplink's veth leads. A port that is down has none.
 */
bool host_has_outer_port(const struct reach *reach, const struct link *bridge);

/** host_is_container_side() - a bridge of an engine's network, or one that has nothing
 *  but local containers and machines on it. */
bool host_is_container_side(const struct reach *reach, int ifindex);

#endif
