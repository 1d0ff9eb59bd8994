/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What may be asked of a container when it is made, changed, or entered. */
#ifndef SEAWALL_GATE_FILTER_CREATE_H
#define SEAWALL_GATE_FILTER_CREATE_H

#include "gate/filter/fields.h"

/* Every key of the API's bodies up to 1.51, once, with its treatment. */
extern const struct fields create_table;
extern const struct fields host_config_table;
extern const struct fields update_table;
extern const struct fields exec_table;
extern const struct fields process_table; /* of an exec that exists */
extern const struct fields exec_start_table;

/**
 * check_working_path() - whether a process may begin at @path
 * @rule: of a refusal
 */
int check_working_path(struct work *work, const char *rule, const char *path)
	_must_check_;

#endif
