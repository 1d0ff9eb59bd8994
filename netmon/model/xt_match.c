/* SPDX-License-Identifier: GPL-2.0-or-later */
/* xt matches as ops. */
#include "netmon/model/decode.h"

int xt_match_decode(struct decode_ctx *ctx, const char *name, uint8_t rev,
	const void *info, size_t len)
{
	(void)rev;
	(void)info;
	(void)len;
	return decode_push_maybe(ctx, "xt-match-unknown", name);
}
