/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the confined process may ask of the one that still has privileges. */
#include "gate/serve/broker.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>

#include "gate/serve/pass.h"
#include "gate/serve/pin.h"
#include "gate/serve/wire.h"

enum ask_kind { ASK_NONE = 0, ASK_CONNECT, ASK_PIN, ASK_TRAIL, ASK_BEGIN };

enum {
	MAX_TEXTS = 9,
	MAX_TEXT = 4096, /* with its NUL; PATH_MAX */
	MAX_ASK = 8 + MAX_TEXTS * (MAX_TEXT + 1),
};

/* In front of every question: its texts follow, each a presence byte and a string. */
struct ask_head {
	uint32_t kind;
	uint32_t flag;
};

struct answer {
	int32_t code;
	char text[512];
};

static int send_answer(int fd, int code, const char *text, int pass_fd)
{
	struct answer answer = {.code = code};

	(void)snprintf(answer.text, sizeof(answer.text), "%.*s",
		(int)sizeof(answer.text) - 1, text);
	return pass_send(fd, &answer, sizeof(answer), pass_fd);
}

static int answer_connect(int fd, const struct broker *broker)
{
	struct err err = {0};
	_cleanup_(cleanup_close) int engine = wire_connect(broker->engine_path, &err);

	return send_answer(fd, engine < 0 ? engine : 0, err.text, engine);
}

static int answer_pin(int fd, const struct broker *broker, bool read_only,
	const char *const texts[static MAX_TEXTS])
{
	struct err err = {0};
	struct gate_pin pin = {
		.source = texts[0],
		.path = texts[1],
		.home = texts[2],
		.granted = texts[3],
		.read_only = read_only,
	};
	int code = -EINVAL;

	if (pin.source && pin.path)
		code = pin_make(&pin, broker->user, &err);
	return send_answer(fd, code, err.text, -1);
}

static int record(const struct broker *broker, bool is_allowed,
	const char *const texts[static MAX_TEXTS], struct err *err)
{
	const struct trail_entry entry = {
		.decision = is_allowed ? "allow" : "deny",
		.method = texts[0],
		.route = texts[1],
		.object = texts[2],
		.image = texts[3],
		.rule = texts[4],
		.reason = texts[5],
		.note = texts[6],
	};

	return trail_write(broker->trail, broker->caller, &entry, err);
}

static int answer_trail(int fd, const struct broker *broker, bool is_allowed,
	const char *const texts[static MAX_TEXTS])
{
	struct err err = {0};
	int code = record(broker, is_allowed, texts, &err);

	return send_answer(fd, code, err.text, -1);
}

static int answer_begin(int fd, const struct broker *broker, bool is_allowed,
	const char *const texts[static MAX_TEXTS])
{
	struct err err = {0};
	int code = is_allowed ? record(broker, true, texts, &err) : -EINVAL;

	return code < 0 ? send_answer(fd, code, err.text, -1)
			: answer_connect(fd, broker);
}

/* Splits the texts behind the head; false when that is not what they are. */
static bool read_texts(char *at, size_t len, const char *texts[static MAX_TEXTS])
{
	for (size_t i = 0; i < MAX_TEXTS; i++) {
		if (len == 0)
			return false;
		bool present = *at == 1;
		at++;
		len--;
		if (!present)
			continue;
		char *end = memchr(at, '\0', len);
		if (!end)
			return false;
		texts[i] = at;
		len -= (size_t)(end + 1 - at);
		at = end + 1;
	}
	return len == 0;
}

void broker_serve(int fd, const struct broker *broker)
{
	static char message[MAX_ASK];
	int rc = 0;

	while (rc == 0) {
		const char *texts[MAX_TEXTS] = {NULL};
		struct ask_head head;
		ssize_t n = recv(fd, message, sizeof(message), 0);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < (ssize_t)sizeof(head))
			return;
		memcpy(&head, message, sizeof(head));
		if (!read_texts(
			    message + sizeof(head), (size_t)n - sizeof(head), texts))
			return;
		if (head.kind == ASK_CONNECT)
			rc = answer_connect(fd, broker);
		else if (head.kind == ASK_PIN)
			rc = answer_pin(fd, broker, head.flag == 1, texts);
		else if (head.kind == ASK_TRAIL)
			rc = answer_trail(fd, broker, head.flag == 1, texts);
		else if (head.kind == ASK_BEGIN)
			rc = answer_begin(fd, broker, head.flag == 1, texts);
		else
			return;
	}
}

/* The worker's side. */

static int receive_answer(int fd, int *ret_fd, struct err *err)
{
	struct answer answer;
	_cleanup_(cleanup_close) int passed = -1;
	ssize_t n = pass_receive(fd, &answer, sizeof(answer), &passed);

	if (n != (ssize_t)sizeof(answer))
		return err_set(err, -EIO, "gate's other process does not answer");
	answer.text[sizeof(answer.text) - 1] = '\0';
	if (answer.code < 0)
		return err_set(err, answer.code, "%s", answer.text);
	*ret_fd = TAKE_FD(passed);
	return 0;
}

static int ask(int fd, enum ask_kind kind, bool flag,
	const char *const texts[static MAX_TEXTS], size_t max_text, int *ret_fd,
	struct err *err)
{
	static char message[MAX_ASK];
	struct ask_head head = {.kind = kind, .flag = flag};
	size_t len = sizeof(head);

	memcpy(message, &head, sizeof(head));
	for (size_t i = 0; i < MAX_TEXTS; i++) {
		message[len++] = texts[i] != NULL;
		if (!texts[i])
			continue;
		size_t n = strnlen(texts[i], max_text - 1);
		memcpy(message + len, texts[i], n);
		len += n;
		message[len++] = '\0';
	}
	if (send(fd, message, len, MSG_NOSIGNAL) != (ssize_t)len)
		return err_set(err, -EIO, "gate's other process is gone");
	return receive_answer(fd, ret_fd, err);
}

int broker_connect(int fd, struct err *err)
{
	const char *const texts[MAX_TEXTS] = {NULL};
	int engine = -1;
	int rc = ask(fd, ASK_CONNECT, false, texts, MAX_TEXT, &engine, err);

	if (rc == 0 && engine < 0)
		return err_set(err, -EIO, "no connection to the engine came");
	return rc < 0 ? rc : engine;
}

int broker_pin(int fd, const struct gate_pin *pin, struct err *err)
{
	const char *const texts[MAX_TEXTS] = {
		pin->source, pin->path, pin->home, pin->granted};
	int none = -1;

	/* Cut, they would be other paths. */
	for (size_t i = 0; i < MAX_TEXTS; i++) {
		if (texts[i] && strlen(texts[i]) >= MAX_TEXT)
			return err_set(err, -ENAMETOOLONG, "a path is too long");
	}
	return ask(fd, ASK_PIN, pin->read_only, texts, MAX_TEXT, &none, err);
}

static int ask_entry(int fd, enum ask_kind kind, const struct trail_entry *entry,
	int *ret_fd, struct err *err)
{
	const char *const texts[MAX_TEXTS] = {entry->method, entry->route,
		entry->object, entry->image, entry->rule, entry->reason, entry->note};

	return ask(fd, kind, strcmp(entry->decision, "allow") == 0, texts, 1024, ret_fd,
		err);
}

int broker_trail(int fd, const struct trail_entry *entry, struct err *err)
{
	int none = -1;

	return ask_entry(fd, ASK_TRAIL, entry, &none, err);
}

int broker_begin(int fd, const struct trail_entry *entry, struct err *err)
{
	int engine = -1;
	int rc = ask_entry(fd, ASK_BEGIN, entry, &engine, err);

	if (rc == 0 && engine < 0)
		return err_set(err, -EIO, "no connection to the engine came");
	return rc < 0 ? rc : engine;
}
