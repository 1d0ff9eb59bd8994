/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Ports at which the rules of one hook may begin to say something else. */
#ifndef SEAWALL_NETMON_JUDGE_BORDERS_H
#define SEAWALL_NETMON_JUDGE_BORDERS_H

#include "netmon/judge/rules.h"

/*
 * Theory of operation. A comparison with numbers says the same of all ports between two
 * of them. Whatever looks at a port in another way (through a mask, say) may say
 * something else of each: then each port is a border.
 */
#define BORDERS_PORTS 65536u

/**
 * borders_find() - of the chains that packets of @hook can get to
 *
 * Return: BORDERS_PORTS bools in @arena, by port: whether the rules may tell it from
 * the port below; NULL when the arena failed. Two ports without a border between them
 * have the same answer from rules_stopping().
 */
const bool *borders_find(
	struct arena *arena, const struct ruleset *ruleset, enum hook hook);

#endif
