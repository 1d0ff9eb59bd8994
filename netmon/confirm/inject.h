/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Frames handed to the kernel as if an interface had just received them. */
#ifndef SEAWALL_NETMON_CONFIRM_INJECT_H
#define SEAWALL_NETMON_CONFIRM_INJECT_H

#include <stddef.h>
#include <stdint.h>

#include "common/err.h"

/*
 * Theory of operation. bpf(BPF_PROG_TEST_RUN) runs an XDP program of two instructions,
 * "return XDP_PASS", over a frame that we give, and with BPF_F_TEST_XDP_LIVE_FRAMES
 * (Linux 5.18) the kernel then does with the frame what the program said: it goes up
 * the stack as received on xdp_md.ingress_ifindex. It passes generic XDP, tc and
 * nftables ingress, bridges, macvlans, NAT and containers as any other. The program is
 * attached to nothing: it lives as long as its descriptor, so whatever ends this
 * process removes it.
 *
 * The frame's destination must be the interface's own address (or that of a macvlan on
 * it), else the kernel takes it for somebody else's.
 *
 * Not passed: an XDP program in the driver's own (native) mode, and what the card or a
 * cloud does before the host sees a packet.
 */
struct injector {
	int program; /* -1: not open */
};

/**
 * inject_missing() - which of CAP_BPF, CAP_NET_ADMIN and CAP_NET_RAW this process lacks
 *
 * Return: their names joined by ", ", or NULL when it has them (CAP_SYS_ADMIN stands
 * for CAP_BPF, as in the kernel).
 */
const char *inject_missing(void);

/**
 * inject_open() - load the program and learn whether this kernel runs it live
 *
 * Return: 0; -EPERM (the text names what is missing); -EOPNOTSUPP where the kernel is
 * too old or was built without BPF.
 */
int inject_open(struct injector *ret_injector, struct err *err) _must_check_;
void inject_close(struct injector *injector);

/**
 * inject_frame() - one frame, up the stack as received on @ifindex
 *
 * Return: 0 once the stack has taken it; -ENODEV (no such interface in this network
 * namespace), -EINVAL, -ENOMEM, -EPERM.
 */
int inject_frame(const struct injector *injector, int ifindex, const uint8_t *frame,
	size_t len, struct err *err) _must_check_;

#endif
