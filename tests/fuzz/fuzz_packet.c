/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Frames off the wire: the decoder and the tables behind it. The first byte is the link
 * type, the second how much longer the frame was than what was captured. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "common/cleanup.h"
#include "netmon/confirm/flows.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct flows *flows;

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct flows_options options = {.key = 1};
	struct packet packet, again;

	if (size < 2)
		return 0;
	if (!flows)
		flows = flows_new(&options);
	assert(flows);
	/* Memory that ends where the frame does. */
	_cleanup_(cleanup_free) uint8_t *frame = malloc(size - 1);
	assert(frame);
	memcpy(frame, data + 2, size - 2);
	enum packet_link link = (enum packet_link)(data[0] % 5);
	enum packet_status status =
		packet_decode(link, frame, size - 2, size - 2 + data[1], &packet);

	assert(status == packet.status);
	if (status == PACKET_OK) {
		assert(packet.kind != PACKET_KIND_NONE);
		assert(packet.key.family != FAMILY_NONE);
		assert(packet.key.src <= addr_max(packet.key.family));
	}
	/* The whole frame being there, nothing can have been cut off. */
	if (data[1] == 0)
		assert(status != PACKET_TRUNCATED);
	/* What was there before does not show through. */
	memset(&again, 0x5a, sizeof(again));
	(void)packet_decode(link, frame, size - 2, size - 2 + data[1], &again);
	assert(again.kind == packet.kind && again.way == packet.way);
	assert(flow_key_equal(&again.key, &packet.key));
	flows_packet(flows, &packet, 1);
	return 0;
}
