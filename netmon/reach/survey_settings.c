/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Settings by which packets take ways that no walk does. */
#include <string.h>

#include "netmon/model/ruleset.h"
#include "netmon/reach/survey.h"

/*
 * Theory of operation. Most of them are off unless somebody switched them on. A packet
 * that says by itself which hosts it is to visit meets the rules with another
 * destination than the one it ends at (ip_options_rcv_srr(), ipv6_srh_rcv(),
 * ipv6_rpl_srh_rcv()); multicast routing carries it on by a table of its own
 * (ip_mr_input()); labelled packets (mpls_forward()) and SCTP in UDP (sctp_udp_rcv())
 * go past IP's rules altogether; and helpers that the kernel assigns by port numbers
 * (before Linux 6.0) need no rule that says so. All of them are a namespace's own: a
 * container's count like the host's, helpers where it tracks connections.
 */
struct setting {
	const char *folder; /* below /proc/sys: conf/IFACE of it; or a file */
	const char *name;   /* NULL: @folder is a file */
	bool both;	    /* conf/all must be set, too */
	const char *code, *text;
};

#define IP4_CONF "net/ipv4/conf"
#define IP6_CONF "net/ipv6/conf"
#define SEGMENTS                                                                 \
	"packets may say by which hosts they go (segment routing): their later " \
	"ways are not followed"
#define GROUPS "multicast is routed on by a table that is not followed"

static const struct setting settings[] = {
	{IP4_CONF, "accept_source_route", true, "source-routing",
		"packets may say by which hosts they go (source routes): their later "
		"ways are not followed"},
	{IP6_CONF, "seg6_enabled", true, "segment-routing", SEGMENTS},
	{IP6_CONF, "rpl_seg_enabled", true, "segment-routing", SEGMENTS},
	{IP4_CONF, "mc_forwarding", false, "multicast-routing", GROUPS},
	{IP6_CONF, "mc_forwarding", false, "multicast-routing", GROUPS},
	{"net/mpls/conf", "input", false, "mpls",
		"labelled packets (MPLS) are taken, which go past the rules: they are "
		"not followed"},
	{"net/sctp/udp_port", NULL, false, "sctp-in-udp",
		"SCTP is taken out of datagrams, past the rules about SCTP: it is not "
		"followed"},
	{"net/netfilter/nf_conntrack_helper", NULL, false, CODE_ANNOUNCES,
		"the kernel lets in connections that others announce (FTP's data, "
		"say): they may be to any port, and are not followed"},
};

/* Where a setting is on: the path of the first, or NULL. */
static const char *where_set(
	struct arena *arena, const struct netns *ns, const struct setting *setting)
{
	if (!setting->name)
		return netns_sysctl(ns, 0, "%s", setting->folder) > 0 ? setting->folder
								      : NULL;
	if (setting->both &&
		netns_sysctl(ns, 0, "%s/all/%s", setting->folder, setting->name) <= 0)
		return NULL;
	for (size_t i = 0; i < ns->nlinks; i++) {
		const struct link *link = &ns->links[i];

		if (link->up && !link->loopback &&
			netns_sysctl(ns, 0, "%s/%s/%s", setting->folder, link->name,
				setting->name) > 0)
			return arena_printf(arena, "%s/%s/%s", setting->folder,
				link->name, setting->name);
	}
	return NULL;
}

static void note_settings(
	struct survey *survey, const struct netns *ns, const struct container *inside)
{
	struct arena *arena = &survey->report->arena;

	for (size_t i = 0; i < ARRAY_LEN(settings); i++) {
		const struct setting *setting = &settings[i];
		const char *name = inside && inside->name ? inside->name
				   : inside		  ? inside->id
							  : NULL;
		struct gap gap = {.code = setting->code,
			.where = where_set(arena, ns, setting),
			.text = setting->text,
			.hides = true};

		if (!gap.where)
			continue;
		if (inside) {
			const struct space *space =
				host_container_space(survey->reach, inside);

			if (strcmp(gap.code, CODE_ANNOUNCES) == 0 && space &&
				!space->tracks)
				continue;
			gap.where = arena_printf(arena, "%s: %s", name, gap.where);
			gap.text = arena_printf(
				arena, "within container %s: %s", name, setting->text);
		}
		survey_report_gap(survey->report, &gap);
	}
}

void survey_settings(struct survey *survey)
{
	const struct facts *facts = survey->reach->facts;

	note_settings(survey, facts->host, NULL);
	for (size_t i = 0; i < facts->ncontainers; i++) {
		const struct container *c = &facts->containers[i];

		if (survey_is_first_inside(facts, c))
			note_settings(survey, c->netns, c);
	}
}
