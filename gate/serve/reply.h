/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Answers to the caller: gate's own, and heads of the engine's. */
#ifndef SEAWALL_GATE_SERVE_REPLY_H
#define SEAWALL_GATE_SERVE_REPLY_H

#include "common/arena.h"
#include "common/err.h"
#include "gate/serve/head.h"

/** reply_refuse() - {"message": @reason} as the engine would say it, then close. */
int reply_refuse(int fd, struct arena *arena, unsigned int status, const char *reason,
	bool without_body) _must_check_;

/**
 * reply_head() - the head that the caller gets for the engine's answer @head
 * @chunked: its body goes on in chunks
 * @keep:    a further request may follow
 */
char *reply_head(
	struct arena *arena, const struct answer_head *head, bool chunked, bool keep);

/** reply_switch() - the head after which both sides speak raw bytes. */
char *reply_switch(struct arena *arena, const struct answer_head *head);

/** reply_linger() - tell the end of the answer and throw away what still comes in. */
void reply_linger(int fd);

#endif
