/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Messages between gate's own processes, each with a descriptor or without. */
#ifndef SEAWALL_GATE_SERVE_PASS_H
#define SEAWALL_GATE_SERVE_PASS_H

#include <stddef.h>
#include <sys/types.h>

#include "common/cleanup.h"

/**
 * pass_send() - one message
 * @fd:      of a SOCK_SEQPACKET pair
 * @pass_fd: goes along, and stays open here; -1: none
 *
 * Waits for room. Return: 0; -EPIPE when the other end is gone; another negative errno.
 */
int pass_send(int fd, const void *data, size_t len, int pass_fd) _must_check_;

/**
 * pass_receive() - the next message
 * @ret_fd: close-on-exec, the caller's to close; -1: none came
 *
 * Return: its length; 0 when the other end is gone; -EMSGSIZE when it is longer than
 * @size or more than one descriptor came (none is kept); another negative errno.
 */
ssize_t pass_receive(int fd, void *data, size_t size, int *ret_fd) _must_check_;

#endif
