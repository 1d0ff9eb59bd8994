/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which ports a container may publish. */
#ifndef SEAWALL_GATE_FILTER_PUBLISH_H
#define SEAWALL_GATE_FILTER_PUBLISH_H

#include "gate/filter/fields.h"

/*
 * `publish: approved` asks the approvals that netmon judges by. netmon knows which
 * sources the host's rules let through to a port, the filter does not: here a port that
 * is published elsewhere than on loopback counts as open to everybody, and the
 * approvals in force must cover everybody. Work's name, image and labels say which
 * container.
 */
field_check check_port_bindings, check_publish_all, check_exposed_ports;

/**
 * publish_select() - which container the ports are of, from now on
 * @labels: an object of texts, other members are passed over; may be NULL
 * Return: which it was, for publish_select_again().
 */
struct selected publish_select(struct work *work, const char *name, const char *image,
	const struct json_node *labels);
void publish_select_again(struct work *work, const struct selected *before);

#endif
