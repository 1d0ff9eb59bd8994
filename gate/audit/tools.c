/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Command lines and patterns that engines' command line tools are in. */
#include "gate/audit/tools.h"

#include <fnmatch.h>
#include <regex.h>
#include <stdio.h>
#include <string.h>

#include "common/cleanup.h"

static const char *const tools[] = {"docker", "docker-compose", "podman", "nerdctl",
	"ctr", "crictl", "buildctl", "lxc", "incus", "dockerd", "containerd", "runc",
	"crun", "buildah", "buildkitd", "podman-compose", "podman-remote",
	"docker-buildx", "k3s", "microk8s", "virsh"};

/* Where packages, snaps and archives of static programs put them. */
static const char *const usual_folders[] = {"/usr/bin", "/usr/local/bin", "/bin",
	"/usr/sbin", "/usr/local/sbin", "/sbin", "/snap/bin", "/opt", "/opt/bin",
	"/opt/docker", "/usr/lib/docker/cli-plugins", "/usr/libexec/docker/cli-plugins",
	"/usr/local/lib/docker/cli-plugins", "/var/lib/snapd/snap/bin"};

/* "/usr/bin/" is all that is in a folder. */
static bool is_in(const char *folder, const char *pattern)
{
	size_t len = strlen(folder);

	return strncmp(pattern, folder, len) == 0 && strcmp(pattern + len, "/") == 0;
}

static bool is_tool_in(const char *folder, const char *pattern, const regex_t *regex)
{
	char path[4096];

	if (!regex && is_in(folder, pattern))
		return true;
	for (size_t i = 0; i < ARRAY_LEN(tools); i++) {
		(void)snprintf(path, sizeof(path), "%s/%s", folder, tools[i]);
		if (regex ? regexec(regex, path, 0, NULL, 0) == 0
			  : fnmatch(pattern, path, FNM_PATHNAME) == 0)
			return true;
	}
	return false;
}

static bool is_tool_somewhere(
	const char *pattern, const regex_t *regex, const struct audit_names *folders)
{
	bool found = false;

	for (size_t i = 0; !found && i < ARRAY_LEN(usual_folders); i++)
		found = is_tool_in(usual_folders[i], pattern, regex);
	for (size_t i = 0; !found && i < folders->n; i++)
		found = is_tool_in(folders->items[i], pattern, regex);
	return found;
}

/* Whether a pattern is of more than wildcards. */
static bool has_letter(const char *name)
{
	bool in_set = false;

	for (; *name; name++) {
		if (*name == '[' || *name == ']')
			in_set = *name == '[';
		else if (!in_set && *name != '*' && *name != '?')
			return true;
	}
	return false;
}

/* "/srv/x/dock*", "/opt/?/bin/dock*": whatever the folder is, the name decides. */
static bool is_tool_anywhere(const char *pattern)
{
	const char *name = strrchr(pattern, '/') + 1;
	bool any_folder = strcspn(pattern, "*?[") < (size_t)(name - pattern);

	for (size_t i = 0; (any_folder || has_letter(name)) && i < ARRAY_LEN(tools);
		i++) {
		if (!*name || fnmatch(name, tools[i], 0) == 0)
			return true;
	}
	return false;
}

/* "^/srv/x/dock.*$" is about its folder, too, as far as that is plain. */
static bool is_tool_of_regex(char *text, const struct audit_names *folders)
{
	regex_t regex;

	/* One that cannot be read may be about anything. */
	if (regcomp(&regex, text, REG_EXTENDED | REG_NOSUB) != 0)
		return true;
	bool found = is_tool_somewhere(text, &regex, folders);
	text[1 + strcspn(text + 1, "\\.[]()*+?{}|^$")] = '\0';
	char *slash = strrchr(text, '/');
	if (slash) {
		*slash = '\0';
		found = found || is_tool_in(text + 1, text, &regex);
	}
	regfree(&regex);
	return found;
}

bool tools_matched(struct span pattern, const struct audit_names *folders)
{
	char text[256];
	bool is_regex = span_begins(pattern, "^");

	if (pattern.len == 0 || (!is_regex && pattern.text[0] != '/'))
		return false;
	if (pattern.len >= sizeof(text))
		return true;
	memcpy(text, pattern.text, pattern.len);
	text[pattern.len] = '\0';
	if (is_regex)
		return is_tool_of_regex(text, folders);
	/* A plain path names what it is. */
	if (!strpbrk(text, "*?[") && text[pattern.len - 1] != '/')
		return false;
	return is_tool_anywhere(text) || is_tool_somewhere(text, NULL, folders);
}

static bool is_word_byte(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	       (c >= '0' && c <= '9') || c == '-' || c == '_' || c == '.';
}

/* A path's last part counts: "/usr/bin/docker" does, "/etc/docker/x" does not. */
bool tools_named(struct span span)
{
	for (size_t i = 0; i < span.len;) {
		size_t end = i;

		while (end < span.len && is_word_byte(span.text[end]))
			end++;
		bool last = end == span.len || span.text[end] != '/';
		for (size_t t = 0; last && t < ARRAY_LEN(tools); t++) {
			if (span_is((struct span){span.text + i, end - i}, tools[t]))
				return true;
		}
		i = end > i ? end : i + 1;
	}
	return false;
}
