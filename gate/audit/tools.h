/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Command lines and patterns that engines' command line tools are in. */
#ifndef SEAWALL_GATE_AUDIT_TOOLS_H
#define SEAWALL_GATE_AUDIT_TOOLS_H

#include "gate/audit/facts.h"
#include "gate/audit/lines.h"

/** tools_named() - a word in it is such a tool, path or not */
bool tools_named(struct span text);

/**
 * tools_matched() - a command of sudoers(5) that is a pattern has such a tool
 * @pattern: "/usr/bin/dock*", "/usr/bin/", "^/usr/bin/docker$"
 * @folders: where tools may be besides the usual folders
 *
 * A plain path is no pattern. One whose folder is a pattern, too, is about all folders.
 */
bool tools_matched(struct span pattern, const struct audit_names *folders);

#endif
