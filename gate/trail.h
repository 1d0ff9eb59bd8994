/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The audit trail: one line of JSON for each decision. */
#ifndef SEAWALL_GATE_TRAIL_H
#define SEAWALL_GATE_TRAIL_H

#include <stdbool.h>
#include <stdint.h>

#include "common/err.h"

enum trail_kind {
	TRAIL_NONE = 0,
	TRAIL_AUTO,    /* the journal, or where there is none syslog */
	TRAIL_JOURNAL, /* its native protocol, with fields to search by */
	TRAIL_SYSLOG,  /* facility authpriv */
	TRAIL_FD,      /* a line each */
};

struct trail {
	enum trail_kind kind;
	int fd; /* only TRAIL_FD; borrowed */
};

/**
 * struct trail_caller - who
 * @user:      NULL: the uid has no name
 * @login_uid: whom pam_loginuid noted at login, however often he changed his uid since;
 *             UINT32_MAX: none
 * @tty:       "pts/3"; "": none
 * @profile:   by which he was judged; NULL: none
 */
struct trail_caller {
	uint32_t uid, login_uid;
	int32_t pid;
	const char *user, *profile;
	char tty[32];
};

/** struct trail_entry - what was decided; every text but @decision may be NULL. */
struct trail_entry {
	const char *decision; /* "allow", "deny" */
	const char *method, *route, *object, *image, *rule, *reason, *note;
};

/** trail_open() - @where: auto, journal, syslog or fd:N. 0; -EINVAL. */
int trail_open(const char *where, struct trail *ret_trail, struct err *err)
	_must_check_;

/**
 * trail_write() - one line
 *
 * Texts are cut at 1024 bytes, and what is no printable text in them is escaped;
 * bodies, environments and authentication headers are never part of an entry. Return:
 * 0; a negative errno when nothing took the line: do not act then.
 */
int trail_write(const struct trail *trail, const struct trail_caller *caller,
	const struct trail_entry *entry, struct err *err) _must_check_;

/** trail_rehearse() - a line for nobody: the first one takes longer than the next. */
void trail_rehearse(void);

#endif
