/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Where the engine is told to listen, and with what group: options, units, JSON. */
#include <errno.h>
#include <string.h>
#include <strings.h>

#include "common/cleanup.h"
#include "common/json.h"
#include "gate/audit/system.h"
#include "gate/audit/words.h"

/* "unix:///run/x.sock", "/run/x.sock"; false: it is none. */
static bool add_path(struct audit_facts *facts, const char *place, const char *engine,
	struct span address)
{
	if (span_begins(address, "unix:")) {
		(void)span_cut(&address, ':');
		if (span_begins(address, "//"))
			address = (struct span){address.text + 2, address.len - 2};
	}
	if (address.len == 0 || !strchr("/@", address.text[0]))
		return false;
	if (span_begins(address, "/var/run/"))
		address = (struct span){address.text + 4, address.len - 4};
	for (size_t i = 0; i < facts->npaths; i++) {
		if (span_is(address, facts->paths[i].path))
			return true;
	}
	struct audit_path *slot =
		arena_push(&facts->arena, &facts->paths, &facts->npaths, sizeof(*slot));
	if (!slot)
		return true;
	*slot = (struct audit_path){
		.path = arena_strndup(&facts->arena, address.text, address.len),
		.engine = engine,
		.place = arena_strdup(&facts->arena, place),
	};
	if (!slot->path || !slot->place)
		facts->npaths--;
	return true;
}

/* "tcp://0.0.0.0:2375", "0.0.0.0:2375", ":2375", "tcp://[::1]:2376", "2375". */
void system_add_address(struct audit_facts *facts, const char *place,
	const char *engine, struct span address, enum audit_tls tls)
{
	struct span rest = address;
	uint32_t port = tls == AUDIT_TLS_NONE ? 2375 : 2376;

	if (address.len == 0)
		return;
	if (span_begins(address, "tcp://") || span_begins(address, "http://")) {
		(void)span_cut(&rest, '/');
		(void)span_cut(&rest, '/');
	} else if (span_begins(address, "tcp:")) {
		(void)span_cut(&rest, ':');
	} else if (add_path(facts, place, engine, address) ||
		   memmem(address.text, address.len, "://", 3)) {
		return; /* or fd://, npipe:// */
	}
	struct span host = rest;
	for (size_t i = rest.len; i > 0; i--) {
		if (rest.text[i - 1] == ']')
			break;
		if (rest.text[i - 1] != ':')
			continue;
		struct span number = {rest.text + i, rest.len - i};
		if (span_number(number, &port))
			host.len = i - 1;
		break;
	}
	if (span_number(rest, &port))
		host.len = 0;
	struct audit_listener *listener = arena_push(&facts->arena, &facts->listeners,
		&facts->nlisteners, sizeof(*listener));
	if (!listener)
		return;
	*listener = (struct audit_listener){
		.address = arena_printf(&facts->arena, "%.*s:%u", (int)host.len,
			host.len > 0 ? host.text : "", port & UINT16_MAX),
		.place = arena_strdup(&facts->arena, place),
		.port = (uint16_t)port,
		.tls = tls,
	};
	if (!listener->address || !listener->place)
		facts->nlisteners--;
}

static bool is_true(struct span value)
{
	static const char *const yes[] = {"", "1", "t", "T", "true", "TRUE", "True"};

	for (size_t i = 0; i < ARRAY_LEN(yes); i++) {
		if (span_is(value, yes[i]))
			return true;
	}
	return false;
}

/* --name=value, or --name and the value as the next word, or -Hvalue. */
struct option {
	struct span name, value;
	bool has_value;
};

/* "-DHtcp://...": letters without a value may stand before one with: pflag. */
static struct option short_option(struct span word)
{
	static const char names[] = "-H-G-g-a";
	struct span rest = {word.text + 1, word.len - 1};

	while (rest.len > 1 && strchr("Dvh", rest.text[0]))
		rest = (struct span){rest.text + 1, rest.len - 1};
	struct option option = {.name = word};
	for (size_t i = 0; rest.len > 0 && names[i]; i += 2) {
		if (names[i + 1] != rest.text[0])
			continue;
		option.name = (struct span){names + i, 2};
		option.value = (struct span){rest.text + 1, rest.len - 1};
		option.has_value = option.value.len > 0;
		if (span_begins(option.value, "="))
			(void)span_cut(&option.value, '=');
	}
	return option;
}

static bool next_option(struct span *words, struct option *ret_option)
{
	while (words->len > 0) {
		struct span word = span_cut(words, '\0');

		if (word.len < 2 || word.text[0] != '-')
			continue;
		if (word.text[1] != '-') {
			*ret_option = short_option(word);
			return true;
		}
		*ret_option = (struct option){.name = word};
		if (memchr(word.text, '=', word.len)) {
			ret_option->value = word;
			ret_option->name = span_cut(&ret_option->value, '=');
			ret_option->has_value = true;
		}
		return true;
	}
	return false;
}

static struct span value_of(struct option *option, struct span *words)
{
	if (!option->has_value)
		option->value = span_cut(words, '\0');
	return span_trim(option->value);
}

/* All of the command line says how all of its addresses are served. */
static enum audit_tls tls_of(struct span words)
{
	bool tls = false, verify = false;
	struct option option;

	while (next_option(&words, &option)) {
		bool yes = !option.has_value || is_true(option.value);

		/* What is named turns TLS on, even as false: dockerd's options.go. */
		if (span_is(option.name, "--tlsverify")) {
			verify = yes;
			tls = true;
		} else if (span_is(option.name, "--tls")) {
			tls = yes || tls;
		}
	}
	return verify ? AUDIT_TLS_VERIFIED : tls ? AUDIT_TLS_SERVER : AUDIT_TLS_NONE;
}

void system_read_arguments(
	struct audit_facts *facts, const char *place, struct span words)
{
	enum audit_tls tls = tls_of(words);
	struct option option;

	while (next_option(&words, &option)) {
		struct span value;

		if (span_is(option.name, "-H") || span_is(option.name, "--host")) {
			value = value_of(&option, &words);
			system_add_address(facts, place, "docker", value, tls);
		} else if (span_is(option.name, "-G") ||
			   span_is(option.name, "--group")) {
			value = value_of(&option, &words);
			if (value.len > 0)
				audit_name(facts, &facts->socket_groups, value.text,
					value.len);
		} else if (span_is(option.name, "--data-root") ||
			   span_is(option.name, "--graph") ||
			   span_is(option.name, "-g")) {
			value = value_of(&option, &words);
			facts->data_root =
				arena_strndup(&facts->arena, value.text, value.len);
		} else if (span_is(option.name, "--config-file")) {
			value = value_of(&option, &words);
			facts->config =
				arena_strndup(&facts->arena, value.text, value.len);
		} else if (span_is(option.name, "--containerd")) {
			value = value_of(&option, &words);
			(void)add_path(facts, place, "containerd", value);
		}
	}
}

/* podman system service tcp:0.0.0.0:8888 */
static const char *read_podman(
	struct audit_facts *facts, const char *place, struct span words)
{
	enum audit_tls tls = AUDIT_TLS_NONE;
	bool service = false;

	for (struct span rest = words; rest.len > 0;) {
		struct span word = span_cut(&rest, '\0');

		service = service || span_is(word, "service");
		if (span_begins(word, "--tls-client-ca"))
			tls = AUDIT_TLS_VERIFIED;
		else if (span_begins(word, "--tls-cert") && tls == AUDIT_TLS_NONE)
			tls = AUDIT_TLS_SERVER;
	}
	while (service && words.len > 0) {
		struct span word = span_cut(&words, '\0');

		if (span_begins(word, "tcp:") || span_begins(word, "unix:"))
			system_add_address(facts, place, "podman", word, tls);
	}
	return service ? "podman" : NULL;
}

/* buildkitd --addr, containerd --address, crio --listen */
static const char *read_addresses(struct audit_facts *facts, const char *place,
	struct span words, const char *engine)
{
	enum audit_tls tls = AUDIT_TLS_NONE;
	struct option option;

	for (struct span rest = words; next_option(&rest, &option);) {
		if (span_is(option.name, "--tlscacert"))
			tls = AUDIT_TLS_VERIFIED;
		else if (span_is(option.name, "--tlscert") && tls == AUDIT_TLS_NONE)
			tls = AUDIT_TLS_SERVER;
	}
	while (next_option(&words, &option)) {
		if (!span_is(option.name, "--addr") &&
			!span_is(option.name, "--address") &&
			!span_is(option.name, "--listen") &&
			!span_is(option.name, "-a"))
			continue;
		struct span value = value_of(&option, &words);
		if (value.len > 0)
			system_add_address(facts, place, engine, value, tls);
	}
	return engine;
}

static const char *read_buildkitd(
	struct audit_facts *facts, const char *place, struct span words)
{
	return read_addresses(facts, place, words, "buildkit");
}

static const char *read_containerd(
	struct audit_facts *facts, const char *place, struct span words)
{
	return read_addresses(facts, place, words, "containerd");
}

static const char *read_crio(
	struct audit_facts *facts, const char *place, struct span words)
{
	return read_addresses(facts, place, words, "crio");
}

static const char *read_dockerd(
	struct audit_facts *facts, const char *place, struct span words)
{
	system_read_arguments(facts, place, words);
	return "docker";
}

static bool is_letter_case(struct span span, const char *text)
{
	return span.len >= strlen(text) &&
	       strncasecmp(span.text, text, strlen(text)) == 0;
}

/* The engine whose socket a word names, as far as its usual name tells. */
static const char *engine_in(struct span words)
{
	static const struct {
		const char *name, *engine;
	} sockets[] = {{"/docker.sock", "docker"}, {"/engine.sock", "docker"},
		{"/containerd.sock", "containerd"}, {"/podman.sock", "podman"},
		{"/crio.sock", "crio"}, {"/buildkitd.sock", "buildkit"}};

	for (size_t i = 0; i < ARRAY_LEN(sockets); i++) {
		if (words.len > 0 && memmem(words.text, words.len, sockets[i].name,
					     strlen(sockets[i].name)))
			return sockets[i].engine;
	}
	return NULL;
}

/* socat TCP-LISTEN:4243,fork UNIX-CONNECT:/run/docker.sock */
static const char *read_socat(
	struct audit_facts *facts, const char *place, struct span words)
{
	static const char *const tcp[] = {"TCP-LISTEN:", "TCP4-LISTEN:", "TCP6-LISTEN:",
		"TCP-L:", "TCP4-L:", "TCP6-L:"};
	static const char *const local[] = {"UNIX-LISTEN:", "UNIX-L:"};
	const char *engine = engine_in(words);

	while (engine && words.len > 0) {
		struct span address = span_cut(&words, '\0');
		struct span word = span_cut(&address, ',');

		for (size_t i = 0; i < ARRAY_LEN(tcp); i++) {
			struct span port = word;

			if (!is_letter_case(word, tcp[i]))
				continue;
			(void)span_cut(&port, ':');
			system_add_address(facts, place, engine, port, AUDIT_TLS_NONE);
		}
		for (size_t i = 0; i < ARRAY_LEN(local); i++) {
			struct span path = word;

			if (!is_letter_case(word, local[i]))
				continue;
			(void)span_cut(&path, ':');
			(void)add_path(facts, place, engine, path);
		}
	}
	return NULL;
}

/* systemd-socket-proxyd /run/docker.sock: what its socket unit has is the engine's. */
static const char *read_proxy(
	struct audit_facts *facts, const char *place, struct span words)
{
	(void)facts;
	(void)place;
	return engine_in(words);
}

/* @unpacks: Docker's images: its engine, or containerd for it, makes their nodes */
static const struct program {
	const char *name;
	const char *(*read)(
		struct audit_facts *facts, const char *place, struct span words);
	bool unpacks;
} programs[] = {
	{"dockerd", read_dockerd, true},
	{"podman", read_podman, false},
	{"buildkitd", read_buildkitd, false},
	{"containerd", read_containerd, true},
	{"crio", read_crio, false},
	{"socat", read_socat, false},
	{"systemd-socket-proxyd", read_proxy, false},
};

bool system_is_program(struct span comm)
{
	enum { COMM_LEN = 15 };

	for (size_t i = 0; i < ARRAY_LEN(programs); i++) {
		size_t len = strlen(programs[i].name);
		struct span name = {programs[i].name, len < COMM_LEN ? len : COMM_LEN};

		if (comm.len == name.len && memcmp(comm.text, name.text, name.len) == 0)
			return true;
	}
	return false;
}

/* The next word that is one; @words: those behind it. NULL: none is left. */
static const struct program *next_program(struct span *words)
{
	while (words->len > 0) {
		struct span word = span_cut(words, '\0');

		/* systemd.service(5): "-@+!:|" in front of the path; then the path. */
		while (word.len > 0 && strchr("-@+!:|", word.text[0]))
			word = (struct span){word.text + 1, word.len - 1};
		while (word.len > 0 && memchr(word.text, '/', word.len))
			(void)span_cut(&word, '/');
		for (size_t i = 0; i < ARRAY_LEN(programs); i++) {
			if (span_is(word, programs[i].name))
				return &programs[i];
		}
	}
	return NULL;
}

const char *system_read_command(
	struct audit_facts *facts, const char *place, struct span words)
{
	const struct program *program = next_program(&words);

	return program ? program->read(facts, place, words) : NULL;
}

const char *system_unpacker(struct span words)
{
	const struct program *program;

	while ((program = next_program(&words))) {
		if (program->unpacks)
			return program->name;
	}
	return NULL;
}

/* NAME="VALUE" a line, as systemd.exec(5) and shells read them. */
void system_read_option_file(
	struct audit_facts *facts, const char *path, struct span text)
{
	struct lines lines = {.rest = text};
	struct span line;

	while (lines_next_whole(&lines, "#;", &facts->arena, &line)) {
		struct span value = span_trim(line);

		if (value.len == 0 || value.text[0] == '#' || value.text[0] == ';')
			continue;
		(void)span_cut(&value, '=');
		const char *place =
			arena_printf(&facts->arena, "%s:%u", path, lines.first);
		if (place)
			system_read_arguments(
				facts, place, words_split(&facts->arena, value, true));
	}
}

int system_read_daemon_json(
	struct audit_facts *facts, const char *path, struct span text, struct err *err)
{
	_cleanup_(cleanup_json_doc) struct json_doc *doc = NULL;
	const struct json_node *hosts = NULL;
	const char *group = NULL, *root = NULL;
	bool tls = false, verify = false;
	int rc = json_doc_load_text(path, text.text, text.len, NULL, &doc, err);

	if (rc < 0)
		return rc;
	const struct json_node *object = json_doc_root(doc);
	if (object->kind != JSON_KIND_OBJECT)
		return json_err(object, err, -EINVAL, "not an object");
	if (json_get_array(object, "hosts", &hosts, err) < 0 ||
		json_get_bool(object, "tls", &tls, err) < 0 ||
		json_get_bool(object, "tlsverify", &verify, err) < 0 ||
		json_get_string(object, "group", &group, err) < 0 ||
		json_get_string(object, "data-root", &root, err) < 0)
		return -EINVAL;
	for (size_t i = 0; hosts && i < hosts->count; i++) {
		const struct json_node *host = &hosts->children[i];

		if (host->kind != JSON_KIND_STRING)
			return json_err(host, err, -EINVAL, "not a string");
		system_add_address(facts, path, "docker", span_of(host->string),
			verify ? AUDIT_TLS_VERIFIED
			: tls  ? AUDIT_TLS_SERVER
			       : AUDIT_TLS_NONE);
	}
	if (group && group[0])
		audit_name(facts, &facts->socket_groups, group, strlen(group));
	if (root)
		facts->data_root = arena_strdup(&facts->arena, root);
	return 0;
}
