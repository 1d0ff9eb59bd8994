/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A question about one packet, from words or from a line of JSON. */
#ifndef SEAWALL_NETMON_QUESTION_H
#define SEAWALL_NETMON_QUESTION_H

#include "common/arena.h"
#include "common/err.h"
#include "netmon/model/report.h"

/** struct question_words - as on the command line; NULL: not given */
struct question_words {
	const char *from, *to, *proto, *port, *sport, *in, *zone;
};

/**
 * question_parse() - check the words and make the question of them
 * @words: from, to and port must be there; proto is tcp unless given. Without a zone it
 *         is the one that the source address belongs to. "container" is
 *         taken as a zone when an interface is given: then only that counts. Packets of
 *         the host itself pass other hooks and are not answered: zone "host", in "lo".
 *
 * The question borrows words->in. Return: 0; -EINVAL, the text names the member.
 */
int question_parse(const struct question_words *words, struct question *ret_question,
	struct err *err) _must_check_;

/**
 * question_parse_line() - the same from
 * {"from","to","proto","port","sport","in","zone"}
 * @number: of the line, for messages: "line 3: $.port: ..."
 * @arena:  holds the question's texts
 *
 * port and sport are numbers; null counts as absent; other keys are refused.
 */
int question_parse_line(const char *text, size_t len, size_t number,
	struct arena *arena, struct question *ret_question, struct err *err)
	_must_check_;

#endif
