/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What pam_seawall.so and the program that it asks say to each other. */
#ifndef SEAWALL_GATE_PAM_ANSWER_H
#define SEAWALL_GATE_PAM_ANSWER_H

/*
 * Exit statuses far from each other and from those that a program ends with by mistake,
 * a shell included: whatever is not one of these is a refusal.
 */
enum {
	ANSWER_KEEP = 0x55,
	ANSWER_STRIP = 0x6a,
	ANSWER_REFUSE = 0x39,
};

#endif
