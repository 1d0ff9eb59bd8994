/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The perimeter watched: who connects, and whether the rules say they could. */
#ifndef SEAWALL_NETMON_CONFIRM_OBSERVE_H
#define SEAWALL_NETMON_CONFIRM_OBSERVE_H

#include <poll.h>
#include <stdio.h>

#include "common/err.h"
#include "netmon/model/report.h"

/*
 * Theory of operation. One capture an interface of the perimeter, not promiscuous, with
 * a filter that the kernel runs and that passes first packets coming in and answers
 * going out, nothing else. The kernel hands over a buffer at a time, not a packet. What
 * passes is counted in flows.h. On the perimeter both the question and the answer carry
 * the addresses that the stranger dialled: translation happens further in.
 *
 * UDP has no first packet that a filter could know: ports on which something listens,
 * that are published or that a rule translates are watched, all others pass unseen.
 */
struct observer;

/**
 * observer_open() - begin to watch the perimeter of @report
 * @report: what is expected; borrowed until observer_close() or observer_expect()
 *
 * Return: 0; -EPERM when CAP_NET_RAW is missing, -ENODEV, -ENOMEM, -EIO; -ENOENT when
 * there is no perimeter.
 */
int observer_open(const struct report *report, struct observer **ret_observer,
	struct err *err) _must_check_;
void observer_close(struct observer *observer);
void observer_cleanup(struct observer **observer);

/** observer_poll() - fill @fds with what to wait for; at most @n. Return: how many. */
size_t observer_poll(const struct observer *observer, struct pollfd *fds, size_t n);
/** observer_read() - count what waits, without blocking. 0, or the capture's error. */
int observer_read(struct observer *observer, struct err *err) _must_check_;
/** observer_run() - wait and read for so long. */
int observer_run(struct observer *observer, unsigned int seconds, struct err *err)
	_must_check_;

/** observer_expect() - new rules: from now on @report says who can get in. Forgets what
 * was seen. */
int observer_expect(struct observer *observer, const struct report *report,
	struct err *err) _must_check_;

/**
 * observer_note() - write what was seen so far as evidence
 * @report: the one expected, or a later one of the same host; exposures get `observed`,
 *          `seen` and `disagrees`; contradictions and `observing` are filled
 */
void observer_note(struct observer *observer, struct report *report);

/** observer_print() - for --dry-run: interfaces and the filter. */
int observer_print(const struct report *report, FILE *stream, struct err *err)
	_must_check_;

#endif
