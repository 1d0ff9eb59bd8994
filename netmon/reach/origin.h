/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which address an answer comes from, and whether the kernel lets it. */
#ifndef SEAWALL_NETMON_REACH_ORIGIN_H
#define SEAWALL_NETMON_REACH_ORIGIN_H

#include "netmon/reach/answer.h"
#include "netmon/reach/routing.h"

/**
 * origin_of_error() - the source of an ICMP error that @maker sends
 * @packet: the error; its saddr is set, or @sourceless: origin_by_route() decides later
 *
 * The address that was asked where it is the host's own; else one of the interface that
 * the packet came by (IPv6) or that the error leaves by (IPv4). Source: icmp_send() and
 * icmp6_send(); errors_use_inbound_ifaddr is taken to be off, as it is by default.
 */
void origin_of_error(const struct station *maker, struct packet *packet);

/** origin_by_route() - the source of a sourceless packet, now that its route is known.
 */
void origin_by_route(const struct space *space, const struct route_choice *choice,
	struct packet *packet);

/**
 * origin_is_allowed() - whether the kernel looks for a route from that source at all
 *
 * An IPv4 socket's must be an address of this host (ip_route_output_key_hash_rcu()):
 * what a policy route delivered here is not answered, but by a transparent socket. What
 * a rule rejects with is made without that check (ip_route_me_harder()).
 */
enum tri origin_is_allowed(const struct station *maker, enum packet_kind kind,
	const struct packet *packet);

/**
 * origin_mark() - the mark that an answer begins with
 *
 * What accepts a connection has its socket's (SO_MARK); without one, where
 * net.ipv4.tcp_fwmark_accept is set, that of the packet that asked
 * (inet_request_mark()). What refuses has that where fwmark_reflect is
 * (IP4_REPLY_MARK()).
 */
struct bits32 origin_mark(const struct station *maker, enum packet_kind kind);

#endif
