/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Entries of iptables-legacy tables: bounds, and the header's conditions as ops. */
#include "netmon/model/legacy_entry.h"

#include <errno.h>
#include <string.h>

#include <linux/in.h>
#include <linux/in6.h>

#include <linux/netfilter_ipv4/ip_tables.h>
#include <linux/netfilter_ipv6/ip6_tables.h>

#include "netmon/model/xt.h"

/* Matches and targets begin alike. */
_Static_assert(sizeof(struct xt_entry_match) == sizeof(struct xt_entry_target) &&
		       offsetof(struct xt_entry_match, u.user.name) ==
			       offsetof(struct xt_entry_target, u.user.name),
	"one reader for both");

size_t legacy_entry_min(enum family family)
{
	return family == FAMILY_IP6 ? sizeof(struct ip6t_entry)
				    : sizeof(struct ipt_entry);
}

int legacy_part_read(const struct legacy_table *table, size_t end, size_t *offset,
	struct legacy_part *ret_part)
{
	struct xt_entry_match head;

	if (*offset > end || end > table->entries.len || sizeof(head) > end - *offset)
		return -EINVAL;
	memcpy(&head, table->entries.data + *offset, sizeof(head));
	if (head.u.match_size < sizeof(head) || head.u.match_size > end - *offset ||
		!memchr(head.u.user.name, '\0', sizeof(head.u.user.name)))
		return -EINVAL;
	memcpy(ret_part->name, head.u.user.name, sizeof(head.u.user.name));
	ret_part->name[sizeof(head.u.user.name)] = '\0';
	ret_part->rev = head.u.user.revision;
	ret_part->info = table->entries.data + *offset + sizeof(head);
	ret_part->len = head.u.match_size - sizeof(head);
	*offset += head.u.match_size;
	return 0;
}

static const char *read_matches(
	const struct legacy_table *table, struct legacy_entry *entry)
{
	const size_t end = entry->offset + entry->target_offset;
	size_t offset = entry->offset + legacy_entry_min(table->family);
	struct legacy_part part;

	while (offset < end) {
		if (legacy_part_read(table, end, &offset, &part) < 0)
			return "a match that runs past its entry";
		entry->nmatches++;
	}
	return NULL;
}

static const char *read_target(
	const struct legacy_table *table, struct legacy_entry *entry)
{
	size_t offset = entry->offset + entry->target_offset;
	struct legacy_part part;

	if (legacy_part_read(table, entry->offset + entry->len, &offset, &part) < 0)
		return "a target that runs past its entry";
	memcpy(entry->target, part.name, sizeof(entry->target));
	entry->target_rev = part.rev;
	entry->target_info = part.info;
	entry->target_len = part.len;
	if (part.name[0] == '\0' &&
		(part.len < sizeof(int) || offset != entry->offset + entry->len))
		return "a verdict of the wrong size";
	return NULL;
}

static bool is_zero(const void *bytes, size_t len)
{
	const uint8_t *byte = bytes;

	for (size_t i = 0; i < len; i++)
		if (byte[i] != 0)
			return false;
	return true;
}

const char *legacy_entry_read(
	const struct legacy_table *table, size_t offset, struct legacy_entry *ret_entry)
{
	const size_t min = legacy_entry_min(table->family);
	const uint8_t *data = table->entries.data + offset;
	const char *what;
	union {
		struct ipt_entry ip4;
		struct ip6t_entry ip6;
	} head;

	*ret_entry = (struct legacy_entry){.offset = offset};
	if (offset % XT_ALIGN(1) != 0 || min > table->entries.len - offset)
		return "an entry that runs past the table";
	memcpy(&head, data, min);
	if (table->family == FAMILY_IP6) {
		ret_entry->len = head.ip6.next_offset;
		ret_entry->target_offset = head.ip6.target_offset;
		ret_entry->any = is_zero(&head.ip6.ipv6, sizeof(head.ip6.ipv6));
		ret_entry->is_goto = head.ip6.ipv6.flags & IP6T_F_GOTO;
	} else {
		ret_entry->len = head.ip4.next_offset;
		ret_entry->target_offset = head.ip4.target_offset;
		ret_entry->any = is_zero(&head.ip4.ip, sizeof(head.ip4.ip));
		ret_entry->is_goto = head.ip4.ip.flags & IPT_F_GOTO;
	}
	if (ret_entry->len < min || ret_entry->len > table->entries.len - offset)
		return "an entry of an impossible length";
	if (ret_entry->target_offset < min || ret_entry->target_offset > ret_entry->len)
		return "a target outside its entry";
	what = read_matches(table, ret_entry);
	return what ? what : read_target(table, ret_entry);
}

/* A name under a mask of bytes: iptables masks a whole name with its NUL, or a part. */
static int push_iface(struct decode_ctx *ctx, enum field field, const char *name,
	const unsigned char *mask, bool invert)
{
	const struct operand *operand = operand_field(ctx, field, IFNAMSIZ);
	char masked[IFNAMSIZ];
	size_t len = 0;

	while (len < IFNAMSIZ && mask[len] == 0xff)
		len++;
	if (len > 0 && is_zero(mask + len, IFNAMSIZ - len))
		return xt_push_value(ctx, operand_slice(ctx, operand, 0, len), len,
			name, NULL, invert);
	for (size_t i = 0; i < sizeof(masked); i++)
		masked[i] = (char)(name[i] & mask[i]);
	return xt_push_value(ctx, operand, IFNAMSIZ, masked, mask, invert);
}

/* 0: any. Numbers above 255 are no protocol. */
static int push_protocol(struct decode_ctx *ctx, uint16_t protocol, bool invert)
{
	if (protocol == 0)
		return 0;
	return xt_push_range(ctx, operand_field(ctx, FIELD_L4PROTO, 1), 1, protocol,
		protocol > UINT8_MAX ? 0 : protocol, invert);
}

/* The offset in the IPv4 header: only fragments but the first have one. */
static int push_fragment(struct decode_ctx *ctx, bool fragment, bool invert)
{
	static const uint8_t zero[2], mask[2] = {0x1f, 0xff};

	if (!fragment)
		return invert ? xt_push_never(ctx) : 0;
	return xt_push_value(ctx,
		operand_masked(ctx, operand_payload(ctx, BASE_NETWORK, 6, sizeof(mask)),
			mask, NULL),
		sizeof(zero), zero, NULL, !invert);
}

static int push_ip4(struct decode_ctx *ctx, const struct ipt_ip *ip)
{
	return xt_push_addr(ctx, FIELD_SADDR, &ip->src, &ip->smsk,
		       ip->invflags & IPT_INV_SRCIP)
		?: xt_push_addr(ctx, FIELD_DADDR, &ip->dst, &ip->dmsk,
			ip->invflags & IPT_INV_DSTIP)
		?: push_iface(ctx, FIELD_IIFNAME, ip->iniface, ip->iniface_mask,
			ip->invflags & IPT_INV_VIA_IN)
		?: push_iface(ctx, FIELD_OIFNAME, ip->outiface, ip->outiface_mask,
			ip->invflags & IPT_INV_VIA_OUT)
		?: push_protocol(ctx, ip->proto, ip->invflags & IPT_INV_PROTO)
		?: push_fragment(ctx, ip->flags & IPT_F_FRAG,
			ip->invflags & IPT_INV_FRAG);
}

/* IP6T_F_TOS is not looked at by any kernel. */
static int push_ip6(struct decode_ctx *ctx, const struct ip6t_ip6 *ip)
{
	return xt_push_addr(ctx, FIELD_SADDR, &ip->src, &ip->smsk,
		       ip->invflags & IP6T_INV_SRCIP)
		?: xt_push_addr(ctx, FIELD_DADDR, &ip->dst, &ip->dmsk,
			ip->invflags & IP6T_INV_DSTIP)
		?: push_iface(ctx, FIELD_IIFNAME, ip->iniface, ip->iniface_mask,
			ip->invflags & IP6T_INV_VIA_IN)
		?: push_iface(ctx, FIELD_OIFNAME, ip->outiface, ip->outiface_mask,
			ip->invflags & IP6T_INV_VIA_OUT)
		?: push_protocol(ctx, ip->flags & IP6T_F_PROTO ? ip->proto : 0,
			ip->invflags & IP6T_INV_PROTO);
}

int legacy_entry_push_header(struct decode_ctx *ctx, const struct legacy_table *table,
	const struct legacy_entry *entry)
{
	const uint8_t *data = table->entries.data + entry->offset;
	struct ip6t_ip6 ip6;
	struct ipt_ip ip4;

	if (table->family == FAMILY_IP6) {
		memcpy(&ip6, data, sizeof(ip6));
		return push_ip6(ctx, &ip6);
	}
	memcpy(&ip4, data, sizeof(ip4));
	return push_ip4(ctx, &ip4);
}
