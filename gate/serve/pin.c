/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Host paths held fast, so that what was checked is what the engine mounts. */
#include "gate/serve/pin.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <limits.h>
#include <signal.h>
#include <string.h>
#include <sys/file.h>
#include <sys/fsuid.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include <linux/openat2.h>

#include "gate/inputs.h"
#include "gate/parent.h"
#include "gate/serve/entries.h"
#include "gate/serve/own_dir.h"
#include "gate/serve/pin_record.h"
#include "gate/serve/wire.h"

enum {
	MAX_PINS = 256, /* of one user, read-only ones and others each */
	LOCK_MS = 5000,
};

/* glibc 2.36 has no wrapper. */
static int open_resolved(int dir, const char *path, uint64_t flags, uint64_t resolve)
{
	struct open_how how = {.flags = flags | O_CLOEXEC, .resolve = resolve};
	int fd = (int)syscall(SYS_openat2, dir, path, &how, sizeof(how));

	return fd < 0 ? -errno : fd;
}

/* What the kernel knows itself: who serves a file system of FUSE's might never answer.
 */
static bool look_at(int fd, unsigned int mask, struct statx *ret_stx)
{
	return statx(fd, "", AT_EMPTY_PATH | AT_STATX_DONT_SYNC, mask, ret_stx) == 0;
}

static bool is_mount(int fd)
{
	struct statx stx;

	return look_at(fd, 0, &stx) &&
	       (stx.stx_attributes & STATX_ATTR_MOUNT_ROOT) != 0;
}

/* flock(2), which waits for ever or not at all; @kind: LOCK_EX or LOCK_SH. */
static int lock_soon(int fd, int kind, const char *what, struct err *err)
{
	int64_t deadline = wire_now() + LOCK_MS;

	while (flock(fd, kind | LOCK_NB) < 0) {
		if (errno != EWOULDBLOCK && errno != EINTR)
			return err_errno(err, -errno, "lock '%s'", what);
		if (wire_now() >= deadline)
			return err_set(err, -EBUSY,
				"another process of gate keeps '%s' locked: does a "
				"file system that is mounted there hang?",
				what);
		(void)usleep(10 * 1000);
	}
	return 0;
}

/* -ENOENT: it is not there yet, or no mount. */
static int open_mounted(int parent, struct err *err)
{
	_cleanup_(cleanup_close) int fd = own_dir_open(parent, "binds", err);

	if (fd < 0)
		return fd;
	return is_mount(fd) ? TAKE_FD(fd)
			    : err_set(err, -ENOENT, "'%s' is no mount", GATE_PIN_DIR);
}

/*
 * The folder of all pins, a mount of its own. Who finds it mounted shares the lock: its
 * holder may be stopped at any time, by whom it works for, when that is "gate run".
 */
static int open_pins(struct err *err)
{
	_cleanup_(cleanup_close) int parent =
		own_dir_open(AT_FDCWD, "/run/seawall", err);
	if (parent < 0)
		return parent;
	int rc = lock_soon(parent, LOCK_SH, "/run/seawall", err);
	if (rc < 0)
		return rc;
	int fd = open_mounted(parent, err);
	if (fd != -ENOENT)
		return fd;
	rc = lock_soon(parent, LOCK_EX, "/run/seawall", err);
	if (rc < 0)
		return rc;
	fd = open_mounted(parent, err);
	if (fd != -ENOENT)
		return fd;
	if (mount(GATE_PIN_DIR, GATE_PIN_DIR, NULL, MS_BIND, NULL) < 0 ||
		mount(NULL, GATE_PIN_DIR, NULL, MS_PRIVATE, NULL) < 0 ||
		mount(NULL, GATE_PIN_DIR, NULL, MS_UNBINDABLE, NULL) < 0)
		return err_errno(err, -errno, "mount '%s'", GATE_PIN_DIR);
	return open_mounted(parent, err);
}

/* A user's, locked as long as it is open, against other processes that serve him. */
static int open_own(uint32_t uid, struct err *err)
{
	char number[16];

	(void)snprintf(number, sizeof(number), "%u", uid);
	_cleanup_(cleanup_close) int pins = open_pins(err);
	if (pins < 0)
		return pins;
	_cleanup_(cleanup_close) int own = own_dir_open(pins, number, err);
	if (own < 0)
		return own;
	int rc = lock_soon(own, LOCK_EX, number, err);
	return rc < 0 ? rc : TAKE_FD(own);
}

enum { NO_LINKS = RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS };

/* What of @path is below @base; "." for itself. */
static int rest_of(
	const char *path, const char *base, const char **ret_rest, struct err *err)
{
	size_t len = strlen(base);

	if (strncmp(path, base, len) != 0 ||
		(len > 1 && path[len] != '/' && path[len] != '\0'))
		return err_set(err, -EINVAL, "'%s' is not below '%s'", path, base);
	path += len;
	path += strspn(path, "/");
	*ret_rest = *path ? path : ".";
	return 0;
}

/* What policy names, as root sees it; below the caller's own home if it is in one. */
static int open_granted(
	const struct gate_pin *pin, const char *path, uint32_t uid, struct err *err)
{
	_cleanup_(cleanup_close) int home = -1;
	const char *rest;
	struct stat st;

	if (!pin->home)
		return open_resolved(AT_FDCWD, path, O_PATH, NO_LINKS);
	home = open_resolved(AT_FDCWD, pin->home, O_PATH | O_DIRECTORY, NO_LINKS);
	if (home < 0)
		return err_errno(err, home, "open home '%s'", pin->home);
	if (fstat(home, &st) < 0 || st.st_uid != uid)
		return err_set(err, -EPERM, "home '%s' is not the caller's", pin->home);
	int rc = rest_of(path, pin->home, &rest, err);
	return rc < 0 ? rc
		      : open_resolved(home, rest, O_PATH, NO_LINKS | RESOLVE_BENEATH);
}

/* Of the calling thread alone; they tell nothing of their success but when asked. */
static bool take_on_fs_ids(uint32_t uid, uint32_t gid)
{
	(void)setfsgid(gid);
	(void)setfsuid(uid);
	return (uint32_t)setfsuid(UINT32_MAX) == uid &&
	       (uint32_t)setfsgid(UINT32_MAX) == gid;
}

/*
 * As @caller, whom a folder on the way may keep out. The kernel takes root's power over
 * files away with the fsuid and gives it back with it; parent_die_with() it undoes. A
 * process that kept any of the caller's ids would do what follows as nobody meant it
 * to: it ends here.
 */
static int open_as(
	const struct gate_caller *caller, int dir, const char *path, struct err *err)
{
	pid_t parent = getppid();
	int last = 0, fd = -EPERM;

	if (prctl(PR_GET_PDEATHSIG, &last, 0, 0, 0) < 0 ||
		setgroups(caller->ngids, caller->gids) < 0)
		return err_errno(err, -errno, "take on the caller's groups");
	if (take_on_fs_ids(caller->user.uid, caller->gid))
		fd = open_resolved(dir, path, O_PATH, NO_LINKS | RESOLVE_BENEATH);
	if (!take_on_fs_ids(geteuid(), getegid()) || setgroups(0, NULL) < 0 ||
		(last != 0 && parent_die_with(parent) < 0))
		(void)raise(SIGKILL);
	return fd;
}

static int open_below(
	const struct gate_pin *pin, const struct gate_caller *caller, struct err *err)
{
	const char *rest;

	if (!pin->granted)
		return open_granted(pin, pin->source, caller->user.uid, err);
	int rc = rest_of(pin->source, pin->granted, &rest, err);
	if (rc < 0)
		return rc;
	_cleanup_(cleanup_close) int granted =
		open_granted(pin, pin->granted, caller->user.uid, err);
	if (granted < 0 || strcmp(rest, ".") == 0)
		return TAKE_FD(granted);
	return open_as(caller, granted, rest, err);
}

static int open_source(
	const struct gate_pin *pin, const struct gate_caller *caller, struct err *err)
{
	if (pin->source[0] != '/')
		return err_set(err, -EINVAL, "'%s' is not absolute", pin->source);
	int fd = open_below(pin, caller, err);
	if (fd >= 0 || (err && err->code))
		return fd;
	if (fd == -ELOOP)
		return err_set(err, fd,
			"bind of '%s': there is a symbolic link in it: name what it "
			"points to",
			pin->source);
	if (fd == -ENOENT)
		return err_set(err, fd,
			"bind of '%s': there is no such file or directory: make it "
			"first",
			pin->source);
	if (fd == -EACCES)
		return err_set(err, fd,
			"bind of '%s': a folder above it does not let you through",
			pin->source);
	return err_errno(err, fd, "bind of '%s'", pin->source);
}

/* GATE_PIN_DIR/UID/rw/NAME or .../ro/NAME, and nothing else. */
static const char *pin_name(const struct gate_pin *pin, uint32_t uid)
{
	char prefix[sizeof(GATE_PIN_DIR) + 32];
	int n = snprintf(prefix, sizeof(prefix), "%s/%u/%s/", GATE_PIN_DIR, uid,
		pin->read_only ? "ro" : "rw");
	const char *name = pin->path + n;

	if (strncmp(pin->path, prefix, (size_t)n) != 0 || !*name || *name == '.' ||
		strchr(name, '/') || strlen(name) > 200)
		return NULL;
	return name;
}

static bool is_same(int a, int b)
{
	struct statx xa, xb;

	return look_at(a, STATX_INO, &xa) && look_at(b, STATX_INO, &xb) &&
	       xa.stx_ino == xb.stx_ino && xa.stx_dev_major == xb.stx_dev_major &&
	       xa.stx_dev_minor == xb.stx_dev_minor;
}

/* Nothing is mounted at @name afterwards, and it is of the same kind as the source. */
static int make_place(int dir, const char *name, const struct gate_pin *pin,
	bool is_dir, struct err *err)
{
	struct stat st;

	while (umount2(pin->path, MNT_DETACH | UMOUNT_NOFOLLOW) == 0)
		; /* one that covers another */
	if (errno != EINVAL && errno != ENOENT)
		return err_errno(err, -errno, "unmount '%s'", pin->path);
	if (fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) == 0) {
		if (S_ISDIR(st.st_mode) == is_dir)
			return 0;
		if (unlinkat(dir, name, is_dir ? 0 : AT_REMOVEDIR) < 0)
			return err_errno(err, -errno, "remove '%s'", pin->path);
	}
	if (is_dir)
		return mkdirat(dir, name, 0700) < 0
			       ? err_errno(err, -errno, "make '%s'", pin->path)
			       : 0;
	int fd = openat(
		dir, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0)
		return err_errno(err, -errno, "make '%s'", pin->path);
	(void)close(fd);
	return 0;
}

/* What is mounted at @fd, and below it, for good. */
static int limit(int fd, const struct gate_pin *pin, struct err *err)
{
	struct mount_attr attr = {.propagation = MS_PRIVATE};

	if (pin->read_only)
		attr.attr_set |= MOUNT_ATTR_RDONLY;
	if (pin->home)
		attr.attr_set |= MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV;
	if (mount_setattr(fd, "", AT_EMPTY_PATH | AT_RECURSIVE, &attr, sizeof(attr)) <
		0)
		return err_errno(err, -errno, "limit the mount of '%s'", pin->source);
	return 0;
}

static int attach(int source, int dir, const char *name, const struct gate_pin *pin,
	struct err *err)
{
	_cleanup_(cleanup_close) int tree = open_tree(source, "",
		AT_EMPTY_PATH | AT_RECURSIVE | OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);

	if (tree < 0)
		return err_errno(err, -errno, "clone the mount of '%s'", pin->source);
	int rc = limit(tree, pin, err);
	if (rc < 0)
		return rc;
	if (move_mount(tree, "", dir, name, MOVE_MOUNT_F_EMPTY_PATH) < 0)
		return err_errno(err, -errno, "attach '%s'", pin->path);
	return 0;
}

/* Whether what is pinned at @name was removed meanwhile; then the pin goes, too. */
static bool drop_if_removed(int dir, const char *name, const char *folder)
{
	char path[PATH_MAX];
	struct statx stx;
	_cleanup_(cleanup_close) int fd =
		openat(dir, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);

	if (fd < 0 || !look_at(fd, STATX_TYPE | STATX_NLINK, &stx) ||
		(is_mount(fd) && stx.stx_nlink > 0))
		return false;
	int n = snprintf(path, sizeof(path), "%s/%s", folder, name);
	if (n < 0 || (size_t)n >= sizeof(path))
		return false;
	while (umount2(path, MNT_DETACH | UMOUNT_NOFOLLOW) == 0)
		;
	return unlinkat(dir, name, S_ISDIR(stx.stx_mode) ? AT_REMOVEDIR : 0) == 0;
}

/* Mounts are finite, and one user's pins must not use them up. */
static int make_room(
	int dir, const char *name, const struct gate_pin *pin, struct err *err)
{
	char folder[PATH_MAX];
	size_t count = 0;
	_cleanup_(cleanup_closedir) DIR *entries = entries_open(dir);
	const char *other;

	if (!entries)
		return err_errno(err, -errno, "read the directory of '%s'", pin->path);
	(void)snprintf(folder, sizeof(folder), "%.*s",
		(int)(strlen(pin->path) - strlen(name) - 1), pin->path);
	while (entries_next(entries))
		count++;
	rewinddir(entries);
	while (count >= MAX_PINS && (other = entries_next(entries)))
		count -= drop_if_removed(dir, other, folder);
	if (count >= MAX_PINS)
		return err_set(err, -EDQUOT,
			"bind of '%s': %d other paths are mounted already: see LIMITS "
			"in gate(8)",
			pin->source, MAX_PINS);
	return 0;
}

/* Without the note the pin is as good, until the next boot. */
static void note_for_next_boot(
	const struct gate_pin *pin, uint32_t uid, const char *name, int dir)
{
	struct err err = {0};

	if (pin_record(uid, pin->read_only, name, dir, MAX_PINS, &err) == 0)
		return;
	(void)err_wrap(&err, "'%s' will not be made again at the next boot", pin->path);
	gate_say(err.text);
}

static int put_in_place(int source, int dir, const char *name,
	const struct gate_pin *pin, bool is_dir, struct err *err)
{
	int rc = make_place(dir, name, pin, is_dir, err);

	if (rc < 0)
		return rc;
	rc = attach(source, dir, name, pin, err);
	/* A place without a mount would count, and be mounted by whom it is told. */
	if (rc < 0)
		(void)unlinkat(dir, name, is_dir ? AT_REMOVEDIR : 0);
	return rc;
}

int pin_make(
	const struct gate_pin *pin, const struct gate_caller *caller, struct err *err)
{
	uint32_t uid = caller->user.uid;
	const char *name = pin_name(pin, uid);
	struct stat st;
	int rc = 0;

	if (!name)
		return err_set(err, -EINVAL, "'%s' is no place for a pin", pin->path);
	_cleanup_(cleanup_close) int source = open_source(pin, caller, err);
	if (source < 0)
		return source;
	if (fstat(source, &st) < 0)
		return err_errno(err, -errno, "look at '%s'", pin->source);
	_cleanup_(cleanup_close) int own = open_own(uid, err);
	if (own < 0)
		return own;
	_cleanup_(cleanup_close) int dir =
		own_dir_open(own, pin->read_only ? "ro" : "rw", err);
	if (dir < 0)
		return dir;
	_cleanup_(cleanup_close) int old =
		openat(dir, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	if (old < 0)
		rc = make_room(dir, name, pin, err);
	if (rc == 0 && (old < 0 || !is_mount(old) || !is_same(old, source)))
		rc = put_in_place(source, dir, name, pin, S_ISDIR(st.st_mode), err);
	else if (rc == 0)
		/* Another profile of his may have made it, as no path of a home. */
		rc = limit(old, pin, err);
	/* Whoever made it may have failed to note it. */
	if (rc == 0)
		note_for_next_boot(pin, uid, name, dir);
	return rc;
}
