/* SPDX-License-Identifier: GPL-2.0-or-later */
/* iptables-legacy tables as chains and rules of the inner form. */
#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <linux/in.h>
#include <linux/in6.h>

#include <linux/netfilter.h>
#include <linux/netfilter/xt_comment.h>

#include "netmon/model/decode.h"
#include "netmon/model/legacy_entry.h"

/*
 * Theory of operation. A table is a row of entries, each ending where the next begins.
 * A built-in chain begins at hook_entry[] and its last entry, at underflow[], is its
 * policy. A user's chain begins after an entry with an ERROR target, which names it,
 * and its last entry, always a RETURN, stands before the next ERROR; the last ERROR
 * ends the table. Jumps are byte offsets of a chain's first entry.
 *
 * First all entries are checked and indexed, then the chains are found and added, so
 * that jumps can name them, then the rules are decoded. Whatever the kernel would have
 * refused, or no iptables would have written, is malformed.
 */

#define NHOOKS 5 /* NF_INET_NUMHOOKS */

/* A chain and its rules: entries number first to last - 1 of the table. */
struct span {
	struct chain *chain;
	uint32_t offset; /* what jumps to it hold */
	size_t first, last;
};

struct reader {
	struct decode_ctx *ctx;
	const struct legacy_table *table;
	struct legacy_entry *entries;
	size_t nentries;
	struct span *spans; /* built-in chains first, then by offset */
	size_t nspans, nbuiltin;
};

static int malformed(const struct reader *reader, size_t offset, const char *what)
{
	return err_set(reader->ctx->err, -EINVAL,
		"%s table '%s' (legacy): byte %zu: %s",
		reader->table->family == FAMILY_IP6 ? "ip6" : "ip", reader->table->name,
		offset, what);
}

static bool is_error(const struct legacy_entry *entry)
{
	return strcmp(entry->target, XT_ERROR_TARGET) == 0;
}

/* An entry that says nothing but its verdict, as policies and the ends of chains do. */
static bool is_plain_verdict(const struct legacy_entry *entry, int *ret_verdict)
{
	if (entry->target[0] || !entry->any || entry->nmatches > 0)
		return false;
	memcpy(ret_verdict, entry->target_info, sizeof(*ret_verdict));
	return true;
}

static int read_entries(struct reader *reader)
{
	const struct legacy_table *table = reader->table;
	const size_t least = legacy_entry_min(table->family);
	size_t offset = 0;

	reader->entries =
		calloc(table->entries.len / least + 1, sizeof(*reader->entries));
	if (!reader->entries)
		return -ENOMEM;
	while (offset < table->entries.len) {
		struct legacy_entry *entry = &reader->entries[reader->nentries++];
		const char *what = legacy_entry_read(table, offset, entry);

		if (what)
			return malformed(reader, offset, what);
		offset += entry->len;
	}
	if (reader->nentries == 0 || !is_error(&reader->entries[reader->nentries - 1]))
		return malformed(reader, offset, "the table's end is missing");
	return 0;
}

/* Return: the number of the entry at @offset, or -1. Entries are in order. */
static ssize_t find_entry(const struct reader *reader, size_t offset)
{
	size_t lo = 0, hi = reader->nentries;

	while (lo < hi) {
		const size_t middle = lo + (hi - lo) / 2;

		if (reader->entries[middle].offset == offset)
			return (ssize_t)middle;
		if (reader->entries[middle].offset < offset)
			lo = middle + 1;
		else
			hi = middle;
	}
	return -1;
}

struct hook_kind {
	const char *table;
	enum hook hook;
	int32_t priority;
	enum chain_type type;
};

/* NF_IP_PRI_* of each table at each hook; raw and filter have one for all. */
static const struct hook_kind hook_kinds[] = {
	{"raw", HOOK_PREROUTING, -300, CHAIN_FILTER},
	{"raw", HOOK_OUTPUT, -300, CHAIN_FILTER},
	{"mangle", HOOK_PREROUTING, -150, CHAIN_FILTER},
	{"mangle", HOOK_INPUT, -150, CHAIN_FILTER},
	{"mangle", HOOK_FORWARD, -150, CHAIN_FILTER},
	{"mangle", HOOK_OUTPUT, -150, CHAIN_ROUTE},
	{"mangle", HOOK_POSTROUTING, -150, CHAIN_FILTER},
	{"nat", HOOK_PREROUTING, -100, CHAIN_NAT},
	{"nat", HOOK_INPUT, 100, CHAIN_NAT},
	{"nat", HOOK_OUTPUT, -100, CHAIN_NAT},
	{"nat", HOOK_POSTROUTING, 100, CHAIN_NAT},
	{"filter", HOOK_INPUT, 0, CHAIN_FILTER},
	{"filter", HOOK_FORWARD, 0, CHAIN_FILTER},
	{"filter", HOOK_OUTPUT, 0, CHAIN_FILTER},
	{"security", HOOK_INPUT, 50, CHAIN_FILTER},
	{"security", HOOK_FORWARD, 50, CHAIN_FILTER},
	{"security", HOOK_OUTPUT, 50, CHAIN_FILTER},
};

static const struct hook_kind *find_hook_kind(const char *table, enum hook hook)
{
	for (size_t i = 0; i < ARRAY_LEN(hook_kinds); i++)
		if (hook_kinds[i].hook == hook &&
			strcmp(hook_kinds[i].table, table) == 0)
			return &hook_kinds[i];
	return NULL;
}

static int add_span(struct reader *reader, const char *name, size_t first, size_t last)
{
	const bool ip6 = reader->table->family == FAMILY_IP6;
	struct decode_ctx *ctx = reader->ctx;
	struct span *span = &reader->spans[reader->nspans++];

	span->first = first;
	span->last = last;
	span->offset = (uint32_t)reader->entries[first].offset;
	span->chain = decode_chain_add(ctx);
	if (!span->chain)
		return -ENOMEM;
	span->chain->family = ip6 ? TABLE_IP6 : TABLE_IP;
	span->chain->legacy = true;
	span->chain->name = arena_strdup(ctx->arena, name);
	span->chain->table = arena_printf(
		ctx->arena, "%s %s (legacy)", ip6 ? "ip6" : "ip", reader->table->name);
	return span->chain->name && span->chain->table ? 0 : -ENOMEM;
}

static int add_builtin(struct reader *reader, unsigned int hook)
{
	static const char *const names[NHOOKS] = {
		"PREROUTING", "INPUT", "FORWARD", "OUTPUT", "POSTROUTING"};
	const struct legacy_table *table = reader->table;
	const struct hook_kind *kind =
		find_hook_kind(table->name, (enum hook)(HOOK_PREROUTING + hook));
	const ssize_t first = find_entry(reader, table->hook_entry[hook]);
	const ssize_t last = find_entry(reader, table->underflow[hook]);
	struct chain *chain;
	int policy, r;

	if (!kind)
		return malformed(reader, 0, "a hook that this table does not have");
	if (first < 0 || last < first)
		return malformed(reader, table->hook_entry[hook],
			"a built-in chain that begins or ends inside an entry");
	if (!is_plain_verdict(&reader->entries[last], &policy) ||
		(policy != -NF_DROP - 1 && policy != -NF_ACCEPT - 1))
		return malformed(
			reader, table->underflow[hook], "a policy that is none");
	r = add_span(reader, names[hook], (size_t)first, (size_t)last);
	if (r < 0)
		return r;
	chain = reader->spans[reader->nspans - 1].chain;
	chain->base = true;
	chain->hook = kind->hook;
	chain->priority = kind->priority;
	chain->type = kind->type;
	chain->policy = policy == -NF_DROP - 1 ? VERDICT_DROP : VERDICT_ACCEPT;
	if (chain->policy == VERDICT_DROP || last > first)
		reader->ctx->ruleset->has_legacy = true;
	return 0;
}

/* @head: the ERROR entry that names the chain; @next: the one after it. */
static int add_user(struct reader *reader, size_t head, size_t next)
{
	const struct legacy_entry *entry = &reader->entries[head];
	const char *name = entry->target_info;
	int verdict;

	if (entry->target_len < sizeof(struct xt_error_target) -
					sizeof(struct xt_entry_target) ||
		!memchr(name, '\0', XT_FUNCTION_MAXNAMELEN))
		return malformed(reader, entry->offset, "a chain without a name");
	if (next == head + 1 ||
		!is_plain_verdict(&reader->entries[next - 1], &verdict) ||
		verdict != XT_RETURN)
		return malformed(reader, reader->entries[next].offset,
			"a chain that does not end in RETURN");
	if (next - head > 2)
		reader->ctx->ruleset->has_legacy = true;
	return add_span(reader, name, head + 1, next - 1);
}

static int add_chains(struct reader *reader)
{
	ssize_t head = -1;
	int r = 0;

	reader->spans = calloc(NHOOKS + reader->nentries, sizeof(*reader->spans));
	if (!reader->spans)
		return -ENOMEM;
	for (unsigned int hook = 0; r == 0 && hook < NHOOKS; hook++)
		if (reader->table->valid_hooks & (1u << hook))
			r = add_builtin(reader, hook);
	reader->nbuiltin = reader->nspans;
	for (size_t i = 0; r == 0 && i < reader->nentries; i++) {
		if (!is_error(&reader->entries[i]))
			continue;
		if (head >= 0)
			r = add_user(reader, (size_t)head, i);
		head = (ssize_t)i;
	}
	return r;
}

static struct chain *find_chain(const struct reader *reader, uint32_t offset)
{
	size_t lo = reader->nbuiltin, hi = reader->nspans;

	for (size_t i = 0; i < reader->nbuiltin; i++)
		if (reader->spans[i].offset == offset)
			return reader->spans[i].chain;
	while (lo < hi) {
		const size_t middle = lo + (hi - lo) / 2;

		if (reader->spans[middle].offset == offset)
			return reader->spans[middle].chain;
		if (reader->spans[middle].offset < offset)
			lo = middle + 1;
		else
			hi = middle;
	}
	return NULL;
}

static int push_verdict(const struct reader *reader, const struct legacy_entry *entry)
{
	static const struct op queue = {.kind = OP_VERDICT_QUEUE, .text = "QUEUE"};
	const struct chain *chain;
	int verdict;

	memcpy(&verdict, entry->target_info, sizeof(verdict));
	/* A rule without a target "jumps" to the next one. */
	if (verdict >= 0 && (size_t)verdict == entry->offset + entry->len)
		return 0;
	if (verdict >= 0) {
		chain = find_chain(reader, (uint32_t)verdict);
		if (!chain)
			return malformed(reader, entry->offset,
				"a jump to no chain's beginning");
		return decode_push_verdict(reader->ctx,
			entry->is_goto ? VERDICT_GOTO : VERDICT_JUMP, chain);
	}
	switch (verdict) {
	case XT_RETURN:
		return decode_push_verdict(reader->ctx, VERDICT_RETURN, NULL);
	case -NF_DROP - 1:
		return decode_push_verdict(reader->ctx, VERDICT_DROP, NULL);
	case -NF_ACCEPT - 1:
		return decode_push_verdict(reader->ctx, VERDICT_ACCEPT, NULL);
	case -NF_QUEUE - 1:
		return decode_push_op(reader->ctx, &queue);
	default:
		return malformed(reader, entry->offset, "an unknown verdict");
	}
}

static int read_match(const struct reader *reader, const struct legacy_entry *entry,
	size_t *offset, struct legacy_part *ret_match)
{
	if (legacy_part_read(reader->table, entry->offset + entry->target_offset,
		    offset, ret_match) < 0)
		return malformed(reader, *offset, "a match that runs past its entry");
	return 0;
}

static int decode_matches(const struct reader *reader, const struct legacy_entry *entry,
	struct rule *rule)
{
	struct decode_ctx *ctx = reader->ctx;
	size_t offset = entry->offset + legacy_entry_min(reader->table->family);
	int r = 0;

	for (size_t i = 0; r == 0 && i < entry->nmatches; i++) {
		struct legacy_part match;

		r = read_match(reader, entry, &offset, &match);
		if (r < 0)
			return r;
		if (!rule->comment && strcmp(match.name, "comment") == 0 &&
			match.len == sizeof(struct xt_comment_info))
			rule->comment =
				arena_strndup(ctx->arena, match.info, match.len);
		r = xt_match_decode(ctx, match.name, match.rev, match.info, match.len);
	}
	return r;
}

static int decode_rule(const struct reader *reader, const struct chain *chain,
	const struct legacy_entry *entry, struct rule *rule)
{
	struct decode_ctx *ctx = reader->ctx;
	int r;

	decode_rule_begin(ctx, chain);
	r = legacy_entry_push_header(ctx, reader->table, entry)
		    ?: decode_matches(reader, entry, rule);
	if (r < 0)
		return r;
	if (is_error(entry))
		return malformed(reader, entry->offset, "a chain inside a chain");
	r = entry->target[0] ? xt_target_decode(ctx, entry->target, entry->target_rev,
				       entry->target_info, entry->target_len)
			     : push_verdict(reader, entry);
	return r ?: decode_rule_end(ctx, rule);
}

static int decode_chain(const struct reader *reader, const struct span *span)
{
	struct rule *rules = arena_array(
		reader->ctx->arena, span->last - span->first, sizeof(*rules));
	int r = 0;

	if (!rules && span->last > span->first)
		return -ENOMEM;
	for (size_t i = span->first; r == 0 && i < span->last; i++) {
		struct rule *rule = &rules[i - span->first];

		r = decode_rule(reader, span->chain, &reader->entries[i], rule);
		rule->number = (uint32_t)(i - span->first) + 1;
	}
	span->chain->rules = rules;
	span->chain->nrules = span->last - span->first;
	reader->ctx->ruleset->nrules += span->chain->nrules;
	return r;
}

size_t legacy_chain_count(const struct legacy_table *table)
{
	size_t count = NHOOKS, offset = 0;
	struct legacy_entry entry;

	while (offset < table->entries.len &&
		!legacy_entry_read(table, offset, &entry)) {
		count += is_error(&entry);
		offset += entry.len;
	}
	return count;
}

int legacy_decode(struct decode_ctx *ctx, const struct legacy_table *table)
{
	struct reader reader = {.ctx = ctx, .table = table};
	int r = read_entries(&reader);

	if (r == 0)
		r = add_chains(&reader);
	for (size_t i = 0; r == 0 && i < reader.nspans; i++)
		r = decode_chain(&reader, &reader.spans[i]);
	free(reader.entries);
	free(reader.spans);
	return r;
}
