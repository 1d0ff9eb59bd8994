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

static int check_label(
	struct work *work, const struct field *field, const struct json_node *label)
{
	const char *key = label->key;

	if (strncmp(key, GATE_LABEL_PREFIX, strlen(GATE_LABEL_PREFIX)) == 0)
		return field_refuse(work, field, label,
			"labels that begin with '" GATE_LABEL_PREFIX
			"' are gate's own");
	for (size_t i = 0; i < ARRAY_LEN(deputies); i++) {
		if (strncmp(key, deputies[i], strlen(deputies[i])) == 0 &&
			!has_power(work, POWER_PRIVILEGED))
			return field_refuse(work, field, label,
				"it gives orders to a program that holds the engine's "
				"socket: it needs \"privileged\"");
	}
	return 0;
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
