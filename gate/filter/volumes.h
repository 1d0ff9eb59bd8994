/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a container mounts by other keys, and what its image does. */
#ifndef SEAWALL_GATE_FILTER_VOLUMES_H
#define SEAWALL_GATE_FILTER_VOLUMES_H

#include "gate/filter/fields.h"

field_check check_volumes_from, check_tmpfs, check_volumes;
/** check_image_volumes() - what an image mounts; @volumes: NULL: it has none. */
int check_image_volumes(struct work *work, const struct field *field,
	const struct json_node *volumes) _must_check_;

#endif
