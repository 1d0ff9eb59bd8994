/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The engine's objects: which one a name means, and whose it is. */
#ifndef SEAWALL_GATE_FILTER_OBJECTS_H
#define SEAWALL_GATE_FILTER_OBJECTS_H

#include "gate/filter/names.h"
#include "gate/filter/work.h"

/*
 * Theory of operation. A container is its maker's when its label `seawall.owner` says
 * so *and* `seawall.image` is the id of its image. An image's labels become its
 * containers' labels, also of those that root makes past gate; but an image cannot hold
 * its own id, which is a hash over its labels. So the pair was set at the creation of
 * the container, and callers cannot set it.
 */

/* The id of the image, on every container that gate made. */
#define IMAGE_LABEL GATE_LABEL_PREFIX "image"
/* The uid of who built an image; unlike GATE_OWNER_LABEL never on a container. */
#define BUILDER_LABEL GATE_LABEL_PREFIX "built-by"

/* The one option of networks that callers may set. */
#define NETWORK_MTU "com.docker.network.driver.mtu"

enum existence {
	OBJECT_ABSENT = 0,
	OBJECT_PRESENT,
	OBJECT_UNSEEN, /* there is no engine to ask */
};

/**
 * struct object - what a name means
 * @id:   to be sent on instead of the name: full id; a volume's name; for an unseen one
 *        the name
 * @mine: the caller made it
 * @root: what the engine says of it; NULL unless it is present
 * @labels: an object; NULL: it has none
 */
struct object {
	enum existence existence;
	const char *id;
	bool mine;
	const struct json_node *root, *labels;
};

/*
 * Look an object up; 0 whether it is there or not, or -EACCES: then it is unseen. One
 * whose labels are no object of JSON is refused: whose it is cannot be told.
 */
int object_container(struct work *work, const char *name, struct object *ret_object)
	_must_check_;
int object_image(struct work *work, const char *name, struct object *ret_object)
	_must_check_;
int object_volume(struct work *work, const char *name, struct object *ret_object)
	_must_check_;
int object_network(struct work *work, const char *name, struct object *ret_object)
	_must_check_;

/**
 * container_own() - object_container(), refused unless it is there and the caller's
 *
 * With the profile's `others` it may be anybody's, or unseen.
 */
int container_own(struct work *work, const char *name, struct object *ret_object)
	_must_check_;
/** volume_usable() - not another user's, of driver local, and without options. */
int volume_usable(struct work *work, const struct object *volume) _must_check_;
/** volume_is_anonymous() - the engine made it for one container's mount, and it is no
 * user's. */
bool volume_is_anonymous(const struct object *volume);

/**
 * network_usable() - whether containers may join the network
 * @ret_id: what is to be sent on
 *
 * Those that the profile names and no user made; and such as callers can make: the
 * caller's own, with `others` any user's.
 */
int network_usable(struct work *work, const char *name, const char **ret_id)
	_must_check_;

/**
 * image_usable() - whether containers may be made of @text, a reference or an id
 * @ret_id:   its id; NULL: unseen
 * @ret_text: what is to be sent on: @text when it is a name of the image, else the id
 *
 * 404 when it is not there. An image that another user built needs `others`.
 */
int image_usable(struct work *work, const char *text, const char **ret_id,
	const char **ret_text) _must_check_;
/**
 * image_shown() - the caller may see what is in it, and not its names alone
 *
 * What the profile grants the use of, and what he built himself. `others` is all.
 */
bool image_shown(struct work *work, const struct object *image);
/**
 * image_alone() - how to write @text so that it means @image and no other
 *
 * A save takes a repository's name without a tag for all that it has. With `others` it
 * stays so. NULL: out of memory, and refused.
 */
const char *image_alone(
	struct work *work, const char *text, const struct object *image);
/** image_was_built() - through gate, by whomever. */
bool image_was_built(const struct object *image);
/** image_was_pulled() - it has a digest in the repository of @name. */
bool image_was_pulled(
	struct work *work, const struct object *image, const struct reference *name);
/**
 * registry_granted() - whether the profile's `images` are about any of a registry
 * @host: of it: "docker.io", "registry.example.org:5000"
 */
bool registry_granted(struct work *work, const char *host);
/** image_granted() - whether the profile's `images` has the name; not asking anybody.
 */
bool image_granted(struct work *work, const struct reference *reference);
/** image_text_granted() - the same of @text, which may also be an id: only "*" grants
 * that. */
bool image_text_granted(struct work *work, const char *text);
/** image_refuse() - refuse() what image_granted() does not grant. */
int image_refuse(struct work *work, const char *text);

/** write_owner() - the member GATE_OWNER_LABEL into an open object of labels. */
void write_owner(struct work *work, struct jsonw *out);
/** owner_filter() - "seawall.owner=1000" */
const char *owner_filter(struct work *work);

#endif
