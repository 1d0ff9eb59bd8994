/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Random rules that look at ports in every way there is: for tests of reach/. */
#ifndef SEAWALL_TESTS_UNIT_PORTS_MADE_H
#define SEAWALL_TESTS_UNIT_PORTS_MADE_H

#include "host_made.h"

#define PORTS_MADE 400u /* rules speak of these only; those above are all alike */

/** ports_made_const() - an operand: this port, network order. */
const struct operand *ports_made_const(struct arena *arena, uint16_t port);
/** ports_made_mark() - mark = what a map says of the port; @odd: = the port itself. */
struct op ports_made_mark(struct ruleset *rules, uint64_t *seed, bool odd);
/** ports_made_host() - rules, listeners and policy routes for an open @h */
void ports_made_host(struct host_made *h, uint64_t *seed);

#endif
