/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The table of shared operands, and the arithmetic of one step. */
#ifndef SEAWALL_NETMON_MODEL_OPERAND_H
#define SEAWALL_NETMON_MODEL_OPERAND_H

#include <stddef.h>
#include <stdint.h>

#include "netmon/model/ruleset.h"

struct operand_table;

/** operand_table_new() - empty, or NULL; released with operand_table_free(). */
struct operand_table *operand_table_new(void);
void operand_table_free(struct operand_table *table);

/**
 * step_apply() - what a step makes of a known value
 * @bytes: VALUE_MAX of them, changed in place
 * @len:   bytes in use; STEP_SLICE shortens it
 *
 * As net/netfilter/nft_bitwise.c and nft_byteorder.c do on a little-endian machine.
 */
void step_apply(uint8_t *bytes, size_t *len, const struct step *step);

#endif
