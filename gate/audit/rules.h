/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Files of rules that give users a group, or have an engine's tool run for them. */
#ifndef SEAWALL_GATE_AUDIT_RULES_H
#define SEAWALL_GATE_AUDIT_RULES_H

#include "gate/audit/facts.h"
#include "gate/audit/lines.h"

/*
 * Each takes the whole text of a file and its @path, which only names the place. What
 * gives neither a group nor a tool makes no fact.
 */

/**
 * rules_add() - one more, for the readers alone; or NULL
 * @who, @text: copied
 */
struct audit_rule *rules_add(struct audit_facts *facts, enum audit_rule_kind kind,
	const char *path, unsigned int line, struct span who, struct span text);

/** rules_read_group_conf() - group.conf(5) of pam_group. */
void rules_read_group_conf(
	struct audit_facts *facts, const char *path, struct span text);

/** rules_read_capability_conf() - capability.conf(5) of pam_cap. */
void rules_read_capability_conf(
	struct audit_facts *facts, const char *path, struct span text);

/**
 * struct sudo_file - a file of sudoers(5), for all are read before they are understood:
 * an alias may be used before it is made
 */
struct sudo_file {
	const char *path;
	struct span text;
};

/**
 * rules_read_sudoers() - rules that name an engine's tool, or a group to run as
 *
 * Rules for all commands make root anyway and are not listed.
 */
void rules_read_sudoers(
	struct audit_facts *facts, const struct sudo_file *files, size_t n);

/**
 * rules_sudo_include() - the next @include of the file, absolute or not; false: none
 * @ret_path:      without quotes; may be in @arena
 * @ret_directory: it is an @includedir
 */
bool rules_sudo_include(struct lines *lines, struct arena *arena, struct span *ret_path,
	bool *ret_directory);

/**
 * rules_read_doas() - doas.conf(5): permit rules for an engine's tool, or to become
 * somebody but root
 */
void rules_read_doas(struct audit_facts *facts, const char *path, struct span text);

/**
 * rules_read_crontab() - crontab(5) lines that run an engine's tool
 * @user: whose table it is; NULL: the table names one in each line
 */
void rules_read_crontab(struct audit_facts *facts, const char *path, const char *user,
	struct span text);

/** rules_read_at_job() - a queued job of at(1); @uid owns the file. */
void rules_read_at_job(
	struct audit_facts *facts, const char *path, uint32_t uid, struct span text);

#endif
