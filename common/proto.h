/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Protocols that have ports, by name and number. */
#ifndef SEAWALL_COMMON_PROTO_H
#define SEAWALL_COMMON_PROTO_H

#include <stdbool.h>
#include <stdint.h>

/*
 * Their packets begin with a source and a destination port of two bytes each, and
 * net/netfilter/nf_nat_proto.c translates both (of DCCP until Linux 6.16).
 */
#define PROTO_COUNT 5
extern const uint8_t proto_numbers[PROTO_COUNT];

#define PROTO_NAMES "tcp, udp, sctp, dccp or udplite"

/** proto_name() - "tcp", "udp" ...; NULL: it has no ports. */
const char *proto_name(uint8_t number);

/** proto_parse() - the number of a name; false: none of them. */
bool proto_parse(const char *name, uint8_t *ret_number);

/** proto_has_ports() - whether it is one of them. */
bool proto_has_ports(uint8_t number);

/** proto_is_datagram() - whether a first packet delivers data: UDP's and UDP-Lite's. */
bool proto_is_datagram(uint8_t number);

#endif
