/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Frames of first packets, and of what ends a connection that they began. */
#ifndef SEAWALL_NETMON_CONFIRM_FRAME_H
#define SEAWALL_NETMON_CONFIRM_FRAME_H

#include <stddef.h>
#include <stdint.h>

#include "netmon/confirm/packet.h"

#define FRAME_MAX 512

/**
 * struct frame - what to write
 * @kind: PACKET_SYN, PACKET_RST, PACKET_UDP, PACKET_INIT or PACKET_ABORT
 * @seq:  TCP: sequence number; SCTP: initiate tag (INIT), verification tag (ABORT)
 */
struct frame {
	enum packet_kind kind;
	struct flow_key key;
	uint8_t dst_mac[6], src_mac[6];
	uint32_t seq;
	const uint8_t *payload; /* UDP */
	size_t payload_len;
};

/**
 * frame_build() - an Ethernet frame with all checksums
 *
 * A SYN carries the options that a Linux client sends (rules may match on them).
 * Return: its length; 0 when it would not fit or the kind cannot be built.
 */
size_t frame_build(const struct frame *frame, uint8_t buffer[static FRAME_MAX]);

/**
 * payload_of() - what makes a well-known UDP service answer
 *
 * @ret_len: its length
 * Return: bytes that live forever; a service without an entry gets an empty line.
 */
const uint8_t *payload_of(uint16_t port, size_t *ret_len);

#endif
