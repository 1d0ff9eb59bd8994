/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Answers of an engine, honest or not: the first byte chooses which one it is. */
#include <assert.h>
#include <stdint.h>
#include <string.h>

#include "netmon/collect/engine_parse.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(const struct facts *facts)
{
	for (size_t i = 0; i < facts->ncontainers; i++) {
		const struct container *c = &facts->containers[i];

		assert(c->id && strlen(c->id) > 0);
		assert(c->pid >= 0);
		for (size_t k = 0; k < c->nports; k++)
			assert(c->ports[k].container_port && c->ports[k].proto);
	}
	for (size_t i = 0; i < facts->nnetworks; i++) {
		const struct network *n = &facts->networks[i];

		assert(n->name);
		for (size_t k = 0; k < n->nsubnets; k++)
			assert(n->subnets[k].len <= addr_bits(n->subnets[k].family));
	}
}

/* An inspect is read into the container whose Id it says, as the engine's list has it.
 */
static int inspect(struct facts *facts, const char *text, size_t len)
{
	static const char list[] = "[{\"Id\":\"c1\",\"Ports\":[{\"PrivatePort\":80,"
				   "\"PublicPort\":8080,\"Type\":\"tcp\"}]}]";

	if (engine_parse_containers(facts, "s", list, sizeof(list) - 1, NULL) < 0)
		return -1;
	return engine_parse_inspect(facts, &facts->containers[0], text, len, NULL);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct facts *facts = size ? facts_new() : NULL;
	struct engine engine = {.socket = "s"};
	const char *text = (const char *)data + 1;
	int r = 0;

	if (!facts)
		return 0;
	size--;
	switch (data[0]) {
	case 'c':
		r = engine_parse_containers(facts, "s", text, size, NULL);
		break;
	case 'e':
		r = engine_parse_endpoints(facts, "s", text, size, NULL);
		break;
	case 'i':
		r = inspect(facts, text, size);
		break;
	case 'l':
		r = engine_parse_libpod_networks(facts, "s", text, size, NULL);
		break;
	case 'n':
		r = engine_parse_networks(facts, "s", text, size, NULL);
		break;
	case 's':
		r = engine_parse_info(facts, &engine, text, size, NULL);
		break;
	default:
		r = engine_parse_version(facts, &engine, text, size, NULL);
		break;
	}
	assert(r <= 0);
	check(facts);
	facts_free(facts);
	return 0;
}
