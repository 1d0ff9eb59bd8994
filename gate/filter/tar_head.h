/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How a tar begins: what it says of its first member. */
#ifndef SEAWALL_GATE_FILTER_TAR_HEAD_H
#define SEAWALL_GATE_FILTER_TAR_HEAD_H

#include "gate/filter.h"

enum { TAR_LINK_BYTES = 100 };

/**
 * struct tar_head - of POSIX ustar
 * @type: '0' a file, '2' a link, '5' a directory, ...; 0: it cannot be told
 * @link: where it leads, up to TAR_LINK_BYTES, terminated when it is shorter; borrowed
 */
struct tar_head {
	char type;
	unsigned long mode, uid, size;
	const char *link;
};

/**
 * tar_head_read() - of what the engine answered
 *
 * Numbers are octal digits up to a blank or the end. Where one is anything else, as
 * large ones are, or PAX (type x) would say another, @type is 0 or 'x'.
 */
struct tar_head tar_head_read(const struct gate_fact *fact);

#endif
