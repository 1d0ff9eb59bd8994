/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The filter: a request to the engine and who sends it in, a decision out. */
#ifndef SEAWALL_GATE_FILTER_H
#define SEAWALL_GATE_FILTER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/arena.h"
#include "common/policy.h"

/*
 * Theory of operation. gate_filter() is the one place that decides. It does no I/O of
 * its own: what it must know of the engine's objects (whose container, what is mounted
 * in it, which id a name has) it asks through struct gate_engine, each time anew.
 *
 * Tables under gate/filter/ name every route, every query key and every JSON key that
 * is understood. Whatever is not in them is refused by name. The request that goes on
 * is written anew from what was understood, to one API version, with ids in the place
 * of names; no byte of the caller's request line, head or JSON body is copied.
 *
 * Order of use, a request a connection:
 *   1. gate_plan() with method and target: which body may follow, and how long it is;
 *   2. for GATE_BODY_JSON read the body whole (longer than `max_bytes`: 413);
 *   3. gate_filter(); on GATE_DENY answer `status` with {"message": reason};
 *   4. make every pin of `forward`; if one fails, refuse;
 *   5. send `forward` upstream with a head made from nothing else than its fields,
 *      then stream the body (GATE_BODY_STREAM), then relay the answer as `answer` says.
 *
 * A container's configuration is judged again whenever it is started or entered, by
 * what the engine says it is: whatever changed between a check and its use (an image
 * retagged, a volume made anew by somebody else) is found then.
 */

/* What requests are rewritten to where no engine is known: what Debian 12's speaks. */
#define GATE_API_VERSION "1.41"
/*
 * All that they are rewritten to, newest first, for an array: 1.44 is what Docker 25
 * and newer speak, and the oldest of Docker 29's. What the tables allow means the same
 * in each, but for: read-only bindings are so with all below them (1.44), several
 * networks can be joined at once (1.44; each is checked), a prune of volumes leaves
 * named ones (1.42; decide_volume_prune()), KernelMemory is ignored (1.42). All else
 * that came since 1.41 is a key of its own, and refused or dropped.
 */
#define GATE_API_VERSIONS "1.44", "1.41"
/* Labels that begin so are gate's: callers can neither set nor remove them. */
#define GATE_LABEL_PREFIX "seawall."
/* The uid of who made a container, volume, network or image, as decimal digits. */
#define GATE_OWNER_LABEL "seawall.owner"
/* Where pins are; root's, mode 0700. */
#define GATE_PIN_DIR "/run/seawall/binds"

enum {
	GATE_MAX_TARGET = 16 * 1024,
	GATE_MAX_JSON_BODY = 1024 * 1024,
	GATE_MAX_AUTH = 64 * 1024, /* X-Registry-Auth, X-Registry-Config */
};

enum gate_body {
	GATE_BODY_NONE = 0, /* none may follow: Content-Length absent or 0 */
	GATE_BODY_JSON,	    /* to be read whole and given to gate_filter() */
	GATE_BODY_STREAM, /* goes on as it comes (a tar), chunked or with its length */
};

enum gate_answer {
	GATE_ANSWER_PLAIN = 0, /* relay to its end, then close */
	GATE_ANSWER_STREAM, /* the same, but it may last: no time limit, no buffering */
	/*
	 * A connection in both directions once the engine has switched: status 101, or
	 * 200 with Content-Type application/vnd.docker.raw-stream or
	 * multiplexed-stream. Send "Connection: Upgrade, close" and "Upgrade: tcp"
	 * upstream; pass no byte of the caller before the switch; any other answer is
	 * GATE_ANSWER_PLAIN.
	 */
	GATE_ANSWER_HIJACK,
};

/**
 * struct gate_plan - what may follow a request's head
 * @known:     the route exists; if not, gate_filter() says why it is refused
 * @body:      which body
 * @max_bytes: bound for GATE_BODY_JSON
 */
struct gate_plan {
	bool known;
	enum gate_body body;
	size_t max_bytes;
};

/** gate_plan() - looks at method and target alone; @target is not terminated. */
struct gate_plan gate_plan(const char *method, const char *target, size_t target_len);

/**
 * struct gate_request - a request as it was parsed; borrowed
 * @target:          of the request line, undecoded, @target_len bytes
 * @content_type:    the header's value without blanks around it; NULL: none
 * @registry_auth:   of X-Registry-Auth; NULL: none
 * @registry_config: of X-Registry-Config; NULL: none
 * @upgrade:         of Upgrade; NULL: none
 * @has_body:        a body follows: Content-Length over 0, or chunked
 * @body:            for GATE_BODY_JSON all of it, else NULL
 *
 * A header that is given twice is the parser's to refuse. All other headers of the
 * caller are dropped.
 */
struct gate_request {
	const char *method;
	const char *target;
	size_t target_len;
	const char *content_type, *registry_auth, *registry_config, *upgrade;
	bool has_body;
	const char *body;
	size_t body_len;
};

/**
 * struct gate_caller - who asks
 * @user: name (NULL: the uid has none), uid, and the names of all groups
 * @gid:  primary, of the passwd entry
 * @gids: numbers of all groups that he is in now
 * @home: of the passwd entry; NULL: none
 */
struct gate_caller {
	struct user_facts user;
	uint32_t gid;
	const uint32_t *gids;
	size_t ngids;
	const char *home;
};

/**
 * struct gate_fact - the engine's answer: HTTP status, and the body
 * @path_stat: of X-Docker-Container-Path-Stat: of archives; NULL: none
 */
struct gate_fact {
	unsigned int status;
	const char *body;
	size_t len;
	const char *path_stat;
};

/**
 * struct gate_glimpse - what an image has at a path
 * @path:   absolute; links are followed but for the last part
 * @enough: bytes of a tar of it that will do; 0: none
 * @is_volume: the image has a VOLUME there, whose content is of no interest
 * @fact:   filled in: 200, what it is, and the beginning of the tar; or 404
 */
struct gate_glimpse {
	const char *path;
	size_t enough;
	bool is_volume;
	struct gate_fact fact;
};

/**
 * struct gate_looked - of what is looked at
 * @id:       an image's
 * @platform: for which of them; NULL: there is one alone
 * @told_by:  a version of the API that tells which manifest a container is made of;
 *            NULL: there is one alone, or none does
 * @manifest: which one was looked at, filled in if @told_by says how
 */
struct gate_looked {
	const char *id, *platform, *told_by, *manifest;
};

/**
 * struct gate_engine - how the filter asks about the engine's objects
 * @get: GET @path ("/v1.41/containers/web/json") and wait for the whole answer, which
 *       lives in @arena. 0 whatever the HTTP status is; a negative errno when there is
 *       no answer, or one of over 4 MiB: the request is then refused
 * @look: fill in what the image has, by what a container of it has that never ran, that
 *       mounts nothing of the host, and that is gone when this returns; @api as in
 *       gate_context. 0, or a negative errno as above
 * @seen: whether @text, an image's id and what was looked at in it, was remembered:
 *       then it was fine. Both may be NULL
 */
struct gate_engine {
	int (*get)(void *context, const char *path, struct arena *arena,
		struct gate_fact *ret_fact, struct err *err);
	int (*look)(void *context, const char *api, struct gate_looked *image,
		struct gate_glimpse *glimpses, size_t n, struct arena *arena,
		struct err *err);
	bool (*seen)(void *context, const char *text);
	void (*remember)(void *context, const char *text);
	void *context;
};

/**
 * struct gate_pin - a host path that the engine will mount
 * @source:    canonical and below what the profile grants, but only as text
 * @granted:   that part of @source which the profile names: below it the caller must be
 *             able to get by himself, as he then could without the engine; NULL: what
 *             runs may be root's, and so he need not
 * @path:      GATE_PIN_DIR/UID/rw/NAME or .../ro/NAME, of the caller's uid and with a
 *             NAME of at most 200 bytes: what the engine is told to mount
 * @read_only: the grant is; @path must be a read-only mount, with all below it
 * @home:      when granted as $HOME: the caller's home, which must be a directory that
 *             belongs to the caller; else NULL
 *
 * Before the request goes on, @path must be a mount of @source as it is now, opened
 * with RESOLVE_NO_SYMLINKS from / and cloned: what is mounted later is what was opened,
 * whatever the caller puts in its place. A pin that is there already and is the same
 * directory stays. A @source that does not exist is refused: the engine would make it,
 * as root.
 */
struct gate_pin {
	const char *source, *granted, *path, *home;
	bool read_only;
};

/**
 * struct gate_forward - the request that goes on
 * @path:         with the query: all of the request line's target
 * @content_type: to be sent with @body or with the stream; NULL: none
 * @body_kind:    what the caller's body was; GATE_BODY_NONE also for a route that may
 *                have a stream, when this request has none
 * @body:         JSON for GATE_BODY_JSON, @body_len bytes; NULL: none goes on
 * @registry_auth, @registry_config: to be sent in these headers; NULL: leave out
 * @plain_tar:    the stream must be an uncompressed tar: gate_is_plain_tar()
 */
struct gate_forward {
	const char *method, *path;
	enum gate_body body_kind;
	enum gate_answer answer;
	const char *content_type;
	const char *body;
	size_t body_len;
	const char *registry_auth, *registry_config;
	bool plain_tar;
	struct gate_pin *pins;
	size_t npins;
};

enum gate_verdict { GATE_DENY = 0, GATE_ALLOW };

/**
 * struct gate_decision - all texts are in the arena or static; they may quote the
 * caller
 * @rule:    stable id of what decided: "allow", "route-unknown", "create-privileged",
 * ...
 * @reason:  one sentence for people: what, and where there is one, the way out
 * @status:  for GATE_DENY the HTTP status: 400, 403, 404, 413, 415, 502
 * @route:   "POST containers/{}/start", for the audit trail; NULL: no known route
 * @object:  full id of what it is about, or its name; NULL: nothing
 * @image:   of a create or a pull, as asked; NULL: none
 * @unstarted: id of a container of the caller's that was never started, and that the
 *            engine is to remove when it cannot start it (AutoRemove): of a start that
 *            is refused, also later, it must be removed, as if the engine had tried;
 * for who asked for it ("docker run --rm") waits for that. NULL: none
 * @forward: only for GATE_ALLOW
 */
struct gate_decision {
	enum gate_verdict verdict;
	const char *rule, *reason;
	unsigned int status;
	const char *route, *object, *image;
	const char *unstarted;
	struct gate_forward forward;
};

/**
 * struct gate_context - on whose behalf and by what rules
 * @profile: NULL: there is no grant, everything is refused
 * @today:   as policy_date() gives it; approvals expire
 * @api:     of GATE_API_VERSIONS what the engine speaks; NULL: GATE_API_VERSION
 * @engine:  NULL: nothing is known of the engine's objects (`gate check`): images and
 *           volumes count as not there yet, any other object is refused unless the
 *           profile has `others` (and, where its configuration matters, all else)
 */
struct gate_context {
	const struct policy *policy;
	const struct profile *profile;
	const struct gate_caller *caller;
	uint32_t today;
	const char *api;
	const struct gate_engine *engine;
};

/**
 * gate_filter() - decide about one request
 * @arena:        holds all that the decision points to; give it a bound (16 MiB do)
 * @ret_decision: always filled; GATE_DENY also when memory runs out
 */
void gate_filter(const struct gate_context *context, const struct gate_request *request,
	struct arena *arena, struct gate_decision *ret_decision);

/**
 * gate_pin_again() - a pin of an earlier boot, if the profile still grants it
 * @context: policy, profile and caller
 * @path:    that it had
 * @arena:   holds @ret_pin
 *
 * Return: false when today's policy would not make that very pin.
 */
bool gate_pin_again(const struct gate_context *context, const char *path,
	struct arena *arena, struct gate_pin *ret_pin);

enum { GATE_TAR_BLOCK = 512 };
/**
 * gate_is_plain_tar() - whether a stream that begins so is an uncompressed tar
 * @block: its first GATE_TAR_BLOCK bytes; @len: fewer, when it ends before
 *
 * Engines before 29.5.1 run the *container's* unpigz or xz on the host for compressed
 * ones (CVE-2026-41567).
 */
bool gate_is_plain_tar(const void *block, size_t len);

#endif
