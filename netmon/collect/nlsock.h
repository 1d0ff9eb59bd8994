/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Netlink dumps: one request, many answers, and whether they are consistent. */
#ifndef SEAWALL_NETMON_COLLECT_NLSOCK_H
#define SEAWALL_NETMON_COLLECT_NLSOCK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <libmnl/libmnl.h>

#include "common/addr.h"
#include "common/err.h"

enum {
	NLSOCK_REQUEST_BYTES = 4096, /* room for any request made here */
	NLSOCK_ATTEMPTS = 10,	     /* of a dump that the kernel calls inconsistent */
};

/**
 * struct nlsock - one netlink socket of the calling thread's network namespace
 *
 * Zero-initialised is closed. Not to be used again after a dump failed with anything
 * but -EINTR: answers may be left in it.
 */
struct nlsock {
	struct mnl_socket *nl;
	uint32_t seq;
	uint8_t *buffer;
};

/** align4() - netlink's padding of messages and attributes, as a size_t. */
static inline size_t align4(size_t size)
{
	return (size + 3) & ~(size_t)3;
}

/** struct bytes - a growing buffer on the heap; zero-initialised is empty. */
struct bytes {
	uint8_t *data;
	size_t len, size;
	size_t prepared; /* up to where its pages are there */
	size_t limit;	 /* 0: no bound */
};

void bytes_done(struct bytes *bytes);

/** nlsock_open() - @bus is NETLINK_ROUTE, NETLINK_NETFILTER, NETLINK_SOCK_DIAG. */
int nlsock_open(struct nlsock *sock, int bus, struct err *err) _must_check_;
void nlsock_done(struct nlsock *sock);

/**
 * nlsock_listen() - hear of changes instead of asking
 * @groups: those of @bus, by RTNLGRP_* or the like, as bits from 1 << 0 for group 1
 */
int nlsock_listen(struct nlsock *sock, int bus, uint32_t groups, struct err *err)
	_must_check_;
/** nlsock_heard() - whether anything changed since it was opened or asked last. */
bool nlsock_heard(const struct nlsock *sock);

/**
 * nlsock_request() - start a request
 * @buffer: NLSOCK_REQUEST_BYTES large
 * @flags:  NLM_F_DUMP, or NLM_F_ACK for a request with one answer
 * @extra:  bytes of the family's header after it, zeroed; mnl_nlmsg_get_payload() has
 * it
 */
struct nlmsghdr *nlsock_request(
	struct nlsock *sock, void *buffer, uint16_t type, uint16_t flags, size_t extra);

/* Returns 0, or -errno to give up (err filled). */
typedef int nlsock_fn(const struct nlmsghdr *answer, void *data, struct err *err);

/**
 * nlsock_dump() - send @request and give every answer to @fn
 *
 * Return: 0; -EINTR when the answers were not of one moment (all were given: start
 * again); what @fn returned; another -errno as the kernel said.
 */
int nlsock_dump(struct nlsock *sock, const struct nlmsghdr *request, nlsock_fn *fn,
	void *data, struct err *err) _must_check_;

/**
 * nlsock_dump_raw() - send @request and append its answers to @out as they come
 *
 * They are received straight into @out, headers included; the closing DONE or ACK is
 * left out. Return: as nlsock_dump(); -EFBIG past @out->limit. On failure @out holds
 * part of the answers.
 */
int nlsock_dump_raw(struct nlsock *sock, const struct nlmsghdr *request,
	struct bytes *out, struct err *err) _must_check_;

/**
 * attrs_parse() - index attributes by type
 * @tb:    @count entries, all set (absent: NULL)
 * @first: where they start, @len bytes; what does not fit is ignored
 */
void attrs_parse(const struct nlattr **tb, size_t count, const void *first, size_t len);
/** attrs_parse_message() - those after @header bytes of a message's payload. */
void attrs_parse_message(const struct nlattr **tb, size_t count,
	const struct nlmsghdr *message, size_t header);
/** attrs_parse_nested() - those inside @nest; NULL: none. */
void attrs_parse_nested(
	const struct nlattr **tb, size_t count, const struct nlattr *nest);

/* The value, or 0 when the attribute is NULL or too short. */
uint8_t attr_u8(const struct nlattr *attr);
uint16_t attr_u16(const struct nlattr *attr);
uint32_t attr_u32(const struct nlattr *attr);
/** attr_text() - its terminated string, or NULL when it is absent or unterminated. */
const char *attr_text(const struct nlattr *attr);
/** attr_addr() - an address of 4 or 16 bytes; family NONE when absent. */
struct addr attr_addr(const struct nlattr *attr);

#endif
