/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Operands, sets and rules made by hand or at random, for the tests of reach/. */
#ifndef SEAWALL_TESTS_UNIT_RULES_MADE_H
#define SEAWALL_TESTS_UNIT_RULES_MADE_H

#include "common/arena.h"
#include "netmon/model/ruleset.h"

#define MADE_NET  0xc6336400u /* 198.51.100.0: sources are its first 16 addresses */
#define MADE_SIZE 16u

/* The next number of a sequence that @seed begins; below @below. */
uint32_t made_random(uint64_t *seed, uint32_t below);

/* Addresses of the network header; ports of the transport header; mark. */
const struct operand *made_saddr(void);
const struct operand *made_daddr(void);
const struct operand *made_sport(void);
const struct operand *made_dport(void);
const struct operand *made_mark(void);

/** made_masked() - an operand of four bytes and (value & @mask) ^ @xor_with, network
 * order.
 */
const struct operand *made_masked(struct arena *arena, const struct operand *operand,
	uint32_t mask, uint32_t xor_with);
/** made_be() - @len bytes in network order. */
const uint8_t *made_be(struct arena *arena, uint64_t number, size_t len);
/** made_match() - operand cmp number(s); @len bytes. */
struct op made_match(struct arena *arena, const struct operand *operand, enum cmp cmp,
	uint64_t lo, uint64_t hi, size_t len);
/** made_fib() - fib FLAGS type or oif NUMBER, by @field; NFTA_FIB_F_* */
struct op made_fib(
	struct arena *arena, enum field field, uint32_t flags, uint32_t number);
struct op made_verdict(enum verdict verdict, const struct chain *to);
struct op made_dnat(struct arena *arena, uint32_t addr, uint16_t port);
/** made_chain() - empty, in a table of IPv4. */
struct chain *made_chain(struct ruleset *rules, const char *name, bool base,
	enum hook hook, int32_t priority, enum chain_type type);
/** made_rule() - append to a chain that made_chain() made. */
struct rule *made_rule(
	struct ruleset *rules, struct chain *chain, const struct op *ops, size_t nops);

/* A ruleset's .generation with which ranges may stand behind masks that are no
 * network's: reach/ then gives more than can be. */
#define MADE_ODD 0x0ddu

#define MADE_CHAINS 16
#define MADE_RULES  128
#define MADE_SETS   64

/** made_random_op() - a match on source, destination port or mark; never a verdict. */
struct op made_random_op(struct ruleset *rules, uint64_t *seed, unsigned int depth);
/** made_random_vmap() - verdicts by source; jumps go to one of @chains. */
struct op made_random_vmap(struct ruleset *rules, uint64_t *seed,
	struct chain *const *chains, size_t nchains);
/** made_random_set_mark() - mark = a number, or a map by source. */
struct op made_random_set_mark(struct ruleset *rules, uint64_t *seed);
struct verdict_to made_random_verdict(
	uint64_t *seed, struct chain *const *chains, size_t nchains);

#endif
