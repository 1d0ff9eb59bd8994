/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Who began a flow, as the kernel's connection tracking has it. */
#ifndef SEAWALL_NETMON_CONFIRM_TRACK_H
#define SEAWALL_NETMON_CONFIRM_TRACK_H

#include "netmon/confirm/packet.h"

enum track {
	TRACK_UNKNOWN = 0, /* it could not be asked */
	TRACK_NONE,	   /* there is no such flow, or nothing is tracked */
	TRACK_BEGUN,	   /* the packet that was asked about began it */
	TRACK_ANSWER,	   /* that packet is an answer in it */
};

/**
 * track_open() - a socket for questions; -errno when there is none (no right, no
 * module)
 */
int track_open(void);

/**
 * track_ask() - whose flow is a packet with these addresses and ports part of?
 * @fd:  from track_open()
 * @key: as on the wire of the perimeter
 *
 * Zone 0 only. Blocks for one round trip to the kernel.
 */
enum track track_ask(int fd, const struct flow_key *key);

#endif
