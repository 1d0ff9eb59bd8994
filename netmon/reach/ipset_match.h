/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which peers an ipset holds. */
#ifndef SEAWALL_NETMON_REACH_IPSET_MATCH_H
#define SEAWALL_NETMON_REACH_IPSET_MATCH_H

#include "netmon/reach/value.h"

/**
 * ipset_match_peers() - split peers by an xt set match
 * @ret_yes, @ret_no: in view->arena; a peer nobody can tell about is in both
 * @ret_code: set when some peer is in both
 *
 * The rules are those of ip_set_test(): the most specific network wins, `nomatch`
 * elements are exceptions, list:set asks its members in order.
 */
void ipset_match_peers(const struct view *view, const struct ipset_match *match,
	bool invert, const struct ivset *peers, const struct ivset **ret_yes,
	const struct ivset **ret_no, const char **ret_code);

#endif
