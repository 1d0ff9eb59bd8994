/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A line on a terminal that says what takes so long. */
#ifndef SEAWALL_NETMON_PROGRESS_H
#define SEAWALL_NETMON_PROGRESS_H

/*
 * Only when standard error is a terminal, and only once a second has passed: shorter
 * runs and scripts never see it. A thread shows it, so that the work need not call in.
 */

/** progress_start() - @what is a constant text: "reading this host". */
void progress_start(const char *what);
/** progress_phase() - what is being done now; a constant text. */
void progress_phase(const char *what);
/** progress_stop() - wipe the line; before anything else is written there. */
void progress_stop(void);

#endif
