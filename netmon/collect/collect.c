/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Reads the facts of this host: rules, links, routes, sockets, containers. */
#include "netmon/collect/collect.h"

#include <errno.h>
#include <sys/utsname.h>
#include <time.h>

#include "netmon/collect/engine.h"
#include "netmon/collect/netns.h"
#include "netmon/collect/nft.h"
#include "netmon/collect/owner.h"
#include "netmon/collect/program.h"

static void collect_identity(struct facts *facts)
{
	struct utsname name;
	char text[64];
	struct tm tm;
	time_t now = time(NULL);

	if (uname(&name) == 0) {
		facts->hostname = arena_strdup(&facts->arena, name.nodename);
		facts->kernel = arena_strdup(&facts->arena, name.release);
	}
	if (gmtime_r(&now, &tm) &&
		strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", &tm))
		facts->taken = arena_strdup(&facts->arena, text);
}

int collect_host(const struct collect_options *options, struct facts **ret_facts,
	struct err *err)
{
	_cleanup_(facts_cleanup) struct facts *facts = facts_new();

	if (!facts)
		return err_set(err, -ENOMEM, "out of memory");
	struct nft_job *rules = nft_start();
	collect_identity(facts);
	collect_netns(facts, facts->host);
	collect_cgroup_programs(facts);
	collect_engines(facts, options);
	collect_container_netns(facts);
	collect_owners(facts);
	nft_finish(rules, facts, facts->host);
	if (arena_failed(&facts->arena))
		return err_set(err, -ENOMEM, "out of memory while reading the host");
	*ret_facts = TAKE_PTR(facts);
	return 0;
}
