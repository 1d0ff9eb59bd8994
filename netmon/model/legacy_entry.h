/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One entry of an iptables-legacy table, IPv4's or IPv6's: its parts, checked. */
#ifndef SEAWALL_NETMON_MODEL_LEGACY_ENTRY_H
#define SEAWALL_NETMON_MODEL_LEGACY_ENTRY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <linux/netfilter/x_tables.h>

#include "netmon/model/decode.h"

struct legacy_entry {
	size_t offset, len;   /* in the table */
	size_t target_offset; /* in the entry */
	size_t nmatches;
	bool any;				  /* its header matches every packet */
	bool is_goto;				  /* a jump that does not come back */
	char target[XT_EXTENSION_MAXNAMELEN + 1]; /* "": a verdict, an int */
	uint8_t target_rev;
	const void *target_info; /* in the table's bytes; alignment as they have it */
	size_t target_len;
};

/* One match of an entry. */
struct legacy_part {
	char name[XT_EXTENSION_MAXNAMELEN + 1];
	uint8_t rev;
	const void *info;
	size_t len;
};

/** legacy_entry_min() - bytes of an entry's header; matches follow. */
size_t legacy_entry_min(enum family family);

/**
 * legacy_entry_read() - check the entry at @offset and tell its parts apart
 *
 * The checks are those of xt_check_entry_offsets(). Return: NULL, or what is wrong.
 */
const char *legacy_entry_read(const struct legacy_table *table, size_t offset,
	struct legacy_entry *ret_entry);

/**
 * legacy_part_read() - the match at *@offset
 * @end:    where matches end: the target's offset in the table
 * @offset: moved to the next one
 *
 * Return: 0; -EINVAL for one that does not fit.
 */
int legacy_part_read(const struct legacy_table *table, size_t end, size_t *offset,
	struct legacy_part *ret_part) _must_check_;

/** legacy_entry_push_header() - what the entry's header asks of a packet, as ops. */
int legacy_entry_push_header(struct decode_ctx *ctx, const struct legacy_table *table,
	const struct legacy_entry *entry) _must_check_;

#endif
