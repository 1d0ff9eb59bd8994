/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What makes a well-known UDP service answer: harmless questions, a row a service. */
#include "common/cleanup.h"
#include "netmon/confirm/frame.h"

#define BYTES(text) (const uint8_t *)(text), sizeof(text) - 1

static const struct {
	uint16_t port;
	const uint8_t *bytes;
	size_t len;
} payloads[] = {
	/* DNS: the name servers of the root; 5353 the same as multicast DNS takes it */
	{53, BYTES("\x5e\xa1\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00\x00\x00\x02"
		   "\x00\x01")},
	{5353, BYTES("\x00\x00\x00\x00\x00\x01\x00\x00\x00\x00\x00\x00\x09_services"
		     "\x07_dns-sd\x04_udp\x05local\x00\x00\x0c\x00\x01")},
	/* TFTP: read a file that nobody has */
	{69, BYTES("\x00\x01seawall-probe\x00octet\x00")},
	/* portmap: the null procedure */
	{111, BYTES("\x5e\xa1\x5e\xa1\x00\x00\x00\x00\x00\x00\x00\x02\x00\x01\x86\xa0"
		    "\x00\x00\x00\x02\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00"
		    "\x00\x00\x00\x00\x00\x00\x00\x00")},
	/* NTP: version 4, client */
	{123, BYTES("\x23\x00\x06\x20\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00"
		    "\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00"
		    "\x00\x00\x00\x00\x00\x00\x00\x00\x5e\xa1\x5e\xa1\x00\x00\x00"
		    "\x00")},
	/* SNMP: version 1, community public, sysDescr.0 */
	{161, BYTES("\x30\x29\x02\x01\x00\x04\x06public\xa0\x1c\x02\x04\x5e\xa1\x5e\xa1"
		    "\x02\x01\x00\x02\x01\x00\x30\x0e\x30\x0c\x06\x08\x2b\x06\x01\x02"
		    "\x01\x01\x01\x00\x05\x00")},
	/* SIP: options */
	{5060, BYTES("OPTIONS sip:probe@localhost SIP/2.0\r\n"
		     "Via: SIP/2.0/UDP localhost;branch=z9hG4bKseawall;rport\r\n"
		     "From: <sip:probe@localhost>;tag=seawall\r\n"
		     "To: <sip:probe@localhost>\r\nCall-ID: seawall\r\n"
		     "CSeq: 1 OPTIONS\r\nMax-Forwards: 0\r\nContent-Length: "
		     "0\r\n\r\n")},
	/* CoAP: get .well-known/core */
	{5683, BYTES("\x40\x01\x5e\xa1\xbb.well-known\x04"
		     "core")},
	/* memcached: version */
	{11211, BYTES("\x5e\xa1\x00\x00\x00\x01\x00\x00version\r\n")},
	/* SSDP: search */
	{1900, BYTES("M-SEARCH * HTTP/1.1\r\nHOST: 239.255.255.250:1900\r\n"
		     "MAN: \"ssdp:discover\"\r\nMX: 1\r\nST: ssdp:all\r\n\r\n")},
};

const uint8_t *payload_of(uint16_t port, size_t *ret_len)
{
	for (size_t i = 0; i < ARRAY_LEN(payloads); i++) {
		if (payloads[i].port == port) {
			*ret_len = payloads[i].len;
			return payloads[i].bytes;
		}
	}
	*ret_len = 1;
	return (const uint8_t *)"\n";
}
