/* SPDX-License-Identifier: GPL-2.0-or-later */
/* IPv4 addresses as numbers. */
#ifndef SEAWALL_NETMON_REACH_IP4_H
#define SEAWALL_NETMON_REACH_IP4_H

#include "common/addr.h"

#define IP4(a, b, c, d)                                                                \
	((u128)(((uint32_t)(a) << 24) | ((uint32_t)(b) << 16) | ((uint32_t)(c) << 8) | \
		(uint32_t)(d)))

#endif
