/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The kinds of ways to the engine's power, and the controls that speak of them. */
#ifndef SEAWALL_GATE_AUDIT_KINDS_H
#define SEAWALL_GATE_AUDIT_KINDS_H

enum audit_severity {
	AUDIT_INFO = 0,
	AUDIT_LOW,
	AUDIT_MEDIUM,
	AUDIT_HIGH,
	AUDIT_CRITICAL,
};

/* Those of one severity are told in this order. */
enum audit_kind_id {
	KIND_GROUP_MEMBER,
	KIND_GROUP_PRIMARY,
	KIND_GROUP_PASSWORD,
	KIND_GROUP_ADMIN,
	KIND_GSHADOW_MEMBER,
	KIND_GROUP_CONF,
	KIND_PROCESS,
	KIND_SOCKET_OWNER,
	KIND_SOCKET_OTHERS,
	KIND_SOCKET_ACL,
	KIND_SOCKET_MODE,
	KIND_UNSEALED,
	KIND_TCP_PLAIN,
	KIND_TCP_UNVERIFIED,
	KIND_TCP_VERIFIED,
	KIND_TCP_UNKNOWN,
	KIND_SETGID_FILE,
	KIND_SETUID_FILE,
	KIND_CAPABILITY,
	KIND_PAM_CAP,
	KIND_SUDOERS,
	KIND_DOAS,
	KIND_UNIT,
	KIND_CRON,
	KIND_AT,
	KIND_SUBGID,
	KIND_CONTAINER,
	KIND_OTHER_GROUP,
	KIND_DATA_ROOT,
	KIND_REMOVAL,
	KIND_UNSEEN,
	KIND_COUNT,
};

/** struct audit_control - a rule of a benchmark. */
struct audit_control {
	const char *benchmark, *control;
};

enum { AUDIT_MAX_CONTROLS = 3 };

/**
 * struct audit_kind - a way to the engine's power
 * @name: stable: "group-member", ...
 */
struct audit_kind {
	const char *name;
	enum audit_severity severity;
	struct audit_control controls[AUDIT_MAX_CONTROLS];
};

/** audit_kind_of() - never NULL; @id is not KIND_COUNT. */
const struct audit_kind *audit_kind_of(enum audit_kind_id id);
const char *audit_severity_name(enum audit_severity severity);

#endif
