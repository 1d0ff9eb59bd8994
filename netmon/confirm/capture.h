/* SPDX-License-Identifier: GPL-2.0-or-later */
/* libpcap: open a capture with a filter that the kernel runs, and decode what it
 * passes. */
#ifndef SEAWALL_NETMON_CONFIRM_CAPTURE_H
#define SEAWALL_NETMON_CONFIRM_CAPTURE_H

#include "common/err.h"
#include "netmon/confirm/packet.h"

#define CAPTURE_SNAPLEN                                               \
	128 /* an IPv6 header, some extensions and a transport header \
	     */

struct capture;

/**
 * struct capture_options - how to trade delay for work
 * @immediate:    each packet is delivered at once; else a buffer at a time, at most
 *                delay_ms late: far cheaper where many come
 * @buffer_bytes: the kernel's ring; what comes while it is full is dropped and counted
 */
struct capture_options {
	bool immediate;
	int delay_ms;
	int buffer_bytes;
};

/**
 * capture_open() - start to capture on one interface, not promiscuously
 * @interface: "any": all of this network namespace
 * @filter:    in pcap-filter(7)'s language; compiled for the kernel
 *
 * Return: 0; -EPERM (CAP_NET_RAW is missing), -ENODEV, -EINVAL, -ENOMEM, -EIO.
 */
int capture_open(const char *interface, const char *filter,
	const struct capture_options *options, struct capture **ret_capture,
	struct err *err) _must_check_;
void capture_close(struct capture *capture);

/** capture_fd() - readable when packets wait; for poll(2). */
int capture_fd(const struct capture *capture);

typedef void capture_fn(void *context, const struct packet *packet, int64_t time_us);

/**
 * capture_read() - decode what waits, without blocking
 *
 * Return: how many packets; -ENETDOWN and the like when the interface went away.
 */
int capture_read(struct capture *capture, capture_fn *take, void *context,
	struct err *err) _must_check_;

/** capture_dropped() - packets that passed the filter and found the ring full. */
uint64_t capture_dropped(struct capture *capture);

#endif
