/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Making findings: one table says what kinds there are and how bad each is. */
#include "netmon/judge/findings.h"

#include <string.h>

#include "netmon/judge/compliance.h"

/*
 * How bad: by who gets in, and whether the container holds the keys to the host
 * (amplify.h, "serious"). `plain` alone is for what has no stranger in it.
 */
static const struct {
	const char *name;
	enum severity plain;
	enum severity by_zone[ZONE_COUNT], serious[ZONE_COUNT];
} kinds[KIND_COUNT] = {
	[KIND_INTERNET_UNAPPROVED] = {"internet-exposure-unapproved", SEVERITY_HIGH,
		{SEVERITY_HIGH, SEVERITY_HIGH, SEVERITY_HIGH},
		{SEVERITY_CRITICAL, SEVERITY_CRITICAL, SEVERITY_CRITICAL}},
	[KIND_BEYOND_APPROVAL] = {"reach-beyond-approval", SEVERITY_HIGH,
		{SEVERITY_HIGH, SEVERITY_MEDIUM, SEVERITY_MEDIUM},
		{SEVERITY_CRITICAL, SEVERITY_HIGH, SEVERITY_HIGH}},
	[KIND_APPROVAL_EXPIRED] = {"approval-expired", SEVERITY_MEDIUM,
		{SEVERITY_HIGH, SEVERITY_MEDIUM, SEVERITY_MEDIUM},
		{SEVERITY_HIGH, SEVERITY_MEDIUM, SEVERITY_MEDIUM}},
	[KIND_APPROVAL_UNOWNED] = {"approval-unowned", SEVERITY_LOW,
		{SEVERITY_LOW, SEVERITY_LOW, SEVERITY_LOW},
		{SEVERITY_LOW, SEVERITY_LOW, SEVERITY_LOW}},
	[KIND_APPROVAL_UNUSED] = {"approval-unused", SEVERITY_INFO, {0}, {0}},
	[KIND_LOOPBACK_REACHABLE] = {"loopback-port-reachable", SEVERITY_HIGH,
		{SEVERITY_HIGH, SEVERITY_HIGH, SEVERITY_MEDIUM},
		{SEVERITY_CRITICAL, SEVERITY_CRITICAL, SEVERITY_HIGH}},
	[KIND_UNPUBLISHED_REACHABLE] = {"unpublished-port-reachable", SEVERITY_MEDIUM,
		{SEVERITY_HIGH, SEVERITY_MEDIUM, SEVERITY_LOW},
		{SEVERITY_CRITICAL, SEVERITY_HIGH, SEVERITY_MEDIUM}},
	[KIND_DOCKER_USER_NOT_CALLED] = {"docker-user-not-called", SEVERITY_HIGH, {0},
		{0}},
	[KIND_DOCKER_USER_IGNORED] = {"docker-user-ignored", SEVERITY_HIGH, {0}, {0}},
	[KIND_INPUT_ONLY] = {"input-only-protection", SEVERITY_MEDIUM,
		{SEVERITY_MEDIUM, SEVERITY_LOW, SEVERITY_LOW},
		{SEVERITY_HIGH, SEVERITY_MEDIUM, SEVERITY_LOW}},
	[KIND_TRANSLATED_PORT] = {"rule-matches-translated-port", SEVERITY_MEDIUM,
		{SEVERITY_MEDIUM, SEVERITY_LOW, SEVERITY_LOW},
		{SEVERITY_HIGH, SEVERITY_MEDIUM, SEVERITY_LOW}},
	[KIND_ENGINE_API] = {"engine-api-tcp", SEVERITY_HIGH,
		{SEVERITY_CRITICAL, SEVERITY_CRITICAL, SEVERITY_HIGH},
		{SEVERITY_CRITICAL, SEVERITY_CRITICAL, SEVERITY_HIGH}},
	[KIND_LEGACY_BESIDE_NFT] = {"legacy-beside-nft", SEVERITY_INFO, {0}, {0}},
	[KIND_GAP] = {"gap-could-hide", SEVERITY_INFO, {0}, {0}},
	[KIND_OBSERVED_AGAINST] = {"observed-against-rules", SEVERITY_CRITICAL, {0},
		{0}},
	[KIND_PROBED_AGAINST] = {"probed-against-rules", SEVERITY_CRITICAL, {0}, {0}},
	[KIND_PROBE_SILENT] = {"probe-unanswered", SEVERITY_MEDIUM, {0}, {0}},
	[KIND_CAPTURE_LOSS] = {"capture-lost-packets", SEVERITY_INFO, {0}, {0}},
	[KIND_PROBE_UNAVAILABLE] = {"probe-unavailable", SEVERITY_INFO, {0}, {0}},
};

/* FNV-1a, 64 bits: names findings, guards nothing. */
static const char *hash_id(struct arena *arena, const char *a, const char *b)
{
	const char *const parts[] = {a, b};
	uint64_t hash = 0xcbf29ce484222325;

	for (size_t i = 0; i < ARRAY_LEN(parts); i++) {
		for (const char *c = parts[i]; *c; c++)
			hash = (hash ^ (unsigned char)*c) * 0x100000001b3;
		hash = (hash ^ 0xff) *
		       0x100000001b3; /* in no UTF-8: parts stay apart */
	}
	const char *id = arena_printf(arena, "%016llx", (unsigned long long)hash);
	return id ? id : "";
}

static bool is_serious(const struct judge_work *work, const struct exposure *exposure)
{
	return exposure && work->serious[exposure - work->report->exposures];
}

static enum severity severity_of(const struct judge_work *work, enum kind kind,
	const struct exposure *exposure, enum zone zone)
{
	enum severity severity = kinds[kind].plain;

	if (zone < ZONE_COUNT)
		severity = is_serious(work, exposure) ? kinds[kind].serious[zone]
						      : kinds[kind].by_zone[zone];
	if (exposure && exposure->listening == TRI_NO && severity > SEVERITY_LOW)
		severity--;
	return severity;
}

void finding_add(struct judge_work *work, enum kind kind,
	const struct exposure *exposure, enum zone zone,
	const struct finding_text *text)
{
	struct report *report = work->report;
	struct finding *finding = arena_push(work->arena, &report->findings,
		&report->nfindings, sizeof(*report->findings));
	const char *subject = text->subject;

	if (!finding)
		return;
	if (!subject)
		subject = exposure && exposure->id ? exposure->id : "";
	finding->id = hash_id(work->arena, kinds[kind].name, subject);
	finding->kind = kinds[kind].name;
	finding->severity = severity_of(work, kind, exposure, zone);
	finding->title = text->title ? text->title : "";
	finding->detail = text->detail;
	finding->exposure = exposure;
	finding->remedy = text->remedy;
	finding->ncompliance = compliance_of(
		work->arena, finding->kind, exposure, &finding->compliance);
}

bool finding_is_notice(const struct finding *finding)
{
	return finding->severity == SEVERITY_INFO;
}
