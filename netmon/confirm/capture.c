/* SPDX-License-Identifier: GPL-2.0-or-later */
/* libpcap: open a capture with a filter that the kernel runs, and decode what it
 * passes.
 */
#include "netmon/confirm/capture.h"

#include <errno.h>
#include <linux/filter.h>
#include <pcap.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>

struct capture {
	pcap_t *pcap;
	enum packet_link link;
	int64_t since_us; /* earlier packets have not met the filter */
	capture_fn *take; /* while reading */
	void *context;
	struct packet packet; /* here, so that it is not cleared twice for each */
};

static int fail(struct err *err, int code, pcap_t *pcap, const char *what,
	const char *interface)
{
	return err_set(err, code, "%s '%s': %s", what, interface,
		pcap ? pcap_geterr(pcap) : "out of memory");
}

static int code_of(int status)
{
	switch (status) {
	case PCAP_ERROR_PERM_DENIED:
		return -EPERM;
	case PCAP_ERROR_NO_SUCH_DEVICE:
		return -ENODEV;
	case PCAP_ERROR_IFACE_NOT_UP:
		return -ENETDOWN;
	default:
		return -EIO;
	}
}

static enum packet_link link_of(int type)
{
	switch (type) {
	case DLT_EN10MB:
		return PACKET_LINK_ETHERNET;
	case DLT_LINUX_SLL:
		return PACKET_LINK_COOKED;
	case DLT_LINUX_SLL2:
		return PACKET_LINK_COOKED2;
	case DLT_RAW:
	case DLT_IPV4:
	case DLT_IPV6:
		return PACKET_LINK_RAW;
	default:
		return PACKET_LINK_NONE;
	}
}

static int64_t now_us(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_REALTIME, &t);
	return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

/*
 * pcap_setfilter() runs the filter over the first buffers once more in user space,
 * where "inbound" and "outbound" are unknown and match nothing: their packets would be
 * lost. So the kernel gets it directly, and what came before is left out by its time.
 * Cooked captures have the direction in their header; libpcap must move offsets for
 * them.
 */
static int attach(struct capture *capture, struct bpf_program *program)
{
	struct sock_fprog kernel = {.len = (unsigned short)program->bf_len,
		.filter = (struct sock_filter *)(void *)program->bf_insns};

	_Static_assert(sizeof(struct sock_filter) == sizeof(struct bpf_insn),
		"the same instructions");
	if (capture->link == PACKET_LINK_COOKED || capture->link == PACKET_LINK_COOKED2)
		return pcap_setfilter(capture->pcap, program);
	int rc = setsockopt(pcap_fileno(capture->pcap), SOL_SOCKET, SO_ATTACH_FILTER,
		&kernel, sizeof(kernel));
	capture->since_us = now_us();
	return rc;
}

static int set_filter(struct capture *capture, const char *interface,
	const char *filter, struct err *err)
{
	struct bpf_program program;
	int rc = 0;

	if (pcap_compile(capture->pcap, &program, filter, 1, PCAP_NETMASK_UNKNOWN) < 0)
		return fail(err, -EINVAL, capture->pcap, "compile the filter for",
			interface);
	if (attach(capture, &program) < 0)
		rc = err_errno(err, -errno, "set the filter of '%s'", interface);
	pcap_freecode(&program);
	return rc;
}

static int activate(pcap_t *pcap, const char *interface,
	const struct capture_options *options, struct err *err)
{
	(void)pcap_set_snaplen(pcap, CAPTURE_SNAPLEN);
	(void)pcap_set_promisc(pcap, 0);
	(void)pcap_set_timeout(pcap, options->delay_ms);
	(void)pcap_set_immediate_mode(pcap, options->immediate);
	if (options->buffer_bytes)
		(void)pcap_set_buffer_size(pcap, options->buffer_bytes);
	int status = pcap_activate(pcap);
	if (status < 0)
		return fail(err, code_of(status), pcap, "capture on", interface);
	/* Version 2 of cooked captures tells the interface of each packet. */
	if (pcap_datalink(pcap) == DLT_LINUX_SLL)
		(void)pcap_set_datalink(pcap, DLT_LINUX_SLL2);
	return 0;
}

int capture_open(const char *interface, const char *filter,
	const struct capture_options *options, struct capture **ret_capture,
	struct err *err)
{
	char text[PCAP_ERRBUF_SIZE] = "";
	struct capture *capture = calloc(1, sizeof(*capture));
	int rc;

	if (!capture)
		return err_set(err, -ENOMEM, "out of memory");
	capture->pcap = pcap_create(interface, text);
	if (!capture->pcap) {
		free(capture);
		return err_set(err, -EIO, "capture on '%s': %s", interface, text);
	}
	rc = activate(capture->pcap, interface, options, err);
	if (rc == 0) {
		capture->link = link_of(pcap_datalink(capture->pcap));
		if (capture->link == PACKET_LINK_NONE)
			rc = err_set(err, -EOPNOTSUPP,
				"capture on '%s': its link type %d is unknown here",
				interface, pcap_datalink(capture->pcap));
	}
	if (rc == 0)
		rc = set_filter(capture, interface, filter, err);
	if (rc == 0 && pcap_setnonblock(capture->pcap, 1, text) < 0)
		rc = err_set(err, -EIO, "capture on '%s': %s", interface, text);
	if (rc < 0) {
		capture_close(capture);
		return rc;
	}
	*ret_capture = capture;
	return 0;
}

void capture_close(struct capture *capture)
{
	if (!capture)
		return;
	pcap_close(capture->pcap);
	free(capture);
}

int capture_fd(const struct capture *capture)
{
	return pcap_get_selectable_fd(capture->pcap);
}

static void take(u_char *user, const struct pcap_pkthdr *header, const u_char *bytes)
{
	struct capture *capture = (struct capture *)(void *)user;
	int64_t time_us = (int64_t)header->ts.tv_sec * 1000000 + header->ts.tv_usec;

	if (time_us < capture->since_us)
		return;
	(void)packet_decode(
		capture->link, bytes, header->caplen, header->len, &capture->packet);
	capture->take(capture->context, &capture->packet, time_us);
}

int capture_read(
	struct capture *capture, capture_fn *fn, void *context, struct err *err)
{
	capture->take = fn;
	capture->context = context;
	int n = pcap_dispatch(capture->pcap, -1, take, (u_char *)(void *)capture);
	if (n == PCAP_ERROR)
		return err_set(
			err, -ENETDOWN, "capture: %s", pcap_geterr(capture->pcap));
	return n < 0 ? 0 : n;
}

uint64_t capture_dropped(struct capture *capture)
{
	struct pcap_stat stat;

	if (pcap_stats(capture->pcap, &stat) < 0)
		return 0;
	return stat.ps_drop;
}
