/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Labels that callers set. */
#include "gate/filter/labels.h"

#include <errno.h>
#include <string.h>

#include "gate/filter/objects.h"

/*
 * Programs that hold the engine's socket and act on labels of any container: what a
 * label asks of them, its setter gets. Not complete, nor can it be: README says so.
 */
static const char *const deputies[] = {
	"traefik.", /* publishes the container, past every approval */
	"caddy",
	"ofelia.", /* runs commands, in containers with any mount */
	"com.centurylinklabs.watchtower.",
	"docker-volume-backup.",
	"io.podman.",
	"com.docker.swarm.",
};

static int check_deputies(
	struct work *work, const struct field *field, const struct json_node *label)
{
	for (size_t i = 0; i < ARRAY_LEN(deputies); i++) {
		if (strncmp(label->key, deputies[i], strlen(deputies[i])) == 0 &&
			!has_power(work, POWER_PRIVILEGED))
			return field_refuse(work, field, NULL,
				"the label '%s' gives orders to a program that holds "
				"the engine's socket: it needs \"privileged\"",
				shown(work, label->key));
	}
	return 0;
}

static int check_label(
	struct work *work, const struct field *field, const struct json_node *label)
{
	if (strncmp(label->key, GATE_LABEL_PREFIX, strlen(GATE_LABEL_PREFIX)) == 0)
		return field_refuse(work, field, label,
			"labels that begin with '" GATE_LABEL_PREFIX
			"' are gate's own");
	return check_deputies(work, field, label);
}

int check_labels(struct work *work, const struct field *field,
	const struct json_node *value, struct jsonw *out)
{
	(void)out;
	for (size_t i = 0; i < value->count; i++) {
		if (check_label(work, field, &value->children[i]) < 0)
			return -EACCES;
	}
	return 0;
}

/* Gate's own among them are overwritten, or mean nothing on a container. */
int check_image_labels(
	struct work *work, const struct field *field, const struct json_node *labels)
{
	for (size_t i = 0; labels && i < labels->count; i++) {
		if (check_deputies(work, field, &labels->children[i]) < 0)
			return -EACCES;
	}
	return 0;
}

int write_labels(struct work *work, const struct field *field,
	const struct json_node *labels, struct jsonw *out)
{
	if (!labels)
		return 0;
	if (check_labels(work, field, labels, out) < 0)
		return -EACCES;
	for (size_t i = 0; i < labels->count; i++)
		jsonw_member_string(
			out, labels->children[i].key, labels->children[i].string);
	return 0;
}

int force_labels(struct work *work, const struct field *field,
	const struct json_node *value, struct jsonw *out)
{
	jsonw_member_object(out, field->key);
	int rc = write_labels(work, field, value, out);
	write_owner(work, out);
	jsonw_object_end(out);
	return rc;
}
