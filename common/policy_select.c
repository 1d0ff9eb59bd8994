/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Questions to a policy: who and what an entry is about. */
#include "common/policy.h"

#include <string.h>

#include "common/glob.h"

bool text_list_has(const struct text_list *list, const char *text)
{
	for (size_t i = 0; i < list->n; i++) {
		if (strcmp(list->items[i], text) == 0)
			return true;
	}
	return false;
}

bool text_list_matches(const struct text_list *list, const char *text)
{
	for (size_t i = 0; i < list->n; i++) {
		if (glob_match(list->items[i], text))
			return true;
	}
	return false;
}

static bool matches(const char *pattern, const char *text)
{
	return text && glob_match(pattern, text);
}

static bool has_label(const struct container_facts *container, const char *key,
	const char *value_pattern)
{
	for (size_t i = 0; i < container->nlabels; i++) {
		if (strcmp(container->labels[i][0], key) == 0)
			return matches(value_pattern, container->labels[i][1]);
	}
	return false;
}

/*
 * "key=value" against each label as it would be written. A pattern without '=' must
 * match the key alone: a value cannot make up for it.
 */
static bool label_matches(const struct container_facts *container, const char *pattern)
{
	const char *equals = strchr(pattern, '=');
	char key_pattern[256];

	if (equals) {
		size_t len = (size_t)(equals - pattern);

		if (len >= sizeof(key_pattern)) /* refused when it was read */
			return false;
		memcpy(key_pattern, pattern, len);
		key_pattern[len] = '\0';
	}
	for (size_t i = 0; i < container->nlabels; i++) {
		const char *key = container->labels[i][0];
		const char *value = container->labels[i][1];

		if (!equals && matches(pattern, key))
			return true;
		if (equals && matches(key_pattern, key) && matches(equals + 1, value))
			return true;
	}
	return false;
}

bool approval_selects(
	const struct approval *approval, const struct container_facts *container)
{
	if (approval->name && !matches(approval->name, container->name))
		return false;
	if (approval->image && !matches(approval->image, container->image))
		return false;
	if (approval->label && !label_matches(container, approval->label))
		return false;
	if (approval->compose_service &&
		!has_label(container, "com.docker.compose.service",
			approval->compose_service))
		return false;
	if (approval->compose_project &&
		!has_label(container, "com.docker.compose.project",
			approval->compose_project))
		return false;
	return true;
}

bool approval_has_port(const struct approval *approval, uint8_t proto, uint16_t port)
{
	for (size_t i = 0; i < approval->nports; i++) {
		const struct policy_port *ports = &approval->ports[i];

		if (ports->proto == proto && port >= ports->lo && port <= ports->hi)
			return true;
	}
	return false;
}

bool approval_has_zone(const struct approval *approval, enum zone zone)
{
	return (approval->zones & 1U << zone) != 0;
}

bool approval_expired(const struct approval *approval, uint32_t today)
{
	return approval->expires != 0 && today > approval->expires;
}

const char *approval_lacks(const struct approval *approval)
{
	if (!approval->control)
		return "control";
	return approval->approved_by ? NULL : "approved_by";
}

const struct ivset *approval_sources(struct arena *arena,
	const struct approval *approval, enum family family,
	const struct ivset *const zones[static ZONE_COUNT])
{
	const struct ivset *set = &ivset_none;

	for (unsigned int zone = 0; zone < ZONE_COUNT; zone++) {
		if (zones[zone] && approval_has_zone(approval, (enum zone)zone))
			set = ivset_union(arena, set, zones[zone]);
	}
	for (size_t i = 0; i < approval->nprefixes; i++) {
		if (approval->prefixes[i].family == family)
			set = ivset_union(arena, set,
				ivset_prefix(arena, &approval->prefixes[i]));
	}
	return set;
}

const struct approval *policy_approval(const struct policy *policy, const char *id)
{
	for (size_t i = 0; i < policy->napprovals; i++) {
		if (strcmp(policy->approvals[i].id, id) == 0)
			return &policy->approvals[i];
	}
	return NULL;
}

const struct profile *policy_profile(const struct policy *policy, const char *name)
{
	for (size_t i = 0; i < policy->gate.nprofiles; i++) {
		if (strcmp(policy->gate.profiles[i].name, name) == 0)
			return &policy->gate.profiles[i];
	}
	return NULL;
}

bool policy_lists_image(const struct policy *policy, const char *image)
{
	return !policy->has_images || text_list_matches(&policy->images, image);
}

bool user_list_has(const struct user_list *list, const struct user_facts *user)
{
	if (user->name && text_list_has(&list->names, user->name))
		return true;
	for (size_t i = 0; i < list->nuids; i++) {
		if (list->uids[i] == user->uid)
			return true;
	}
	for (size_t i = 0; i < user->ngroups; i++) {
		if (text_list_has(&list->groups, user->groups[i]))
			return true;
	}
	return false;
}

const struct grant *policy_grant(
	const struct policy *policy, const struct user_facts *user)
{
	for (size_t i = 0; i < policy->gate.ngrants; i++) {
		if (user_list_has(&policy->gate.grants[i].users, user))
			return &policy->gate.grants[i];
	}
	return NULL;
}

/* Days since 1970 to a date: H. Hinnant, "chrono-compatible low-level date algorithms".
 */
uint32_t policy_date(int64_t seconds)
{
	int64_t days = seconds / 86400 - (seconds % 86400 < 0) + 719468;
	int64_t era = (days >= 0 ? days : days - 146096) / 146097;
	int64_t of_era = days - era * 146097;
	int64_t year =
		(of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
	int64_t of_year = of_era - (365 * year + year / 4 - year / 100);
	int64_t month = (5 * of_year + 2) / 153; /* from March */
	int64_t day = of_year - (153 * month + 2) / 5 + 1;

	month = month < 10 ? month + 3 : month - 9;
	year += era * 400 + (month <= 2);
	if (year < 0 || year > 9999)
		return year < 0 ? 0 : 99991231;
	return (uint32_t)(year * 10000 + month * 100 + day);
}

const char *run_as_name(enum run_as run_as)
{
	return run_as == RUN_AS_ANY ? "any" : "caller";
}

const char *publish_name(enum publish publish)
{
	static const char *const names[] = {
		[PUBLISH_NONE] = "none",
		[PUBLISH_LOOPBACK] = "loopback",
		[PUBLISH_APPROVED] = "approved",
		[PUBLISH_ANY] = "any",
	};

	return names[publish];
}

const char *unapproved_name(enum unapproved unapproved)
{
	return unapproved == UNAPPROVED_STRIP ? "strip" : "refuse";
}
