/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The part of a JSON report that says what packets showed. */
#include "netmon/report/json_evidence.h"

#include "netmon/judge/words.h"

static void write_tri(struct jsonw *w, const char *key, enum tri value)
{
	jsonw_key(w, key);
	if (value == TRI_UNKNOWN)
		jsonw_null(w);
	else
		jsonw_bool(w, value == TRI_YES);
}

static void write_observation(struct jsonw *w, const struct observed *observed)
{
	jsonw_key(w, "observation");
	if (!observed) {
		jsonw_null(w);
		return;
	}
	jsonw_object_begin(w);
	jsonw_member_bool(w, "handshake", observed->handshake);
	jsonw_member_uint(w, "handshakes", observed->handshakes);
	jsonw_member_uint(w, "attempts", observed->attempts);
	jsonw_member_uint(w, "refused", observed->refused);
	jsonw_member_uint(w, "sources", observed->sources);
	jsonw_member_string(w, "sample", observed->sample);
	jsonw_member_string(w, "first", observed->first);
	jsonw_member_string(w, "last", observed->last);
	jsonw_object_end(w);
}

static void write_probe(struct jsonw *w, const struct probed *probed)
{
	jsonw_object_begin(w);
	jsonw_member_string(w, "zone", zone_name(probed->zone));
	jsonw_member_string(w, "source", probed->source);
	jsonw_member_string(w, "via", probed->via);
	jsonw_member_bool(w, "open", probed->open);
	jsonw_member_string(w, "reply", probed->reply);
	write_tri(w, "expected", probed->expected);
	write_tri(w, "agrees", probed->agrees);
	jsonw_member_string(w, "reason", probed->reason);
	jsonw_object_end(w);
}

void json_evidence(struct jsonw *w, const struct exposure *exposure)
{
	jsonw_member_object(w, "evidence");
	write_tri(w, "listening", exposure->listening);
	write_tri(w, "observed", exposure->seen);
	write_tri(w, "probed", exposure->answered);
	jsonw_member_bool(w, "disagrees", exposure->disagrees);
	write_observation(w, exposure->observed);
	jsonw_member_array(w, "probes");
	for (size_t i = 0; i < exposure->nprobed; i++)
		write_probe(w, &exposure->probed[i]);
	jsonw_array_end(w);
	jsonw_object_end(w);
}

static void write_contradiction(struct jsonw *w, const struct contradiction *c)
{
	char text[ADDR_TEXT_MAX];

	jsonw_object_begin(w);
	jsonw_member_string(w, "by", c->probed ? "probe" : "observation");
	jsonw_member_string(w, "rules_say", c->answered ? "silent" : "answered");
	jsonw_member_string(w, "exposure", c->exposure);
	jsonw_member_object(w, "endpoint");
	jsonw_member_string(
		w, "family", c->endpoint.family == FAMILY_IP4 ? "ip" : "ip6");
	jsonw_member_string(w, "address", addr_format(&c->endpoint.addr, text));
	jsonw_member_string(w, "proto", words_proto(NULL, c->endpoint.proto));
	jsonw_member_uint(w, "port", c->endpoint.port);
	jsonw_object_end(w);
	jsonw_member_string(w, "zone", c->probed ? zone_name(c->zone) : NULL);
	jsonw_member_string(w, "source", c->source);
	jsonw_member_string(w, "reply", c->reply);
	jsonw_member_string(w, "first", c->first);
	jsonw_member_uint(w, "count", c->count);
	write_tri(w, "rules_changed", c->rules_changed);
	jsonw_object_end(w);
}

static void write_observing(struct jsonw *w, const struct observing *observing)
{
	jsonw_key(w, "observing");
	if (!observing) {
		jsonw_null(w);
		return;
	}
	jsonw_object_begin(w);
	jsonw_member_uint(w, "seconds", observing->seconds);
	jsonw_member_uint(w, "packets", observing->packets);
	jsonw_member_uint(w, "dropped", observing->dropped);
	jsonw_member_uint(w, "untracked", observing->untracked);
	jsonw_object_end(w);
}

static void write_probing(struct jsonw *w, const struct probing *probing)
{
	jsonw_key(w, "probing");
	if (!probing) {
		jsonw_null(w);
		return;
	}
	jsonw_object_begin(w);
	jsonw_member_uint(w, "sent", probing->sent);
	jsonw_member_uint(w, "answered", probing->answered);
	jsonw_member_uint(w, "silent", probing->silent);
	jsonw_member_uint(w, "unknown", probing->unknown);
	jsonw_member_uint(w, "withheld", probing->withheld);
	jsonw_member_uint(w, "cut", probing->cut);
	jsonw_member_string(w, "unavailable", probing->unavailable);
	jsonw_object_end(w);
}

void json_confirmation(struct jsonw *w, const struct report *report)
{
	jsonw_key(w, "confirmation");
	if (!report->observing && !report->probing) {
		jsonw_null(w);
		return;
	}
	jsonw_object_begin(w);
	write_observing(w, report->observing);
	write_probing(w, report->probing);
	jsonw_member_array(w, "contradictions");
	for (size_t i = 0; i < report->ncontradictions; i++)
		write_contradiction(w, &report->contradictions[i]);
	jsonw_array_end(w);
	jsonw_object_end(w);
}
