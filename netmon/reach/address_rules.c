/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "netmon/reach/address_rules.h"

#include <linux/netfilter/nf_tables.h>
#include <linux/rtnetlink.h>
#include <string.h>

/* Where the headers of IPv4 and IPv6 have addresses: their first byte. */
#define HEADER_SADDR  8
#define HEADER_SADDR4 12
#define HEADER_DADDR  16

static bool is_header(const struct operand *o, uint8_t offset, uint8_t len)
{
	return o->field == FIELD_PAYLOAD && o->base == BASE_NETWORK &&
	       o->offset == offset && o->load_len == len;
}

/* Loads the address that was asked, as the source of its answer. */
static bool is_source(const struct operand *o, bool answers)
{
	return o->field == FIELD_CT_REPLY_SADDR ||
	       (answers && (o->field == FIELD_SADDR || is_header(o, HEADER_SADDR4, 4) ||
				   is_header(o, HEADER_SADDR, 16)));
}

/* Or the first bytes of that, which is how nft has a prefix compared. One byte there is
 * in IPv4 the time to live. */
static bool begins_source(
	const struct scan *scan, const struct operand *o, bool answers)
{
	if (is_source(o, answers))
		return true;
	if (!answers || o->field != FIELD_PAYLOAD || o->base != BASE_NETWORK)
		return false;
	return (o->offset == HEADER_SADDR4 && o->load_len < 4) ||
	       (o->offset == HEADER_SADDR && o->load_len < 16 &&
		       scan->families == FAMILY_BIT_6);
}

/* Holds some bytes of it, and maybe others; but for answers a source is another's. A
 * byte for itself is one of an address from where IPv4 has them. */
static bool overlaps(const struct operand *o, bool answers)
{
	return o->field == FIELD_PAYLOAD && o->base == BASE_NETWORK &&
	       (o->load_len > 1 || o->offset >= HEADER_SADDR4) &&
	       !is_header(o, HEADER_SADDR, 16) &&
	       o->offset + o->load_len > (answers ? HEADER_SADDR : HEADER_DADDR);
}

/* fib daddr . iif type, fib saddr . oif type: an address of *this* interface? */
static bool looks_at_interface(const struct operand *o)
{
	const uint32_t way_in = NFTA_FIB_F_DADDR | NFTA_FIB_F_IIF;
	const uint32_t way_out = NFTA_FIB_F_SADDR | NFTA_FIB_F_OIF;

	return o->field == FIELD_FIB_TYPE &&
	       ((o->fib_flags & way_in) == way_in ||
		       (o->fib_flags & way_out) == way_out);
}

/* Whether the operand's value follows from the address in any way. */
static bool touches(const struct operand *o, bool answers)
{
	if (!o)
		return false;
	if (scan_is_addr(o) || is_source(o, answers) || overlaps(o, answers) ||
		looks_at_interface(o))
		return true;
	for (size_t i = 0; i < o->nkey; i++)
		if (touches(o->key[i], answers))
			return true;
	return false;
}

/* fib daddr with that result, in any part of the operand. */
static bool asks_fib(const struct operand *o, enum field field)
{
	if (!o)
		return false;
	if (o->field == field && o->fib_flags & NFTA_FIB_F_DADDR)
		return true;
	for (size_t i = 0; i < o->nkey; i++)
		if (asks_fib(o->key[i], field))
			return true;
	return false;
}

/* __nft_fib6_eval_type() has the routes say it; but an address of the host's own, or of
 * many, is asked as such. */
static bool is_own_type(const struct op *op)
{
	uint32_t type = RTN_UNSPEC;

	if (!op->operand || op->operand->field != FIELD_FIB_TYPE ||
		op->value_len != sizeof(type) ||
		(op->cmp != CMP_EQ && op->cmp != CMP_NEQ))
		return false;
	memcpy(&type, op->lo, sizeof(type));
	return type == RTN_LOCAL || type == RTN_BROADCAST || type == RTN_ANYCAST ||
	       type == RTN_MULTICAST;
}

/* Nothing but the address itself says what is computed from it. A destination that is
 * not the host's is the source of no answer, and of no interface. */
static void note_odd(struct scan *scan, const struct operand *o, bool answers)
{
	scan->by_route |= asks_fib(o, FIELD_FIB_OIF) || asks_fib(o, FIELD_FIB_OIFNAME);
	scan->by_type |= asks_fib(o, FIELD_FIB_TYPE);
	scan->odd_addr |= touches(o, answers);
	scan->odd_range |= touches(o, false) && !looks_at_interface(o);
}

static void set_bounds(
	struct scan *scan, const struct set *set, size_t offset, size_t len)
{
	for (size_t i = 0; i < set->nelements; i++) {
		const struct set_element *e = &set->elements[i];

		if (!e->catchall && offset + len <= set->key_len)
			scan_add(scan->arena, &scan->bounds, &scan->nbounds,
				addr_load(e->key + offset, len),
				addr_load(e->key_end + offset, len));
	}
}

/* An operand that is looked up in a set: itself, or side by side with others. What is
 * a destination's the scan for translations has seen. */
static void scan_key(
	struct scan *scan, const struct operand *o, const struct set *set, bool answers)
{
	const struct operand *const *parts = o->field == FIELD_CONCAT ? o->key : &o;
	size_t nparts = o->field == FIELD_CONCAT ? o->nkey : 1, offset = 0;

	for (size_t i = 0; i < nparts; i++) {
		const struct operand *part = parts[i];

		if (is_source(part, answers) && !part->nsteps)
			set_bounds(scan, set, offset, part->len);
		else if (part->nsteps || !scan_is_addr(part))
			note_odd(scan, part, answers);
		offset += (part->len + 3u) & ~3u;
	}
}

/* An address, or what a map has for one. */
static void scan_translation(struct scan *scan, const struct operand *o, bool answers)
{
	size_t offset = 0;

	if (!o || o->field != FIELD_MAP) {
		note_odd(scan, o, answers);
		return;
	}
	for (size_t i = 0; i < o->nkey; i++) {
		const struct operand *key = o->key[i];
		bool alone = o->nkey == 1;

		if (alone)
			scan_key(scan, key, o->set, answers);
		else if (is_source(key, answers) && !key->nsteps)
			set_bounds(scan, o->set, offset, key->len);
		else if (!scan_is_addr(key) || key->nsteps)
			note_odd(scan, key, answers);
		offset += (key->len + 3u) & ~3u;
	}
}

static void scan_nat(struct scan *scan, const struct nat *nat, bool answers)
{
	const struct operand *all[] = {
		nat->addr_min, nat->addr_max, nat->port_min, nat->port_max};

	/* The host part stays: no two addresses go to the same place. */
	if (nat->kind == NAT_DNAT_PREFIX)
		scan->odd_addr = scan->odd_range = true;
	for (size_t i = 0; i < ARRAY_LEN(all); i++)
		scan_translation(scan, all[i], answers);
}

static void scan_source(struct scan *scan, const struct op *op, bool answers)
{
	const struct operand *o = op->operand;

	switch ((int)op->kind) {
	case OP_MATCH:
		if (is_own_type(op))
			scan->odd_addr |= touches(o, answers);
		else if (begins_source(scan, o, answers) && op->value_len &&
			 op->value_len <= 16)
			scan_address(scan, op);
		else if (!scan_begins_addr(o))
			note_odd(scan, o, answers);
		break;
	case OP_IN:
		if (is_source(o, answers) && !o->nsteps)
			for (size_t i = 0; i < op->numbers->n; i++)
				scan_add(scan->arena, &scan->bounds, &scan->nbounds,
					op->numbers->v[i].lo, op->numbers->v[i].hi);
		else if (!scan_is_addr(o))
			note_odd(scan, o, answers);
		break;
	case OP_LOOKUP:
	case OP_VMAP:
		scan_key(scan, o, op->set, answers);
		break;
	case OP_SET:
	case OP_ZONE:
		note_odd(scan, o, answers);
		break;
	case OP_NAT:
	case OP_TPROXY:
		scan_nat(scan, op->nat, answers);
		break;
	case OP_ANY:
	case OP_NONE:
		for (size_t i = 0; i < op->nalternatives; i++)
			for (size_t k = 0; k < op->alternatives[i].nops; k++)
				scan_source(scan, &op->alternatives[i].ops[k], answers);
		break;
	}
}

void address_rules_scan(struct scan *scan, const struct rule *rule, bool answers)
{
	for (size_t i = 0; i < rule->nops; i++)
		scan_source(scan, &rule->ops[i], answers);
}

bool address_rules_track(const struct rule *rule)
{
	for (size_t i = 0; i < rule->nops; i++)
		if (rule->ops[i].kind == OP_ZONE || rule->ops[i].kind == OP_NOTRACK)
			return true;
	return false;
}
