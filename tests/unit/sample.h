/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A judged report with one of everything, for the tests of the output formats. */
#ifndef SEAWALL_TESTS_SAMPLE_H
#define SEAWALL_TESTS_SAMPLE_H

#include "fixture.h"

/** sample_open() - a fixture with exposures, findings, gaps; fixture_close() it */
void sample_open(struct fixture *f);
/** sample_answer() - a packet that gets to the container web of the sample */
void sample_answer(
	struct fixture *f, struct question *ret_question, struct answer *ret_answer);

#endif
