/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Packet filter rules as one inner form, whatever wrote them: nft, iptables-nft,
 * legacy. */
#ifndef SEAWALL_NETMON_MODEL_RULESET_H
#define SEAWALL_NETMON_MODEL_RULESET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/addr.h"
#include "common/arena.h"
#include "common/err.h"
#include "common/ivset.h"
#include "netmon/model/facts.h"

/*
 * Theory of operation. A rule is a list of ops, evaluated in order. The kernel's
 * register machine is gone: while decoding, each register holds an *operand*, which
 * says how its bytes come about (a field of the packet, masks and shifts on it, a map's
 * answer), and the op that used the register refers to the operand. xt matches and
 * targets become the same ops. What cannot be expressed becomes OP_MAYBE (a match
 * nobody here can decide) or OP_UNKNOWN (a statement that may do anything): never a
 * skipped expression.
 *
 * Operands, ops, sets and chains are immutable after decoding and live in
 * ruleset->arena.
 */

struct nlattr;

/* The enums of an op take a byte each, so that an op fits 48: there are many of them.
 */
#define BYTE_ENUM __attribute__((packed))

#define OPERAND_NEST_MAX 4
#define VALUE_MAX	 64 /* bytes: NFT_DATA_VALUE_MAXLEN, also the widest concatenation */

/*
 * What an operand reads. Byte order of the value is what the kernel puts in the
 * register: header fields network order, the others host order (so a __be16 ct port is
 * network).
 */
enum field {
	FIELD_UNKNOWN = 0, /* nobody can say; operand.code names why */
	FIELD_CONST,	   /* operand.bytes */
	FIELD_MAP,	   /* operand.set looked up with operand.key[] */
	FIELD_CONCAT,	   /* operand.key[] side by side, each padded to 4 bytes */
	FIELD_PAYLOAD,	   /* operand.base and .offset */
	/* meta */
	FIELD_IIF,
	FIELD_OIF,
	FIELD_IIFNAME,
	FIELD_OIFNAME,
	FIELD_IIFTYPE,
	FIELD_OIFTYPE,
	FIELD_IIFGROUP,
	FIELD_OIFGROUP,
	FIELD_IIFKIND,
	FIELD_OIFKIND,
	FIELD_SDIF,
	FIELD_SDIFNAME,
	FIELD_BRI_IIFNAME,
	FIELD_BRI_OIFNAME,
	FIELD_NFPROTO,
	FIELD_L4PROTO,
	FIELD_PROTOCOL,
	FIELD_MARK,
	FIELD_PKTTYPE,
	FIELD_PRIORITY,
	FIELD_LENGTH,
	FIELD_SECPATH,
	/* ct; the _ADDR ones take 4 or 16 bytes by family */
	FIELD_CT_STATE,
	FIELD_CT_STATUS,
	FIELD_CT_DIRECTION,
	FIELD_CT_MARK,
	FIELD_CT_ZONE,
	FIELD_CT_L3PROTO,
	FIELD_CT_PROTOCOL,
	FIELD_CT_ORIG_SADDR,
	FIELD_CT_ORIG_DADDR,
	FIELD_CT_ORIG_SPORT,
	FIELD_CT_ORIG_DPORT,
	FIELD_CT_REPLY_SADDR,
	FIELD_CT_REPLY_DADDR,
	FIELD_CT_REPLY_SPORT,
	FIELD_CT_REPLY_DPORT,
	FIELD_CT_HELPER,
	FIELD_CT_LABEL,
	/*
	 * fib: operand.fib_flags holds NFTA_FIB_F_*, or FIB_ALONE; type is u32 RTN_*,
	 * the others as named; with F_PRESENT one byte: 1 where an interface was found
	 */
	FIELD_FIB_TYPE,
	FIELD_FIB_OIF,
	FIELD_FIB_OIFNAME,
	/* TCP flags byte of a first packet (SYN), and the like */
	FIELD_TCP_FLAGS,
	FIELD_EXTHDR, /* .exthdr_type, .offset, .exthdr_present: IPv6 ext. header,
			 option */
	FIELD_RT_OIF_TCLASSID,
	/* xt only: addresses and ports without a header's layout, network order */
	FIELD_SADDR,
	FIELD_DADDR,
	FIELD_SPORT,
	FIELD_DPORT,
	FIELD_COUNT,
} BYTE_ENUM;

enum payload_base {
	BASE_LINK = 0, /* NFT_PAYLOAD_LL_HEADER */
	BASE_NETWORK,
	BASE_TRANSPORT,
	BASE_INNER,
};

enum step_kind {
	STEP_AND_XOR = 1, /* value = (value & and) ^ xor, byte by byte */
	STEP_SHIFT_LEFT, /* by .count bits, as nft_bitwise does it (host-order words) */
	STEP_SHIFT_RIGHT,
	STEP_SWAP,  /* byteorder: reverse the bytes within units of .count bytes */
	STEP_SLICE, /* keep .count bytes from .offset on */
} BYTE_ENUM;

struct step {
	enum step_kind kind;
	uint8_t count, offset;
	const uint8_t *and, *xor; /* STEP_AND_XOR: as long as the value at this step */
};

/* addrtype: match_lookup_rt6() asks for an address without the packet's other one. */
#define FIB_ALONE (1u << 31)

struct operand {
	enum field field;
	uint8_t len; /* bytes, after all steps */
	uint8_t base, offset;
	uint8_t exthdr_op, exthdr_type;
	bool exthdr_present;
	uint32_t fib_flags;
	uint8_t load_len;     /* bytes of the field itself, before any step */
	uint8_t nest;	      /* levels of key[] below: at most OPERAND_NEST_MAX */
	const uint8_t *bytes; /* CONST */
	const char *code; /* FIELD_UNKNOWN: reason code, e.g. "hash", "meta-skuid" */
	const struct step *steps;
	size_t nsteps;
	const struct set *set;		  /* FIELD_MAP */
	const struct operand *const *key; /* FIELD_MAP, FIELD_CONCAT */
	size_t nkey;
};

enum verdict {
	VERDICT_DROP = 0, /* numbered so that 0 is the safe one */
	VERDICT_ACCEPT,
	VERDICT_CONTINUE,
	VERDICT_RETURN, /* NFT_RETURN */
	VERDICT_JUMP,
	VERDICT_GOTO,
	VERDICT_QUEUE,	/* user space decides; .bypass changes nothing that is known */
	VERDICT_STOLEN, /* taken away: fwd, synproxy */
} BYTE_ENUM;

struct verdict_to {
	enum verdict kind;
	const struct chain *chain; /* JUMP, GOTO; NULL: a chain that does not exist */
};

enum cmp {
	CMP_EQ = 0,
	CMP_NEQ,
	CMP_LT,
	CMP_LTE,
	CMP_GT,
	CMP_GTE,
	CMP_RANGE, /* lo <= value <= hi, as memcmp does */
	CMP_NOT_RANGE,
} BYTE_ENUM;

enum nat_kind {
	NAT_DNAT = 0,
	NAT_SNAT,
	NAT_MASQUERADE,
	NAT_REDIRECT,
	NAT_DNAT_PREFIX, /* NETMAP: keep the host bits */
	NAT_SNAT_PREFIX,
};

enum reject_kind {
	REJECT_ICMP = 0, /* any ICMP or ICMPv6 error */
	REJECT_TCP_RESET,
	REJECT_ICMP_PORT, /* port unreachable: a UDP client sees "closed" */
} BYTE_ENUM;

enum op_kind {
	OP_UNKNOWN = 0, /* may do anything: code, text */
	OP_NOP,	   /* counter, log, comment ...: never changes what happens; text */
	OP_MATCH,  /* operand cmp lo (hi) */
	OP_LOOKUP, /* operand in set, or not (invert) */
	/*
	 * operand looked up, verdict of the element; none: next rule; CONTINUE: next op
	 */
	OP_VMAP,
	OP_IN,	  /* operand (2 bytes, ports, or 4/16, addresses) in numbers, or not */
	OP_IPSET, /* xt set match */
	OP_ANY,	  /* at least one list of `alternatives` matches entirely */
	OP_NONE,  /* none does: xt's inversion of a whole match */
	OP_MAYBE, /* may match and may not: code, text (limit, time, owner ...) */
	OP_SET,	  /* field = operand: mark, ct mark, pkttype, priority, payload bytes */
	OP_NOTRACK,
	OP_ZONE, /* ct zone: operand; where a first packet's entry is made, and where an
		    answer is looked up */
	OP_NAT,
	OP_TPROXY,
	OP_REJECT,
	OP_VERDICT, /* immediate verdict; CONTINUE: next rule (NFT_BREAK) */
	OP_VERDICT_QUEUE,
	OP_DUP, /* a copy leaves; the packet goes on */
	OP_FWD, /* netdev: the packet leaves by another interface: gone from here */
	OP_KIND_COUNT,
} BYTE_ENUM;

/* The code of an OP_NOP after which packets of other connections are "related". */
#define CODE_ANNOUNCES "connections-announced"

struct op_list {
	const struct op *ops;
	size_t nops;
};

/*
 * NAT and TPROXY. Absent operands are NULL; addresses are 4 or 16 bytes, ports 2. A
 * packet of another family than .family (inet tables) passes NAT unchanged and goes on
 * with the next op; for TPROXY it is the end of the rule.
 */
struct nat {
	enum nat_kind kind;
	enum family family; /* NONE: the packet's (inet tables) */
	const struct operand *addr_min, *addr_max, *port_min, *port_max;
	uint32_t flags;	    /* NF_NAT_RANGE_* */
	uint16_t port_base; /* with NF_NAT_RANGE_PROTO_OFFSET: what offset 0 stands for
			     */
	u128 mask; /* *_PREFIX: the network part; 0 where addr_min or _max is a map's:
		      then it is ~(min ^ max) of the element */
};

/* xt set match: which set, and per dimension whether the source side is taken. */
struct ipset_match {
	const struct ipset *ipset; /* NULL: no such set was read */
	bool src[3];
	uint8_t ndims;
	bool maybe; /* matches on counters too, which nobody here can decide */
	/* Packets change it: some rule adds elements (who is in none may be), or
	 * deletes them. */
	bool grows, shrinks;
};

/* To which packets of a connection a zone is attached. */
enum zone_side { ZONE_BOTH = 0, ZONE_ORIGINAL, ZONE_REPLY } BYTE_ENUM;

struct op {
	enum op_kind kind;
	bool invert;   /* LOOKUP, IN, IPSET, MAYBE */
	bool repeated; /* MAYBE: matches only who sent several packets lately */
	bool retracks; /* ZONE: takes an earlier notrack back (nft's; xt's does not) */
	enum zone_side side; /* ZONE */
	enum cmp cmp;
	enum field field;	 /* SET: what is written */
	uint32_t kept;		 /* SET of a mark: bits of it that stay, xored */
	uint8_t base, offset;	 /* SET of FIELD_PAYLOAD */
	uint8_t value_len;	 /* MATCH: of lo and hi; SET of FIELD_PAYLOAD */
	enum reject_kind reject; /* REJECT */
	/* UNKNOWN, MAYBE: stable reason code, e.g. "xt-match-unknown"; NOP: of what
	 * it does to other packets, mostly NULL */
	const char *code;
	const char *text; /* as a person would write it; NULL: rendered from the op */
	const struct operand *operand; /* MATCH, LOOKUP, VMAP, IN, SET, ZONE */
	union {
		struct {
			const uint8_t *lo, *hi; /* MATCH */
		};
		const struct set *set;		 /* LOOKUP, VMAP */
		const struct ivset *numbers;	 /* IN */
		const struct ipset_match *ipset; /* IPSET */
		struct {			 /* ANY, NONE */
			const struct op_list *alternatives;
			size_t nalternatives;
		};
		const struct nat *nat;	   /* NAT, TPROXY */
		struct verdict_to verdict; /* VERDICT */
		/* UNKNOWN, NOP, MAYBE, REJECT, DUP: what .text is made from, or NULL */
		const struct nlattr *expr;
	};
};

struct rule {
	uint64_t handle; /* 0: legacy */
	uint32_t number; /* position in its chain, from 1 */
	bool xt;	 /* holds xt expressions */
	const struct chain *chain;
	const char *comment;
	const struct op *ops;
	size_t nops;
};

struct set_element {
	const uint8_t *key, *key_end; /* closed; the same pointer for a single value */
	const uint8_t *data;	      /* maps: set->data_len bytes */
	struct verdict_to verdict;    /* verdict maps */
	bool catchall;		      /* key and key_end are NULL */
	bool expires; /* has a timeout: it is an element, and will not be for ever */
	bool maybe;   /* carries an expression that can refuse the match (limit, quota
			 ...) */
};

struct set {
	const char *table, *name;
	uint32_t id;
	uint8_t key_len, data_len;
	uint32_t flags; /* NFT_SET_* */
	bool interval, concat, map, vmap;
	bool objects; /* maps to named objects: elements have no data */
	bool dynamic; /* packets change it: some rule adds or deletes elements */
	bool shrinks; /* and some rule deletes: who is in it now may not be then */
	bool refuses; /* elements that packets add carry a limit, quota ... */
	uint32_t object_type;  /* NFT_OBJECT_* */
	uint32_t max_elements; /* 0: no bound */
	bool unreadable; /* elements missing or not understood: any lookup may match or
			    not */
	uint8_t field_len[16]; /* concatenations: bytes of each field, unpadded */
	size_t nfields;
	/* Closed intervals, sorted by key (interval start and end already joined). */
	struct set_element *elements;
	size_t nelements;
};

enum hook {
	HOOK_INGRESS = 0, /* netdev and inet */
	HOOK_PREROUTING,
	HOOK_INPUT,
	HOOK_FORWARD,
	HOOK_OUTPUT,
	HOOK_POSTROUTING,
	HOOK_EGRESS,
	HOOK_COUNT,
};

enum chain_type { CHAIN_FILTER = 0, CHAIN_NAT, CHAIN_ROUTE };

/* Families of tables, by NFPROTO_* bits they see. */
enum table_family {
	TABLE_INET = 1,
	TABLE_IP = 2,
	TABLE_ARP = 3,
	TABLE_NETDEV = 5,
	TABLE_BRIDGE = 7,
	TABLE_IP6 = 10,
};

struct chain {
	const char *table; /* with its family: "ip nat" */
	const char *name;
	uint64_t handle;
	enum table_family family;
	bool legacy;  /* an iptables-legacy table */
	bool dormant; /* its table is: never called */
	bool base;
	bool offload;
	enum chain_type type;
	enum hook hook;
	int32_t priority;
	enum verdict policy;
	const char **devices; /* netdev, inet ingress; a trailing '*' is a wildcard */
	size_t ndevices;
	const struct rule *rules;
	size_t nrules;
	uint32_t id;	/* 0 .. ruleset->nchains-1 */
	uint32_t order; /* of registration, as far as the dump tells: later runs first
			   among equal priorities */
};

struct ruleset {
	struct arena arena;
	struct chain *chains; /* all of them */
	size_t nchains;
	struct set *sets;
	size_t nsets;
	size_t nrules;
	bool uses_conntrack; /* a ct expression or NAT makes the kernel track */
	bool has_legacy; /* a legacy table with at least one rule or a policy of drop */
	bool has_nft;
	uint32_t generation;
	/* what decoding itself could not understand (malformed attribute, unknown
	 * family) */
	struct note *notes;
	size_t nnotes;
};

/**
 * ruleset_decode() - the inner form of all rules in one namespace
 * @netns:       its nft messages, legacy tables and ipsets; must outlive the result
 * @ret_ruleset: released with ruleset_free()
 *
 * Malformed netlink (a length that runs past its parent, a chain without a name ...) is
 * an error that says which message and attribute, at which byte. An expression that is
 * well-formed but unknown is not: it becomes OP_MAYBE or OP_UNKNOWN.
 *
 * Cost: linear in the bytes. Return: 0, -EINVAL, -ENOMEM.
 */
int ruleset_decode(const struct netns *netns, struct ruleset **ret_ruleset,
	struct err *err) _must_check_;
void ruleset_free(struct ruleset *ruleset);
void ruleset_cleanup(struct ruleset **ruleset);

/**
 * rule_text() - the rule as nft would list it, near enough to be found there
 *
 * One renderer for all three encodings, driven by a table of fields. "tcp dport 8080
 * dnat to 172.17.0.2:80". Return: in @arena, never NULL ("" when the arena failed).
 */
const char *rule_text(struct arena *arena, const struct rule *rule);

#endif
