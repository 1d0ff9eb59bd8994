/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "common/proto.h"

#include <netinet/in.h>
#include <string.h>

const uint8_t proto_numbers[PROTO_COUNT] = {
	IPPROTO_TCP, IPPROTO_UDP, IPPROTO_SCTP, IPPROTO_DCCP, IPPROTO_UDPLITE};

static const char *const names[PROTO_COUNT] = {"tcp", "udp", "sctp", "dccp", "udplite"};

const char *proto_name(uint8_t number)
{
	for (int i = 0; i < PROTO_COUNT; i++)
		if (proto_numbers[i] == number)
			return names[i];
	return NULL;
}

bool proto_parse(const char *name, uint8_t *ret_number)
{
	for (int i = 0; i < PROTO_COUNT; i++) {
		if (strcmp(names[i], name) == 0) {
			*ret_number = proto_numbers[i];
			return true;
		}
	}
	return false;
}

bool proto_has_ports(uint8_t number)
{
	return proto_name(number) != NULL;
}

bool proto_is_datagram(uint8_t number)
{
	return number == IPPROTO_UDP || number == IPPROTO_UDPLITE;
}
