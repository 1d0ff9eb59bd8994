/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "gate/serve/seen.h"

#include <errno.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/mman.h>

#include "common/cleanup.h"

enum {
	SLOTS = 256,
	SLOT_BYTES = 1024,
};

/**
 * struct seen - shared memory
 * @next:  counts slots that were taken
 * @turns: of a slot: odd while it is written; another number than before: another text
 */
struct seen {
	atomic_uint next;
	struct slot {
		atomic_uint turns;
		char text[SLOT_BYTES];
	} slots[SLOTS];
};

static struct seen *seen;

int seen_prepare(struct err *err)
{
	void *shared = mmap(NULL, sizeof(*seen), PROT_READ | PROT_WRITE,
		MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (shared == MAP_FAILED)
		return err_errno(err, -errno, "share memory");
	seen = shared;
	return 0;
}

bool seen_has(void *context, const char *text)
{
	size_t size = strlen(text) + 1;

	(void)context;
	for (size_t i = 0; seen && size <= SLOT_BYTES && i < SLOTS; i++) {
		struct slot *slot = &seen->slots[i];
		unsigned int before = atomic_load(&slot->turns);

		if (before == 0 || before % 2 || memcmp(slot->text, text, size) != 0)
			continue;
		atomic_thread_fence(memory_order_acquire);
		if (atomic_load(&slot->turns) == before)
			return true;
	}
	return false;
}

void seen_add(void *context, const char *text)
{
	size_t size = strlen(text) + 1;

	(void)context;
	if (!seen || size > SLOT_BYTES)
		return;
	struct slot *slot = &seen->slots[atomic_fetch_add(&seen->next, 1) % SLOTS];
	unsigned int before = atomic_load(&slot->turns);

	/* Somebody is at it, after a whole round: it need not be remembered. */
	if (before % 2 ||
		!atomic_compare_exchange_strong(&slot->turns, &before, before + 1))
		return;
	atomic_thread_fence(memory_order_release);
	memcpy(slot->text, text, size);
	atomic_store(&slot->turns, before + 2);
}
