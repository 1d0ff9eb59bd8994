/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "netmon/report/memo.h"

#include <stdint.h>
#include <string.h>

#define BUCKETS	 4096u
#define ROWS_MAX 8192u
#define KEY_MAX	 65536u

struct memo_row {
	struct memo_row *next;
	uint64_t hash;
	const void *key;
	size_t len;
	const char *text;
};

static uint64_t hash_of(const void *key, size_t len)
{
	const unsigned char *p = key;
	uint64_t hash = 0x9e3779b97f4a7c15u ^ len, word;

	for (; len >= sizeof(word); len -= sizeof(word), p += sizeof(word)) {
		memcpy(&word, p, sizeof(word));
		hash = (hash ^ word) * 0xff51afd7ed558ccdu;
		hash ^= hash >> 32;
	}
	for (; len; len--)
		hash = (hash ^ *p++) * 0x100000001b3u;
	return hash ^ (hash >> 29);
}

void memo_init(struct memo *memo)
{
	arena_init(&memo->arena, 0);
	memo->n = 0;
	memo->buckets = arena_array(&memo->arena, BUCKETS, sizeof(*memo->buckets));
}

void memo_done(struct memo *memo)
{
	arena_done(&memo->arena);
}

const char *memo_find(const struct memo *memo, const void *key, size_t len)
{
	uint64_t hash = hash_of(key, len);

	if (!memo->buckets)
		return NULL;
	for (struct memo_row *row = memo->buckets[hash % BUCKETS]; row; row = row->next)
		if (row->hash == hash && row->len == len &&
			memcmp(row->key, key, len) == 0)
			return row->text;
	return NULL;
}

void memo_keep(struct memo *memo, const void *key, size_t len, const char *text)
{
	struct memo_row *row;

	if (!memo->buckets || memo->n >= ROWS_MAX || len > KEY_MAX)
		return;
	row = arena_alloc(&memo->arena, sizeof(*row));
	if (!row)
		return;
	row->hash = hash_of(key, len);
	row->key = arena_memdup(&memo->arena, key, len);
	row->text = arena_strdup(&memo->arena, text);
	row->len = len;
	if (!row->key || !row->text)
		return;
	row->next = memo->buckets[row->hash % BUCKETS];
	memo->buckets[row->hash % BUCKETS] = row;
	memo->n++;
}
