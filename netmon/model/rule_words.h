/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Words of nft for fields, and what their values are. */
#ifndef SEAWALL_NETMON_MODEL_RULE_WORDS_H
#define SEAWALL_NETMON_MODEL_RULE_WORDS_H

#include <stdbool.h>
#include <stdint.h>

#include "netmon/model/ruleset.h"
#include "netmon/model/value_text.h"

/* What the rule has matched so far: it decides what a header's bytes are called. */
struct words_context {
	enum family family; /* NONE: either */
	uint8_t l4proto;    /* 0: any */
	bool both;	    /* the table sees both families */
};

/** struct words - what an operand's field is called and what its values are */
struct words {
	char text[64];
	enum value_type type;
	uint8_t len; /* of a whole value: a shorter load is the front of one */
};

/** words_of() - for the field alone, without its steps; not for MAP and CONCAT. */
struct words words_of(
	const struct operand *operand, const struct words_context *context);
/** words_payload() - the same for a place in a header. */
struct words words_payload(unsigned int base, unsigned int offset, unsigned int len,
	const struct words_context *context);

#endif
