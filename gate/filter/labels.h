/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Labels that callers set. */
#ifndef SEAWALL_GATE_FILTER_LABELS_H
#define SEAWALL_GATE_FILTER_LABELS_H

#include "gate/filter/fields.h"

/** force_labels() - the caller's, none of gate's among them, and the owner's. */
field_check force_labels;
/** check_labels() - refuses what force_labels() would refuse; writes nothing. */
field_check check_labels;
/** check_image_labels() - the same for those that containers get from their image. */
int check_image_labels(struct work *work, const struct field *field,
	const struct json_node *labels) _must_check_;
/** write_labels() - check_labels(), and write the members into an open object. */
int write_labels(struct work *work, const struct field *field,
	const struct json_node *labels, struct jsonw *out) _must_check_;

#endif
