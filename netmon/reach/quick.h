/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Matches that one packet decides alone, without sets of peers. */
#ifndef SEAWALL_NETMON_REACH_QUICK_H
#define SEAWALL_NETMON_REACH_QUICK_H

#include "netmon/reach/value.h"

/*
 * Most rules of an engine are about a port, an interface or an address that is one
 * known value; for those a comparison of bytes is all there is. What is not that simple
 * is QUICK_UNSURE and goes through match.h, which gives the same answers (tested).
 */
enum quick {
	QUICK_UNSURE = 0,
	QUICK_NO,
	QUICK_YES,
};

/** quick_match() - whether the packet matches, whoever its peer is. */
enum quick quick_match(const struct view *view, const struct op *op);

/** quick_lookup() - the element of op->set that op->operand finds; NO: none. */
enum quick quick_lookup(const struct view *view, const struct op *op,
	const struct set_element **ret_element);

#endif
