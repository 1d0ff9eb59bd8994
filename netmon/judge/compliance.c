/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which controls of a benchmark a finding breaks. */
#include "netmon/judge/compliance.h"

#include <string.h>

#define CIS_DOCKER "CIS Docker 1.6.0"

static bool has_amplifier(const struct exposure *exposure, const char *word)
{
	size_t len = strlen(word);

	for (size_t i = 0; i < exposure->namplifiers; i++) {
		const char *amplifier = exposure->amplifiers[i];

		if (strncmp(amplifier, word, len) == 0 &&
			(amplifier[len] == '\0' || amplifier[len] == ':'))
			return true;
	}
	return false;
}

static bool is_engine_api(const char *kind, const struct exposure *exposure)
{
	(void)exposure;
	return strcmp(kind, "engine-api-tcp") == 0;
}

/* Answered from who gets in, not from how the port was published. */
static bool is_open_port(const char *kind, const struct exposure *exposure)
{
	(void)kind;
	return exposure && exposure->container &&
	       (!ivset_is_empty(exposure->reach[ZONE_INTERNET].may) ||
		       !exposure->published);
}

static bool is_bound_to_all(const char *kind, const struct exposure *exposure)
{
	(void)kind;
	return exposure && exposure->container && exposure->published &&
	       exposure->endpoint.any;
}

static bool on_docker0(const char *kind, const struct exposure *exposure)
{
	(void)kind;
	if (!exposure || !exposure->container)
		return false;
	for (size_t i = 0; i < exposure->container->nnets; i++) {
		const char *network = exposure->container->nets[i].network;

		if (network && strcmp(network, "bridge") == 0)
			return true;
	}
	return false;
}

/* Either a test, or an amplifier that the exposure has. */
static const struct {
	struct control control;
	bool (*applies)(const char *kind, const struct exposure *exposure);
	const char *amplifier;
} rows[] = {
	{{CIS_DOCKER, "2.7", "TLS authentication for the Docker daemon"}, is_engine_api,
		NULL},
	{{CIS_DOCKER, "5.4", "Linux kernel capabilities are restricted"}, NULL,
		"capability"},
	{{CIS_DOCKER, "5.5", "No privileged containers"}, NULL, "privileged"},
	{{CIS_DOCKER, "5.6", "No sensitive host directories mounted"}, NULL,
		"host-mount"},
	{{CIS_DOCKER, "5.9", "Only needed ports open on the container"}, is_open_port,
		NULL},
	{{CIS_DOCKER, "5.10", "Host network namespace not shared"}, NULL,
		"host-network"},
	{{CIS_DOCKER, "5.14", "Incoming traffic bound to a specific host interface"},
		is_bound_to_all, NULL},
	{{CIS_DOCKER, "5.16", "Host process namespace not shared"}, NULL, "host-pid"},
	{{CIS_DOCKER, "5.17", "Host IPC namespace not shared"}, NULL, "host-ipc"},
	{{CIS_DOCKER, "5.18", "Host devices not directly exposed"}, NULL, "device"},
	{{CIS_DOCKER, "5.29", "PIDs cgroup limit is used"}, NULL, "no-pids-limit"},
	{{CIS_DOCKER, "5.30", "Default bridge docker0 not used"}, on_docker0, NULL},
	{{CIS_DOCKER, "5.31", "Host user namespaces not shared"}, NULL, "host-userns"},
	{{CIS_DOCKER, "5.32", "Docker socket not mounted"}, NULL, "docker-socket"},
};

size_t compliance_of(struct arena *arena, const char *kind,
	const struct exposure *exposure, const struct control **ret_controls)
{
	struct control *controls = NULL;
	size_t n = 0;

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		bool applies = rows[i].applies ? rows[i].applies(kind, exposure)
					       : exposure && has_amplifier(exposure,
								     rows[i].amplifier);
		struct control *control;

		if (!applies)
			continue;
		control = arena_push(arena, &controls, &n, sizeof(*controls));
		if (control)
			*control = rows[i].control;
	}
	*ret_controls = controls;
	return n;
}
