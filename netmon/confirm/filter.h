/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The observer's filter, in pcap-filter(7)'s language. */
#ifndef SEAWALL_NETMON_CONFIRM_FILTER_H
#define SEAWALL_NETMON_CONFIRM_FILTER_H

#include "netmon/model/report.h"

#define FILTER_PORTS_MAX 64 /* ranges; more are joined to wider ones */

/**
 * filter_text() - first packets coming in, answers going out
 * @ret_ports: the UDP ports that are watched: those of exposures, of questions and of
 *             sockets
 *
 * Return: in @arena; NULL when it failed.
 */
const char *filter_text(struct arena *arena, const struct report *report,
	const struct ivset **ret_ports);

#endif
