/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "netmon/reach/effect.h"

#include <arpa/inet.h>
#include <linux/netfilter/nf_conntrack_common.h>
#include <linux/netfilter/nf_nat.h>
#include <netinet/in.h>
#include <string.h>

#include "netmon/reach/match.h"

#define NAT_CHOICES_MAX 16 /* addresses or ports of a range that are followed each */

struct view effect_view(
	struct run *run, const struct chain *chain, const struct state *state)
{
	return (struct view){.space = run->space,
		.packet = &state->packet,
		.family = chain->family,
		.hook = run->hook,
		.priority = run->priority,
		.arena = run->arena,
		.peers = state->peers};
}

/* ---------------------------------------------------------------- NAT */

/* What a NAT statement turns a packet's address and port into. */
struct target {
	u128 addr;
	bool has_addr;
	uint16_t port;
	bool has_port, port_unknown;
	bool port_moves; /* by a distance, as the packet's does */
};

struct nat_run {
	struct run *run;
	const struct chain *chain;
	const struct rule *rule;
	const struct nat *nat;
	struct states *accepted, *missed;
};

static bool is_source(enum nat_kind kind)
{
	return kind == NAT_SNAT || kind == NAT_MASQUERADE || kind == NAT_SNAT_PREFIX;
}

static void trace_target(const struct nat_run *nr, struct state *state, bool source,
	const struct target *target)
{
	struct trace_arg arg = {.kind = target->has_addr ? ARG_ADDR : ARG_PORT,
		.addr = {target->addr, (enum family)state->packet.family},
		.has_port = target->has_port,
		.port = target->port};

	run_trace_arg(nr->run, state, nr->chain, nr->rule, NULL,
		source ? EFFECT_SNAT : EFFECT_DNAT, source ? "snat to " : "dnat to ",
		&arg);
}

/* nf_nat_setup_info(): the status bits are set only when something changed. */
static void apply_dnat(struct packet *packet, const struct target *target)
{
	u128 daddr = packet->daddr;
	uint16_t dport = packet->dport;

	if (target->has_addr)
		packet->daddr = target->addr;
	if (target->has_port)
		packet->dport = target->port;
	if (target->has_port && !target->port_moves)
		packet->dport_origin = PORT_FIXED;
	else if (target->has_port && packet->dport_origin == PORT_DIALLED)
		packet->dport_origin = PORT_MOVED;
	if (target->port_unknown)
		packet->dport_unknown = true;
	packet->dnat_done = true;
	packet->reply_saddr = packet->daddr;
	packet->reply_sport = packet->dport;
	if (packet->daddr != daddr || packet->dport != dport || target->port_unknown)
		packet->ct_status |= IPS_DST_NAT;
	packet->ct_status |= IPS_DST_NAT_DONE;
}

static void apply_snat(struct packet *packet, const struct target *target)
{
	if (target->has_addr) {
		packet->saddr = target->addr;
		packet->saddr_peer = false;
		packet->reply_daddr = target->addr;
		packet->reply_daddr_peer = false;
		packet->ct_status |= IPS_SRC_NAT;
	}
	if (target->has_port) {
		packet->sport = target->port;
		packet->reply_dport = target->port;
		packet->sport_unknown = packet->reply_dport_unknown = false;
		packet->ct_status |= IPS_SRC_NAT;
	}
	if (target->port_unknown) {
		packet->sport_unknown = packet->reply_dport_unknown = true;
		packet->ct_status |= IPS_SRC_NAT;
	}
	packet->snat_done = true;
	packet->ct_status |= IPS_SRC_NAT_DONE;
}

static void nat_to(struct nat_run *nr, struct state state, const struct target *target)
{
	bool source = is_source(nr->nat->kind);

	if (source)
		apply_snat(&state.packet, target);
	else
		apply_dnat(&state.packet, target);
	trace_target(nr, &state, source, target);
	states_push(nr->run->arena, nr->accepted, &state);
}

static void nat_drops(struct nat_run *nr, struct state state, const char *text)
{
	run_trace(nr->run, &state, nr->chain, nr->rule, NULL, EFFECT_DROP, text);
	run_end(nr->run, &state, ENDING_DROP, REJECT_ICMP);
}

/* A target nobody here knows: the packet may go on as any, and may be lost. */
static void nat_unknown(struct nat_run *nr, struct state state, const char *text)
{
	run_doubt(nr->run, &state, nr->rule, "nat-target-unknown", text);
	run_end(nr->run, &state, ENDING_TAKEN, REJECT_ICMP);
	nat_to(nr, state, &(struct target){.port_unknown = true});
}

static bool known_number(const struct value *value, u128 *ret_number)
{
	if (!value_is_known(value) || value->len > 16)
		return false;
	*ret_number = addr_load(value->bits, value->len);
	return true;
}

/* get_unique_tuple(): a port inside the range stays; an offset is kept; else any. */
static void nat_port_range(struct nat_run *nr, struct state state, struct target target,
	uint16_t min, uint16_t max)
{
	uint32_t flags = nr->nat->flags, size = (uint32_t)(max - min) + 1;
	uint16_t now =
		is_source(nr->nat->kind) ? state.packet.sport : state.packet.dport;
	bool random = flags & NF_NAT_RANGE_PROTO_RANDOM_ALL;

	target.has_port = true;
	if (min > max) {
		nat_unknown(nr, state, "a port range that is empty");
	} else if (is_source(nr->nat->kind) && size > 1 &&
		   (random || state.packet.sport_unknown || now < min || now > max)) {
		target.has_port = false;
		target.port_unknown = true; /* any of the range */
		nat_to(nr, state, &target);
	} else if (flags & NF_NAT_RANGE_PROTO_OFFSET) {
		uint32_t offset = (uint32_t)(uint16_t)(now - nr->nat->port_base);

		target.port = (uint16_t)(min + offset % size);
		target.port_moves = size > 1;
		nat_to(nr, state, &target);
	} else if (size == 1 || (!random && now >= min && now <= max)) {
		target.port = size == 1 ? min : now;
		target.port_moves = size > 1;
		nat_to(nr, state, &target);
	} else if (size <= NAT_CHOICES_MAX) {
		run_doubt(nr->run, &state, nr->rule, "nat-port-choice",
			"the kernel chooses one of several ports");
		for (uint32_t p = min; p <= max; p++) {
			target.port = (uint16_t)p;
			nat_to(nr, state, &target);
		}
	} else {
		nat_unknown(nr, state, "the kernel chooses one of many ports");
	}
}

static void nat_ports(struct nat_run *nr, struct state state, struct target target)
{
	struct view view = effect_view(nr->run, nr->chain, &state);
	struct value_case *cases;
	const struct nat *nat = nr->nat;
	size_t n;

	if (!nat->port_min) {
		target.port_unknown = is_source(nat->kind) &&
				      nat->flags & NF_NAT_RANGE_PROTO_RANDOM_ALL;
		nat_to(nr, state, &target);
		return;
	}
	if (match_breaks(&view, nat->port_min)) {
		states_push(nr->run->arena, nr->missed, &state);
		return;
	}
	n = match_operand(&view, nat->port_min, state.peers, &cases);
	for (size_t i = 0; i < n; i++) {
		struct state mine = state;
		u128 min, max;
		struct value top = cases[i].value;

		mine.peers = cases[i].peers;
		if (cases[i].missing) {
			states_push(nr->run->arena, nr->missed, &mine);
			continue;
		}
		if (nat->port_max && nat->port_max != nat->port_min)
			value_load(&view, nat->port_max, &top);
		if (known_number(&cases[i].value, &min) && known_number(&top, &max))
			nat_port_range(nr, mine, target, (uint16_t)min, (uint16_t)max);
		else
			nat_unknown(nr, mine, "a port that is computed");
	}
}

static void nat_address_range(
	struct nat_run *nr, struct state state, u128 min, u128 max)
{
	struct target target = {.has_addr = true};
	const struct nat *nat = nr->nat;

	if (nat->kind == NAT_DNAT_PREFIX || nat->kind == NAT_SNAT_PREFIX) {
		u128 old = nat->kind == NAT_DNAT_PREFIX ? state.packet.daddr
							: state.packet.saddr;
		if (nat->kind == NAT_SNAT_PREFIX && state.packet.saddr_peer) {
			nat_unknown(
				nr, state, "the source is mapped to another network");
			return;
		}
		u128 mask = nat->mask ? nat->mask : ~(min ^ max);

		target.addr = (min & mask) | (old & ~mask);
		nat_ports(nr, state, target);
		return;
	}
	if (is_source(nat->kind) || min == max) {
		target.addr = min;
		nat_ports(nr, state, target);
		return;
	}
	if (max < min || max - min >= NAT_CHOICES_MAX) {
		nat_unknown(nr, state, "one of many addresses");
		return;
	}
	run_doubt(nr->run, &state, nr->rule, "nat-address-choice",
		"the kernel chooses one of several addresses");
	for (u128 a = min; a <= max; a++) {
		target.addr = a;
		nat_ports(nr, state, target);
	}
}

static void nat_addresses(struct nat_run *nr, struct state state)
{
	struct view view = effect_view(nr->run, nr->chain, &state);
	const struct nat *nat = nr->nat;
	struct value_case *cases;
	size_t n;

	if (!nat->addr_min) {
		nat_ports(nr, state, (struct target){.has_addr = false});
		return;
	}
	if (match_breaks(&view, nat->addr_min)) {
		states_push(nr->run->arena, nr->missed, &state);
		return;
	}
	n = match_operand(&view, nat->addr_min, state.peers, &cases);
	for (size_t i = 0; i < n; i++) {
		struct state mine = state;
		struct value top = cases[i].value;
		u128 min, max;

		mine.peers = cases[i].peers;
		if (!cases[i].certain)
			run_doubt(nr->run, &mine, nr->rule, "nat-map-choice",
				"which target is a choice nobody here can predict");
		if (cases[i].missing) {
			states_push(nr->run->arena, nr->missed, &mine);
			continue;
		}
		if (nat->addr_max && nat->addr_max != nat->addr_min)
			value_load(&view, nat->addr_max, &top);
		if (known_number(&cases[i].value, &min) && known_number(&top, &max))
			nat_address_range(nr, mine, min, max);
		else
			nat_unknown(nr, mine, "an address that is computed");
	}
}

/* nf_nat_redirect_ipv4(), _ipv6(): an address of the interface it came by. */
static void nat_redirect(struct nat_run *nr, struct state state)
{
	const struct packet *packet = &state.packet;
	enum family family = (enum family)packet->family;
	struct target target = {.has_addr = true};
	struct addr own;

	if (nr->run->hook == HOOK_OUTPUT) {
		target.addr = family == FAMILY_IP4 ? (u128)INADDR_LOOPBACK : 1;
		nat_ports(nr, state, target);
		return;
	}
	own = space_first_addr(nr->run->space, family, packet->iif, packet->daddr);
	if (own.family == FAMILY_NONE) {
		nat_drops(nr, state, "redirect without an address");
		return;
	}
	target.addr = own.value;
	nat_ports(nr, state, target);
}

/* nf_nat_masquerade_ipv4(): an address of the interface it leaves by. */
static void nat_masquerade(struct nat_run *nr, struct state state)
{
	const struct packet *packet = &state.packet;
	struct addr own = space_first_addr(nr->run->space, (enum family)packet->family,
		packet->oif, packet->daddr);

	/* inet_select_addr(), ipv6_dev_get_saddr(): else another interface's. */
	if (own.family == FAMILY_NONE)
		own = space_any_addr(nr->run->space, (enum family)packet->family);
	if (own.family == FAMILY_NONE) {
		nat_drops(nr, state, "masquerade without an address");
		return;
	}
	nat_ports(nr, state, (struct target){.has_addr = true, .addr = own.value});
}

void effect_nat(struct run *run, const struct chain *chain, const struct rule *rule,
	const struct op *op, const struct state *state, struct states *accepted,
	struct states *missed)
{
	struct nat_run nr = {run, chain, rule, op->nat, accepted, missed};

	switch (op->nat->kind) {
	case NAT_REDIRECT:
		nat_redirect(&nr, *state);
		return;
	case NAT_MASQUERADE:
		nat_masquerade(&nr, *state);
		return;
	case NAT_DNAT:
	case NAT_SNAT:
	case NAT_DNAT_PREFIX:
	case NAT_SNAT_PREFIX:
		nat_addresses(&nr, *state);
		return;
	}
}

/* ---------------------------------------------------------------- set */

static bool has_entry(const struct packet *packet)
{
	return packet->ct == CT_NEW || packet->ct == CT_ESTABLISHED ||
	       packet->ct == CT_RELATED;
}

/* Header bytes that some later step of this walk depends on. */
static bool set_header_field(
	struct packet *packet, const struct op *op, const struct value *value)
{
	bool ip4 = packet->family == FAMILY_IP4, known = value_is_known(value);
	size_t addr_len = ip4 ? 4 : 16, saddr_at = ip4 ? 12 : 8,
	       daddr_at = ip4 ? 16 : 24;

	if (op->base == BASE_NETWORK && known && op->value_len == addr_len &&
		op->offset == daddr_at) {
		packet->daddr = addr_load(value->bits, addr_len);
		packet->daddr_peer = false;
		if (packet->ct == CT_NONE) /* conntrack has yet to look */
			packet->orig_daddr = packet->reply_saddr = packet->daddr;
		return false; /* stateless translation: the answer is not followed */
	}
	if (op->base == BASE_NETWORK &&
		(size_t)op->offset + op->value_len <= saddr_at &&
		!(ip4 && op->offset <= 9 && op->offset + op->value_len > 9) &&
		!(ip4 && op->offset == 0) &&
		!(!ip4 && op->offset <= 6 && op->offset + op->value_len > 6))
		return true; /* TOS, TTL, id, checksum ...: nothing here looks at them
			      */
	if (op->base == BASE_LINK && op->offset + op->value_len <= 12)
		return true; /* MAC addresses */
	if (op->base == BASE_TRANSPORT && known && op->value_len == 2 &&
		op->offset == 2) {
		packet->dport = (uint16_t)addr_load(value->bits, 2);
		packet->dport_origin = PORT_FIXED;
		if (packet->ct == CT_NONE)
			packet->orig_dport = packet->reply_sport = packet->dport;
		return false;
	}
	packet->lost = true; /* anything of the header may be another now */
	return false;
}

/* What a mark is after a rule wrote it, or some bits of it. */
static struct bits32 written_mark(
	const struct op *op, const struct value *value, struct bits32 before)
{
	struct bits32 new = value_u32(value);

	new.value ^= before.value & op->kept;
	new.unknown |= before.unknown & op->kept;
	new.value &= ~new.unknown;
	return new;
}

static void set_field(struct run *run, const struct rule *rule, const struct op *op,
	const struct value *value, struct state *state)
{
	struct packet *packet = &state->packet;

	switch ((int)op->field) {
	case FIELD_MARK:
		packet->mark = written_mark(op, value, packet->mark);
		return;
	case FIELD_CT_MARK:
		if (has_entry(packet))
			packet->ctmark = written_mark(op, value, packet->ctmark);
		return;
	case FIELD_PKTTYPE:
		packet->pkttype = value->bits[0];
		packet->pkttype_unknown = value->known[0] != 0xff;
		return;
	case FIELD_PAYLOAD:
		if (!set_header_field(packet, op, value)) {
			packet->mangled = true;
			if (packet->lost)
				run_end(run, state, ENDING_TAKEN, REJECT_ICMP);
			run_doubt(run, state, rule, "payload-rewritten",
				"rewrites header bytes; the answer is not followed");
		}
		return;
	default: /* priority, trace, secmark, label ...: nothing here reads them */
		return;
	}
}

static enum effect effect_of(enum field field)
{
	return field == FIELD_MARK || field == FIELD_CT_MARK ? EFFECT_MARK
							     : EFFECT_OTHER;
}

static void trace_set(struct run *run, const struct chain *chain,
	const struct rule *rule, const struct op *op, struct state *state)
{
	struct bits32 number =
		op->field == FIELD_MARK ? state->packet.mark : state->packet.ctmark;
	struct trace_arg arg = {.kind = ARG_HEX, .number = number.value};
	enum effect effect = effect_of(op->field);
	const char *text = op->field == FIELD_MARK ? "mark set " : "ct mark set ";

	if (effect != EFFECT_MARK)
		run_trace(run, state, chain, rule, NULL, effect, NULL);
	else if (number.unknown)
		run_trace(run, state, chain, rule, NULL, effect,
			op->field == FIELD_MARK ? "mark set" : "ct mark set");
	else
		run_trace_arg(run, state, chain, rule, NULL, effect, text, &arg);
}

void effect_set(struct run *run, const struct chain *chain, const struct rule *rule,
	const struct op *op, const struct state *state, struct states *changed,
	struct states *missed)
{
	struct view view = effect_view(run, chain, state);
	struct value_case *cases;
	size_t n;

	/* Without what it reads the rule ends (nft), or sets nothing (xt: its last). */
	if (match_breaks(&view, op->operand)) {
		states_push(run->arena, missed, state);
		return;
	}
	n = match_operand(&view, op->operand, state->peers, &cases);
	for (size_t i = 0; i < n; i++) {
		struct state mine = *state;

		mine.peers = cases[i].peers;
		if (cases[i].missing) {
			states_push(run->arena, missed, &mine);
			continue;
		}
		set_field(run, rule, op, &cases[i].value, &mine);
		trace_set(run, chain, rule, op, &mine);
		states_push(run->arena, changed, &mine);
	}
}

void effect_track(struct run *run, const struct chain *chain, const struct op *op,
	struct state *state)
{
	struct view view = effect_view(run, chain, state);
	struct value value;

	if (op->kind == OP_NOTRACK) {
		/* nft_notrack_eval(): with a template attached it does nothing. */
		if (state->packet.ct == CT_NONE && !state->packet.templated)
			state->packet.ct = CT_UNTRACKED;
		return;
	}
	/* nft_ct_set_zone_eval(), xt_ct_target(): once it has an entry or a template
	 * nothing changes; nft takes a notrack back. */
	if (state->packet.templated || has_entry(&state->packet) ||
		state->packet.ct == CT_INVALID)
		return;
	if (state->packet.ct == CT_UNTRACKED && !op->retracks)
		return;
	state->packet.ct = CT_NONE;
	state->packet.templated = true;
	state->packet.zone_side = op->side;
	if (!op->operand) {
		state->packet.ctzone.unknown = UINT32_MAX;
		return;
	}
	value_load(&view, op->operand, &value);
	state->packet.ctzone = value_u32(&value);
}
