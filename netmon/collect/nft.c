/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The nf_tables rules of one network namespace, as the kernel's own messages. */
#include "netmon/collect/nft.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <libmnl/libmnl.h>
#include <libnftnl/common.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>

#include "netmon/collect/nlsock.h"

/*
 * Theory of operation. Every object kind is dumped once for all families, elements once
 * a set and rules once a chain: a dump of all rules costs the kernel their square, as
 * it counts from the first again for every 32 KiB that it hands out. Each dump is of
 * one moment or the kernel says so (NLM_F_DUMP_INTR); that the dumps are of the same
 * moment is what the generation id before and after tells. Rules that change faster
 * than they can be read leave the last complete reading and a note.
 */
enum {
	NFT_LIMIT_BYTES = 1024 * 1024 * 1024, /* of one namespace */
	NFT_PAUSE_MS = 2,		      /* doubled from one attempt to the next */
};

struct reading {
	struct nlsock sock;
	struct bytes out;
	uint32_t generation[2]; /* before and after */
	int result;		/* of all attempts */
	struct err err;
};

struct nft_job {
	struct reading reading;
	pthread_t thread;
};

static struct nlmsghdr *build(struct reading *reading, char *buffer, uint16_t type,
	uint16_t family, uint16_t flags)
{
	memset(buffer, 0, NLSOCK_REQUEST_BYTES);
	return nftnl_nlmsg_build_hdr(buffer, type, family, flags, ++reading->sock.seq);
}

/* Appends NEWGEN to the output and tells the id in it. */
static int read_generation(struct reading *reading, uint32_t *ret_id, struct err *err)
{
	char buffer[NLSOCK_REQUEST_BYTES];
	const struct nlattr *tb[NFTA_GEN_MAX + 1];
	size_t start = reading->out.len;
	struct nlmsghdr *request =
		build(reading, buffer, NFT_MSG_GETGEN, AF_UNSPEC, NLM_F_ACK);
	int r = nlsock_dump_raw(&reading->sock, request, &reading->out, err);

	if (r < 0)
		return err_wrap(err, "generation id");
	if (reading->out.len - start < NLMSG_HDRLEN)
		return err_set(err, -EBADMSG, "generation id: no answer");
	attrs_parse_message(tb, ARRAY_LEN(tb),
		(const void *)(reading->out.data + start), sizeof(struct nfgenmsg));
	*ret_id = attr_u32(tb[NFTA_GEN_ID]);
	return 0;
}

/* What is asked for once a chain or a set. */
struct parts {
	uint16_t get;
	uint16_t owner_name;  /* attribute of the chain's or set's own message */
	uint16_t table, name; /* attributes of the request, and of the answers */
	const char *text;
};

static const struct parts rules_of_chain = {
	NFT_MSG_GETRULE, NFTA_CHAIN_NAME, NFTA_RULE_TABLE, NFTA_RULE_CHAIN, "chain"};
static const struct parts elements_of_set = {NFT_MSG_GETSETELEM, NFTA_SET_NAME,
	NFTA_SET_ELEM_LIST_TABLE, NFTA_SET_ELEM_LIST_SET, "set"};

static const char *text_of(const struct nlmsghdr *message, uint16_t type)
{
	const struct nlattr *tb[NFTA_CHAIN_MAX + 1];

	attrs_parse_message(tb, ARRAY_LEN(tb), message, sizeof(struct nfgenmsg));
	return attr_text(tb[type]);
}

/* Whether the first answer from @start on is of what was asked for. */
static bool is_asked(const struct reading *reading, size_t start,
	const struct parts *parts, const char *name)
{
	const char *told;

	if (reading->out.len - start < NLMSG_HDRLEN)
		return true;
	told = text_of((const void *)(reading->out.data + start), parts->name);
	return told && strcmp(told, name) == 0;
}

static int dump_part(struct reading *reading, const struct parts *parts,
	const struct nlmsghdr *owner, struct err *err)
{
	char buffer[NLSOCK_REQUEST_BYTES];
	const struct nfgenmsg *header = mnl_nlmsg_get_payload(owner);
	const char *table = text_of(owner, NFTA_CHAIN_TABLE); /* sets have it, too */
	const char *name = text_of(owner, parts->owner_name);
	size_t start = reading->out.len;

	if (!table || !name)
		return err_set(err, -EBADMSG, "%s without a name", parts->text);

	struct nlmsghdr *request =
		build(reading, buffer, parts->get, header->nfgen_family, NLM_F_DUMP);
	mnl_attr_put_strz(request, parts->table, table);
	mnl_attr_put_strz(request, parts->name, name);
	int r = nlsock_dump_raw(&reading->sock, request, &reading->out, err);
	if (r == -ENOENT) /* deleted since its name was read */
		return err_set(err, -EINTR, "%s %s went away", parts->text, name);
	if (r < 0)
		return err_wrap(err, "%s %s", parts->text, name);
	if (!is_asked(reading, start, parts, name))
		return err_set(err, -EXDEV, "%s %s: another's", parts->text, name);
	return 0;
}

/* The parts of every chain or set in the messages between two offsets. */
static int dump_parts(struct reading *reading, const struct parts *parts, size_t off,
	size_t end, struct err *err)
{
	_Alignas(NLMSG_ALIGNTO) char copy[NLSOCK_REQUEST_BYTES];
	int result = 0;

	while (off < end) {
		const struct nlmsghdr *owner = (const void *)(reading->out.data + off);
		size_t len = owner->nlmsg_len;
		int r;

		/* The output moves when it grows. */
		if (len > sizeof(copy))
			return err_set(
				err, -EMSGSIZE, "%s of %zu bytes", parts->text, len);
		memcpy(copy, owner, len);
		r = dump_part(reading, parts, (const void *)copy, err);
		if (r == -EINTR)
			result = r;
		else if (r < 0)
			return r;
		off += NLMSG_ALIGN(len);
	}
	return result;
}

static int dump_kind(struct reading *reading, uint16_t kind, struct err *err)
{
	char buffer[NLSOCK_REQUEST_BYTES];
	struct nlmsghdr *request =
		build(reading, buffer, kind, NFPROTO_UNSPEC, NLM_F_DUMP);
	int r = nlsock_dump_raw(&reading->sock, request, &reading->out, err);

	/* Kernels before 4.10 have no objects, before 4.16 no flowtables. */
	if (r == -EINVAL && kind >= NFT_MSG_GETOBJ)
		return 0;
	return r < 0 ? err_wrap(err, "dump %d of nf_tables", kind) : 0;
}

static int dump_rules(struct reading *reading, size_t chains, struct err *err)
{
	size_t start = reading->out.len;
	int r = dump_parts(reading, &rules_of_chain, chains, start, err);

	if (r != -EXDEV)
		return r;
	/* Kernels before 4.10 give every chain's rules, whatever is asked for. */
	reading->out.len = start;
	return dump_kind(reading, NFT_MSG_GETRULE, err);
}

static int dump_objects(struct reading *reading, struct err *err)
{
	static const uint16_t kinds[] = {NFT_MSG_GETTABLE, NFT_MSG_GETCHAIN,
		NFT_MSG_GETSET, NFT_MSG_GETOBJ, NFT_MSG_GETFLOWTABLE};
	int result = 0;

	for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
		size_t start = reading->out.len;
		int r = dump_kind(reading, kinds[i], err), parts = 0;

		if (r < 0 && r != -EINTR)
			return r;
		if (kinds[i] == NFT_MSG_GETCHAIN)
			parts = dump_rules(reading, start, err);
		else if (kinds[i] == NFT_MSG_GETSET)
			parts = dump_parts(reading, &elements_of_set, start,
				reading->out.len, err);
		if (parts < 0 && parts != -EINTR)
			return parts;
		if (r < 0 || parts < 0)
			result = -EINTR;
	}
	return result;
}

/* One reading of all; -EINTR when it is complete but not of one moment. */
static int read_once(struct reading *reading, struct err *err)
{
	int r, after;

	reading->out.len = 0;
	r = read_generation(reading, &reading->generation[0], err);
	if (r < 0)
		return r;
	r = dump_objects(reading, err);
	if (r < 0 && r != -EINTR)
		return r;
	size_t len = reading->out.len;
	after = read_generation(reading, &reading->generation[1], err);
	reading->out.len = len;
	if (after < 0)
		return after;
	if (r == 0 && reading->generation[0] != reading->generation[1])
		r = err_set(err, -EINTR, "the rules changed while they were read");
	return r;
}

static int read_consistent(struct reading *reading, struct err *err)
{
	int r = -EINTR;

	for (int i = 0; i < NLSOCK_ATTEMPTS && r == -EINTR; i++) {
		const struct timespec pause = {
			.tv_nsec = (NFT_PAUSE_MS << i) * 1000000L};

		if (i && pause.tv_nsec < 1000000000L)
			(void)nanosleep(&pause, NULL);
		r = read_once(reading, err);
	}
	return r;
}

static bool has_no_nftables(const struct reading *reading, int code)
{
	/* nfnetlink answers EINVAL to a subsystem that is not there. */
	return !reading->sock.nl ? code == -EPROTONOSUPPORT
				 : reading->out.len == 0 && code == -EINVAL;
}

static void read_all(struct reading *reading)
{
	reading->out.limit = NFT_LIMIT_BYTES;
	reading->result = nlsock_open(&reading->sock, NETLINK_NETFILTER, &reading->err);
	if (reading->result == 0)
		reading->result = read_consistent(reading, &reading->err);
}

/* Puts what was read into the facts, and releases the rest. */
static void store(struct reading *reading, struct facts *facts, struct netns *netns)
{
	int r = reading->result;

	if (r == -EINTR) {
		facts_note(facts, "nft-changing", netns->id, true,
			"the rules kept changing during %d readings; what was read "
			"last "
			"may mix two states",
			NLSOCK_ATTEMPTS);
		r = 0;
	}
	if (r == 0) {
		netns->nft.data =
			arena_adopt(&facts->arena, TAKE_PTR(reading->out.data));
		netns->nft.len = netns->nft.data ? reading->out.len : 0;
		netns->rules_known = netns->nft.data != NULL;
	} else if (has_no_nftables(reading, r)) {
		netns->rules_known = true;
	} else {
		facts_note(facts, "nft-unreadable", netns->id, true,
			"the nf_tables rules could not be read: %s", reading->err.text);
	}
	bytes_done(&reading->out);
	nlsock_done(&reading->sock);
}

void collect_nft(struct facts *facts, struct netns *netns)
{
	struct reading reading = {.result = 0};

	read_all(&reading);
	store(&reading, facts, netns);
}

static void *run_job(void *data)
{
	read_all(data);
	return NULL;
}

struct nft_job *nft_start(void)
{
	struct nft_job *job = calloc(1, sizeof(*job));

	if (job && pthread_create(&job->thread, NULL, run_job, &job->reading) != 0) {
		free(job);
		return NULL;
	}
	return job;
}

void nft_finish(struct nft_job *job, struct facts *facts, struct netns *netns)
{
	if (!job) {
		collect_nft(facts, netns);
		return;
	}
	(void)pthread_join(job->thread, NULL);
	store(&job->reading, facts, netns);
	free(job);
}
