/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "netmon/reach/listen.h"

#include <netinet/in.h>
#include <string.h>

/* Processes that stand on the host for a container's published port. */
static const char *const forwarders[] = {"docker-proxy", "rootlesskit", "rootlessport",
	"slirp4netns", "pasta", "pasta.avx2", "conmon", "gvproxy",
	"exe" /* rootlessport's */};

bool listen_is_forwarder(const struct sock *sock)
{
	for (size_t i = 0; sock->comm && i < ARRAY_LEN(forwarders); i++)
		if (strcmp(sock->comm, forwarders[i]) == 0)
			return true;
	return false;
}

/* compute_score() of inet_hashtables.c; -1: not for this packet. */
static int score(const struct sock *sock, const struct packet *packet, int master)
{
	bool wild = sock->local.value == 0, v6 = sock->local.family == FAMILY_IP6;
	bool packet6 = packet->family == FAMILY_IP6;
	int points = 1;

	if (sock->proto != packet->proto || sock->port != packet->dport ||
		sock->connected)
		return -1;
	if (packet6 && !v6)
		return -1;
	if (!packet6 && v6 && !(wild && !sock->v6only)) {
		/* ::ffff:a.b.c.d is that IPv4 address. */
		if (sock->local.value >> 32 != 0xffff ||
			(uint32_t)sock->local.value != (uint32_t)packet->daddr)
			return -1;
		points += 16;
	} else if (!wild) {
		if (sock->local.value != packet->daddr)
			return -1;
		points += 16; /* asked for by address first, then for any */
	}
	if (sock->ifindex) {
		if (sock->ifindex != packet->iif && sock->ifindex != master)
			return -1;
		points += 8;
	}
	if (!v6)
		points += 1;
	return points;
}

static const struct container *find_container(const struct reach *reach, const char *id)
{
	return id ? facts_container(reach->facts, id) : NULL;
}

/* The address of a container on any of its networks, in the family asked for first. */
static struct addr container_addr(const struct container *c, enum family family)
{
	struct addr other = {0};

	for (size_t i = 0; i < c->nnets; i++) {
		const struct container_net *n = &c->nets[i];
		const struct addr *mine = family == FAMILY_IP6 ? &n->addr6 : &n->addr4;
		const struct addr *its = family == FAMILY_IP6 ? &n->addr4 : &n->addr6;

		if (mine->family != FAMILY_NONE)
			return *mine;
		if (other.family == FAMILY_NONE)
			other = *its;
	}
	return other;
}

static void by_engine(
	struct reach *reach, const struct packet *packet, struct listener *l)
{
	struct addr dialled = {packet->daddr, (enum family)packet->family};
	const struct port_binding *binding;

	l->container = host_published_by(
		reach, packet->proto, &dialled, packet->dport, &binding);
	if (!l->container)
		return;
	l->path = PATH_DOCKER_PROXY;
	l->target_port = binding->container_port;
	l->target = container_addr(l->container, dialled.family);
}

static void owner_of(struct reach *reach, const struct space *space,
	const struct packet *packet, struct listener *l)
{
	const struct sock *sock = l->sock;
	const struct container *c = find_container(reach, sock->container_id);

	l->path = PATH_HOST_SERVICE;
	l->text = sock->comm ? sock->comm : "a socket whose owner is unknown";
	if (!space->is_host) /* a container's socket, whatever its process is called */
		return;
	if (c) {
		l->container = c;
		l->path = PATH_HOST_NETWORK;
		return;
	}
	if (listen_is_forwarder(sock) || sock->pid == 0)
		by_engine(reach, packet, l);
	if (!l->container && sock->comm && strcmp(sock->comm, "docker-proxy") == 0)
		l->path = PATH_DOCKER_PROXY;
}

void listen_find(struct reach *reach, const struct space *space,
	const struct packet *packet, struct listener *ret_listener)
{
	const struct link *in = netns_link(space->netns, packet->iif);
	const struct sock_slot *slot = space->socks[packet->dport % SOCK_BUCKETS];
	int best = -1;

	*ret_listener = (struct listener){.path = PATH_HOST_SERVICE};
	for (; slot; slot = slot->next) {
		int points = score(slot->sock, packet, in ? in->master : 0);

		if (points > best) {
			best = points;
			ret_listener->sock = slot->sock;
		}
	}
	if (!ret_listener->sock) {
		ret_listener->listens =
			space->netns->socks_known ? TRI_NO : TRI_UNKNOWN;
		return;
	}
	ret_listener->listens = TRI_YES;
	owner_of(reach, space, packet, ret_listener);
}

static bool is_anothers(const struct listener *l, const struct listener *all, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (all[i].container == l->container && all[i].path == l->path)
			return false;
	return true;
}

static void add_sharer(
	struct arena *arena, struct listener **all, size_t *n, const struct listener *l)
{
	struct listener *slot = arena_push(arena, all, n, sizeof(*slot));

	if (slot)
		*slot = *l;
}

size_t listen_sharers(struct reach *reach, const struct space *space,
	const struct packet *packet, bool many, const struct listener *first,
	struct arena *arena, struct listener **ret)
{
	const struct link *in = netns_link(space->netns, packet->iif);
	const struct sock_slot *slot = space->socks[packet->dport % SOCK_BUCKETS];
	int master = in ? in->master : 0;
	int best = score(first->sock, packet, master);
	size_t n = 0;

	*ret = NULL;
	add_sharer(arena, ret, &n, first);
	for (; slot; slot = slot->next) {
		int points = score(slot->sock, packet, master);
		struct listener l = {.path = PATH_HOST_SERVICE,
			.sock = slot->sock,
			.listens = TRI_YES};

		if (points < 0 || (points != best && !many))
			continue;
		owner_of(reach, space, packet, &l);
		if (is_anothers(&l, *ret, n))
			add_sharer(arena, ret, &n, &l);
	}
	return n;
}

enum tri listen_any(const struct space *space, uint8_t proto, uint16_t port)
{
	const struct sock_slot *slot = space->socks[port % SOCK_BUCKETS];

	for (; slot; slot = slot->next)
		if (slot->sock->proto == proto && slot->sock->port == port &&
			!slot->sock->connected)
			return TRI_YES;
	return space->netns->socks_known ? TRI_NO : TRI_UNKNOWN;
}
