/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The kinds of ways to the engine's power, and the controls that speak of them. */
#include "gate/audit/kinds.h"

#define CIS(number)                        \
	{                                  \
		"CIS Docker 1.6.0", number \
	}
#define STIG(number)                                           \
	{                                                      \
		"DISA Docker Enterprise 2.x STIG V2R2", number \
	}

static const struct audit_kind kinds[KIND_COUNT] = {
	[KIND_GROUP_MEMBER] = {"group-member", AUDIT_CRITICAL, {CIS("1.1.2")}},
	[KIND_GROUP_PRIMARY] = {"group-primary", AUDIT_CRITICAL, {CIS("1.1.2")}},
	[KIND_GROUP_PASSWORD] = {"group-password", AUDIT_CRITICAL, {CIS("1.1.2")}},
	[KIND_GROUP_ADMIN] = {"group-admin", AUDIT_CRITICAL, {CIS("1.1.2")}},
	[KIND_GSHADOW_MEMBER] = {"gshadow-member", AUDIT_CRITICAL, {CIS("1.1.2")}},
	[KIND_GROUP_CONF] = {"group-conf", AUDIT_CRITICAL, {CIS("1.1.2")}},
	[KIND_PROCESS] = {"process", AUDIT_HIGH, {CIS("1.1.2")}},
	[KIND_SOCKET_OWNER] = {"socket-owner", AUDIT_CRITICAL,
		{CIS("3.15"), STIG("V-235865")}},
	[KIND_SOCKET_OTHERS] = {"socket-others", AUDIT_CRITICAL,
		{CIS("3.16"), STIG("V-235866")}},
	[KIND_SOCKET_ACL] = {"socket-acl", AUDIT_CRITICAL, {CIS("3.16")}},
	[KIND_SOCKET_MODE] = {"socket-mode", AUDIT_LOW,
		{CIS("3.16"), STIG("V-235866")}},
	[KIND_UNSEALED] = {"unsealed", AUDIT_HIGH, {CIS("2.12")}},
	[KIND_TCP_PLAIN] = {"tcp-plain", AUDIT_CRITICAL,
		{CIS("2.7"), STIG("V-235776")}},
	[KIND_TCP_UNVERIFIED] = {"tcp-unverified", AUDIT_CRITICAL,
		{CIS("2.7"), STIG("V-235776")}},
	[KIND_TCP_VERIFIED] = {"tcp-verified", AUDIT_LOW, {STIG("V-235776")}},
	[KIND_TCP_UNKNOWN] = {"tcp-unknown", AUDIT_HIGH, {CIS("2.7")}},
	[KIND_SETGID_FILE] = {"setgid-file", AUDIT_CRITICAL, {CIS("1.1.2")}},
	[KIND_SETUID_FILE] = {"setuid-file", AUDIT_CRITICAL, {CIS("1.1.2")}},
	[KIND_CAPABILITY] = {"file-capability", AUDIT_HIGH, {CIS("1.1.2")}},
	[KIND_PAM_CAP] = {"pam-capability", AUDIT_HIGH, {CIS("1.1.2")}},
	[KIND_SUDOERS] = {"sudoers", AUDIT_HIGH, {CIS("1.1.2")}},
	[KIND_DOAS] = {"doas", AUDIT_HIGH, {CIS("1.1.2")}},
	[KIND_UNIT] = {"unit", AUDIT_HIGH, {CIS("1.1.2")}},
	[KIND_CRON] = {"cron", AUDIT_MEDIUM, {CIS("1.1.2")}},
	[KIND_AT] = {"at-job", AUDIT_HIGH, {CIS("1.1.2")}},
	[KIND_SUBGID] = {"subgid", AUDIT_CRITICAL, {CIS("1.1.2")}},
	[KIND_CONTAINER] = {"container-socket", AUDIT_HIGH, {CIS("5.32"), CIS("5.6")}},
	[KIND_OTHER_GROUP] = {"other-group", AUDIT_HIGH, {{0}}},
	[KIND_DATA_ROOT] = {"data-root", AUDIT_MEDIUM, {{0}}},
	[KIND_REMOVAL] = {"engine-removal", AUDIT_MEDIUM, {{0}}},
	[KIND_UNSEEN] = {"unseen", AUDIT_LOW, {{0}}},
};

const struct audit_kind *audit_kind_of(enum audit_kind_id id)
{
	return &kinds[id];
}

const char *audit_severity_name(enum audit_severity severity)
{
	static const char *const names[] = {
		[AUDIT_INFO] = "info",
		[AUDIT_LOW] = "low",
		[AUDIT_MEDIUM] = "medium",
		[AUDIT_HIGH] = "high",
		[AUDIT_CRITICAL] = "critical",
	};

	return names[severity];
}
