/* SPDX-License-Identifier: GPL-2.0-or-later */
/* nft's register file while one rule is decoded: which operand each word came from. */
#ifndef SEAWALL_NETMON_MODEL_NFT_REGISTER_H
#define SEAWALL_NETMON_MODEL_NFT_REGISTER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "netmon/model/decode.h"

/** registers_reset() - before a rule. */
void registers_reset(struct decode_ctx *ctx);
/** registers_forget() - from here on nobody can say what they hold. */
void registers_forget(struct decode_ctx *ctx);

/**
 * register_word() - number of the first word of a register as netlink names it
 * @number: enum nft_registers: NFT_REG_1 .. 4 are four words each, NFT_REG32_00 .. 15
 * one
 * @len:    bytes that are to be read or written from there
 *
 * Return: 0 .. 15, or -1 for a number that does not exist, the verdict register, or
 * @len bytes that do not fit (or are none).
 */
int register_word(uint32_t number, size_t len);

/**
 * register_load() - the words from @word on hold @operand
 * @may_end: the load ends the rule where there is nothing to load
 */
void register_load(
	struct decode_ctx *ctx, int word, const struct operand *operand, bool may_end);

/**
 * register_read() - what @len bytes from @word on are
 *
 * One operand, a slice of it, or a concatenation of several; words that were never
 * written are FIELD_UNKNOWN "register-unset".
 */
const struct operand *register_read(struct decode_ctx *ctx, int word, size_t len);

/** register_touch() - the words are used, in a way that needs no operand. */
void register_touch(struct decode_ctx *ctx, int word, size_t len);

/** registers_unread() - whether some load that may end the rule was never read. */
bool registers_unread(const struct decode_ctx *ctx);

/**
 * registers_written() - @op changes the packet: copies of what it was are stale
 *
 * An operand says where a value comes from, and is worked out when it is used; after
 * the place was written that would be the new value, where the register holds the old.
 */
void registers_written(struct decode_ctx *ctx, const struct op *op);

#endif
