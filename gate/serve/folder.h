/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The folders that private sockets are in. */
#ifndef SEAWALL_GATE_SERVE_FOLDER_H
#define SEAWALL_GATE_SERVE_FOLDER_H

#include "common/err.h"

/* Not below /run/seawall, which nobody but root can walk through where it is sealed. */
#define FOLDERS "/run/seawall-run"
/* The one file in each. */
#define FOLDER_SOCKET "docker.sock"

/*
 * Theory of operation. Whoever makes a folder holds a lock on it (flock(2)) as long as
 * it lives, so that one without belongs to a process that was killed: it is removed
 * with its socket by the next that looks. Who makes one may lose it to such a one in
 * the moment before it is locked, and makes another: there is no lock that all of them
 * wait for, as its holder could be stopped by whom it works for. Others cannot lock
 * folders: they may walk through, not open to read.
 */

/** struct folder - all zero but @lock, which is -1: none. */
struct folder {
	char path[64];
	int lock;
};

/**
 * folder_make() - a new one, that anybody can walk through and root alone change
 *
 * Removes what dead processes left. Return: 0; a negative errno: nothing is made.
 */
int folder_make(struct folder *ret_folder, struct err *err) _must_check_;
/** folder_remove() - with its socket. */
void folder_remove(struct folder *folder);
/** folder_sweep() - remove what dead processes left, if there is anything. */
void folder_sweep(void);

#endif
