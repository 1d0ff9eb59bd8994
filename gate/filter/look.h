/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What an image has where the engine and runc mount and read as root. */
#ifndef SEAWALL_GATE_FILTER_LOOK_H
#define SEAWALL_GATE_FILTER_LOOK_H

#include "gate/filter/work.h"

/*
 * Theory of operation. Mistakes of older runcs let an image decide over the host:
 *
 * - Before 1.3.0 it looks for the numbers of a process' groups among the names in the
 *   container's /etc/group first, and the engine tells it at least that of the caller's
 *   primary one: a line "1000:x:0:" gives the caller's processes root's group, at the
 *   start and at every exec.
 * - Before 1.1.14 it makes the places of mounts where links of the image lead
 *   (CVE-2024-45310), and every one mounts there: on /etc/group, or where the caller
 *   can put a link of his own.
 * - Before 1.3.3 it takes what is at /dev/null for its own (CVE-2025-31133), and opens
 *   it as root for the process: where a link leads a mount to /dev, that is the
 *   caller's.
 *
 * So with such a runc a container is made only of an image in which /, /etc and
 * /etc/group are root's to change alone, no group is called by a number, and no link is
 * on the way to a mount. It stays so: all that runs in it is the caller, without
 * capabilities; copies into it are refused (judge_archive()), as are mounts on the
 * groups (nesting.h). He may start it again, though, when he has put links in the way:
 * so nothing on the way to a mount is his to change either, unless its root is
 * read-only. What was looked at says a label, LOOKED_LABEL; a container without it is
 * looked at when it is started or entered.
 *
 * What is looked at is what a container of gate's own has, see gate_engine.look: nobody
 * can change it, and nothing of the host is mounted in it.
 */

/*
 * On containers, about their image and the mounts that they have. Said on all that gate
 * makes: the image may bring the label.
 */
#define LOOKED_LABEL   GATE_LABEL_PREFIX "looked"
#define LOOKED_NOWHERE ""
#define LOOKED_GROUPS  "groups" /* and at links */
#define LOOKED_LINKS   "links"	/* alone: for one who may be anybody */

/** look_label() - what the label says; @is_due: there will be a look, or none */
static inline const char *look_label(const struct work *work, bool is_due)
{
	if (!is_due)
		return LOOKED_NOWHERE;
	return has_power(work, POWER_RUN_AS) ? LOOKED_LINKS : LOOKED_GROUPS;
}

/**
 * struct look - what there is to look at
 * @runs:     the manifest that the container was made of; NULL: not told, or none yet
 * @is_fixed: the container's root file system is read-only
 */
struct look {
	struct work *work;
	struct sight *sights;
	size_t n;
	const char *runs;
	bool groups; /* at what says which groups processes have, too */
	bool is_fixed;
	bool failed; /* memory ran out, or there is too much */
	bool odd;    /* a place that is no plain path */
};

/* Where the engine has runc mount what --init asks for. */
#define DOCKER_INIT "/sbin/docker-init"

/** look_is_empty() - there is nothing to look at. */
static inline bool look_is_empty(const struct look *look)
{
	return look->n == 0 && !look->failed && !look->odd;
}

/**
 * look_is_due() - whether the release of runc and the profile ask for it
 *
 * Without an engine nothing is known of images: *ret_due is false.
 */
int look_is_due(struct work *work, bool *ret_due) _must_check_;

/**
 * look_at_place() - of a mount: what is on the way there must be no link
 * @is_volume: the image says so
 */
void look_at_place(struct look *look, const char *path, bool is_volume);

/**
 * look_at_working_dir() - what is on the way there must be no link, and root's
 * @path: "" and "/": none
 *
 * At each start the engine makes it by its path, whatever its release, then gives it
 * its owner and mode, and follows what was put in its place between.
 */
void look_at_working_dir(struct look *look, const char *path);

/**
 * look_image() - what is looked at of an image, and has to be run
 * @id:    "sha256:..."
 * @image: as the engine tells of it
 *
 * Mostly an id stands for one file system for good. In containerd's store it stands for
 * all that one index names, of which some may come later, also for the same platform:
 * the engine takes the first that is there.
 */
int look_image(struct work *work, const char *id, const struct json_node *image,
	struct gate_looked *ret_image) _must_check_;

/**
 * look_runs() - fill in @look->runs, which manifest the container was made of
 * @image: with its @told_by; becomes that for the manifest's platform
 */
int look_runs(struct look *look, const struct json_node *container,
	struct gate_looked *image) _must_check_;

/**
 * look_into() - refuse the request unless the image is as it must be
 * @image: of look_image()
 *
 * Return: 0 or -EACCES.
 */
int look_into(struct look *look, struct gate_looked *image) _must_check_;

#endif
