/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The parts of the judgement; each adds its entries. */
#ifndef SEAWALL_GATE_AUDIT_JUDGE_PARTS_H
#define SEAWALL_GATE_AUDIT_JUDGE_PARTS_H

#include "gate/audit/judging.h"

/* judge_holders.c */
void judge_groups(struct judging *judging);
void judge_processes(struct judging *judging);

/* judge_sockets.c */
void judge_sockets(struct judging *judging);
void judge_listeners(struct judging *judging);
void judge_containers(struct judging *judging);

/* judge_files.c */
void judge_files(struct judging *judging);
void judge_data_root(struct judging *judging);

/* judge_removal.c */
void judge_removal(struct judging *judging);

/* judge_rules.c */
void judge_rules(struct judging *judging);
void judge_units(struct judging *judging);

#endif
