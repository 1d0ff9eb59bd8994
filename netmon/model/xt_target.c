/* SPDX-License-Identifier: GPL-2.0-or-later */
/* xt targets as ops. */
#include "netmon/model/decode.h"

int xt_target_decode(struct decode_ctx *ctx, const char *name, uint8_t rev,
	const void *info, size_t len)
{
	(void)rev;
	(void)info;
	(void)len;
	return decode_push_unknown(ctx, "xt-target-unknown", name);
}
