/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Words of nft for fields and values, and the bounded text that they are put in. */
#ifndef SEAWALL_NETMON_MODEL_RULE_WORDS_H
#define SEAWALL_NETMON_MODEL_RULE_WORDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "netmon/model/ruleset.h"

enum { TEXT_MAX = 4096 };

/** struct text - grows up to its bound, then ends in "..." */
struct text {
	char *data; /* TEXT_MAX bytes; never terminated */
	size_t len;
	bool cut;
};

/** text_put() - @len bytes as they are: all of them, or the end of the text. */
void text_put(struct text *text, const char *bytes, size_t len);
void text_add(struct text *text, const char *format, ...) _printf_(2, 3);
/** text_number() - in decimal; text_add() without printf, for what rules are full of.
 */
void text_number(struct text *text, uint64_t number);
/** text_word() - a plain word with a space between it and the one before. */
void text_word(struct text *text, const char *word);
/** text_space() - what comes next is another word. */
void text_space(struct text *text);
/** text_escaped() - words out of the rules. */
void text_escaped(struct text *text, const char *words);
/** text_name() - a name out of the rules, in quotation marks where it is unusual. */
void text_name(struct text *text, const char *name);
/** text_quoted() - the same of at most @len bytes, in quotation marks. */
void text_quoted(struct text *text, const char *name, size_t len);

/* How the bytes of a value are to be read. */
enum value_type {
	VALUE_BYTES = 0, /* hexadecimal */
	VALUE_NUMBER,	 /* network order */
	VALUE_HOST,	 /* host order */
	VALUE_MARK,	 /* host order, hexadecimal */
	VALUE_ADDR,
	VALUE_MAC,
	VALUE_NAME,
	VALUE_PRESENT, /* exists, missing */
	VALUE_PROTO,
	VALUE_NFPROTO,
	VALUE_ETHERTYPE,
	VALUE_PKTTYPE,
	VALUE_FIB_TYPE,
	VALUE_DIRECTION,
	VALUE_ICMP_TYPE,
	VALUE_ICMP6_TYPE,
	VALUE_CT_STATE, /* the rest are sets of flags */
	VALUE_CT_STATUS,
	VALUE_TCP_FLAGS,
	VALUE_TYPE_COUNT,
};

static inline bool value_is_flags(enum value_type type)
{
	return type >= VALUE_CT_STATE;
}

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

/**
 * value_add() - append a value
 * @len:     bytes there are; fewer than @whole: the front of a value (a prefix, a name
 *           with a wildcard)
 * @swapped: numbers were brought to network order
 */
void value_add(struct text *text, enum value_type type, const uint8_t *bytes,
	size_t len, size_t whole, bool swapped);

/** value_add_flags() - names of the bits that are set, with @separator between them. */
void value_add_flags(struct text *text, enum value_type type, const uint8_t *bytes,
	size_t len, bool swapped, const char *separator);

#endif
