/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "netmon/reach/rule_scan.h"

#include "common/proto.h"

void scan_add(struct arena *arena, struct iv **v, size_t *n, u128 lo, u128 hi)
{
	struct iv *slot = arena_push(arena, v, n, sizeof(*slot));

	if (slot)
		*slot = (struct iv){lo, hi};
}

bool scan_named(const struct scan *scan, const struct addr *addr)
{
	for (size_t i = 0; i < scan->naddrs; i++)
		if (addr->value >= scan->addrs[i].lo &&
			addr->value <= scan->addrs[i].hi)
			return true;
	return false;
}

/* A rule that translates, or leads to one that does, names destinations. */
static void add_addrs(struct scan *scan, u128 lo, u128 hi)
{
	if (!scan->aside)
		scan_add(scan->arena, &scan->addrs, &scan->naddrs, lo, hi);
}

static unsigned int proto_bit(uint8_t proto)
{
	for (unsigned int i = 0; i < PROTO_COUNT; i++)
		if (proto_numbers[i] == proto)
			return 1u << i;
	return 0;
}

static bool is_field(
	const struct operand *o, enum payload_base base, uint8_t offset, uint8_t len)
{
	return o->field == FIELD_PAYLOAD && o->base == base && o->offset == offset &&
	       o->load_len == len;
}

static bool is_port(const struct operand *o)
{
	return o->field == FIELD_DPORT || is_field(o, BASE_TRANSPORT, 2, 2) ||
	       o->field == FIELD_CT_ORIG_DPORT;
}

bool scan_is_addr(const struct operand *o)
{
	return o->field == FIELD_DADDR || is_field(o, BASE_NETWORK, 16, 4) ||
	       is_field(o, BASE_NETWORK, 24, 16) || o->field == FIELD_CT_ORIG_DADDR;
}

/* Where the headers have addresses. nft loads no more of one than a prefix of whole
 * bytes needs. */
static size_t address_size(const struct operand *o)
{
	static const struct {
		uint8_t offset, len;
	} headers[] = {{12, 4}, {16, 4}, {8, 16}, {24, 16}};

	for (size_t i = 0; i < ARRAY_LEN(headers); i++)
		if (o->field == FIELD_PAYLOAD && o->base == BASE_NETWORK &&
			o->offset == headers[i].offset && o->load_len <= headers[i].len)
			return headers[i].len;
	return o->len;
}

bool scan_begins_addr(const struct operand *o)
{
	return scan_is_addr(o) ||
	       (o->field == FIELD_PAYLOAD && o->base == BASE_NETWORK &&
		       ((o->offset == 16 && o->load_len < 4) ||
			       (o->offset == 24 && o->load_len < 16)));
}

static bool is_proto(const struct operand *o)
{
	return o->nsteps == 0 &&
	       (o->field == FIELD_L4PROTO || is_field(o, BASE_NETWORK, 9, 1) ||
		       is_field(o, BASE_NETWORK, 6, 1));
}

/* Protocols a rule is about: those its own comparison names, or all. */
unsigned int scan_protos(const struct rule *rule)
{
	for (size_t i = 0; i < rule->nops; i++) {
		const struct op *op = &rule->ops[i];

		if (op->kind == OP_MATCH && op->cmp == CMP_EQ && op->value_len == 1 &&
			is_proto(op->operand))
			return proto_bit(op->lo[0]);
	}
	return SCAN_PROTOS;
}

static void add_ports(struct scan *scan, unsigned int protos, u128 lo, u128 hi)
{
	for (size_t i = 0; i < PROTO_COUNT; i++)
		if (protos & 1u << i)
			services_add(scan->arena, scan->services, proto_numbers[i],
				scan->families, lo, hi);
}

void scan_add_wide(struct arena *arena, struct services *services, unsigned int protos)
{
	for (size_t i = 0; i < PROTO_COUNT; i++)
		if (protos & 1u << i)
			services_add(arena, services, proto_numbers[i], FAMILY_BITS, 1,
				UINT16_MAX);
}

/* The slice of a set's key that an operand in a concatenation fills. */
static void scan_keys(struct scan *scan, const struct set *set, size_t offset,
	size_t len, bool port, bool nat, unsigned int protos)
{
	bool open = set->dynamic || set->unreadable;

	for (size_t i = 0; i < set->nelements; i++) {
		const struct set_element *e = &set->elements[i];
		u128 lo, hi;

		open |= e->catchall;
		if (e->catchall || offset + len > set->key_len)
			continue;
		lo = addr_load(e->key + offset, len);
		hi = addr_load(e->key_end + offset, len);
		if (port && nat)
			add_ports(scan, protos, lo, hi);
		else if (!port)
			scan_add(scan->arena, &scan->bounds, &scan->nbounds, lo, hi);
		if (!port && nat)
			add_addrs(scan, lo, hi);
	}
	if (!port && nat && !scan->aside)
		scan->open_addr |= set->dynamic || set->unreadable;
	/* Any port may be in it, or finds the element for those that are not. */
	if (port && nat && open)
		scan->wide |= protos;
}

static void scan_operand(struct scan *scan, const struct operand *o,
	const struct set *set, bool nat, unsigned int protos)
{
	size_t offset = 0;

	if (o->field != FIELD_CONCAT) {
		if (is_port(o) && !o->nsteps)
			scan_keys(scan, set, 0, 2, true, nat, protos);
		else if (scan_is_addr(o) && !o->nsteps)
			scan_keys(scan, set, 0, o->len, false, nat, protos);
		else if (scan_is_addr(o)) {
			scan->odd_addr = scan->odd_range = true;
			scan->open_addr |= nat && !scan->aside;
		} else if (is_port(o))
			scan->wide |= nat ? protos : 0;
		return;
	}
	for (size_t i = 0; i < o->nkey; i++) {
		const struct operand *part = o->key[i];

		if (part->nsteps && scan_is_addr(part))
			scan->odd_addr = scan->odd_range = true;
		if (part->nsteps && is_port(part))
			scan->wide |= nat ? protos : 0;
		else if (is_port(part))
			scan_keys(scan, set, offset, 2, true, nat, protos);
		else if (scan_is_addr(part))
			scan_keys(scan, set, offset, part->len, false, nat, protos);
		offset += (part->len + 3u) & ~3u;
	}
}

/* Maps inside an operand: dnat to tcp dport map { ... }. */
static void scan_maps(
	struct scan *scan, const struct operand *o, bool nat, unsigned int protos)
{
	if (!o || o->field != FIELD_MAP || !o->set)
		return;
	const struct operand joined = {.field = FIELD_CONCAT,
		.key = o->key,
		.nkey = o->nkey,
		.load_len = o->set->key_len,
		.len = o->set->key_len};

	scan_operand(scan, o->nkey == 1 ? o->key[0] : &joined, o->set, nat, protos);
}

/* The ports that pass a comparison, and where the others begin. */
static void scan_port(
	struct scan *scan, enum cmp cmp, unsigned int protos, u128 lo, u128 hi)
{
	switch (cmp) {
	case CMP_EQ:
	case CMP_RANGE:
		add_ports(scan, protos, lo, hi);
		return;
	case CMP_LT:
		if (lo)
			add_ports(scan, protos, 0, lo - 1);
		return;
	case CMP_LTE:
		add_ports(scan, protos, 0, lo);
		return;
	case CMP_GT:
		if (lo < UINT16_MAX)
			add_ports(scan, protos, lo + 1, UINT16_MAX);
		return;
	case CMP_GTE:
		add_ports(scan, protos, lo, UINT16_MAX);
		return;
	case CMP_NEQ:
	case CMP_NOT_RANGE:
		if (lo)
			add_ports(scan, protos, 0, lo - 1);
		if (hi < UINT16_MAX)
			add_ports(scan, protos, hi + 1, UINT16_MAX);
		return;
	}
}

/* What an ipset has in one of its dimensions: destination ports or addresses. */
static void scan_dimension(
	struct scan *scan, const struct ipset *set, size_t dimension, bool nat)
{
	bool port = set->dim[dimension] == IPSET_DIM_PORT;

	for (size_t i = 0; i < set->nelements; i++) {
		const struct ipset_part *p = &set->elements[i].part[dimension];

		if (port && nat && p->hi <= UINT16_MAX)
			add_ports(scan, p->proto ? proto_bit(p->proto) : SCAN_PROTOS,
				p->lo, p->hi);
		if (port)
			continue;
		scan_add(scan->arena, &scan->bounds, &scan->nbounds, p->lo, p->hi);
		if (nat)
			add_addrs(scan, p->lo, p->hi);
	}
}

/* A match on an ipset by destination. */
static void scan_ipset(struct scan *scan, const struct ipset_match *match, bool nat,
	unsigned int protos)
{
	const struct ipset *set = match->ipset;

	if (!set)
		return;
	scan->odd_addr = true;
	for (size_t d = 0; d < match->ndims && d < 3; d++) {
		bool port = set->dim[d] == IPSET_DIM_PORT;

		if (match->src[d] || (!port && set->dim[d] != IPSET_DIM_ADDR))
			continue;
		scan_dimension(scan, set, d, nat);
		/* Packets add others. */
		if (match->grows && nat && port)
			scan->wide |= protos;
		scan->open_addr |= match->grows && nat && !port && !scan->aside;
	}
	if (set->kind != IPSET_LIST && set->kind != IPSET_OTHER)
		return;
	scan->odd_range = true;
	if (nat)
		scan->wide |= protos;
}

/* The ends of a comparison's range. */
static void range_of(const struct op *op, u128 *ret_lo, u128 *ret_hi)
{
	bool range = op->cmp == CMP_RANGE || op->cmp == CMP_NOT_RANGE;

	*ret_lo = addr_load(op->lo, op->value_len);
	*ret_hi = range ? addr_load(op->hi, op->value_len) : *ret_lo;
}

/* The addresses behind a mask that give a range's; not @ret_exact: those and others. */
static struct iv unmask(
	const struct operand *o, const struct iv *iv, size_t len, bool *ret_exact)
{
	const struct step *step = &o->steps[0];
	u128 max = len < 16 ? ((u128)1 << len * 8) - 1 : ~(u128)0;
	bool one = iv->lo == iv->hi;

	*ret_exact = false;
	if (o->nsteps != 1 || step->kind != STEP_AND_XOR)
		return (struct iv){1, 0};
	u128 below = max & ~addr_load(step->and, len);
	u128 turned = addr_load(step->xor, len);

	if (!one && turned != 0) /* nothing is left of the order */
		return (struct iv){1, 0};
	/* A network: its mask gives the range. */
	*ret_exact = (below & (below + 1)) == 0 && turned == 0 &&
		     (one || (iv->lo & below) == 0);
	return (struct iv){iv->lo ^ turned, (one ? iv->lo ^ turned : iv->hi) | below};
}

struct iv scan_address_range(const struct op *op, bool *ret_exact)
{
	const struct operand *o = op->operand;
	size_t len = op->value_len, size = address_size(o);
	bool exact = true;
	struct iv iv;

	range_of(op, &iv.lo, &iv.hi);
	if (o->nsteps)
		iv = unmask(o, &iv, len, &exact);
	if (len < size && iv.lo <= iv.hi) { /* a prefix of whole bytes */
		unsigned int shift = (unsigned int)(size - len) * 8;

		iv.lo <<= shift;
		iv.hi = (iv.hi << shift) | (((u128)1 << shift) - 1);
	}
	*ret_exact = exact && (op->cmp == CMP_EQ || op->cmp == CMP_NEQ ||
				      op->cmp == CMP_RANGE || op->cmp == CMP_NOT_RANGE);
	return iv;
}

struct iv scan_address(struct scan *scan, const struct op *op)
{
	bool exact;
	struct iv iv = scan_address_range(op, &exact);

	if (!exact)
		scan->odd_addr = scan->odd_range = true;
	if (iv.lo <= iv.hi)
		scan_add(scan->arena, &scan->bounds, &scan->nbounds, iv.lo, iv.hi);
	return iv;
}

static void scan_match(
	struct scan *scan, const struct op *op, bool nat, unsigned int protos)
{
	const struct operand *o = op->operand;
	struct iv iv;

	if (op->value_len == 0 || op->value_len > 16 ||
		(!is_port(o) && !scan_begins_addr(o)))
		return;
	if (is_port(o)) {
		range_of(op, &iv.lo, &iv.hi);
		if (nat && !o->nsteps && op->value_len == 2)
			scan_port(scan, op->cmp, protos, iv.lo, iv.hi);
		else if (nat)
			scan->wide |= protos;
		return;
	}
	iv = scan_address(scan, op);
	if (nat && iv.lo <= iv.hi)
		add_addrs(scan, iv.lo, iv.hi);
}

/* Where one list names ports and another does not, any port can pass. */
static void scan_alternatives(
	struct scan *scan, const struct op *op, bool nat, unsigned int protos)
{
	bool names = false, leaves_open = op->kind == OP_NONE;

	for (size_t i = 0; i < op->nalternatives; i++) {
		const struct op_list *list = &op->alternatives[i];
		size_t before = scan->services->n;

		for (size_t k = 0; k < list->nops; k++)
			scan_op(scan, &list->ops[k], nat, protos);
		names |= scan->services->n > before;
		leaves_open |= scan->services->n == before;
	}
	if (nat && names && leaves_open)
		scan->wide |= protos;
}

void scan_op(struct scan *scan, const struct op *op, bool nat, unsigned int protos)
{
	switch ((int)op->kind) {
	case OP_MATCH:
		scan_match(scan, op, nat, protos);
		break;
	case OP_LOOKUP:
	case OP_VMAP:
		if (nat && op->invert) /* any port but those */
			scan->wide |= protos;
		scan_operand(scan, op->operand, op->set, nat, protos);
		break;
	case OP_IN:
		if (op->operand->nsteps && scan_is_addr(op->operand))
			scan->odd_addr = scan->odd_range = true;
		if (nat && op->invert)
			scan->wide |= protos;
		for (size_t i = 0; i < op->numbers->n; i++) {
			const struct iv *iv = &op->numbers->v[i];

			if (is_port(op->operand) && nat)
				add_ports(scan, protos, iv->lo, iv->hi);
			else if (scan_is_addr(op->operand))
				scan_add(scan->arena, &scan->bounds, &scan->nbounds,
					iv->lo, iv->hi);
			if (scan_is_addr(op->operand) && nat)
				add_addrs(scan, iv->lo, iv->hi);
		}
		break;
	case OP_IPSET:
		if (nat && op->invert)
			scan->wide |= protos;
		scan_ipset(scan, op->ipset, nat, protos);
		break;
	case OP_ANY:
	case OP_NONE:
		scan_alternatives(scan, op, nat, protos);
		break;
	case OP_NAT:
		scan_maps(scan, op->nat->addr_min, nat, protos);
		scan_maps(scan, op->nat->port_min, nat, protos);
		break;
	}
}

bool scan_translates(const struct rule *rule)
{
	for (size_t i = 0; i < rule->nops; i++) {
		const struct op *op = &rule->ops[i];

		if (op->kind == OP_TPROXY || op->kind == OP_UNKNOWN)
			return true;
		if (op->kind == OP_SET && op->field == FIELD_PAYLOAD &&
			(op->base == BASE_NETWORK || op->base == BASE_TRANSPORT))
			return true;
		if (op->kind == OP_NAT && op->nat->kind != NAT_SNAT &&
			op->nat->kind != NAT_MASQUERADE &&
			op->nat->kind != NAT_SNAT_PREFIX)
			return true;
	}
	return false;
}
