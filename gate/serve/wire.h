/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Bytes over sockets, never waiting longer than allowed. */
#ifndef SEAWALL_GATE_SERVE_WIRE_H
#define SEAWALL_GATE_SERVE_WIRE_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "common/err.h"

/** wire_now() - milliseconds of a clock that only goes forward. */
int64_t wire_now(void);
/** wire_wait() - until one of @events (poll's) or @deadline; 0, -ETIMEDOUT, -errno. */
int wire_wait(int fd, short events, int64_t deadline) _must_check_;
/** wire_send() - all of it; 0, -ETIMEDOUT, -EPIPE, -errno. */
int wire_send(int fd, const char *data, size_t len, int64_t deadline) _must_check_;
/** wire_receive() - what is there, at least a byte; 0: the end; -ETIMEDOUT, -errno. */
ssize_t wire_receive(int fd, char *data, size_t size, int64_t deadline) _must_check_;
/** wire_connect() - to the unix socket at @path: a descriptor, or a negative errno. */
int wire_connect(const char *path, struct err *err) _must_check_;

#endif
