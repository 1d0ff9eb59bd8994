/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which host paths the profile lets the caller mount. */
#include "gate/filter/binds.h"

#include <errno.h>
#include <string.h>

#include "gate/filter/names.h"

enum { MAX_NAME = 200 }; /* a pin is one name: less than NAME_MAX */

/* Where a grant begins; NULL when it means nothing for this caller. */
static const char *grant_base(struct work *work, const struct policy_bind *bind)
{
	const char *home = work->caller->home;

	if (!bind->in_home)
		return bind->path;
	/* "/" is the home of some system users: that would grant everything. */
	if (!home || strcmp(home, "/") == 0 || !is_plain_path(home))
		return NULL;
	return arena_printf(work->arena, "%s%s", home, bind->path);
}

struct granted {
	const struct policy_bind *bind;
	size_t len;
	const char *base;
};

/* The longest grant that covers @source; of two alike the one that is read-only. */
static struct granted find_grant(struct work *work, const char *source)
{
	const struct profile *profile = work->profile;
	struct granted best = {0};

	for (size_t i = 0; i < profile->nbinds; i++) {
		const struct policy_bind *bind = &profile->binds[i];
		const char *base = grant_base(work, bind);
		size_t len = base ? strlen(base) : 0;

		if (!base || !path_below(source, base))
			continue;
		if (!best.bind || len > best.len ||
			(len == best.len && bind->read_only))
			best = (struct granted){.bind = bind, .len = len, .base = base};
	}
	return best;
}

/* A read-only grant below what is to be mounted writable. */
static const char *find_read_only_below(struct work *work, const char *source)
{
	const struct profile *profile = work->profile;

	for (size_t i = 0; i < profile->nbinds; i++) {
		const struct policy_bind *bind = &profile->binds[i];
		const char *base = grant_base(work, bind);

		if (base && bind->read_only && path_below(base, source))
			return base;
	}
	return NULL;
}

static bool grants_all(const struct granted *granted)
{
	return granted->bind && !granted->bind->read_only &&
	       strcmp(granted->base, "/") == 0;
}

static int check_grant(struct work *work, const char *rule, const char *source,
	bool read_only, struct granted *ret_granted)
{
	*ret_granted = find_grant(work, source);
	if (!ret_granted->bind)
		return refuse(work, 403, rule,
			"the host path '%s' is not below the profile's \"binds\"",
			shown(work, source));
	if (ret_granted->bind->read_only && !read_only)
		return refuse(work, 403, rule,
			"the host path '%s' is granted read-only: mount it with ':ro'",
			shown(work, source));
	const char *below = read_only ? NULL : find_read_only_below(work, source);
	if (below)
		return refuse(work, 403, rule,
			"below the host path '%s' is '%s', which is granted read-only",
			shown(work, source), shown(work, below));
	return 0;
}

int bind_source(struct work *work, const char *rule, const char *source, bool read_only,
	const char **ret_path)
{
	struct granted granted;

	if (!is_plain_path(source))
		return refuse(work, 403, rule,
			"the host path '%s' must be absolute, without '..', '.', '//', "
			"':' or a '/' at its end",
			shown(work, source));
	if (path_below(source, GATE_PIN_DIR))
		return refuse(
			work, 403, rule, "'%s' is gate's own", shown(work, source));
	if (check_grant(work, rule, source, read_only, &granted) < 0)
		return -EACCES;
	*ret_path = source;
	if (grants_all(&granted))
		return 0;
	if (strlen(source) > MAX_NAME)
		return refuse(work, 403, rule,
			"the host path '%s' is longer than %d bytes",
			shown(work, source), MAX_NAME);
	*ret_path = work_pin(work,
		&(struct gate_pin){.source = source,
			.granted = has_power(work, POWER_RUN_AS) ? NULL : granted.base,
			.home = granted.bind->in_home ? work->caller->home : NULL,
			.read_only = granted.bind->read_only});
	return *ret_path ? 0 : -EACCES;
}

/* "UID/rw/:home:alice" below the pins' directory: the source, or NULL. */
static const char *pin_source(
	struct work *work, const char *path, const char **ret_uid, bool *ret_read_only)
{
	static const char dir[] = GATE_PIN_DIR "/";
	char *uid, *mode, *name;

	if (strncmp(path, dir, sizeof(dir) - 1) != 0)
		return NULL;
	uid = arena_strdup(work->arena, path + sizeof(dir) - 1);
	mode = uid ? strchr(uid, '/') : NULL;
	name = mode ? strchr(mode + 1, '/') : NULL;
	if (!name || name[1] != ':' || strchr(name + 1, '/'))
		return NULL;
	*mode++ = *name++ = '\0';
	if (strcmp(mode, "ro") != 0 && strcmp(mode, "rw") != 0)
		return NULL;
	for (char *p = name; *p; p++)
		*p = *p == ':' ? '/' : *p;
	*ret_uid = uid;
	*ret_read_only = strcmp(mode, "ro") == 0;
	return is_plain_path(name) ? name : NULL;
}

/* A pin that was right when the container was made, for who may do anything. */
static int pin_again(
	struct work *work, const char *path, const char *source, bool read_only)
{
	struct gate_forward *forward = &work->decision->forward;
	struct gate_pin *pin = arena_push(
		work->arena, &forward->pins, &forward->npins, sizeof(*forward->pins));
	const char *copy = arena_strdup(work->arena, path);

	if (!pin || !copy)
		return refuse_memory(work);
	*pin = (struct gate_pin){
		.source = source, .path = copy, .read_only = read_only};
	return 0;
}

bool gate_pin_again(const struct gate_context *context, const char *path,
	struct arena *arena, struct gate_pin *ret_pin)
{
	struct gate_decision decision = {0};
	struct work work = {.context = context,
		.profile = context->profile,
		.caller = context->caller,
		.arena = arena,
		.decision = &decision};
	const char *uid = NULL, *again = NULL;
	bool read_only = false;
	const char *source = pin_source(&work, path, &uid, &read_only);

	if (!source || bind_source(&work, "restore", source, read_only, &again) < 0 ||
		strcmp(again, path) != 0)
		return false;
	*ret_pin = decision.forward.pins[0];
	return true;
}

int bind_existing(struct work *work, const char *source, bool read_only)
{
	static const char rule[] = "container-binds";
	const char *uid = NULL, *own, *path;
	bool pin_read_only = false;
	const char *original = pin_source(work, source, &uid, &pin_read_only);
	struct granted granted;

	own = arena_printf(work->arena, "%u", work->caller->user.uid);
	if (!own)
		return refuse_memory(work);
	/* Pins of another user are not his to make again: they are there or not. */
	if (is_unlimited(work))
		return original && strcmp(own, uid) == 0
			       ? pin_again(work, source, original, pin_read_only)
			       : 0;
	if (!original) {
		granted = find_grant(work, source);
		if (is_plain_path(source) && grants_all(&granted))
			return check_grant(work, rule, source, read_only, &granted);
		return refuse(work, 403, rule,
			"the container mounts the host path '%s', which gate did not "
			"resolve: make the container anew",
			shown(work, source));
	}
	if (strcmp(own, uid) != 0)
		return refuse(work, 403, rule,
			"the container mounts the host path '%s' for another user",
			shown(work, original));
	if (bind_source(work, rule, original, read_only || pin_read_only, &path) < 0)
		return -EACCES;
	if (strcmp(path, original) == 0) /* now all of the host is granted */
		return pin_again(work, source, original, pin_read_only);
	/* The profile has changed since: what is mounted writable may be no more. */
	if (strcmp(path, source) != 0)
		return refuse(work, 403, rule,
			"the host path '%s' is granted otherwise than when the "
			"container was made: make it anew",
			shown(work, original));
	return 0;
}
