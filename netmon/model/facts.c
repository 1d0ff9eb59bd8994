/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Making, releasing and looking up the facts of one host. */
#include "netmon/model/facts.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct facts *facts_new(void)
{
	struct facts *facts = calloc(1, sizeof(*facts));

	if (!facts)
		return NULL;
	arena_init(&facts->arena, 0);
	facts->host = arena_alloc(&facts->arena, sizeof(*facts->host));
	if (!facts->host) {
		facts_free(facts);
		return NULL;
	}
	facts->host->id = "host";
	return facts;
}

void facts_free(struct facts *facts)
{
	if (!facts)
		return;
	arena_done(&facts->arena);
	free(facts);
}

void facts_cleanup(struct facts **facts)
{
	facts_free(*facts);
}

void facts_note(struct facts *facts, const char *code, const char *where, bool hides,
	const char *format, ...)
{
	char text[512];
	va_list args;

	va_start(args, format);
	(void)vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	struct note *note = arena_push(
		&facts->arena, &facts->notes, &facts->nnotes, sizeof(*facts->notes));
	if (!note)
		return;
	note->code = arena_strdup(&facts->arena, code);
	note->where = arena_strdup(&facts->arena, where);
	note->text = arena_strdup(&facts->arena, text);
	note->hides = hides;
}

const struct link *netns_link(const struct netns *netns, int index)
{
	size_t lo = 0, hi = netns->nlinks;

	/* Collectors sort by index; facts from elsewhere may not be. */
	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (netns->links[mid].index == index)
			return &netns->links[mid];
		if (netns->links[mid].index < index)
			lo = mid + 1;
		else
			hi = mid;
	}
	for (size_t i = 0; i < netns->nlinks; i++) {
		if (netns->links[i].index == index)
			return &netns->links[i];
	}
	return NULL;
}

const struct link *netns_link_named(const struct netns *netns, const char *name)
{
	for (size_t i = 0; i < netns->nlinks; i++) {
		if (netns->links[i].name && strcmp(netns->links[i].name, name) == 0)
			return &netns->links[i];
	}
	return NULL;
}

const struct link *netns_other_end(const struct netns *netns, const struct link *link)
{
	const struct link *end;

	if (!link->link ||
		(link->link_netns && strcmp(link->link_netns, netns->id) != 0))
		return NULL;
	end = netns_link(netns, link->link);
	return end && end->link == link->index ? end : NULL;
}

static int compare_sysctl(const void *key, const void *item)
{
	return strcmp(key, ((const struct sysctl *)item)->name);
}

int64_t netns_sysctl(const struct netns *netns, int64_t absent, const char *format, ...)
{
	char name[128];
	va_list args;

	va_start(args, format);
	int len = vsnprintf(name, sizeof(name), format, args);
	va_end(args);
	if (len < 0 || (size_t)len >= sizeof(name) || !netns->nsysctls)
		return absent;
	const struct sysctl *found = bsearch(name, netns->sysctls, netns->nsysctls,
		sizeof(*netns->sysctls), compare_sysctl);
	return found ? found->value : absent;
}

const struct container *facts_container(const struct facts *facts, const char *id)
{
	for (size_t i = 0; id && i < facts->ncontainers; i++) {
		if (facts->containers[i].id && strcmp(facts->containers[i].id, id) == 0)
			return &facts->containers[i];
	}
	return NULL;
}
