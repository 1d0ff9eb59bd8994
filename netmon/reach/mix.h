/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Numbers that look random and follow from others, for signs and tables. */
#ifndef SEAWALL_NETMON_REACH_MIX_H
#define SEAWALL_NETMON_REACH_MIX_H

#include <stdint.h>

/** mix() - each bit of @x changes about half of the bits; no two numbers give one. */
static inline uint64_t mix(uint64_t x)
{
	x = (x ^ (x >> 32)) * 0xd6e8feb86659fd93u;
	x = (x ^ (x >> 32)) * 0xd6e8feb86659fd93u;
	return x ^ (x >> 32);
}

#endif
