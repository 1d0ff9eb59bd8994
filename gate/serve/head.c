/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Heads of HTTP/1.1 messages, read so strictly that nobody can read them otherwise. */
#include "gate/serve/head.h"

#include <errno.h>
#include <string.h>
#include <strings.h>

#include <http_parser.h>

#include "gate/filter.h"

/* What one reading of http_parser collects. */
struct reading {
	struct arena *arena;
	const char *target;
	size_t target_len;
	struct head_field *fields;
	size_t nfields;
	bool in_value, bad;
};

enum known_field {
	FIELD_CONNECTION,
	FIELD_CONTENT_LENGTH,
	FIELD_CONTENT_TYPE,
	FIELD_EXPECT,
	FIELD_HOST,
	FIELD_HTTP2_SETTINGS,
	FIELD_REGISTRY_AUTH,
	FIELD_REGISTRY_CONFIG,
	FIELD_TRANSFER_ENCODING,
	FIELD_UPGRADE,
	FIELD_COUNT,
};

static const char *const field_names[FIELD_COUNT] = {
	[FIELD_CONNECTION] = "Connection",
	[FIELD_CONTENT_LENGTH] = "Content-Length",
	[FIELD_CONTENT_TYPE] = "Content-Type",
	[FIELD_EXPECT] = "Expect",
	[FIELD_HOST] = "Host",
	[FIELD_HTTP2_SETTINGS] = "HTTP2-Settings",
	[FIELD_REGISTRY_AUTH] = "X-Registry-Auth",
	[FIELD_REGISTRY_CONFIG] = "X-Registry-Config",
	[FIELD_TRANSFER_ENCODING] = "Transfer-Encoding",
	[FIELD_UPGRADE] = "Upgrade",
};

static int fault(struct head_fault *ret_fault, unsigned int status, const char *reason)
{
	*ret_fault = (struct head_fault){status, reason};
	return -EBADMSG;
}

ssize_t head_scan(const char *bytes, size_t len, size_t from)
{
	for (size_t i = from; i < len; i++) {
		if (bytes[i] == '\0' || (bytes[i] == '\n' && i == 0))
			return -EBADMSG;
		if (bytes[i] == '\n' && bytes[i - 1] != '\r')
			return -EBADMSG;
		/* RFC 9112, 2.2 lets servers skip empty lines before a request. */
		if (bytes[i] == '\n' && i == 1)
			return -EBADMSG;
		if (bytes[i] == '\n' && i >= 3 && bytes[i - 2] == '\n')
			return (ssize_t)i + 1;
	}
	return 0;
}

/* RFC 9110, 5.6.2 */
static bool is_token_byte(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	       (c >= '0' && c <= '9') || (c && strchr("!#$%&'*+-.^_`|~", c));
}

/* A field line without its CRLF: a token, a colon, then no control character. */
static bool is_field_line(const char *line, size_t len)
{
	size_t i = 0;

	while (i < len && is_token_byte(line[i]))
		i++;
	if (i == 0 || i == len || line[i] != ':')
		return false; /* also a folded line: it begins with a blank */
	for (; i < len; i++) {
		unsigned char c = (unsigned char)line[i];

		if ((c < 0x20 && c != '\t') || c == 0x7f)
			return false;
	}
	return true;
}

/* Printable ASCII, @blanks of them single spaces; an answer's reason may be any text.
 */
static bool is_start_line(const char *line, size_t len, bool is_answer)
{
	size_t blanks = 0;

	for (size_t i = 0; i < len; i++) {
		if (line[i] < 0x20 || line[i] == 0x7f)
			return false;
		if (line[i] == ' ') {
			if (i == 0 || (line[i - 1] == ' ' && !is_answer))
				return false;
			blanks++;
		}
	}
	return is_answer ? blanks >= 1 : blanks == 2;
}

/* What parsers tolerate and a second reader may see differently. */
static int check_bytes(
	const char *bytes, size_t len, bool is_answer, struct head_fault *ret_fault)
{
	const char *line = bytes, *end = bytes + len - 2; /* the empty line */

	for (size_t n = 0; line < end; n++) {
		const char *cr = memchr(line, '\r', (size_t)(end - line));

		if (!cr || cr[1] != '\n')
			return fault(ret_fault, 400, "a CR without LF in the head");
		size_t line_len = (size_t)(cr - line);
		if (n == 0 && !is_start_line(line, line_len, is_answer))
			return fault(ret_fault, 400, "the first line is no HTTP");
		if (n > 0 && !is_field_line(line, line_len))
			return fault(ret_fault, 400,
				"a header line is folded, or has a blank before its "
				"colon, or a control character");
		if (n > HEAD_MAX_FIELDS)
			return fault(ret_fault, 431, "too many header lines");
		line = cr + 2;
	}
	return 0;
}

static int on_target(http_parser *parser, const char *at, size_t len)
{
	struct reading *reading = parser->data;

	reading->bad |= reading->target != NULL;
	reading->target = arena_strndup(reading->arena, at, len);
	reading->target_len = len;
	return 0;
}

static int on_field(http_parser *parser, const char *at, size_t len)
{
	struct reading *reading = parser->data;

	if (reading->nfields >= HEAD_MAX_FIELDS)
		return 1;
	reading->fields[reading->nfields].name = arena_strndup(reading->arena, at, len);
	reading->fields[reading->nfields].value = "";
	reading->nfields++;
	reading->in_value = false;
	return 0;
}

static int on_value(http_parser *parser, const char *at, size_t len)
{
	struct reading *reading = parser->data;

	/* All comes in one piece; a second one would be a folded line. */
	reading->bad |= reading->in_value || reading->nfields == 0;
	if (reading->bad)
		return 1;
	while (len > 0 && (at[len - 1] == ' ' || at[len - 1] == '\t'))
		len--;
	reading->fields[reading->nfields - 1].value =
		arena_strndup(reading->arena, at, len);
	reading->in_value = true;
	return 0;
}

/* 1: no body follows in what is parsed here. */
static int on_end(http_parser *parser)
{
	(void)parser;
	return 1;
}

static int read_head(http_parser *parser, enum http_parser_type type,
	struct reading *reading, const char *bytes, size_t len,
	struct head_fault *ret_fault)
{
	http_parser_settings settings;
	bool is_answer = type == HTTP_RESPONSE;

	if (len < 4 || len > HEAD_MAX_BYTES)
		return fault(ret_fault, 431, "the head is too large");
	if (check_bytes(bytes, len, is_answer, ret_fault) < 0)
		return -EBADMSG;
	reading->fields =
		arena_array(reading->arena, HEAD_MAX_FIELDS, sizeof(*reading->fields));
	if (!reading->fields)
		return fault(ret_fault, 503, "out of memory");
	http_parser_settings_init(&settings);
	settings.on_url = on_target;
	settings.on_header_field = on_field;
	settings.on_header_value = on_value;
	settings.on_headers_complete = on_end;
	http_parser_init(parser, type);
	parser->data = reading;
	size_t used = http_parser_execute(parser, &settings, bytes, len);
	if (HTTP_PARSER_ERRNO(parser) != HPE_OK)
		return fault(ret_fault, 400,
			http_errno_description(HTTP_PARSER_ERRNO(parser)));
	if (used != len || reading->bad)
		return fault(ret_fault, 400, "the head can be read in two ways");
	if (arena_failed(reading->arena))
		return fault(ret_fault, 503, "out of memory");
	if (parser->http_major != 1 || parser->http_minor != 1)
		return fault(ret_fault, 505, "only HTTP/1.1 is spoken here");
	return 0;
}

/* Each of the fields that matter, once at most and of printable ASCII. */
static int sort_fields(const struct reading *reading,
	const char *values[static FIELD_COUNT], struct head_fault *ret_fault)
{
	for (size_t i = 0; i < reading->nfields; i++) {
		const struct head_field *field = &reading->fields[i];
		size_t k = 0;

		while (k < FIELD_COUNT && strcasecmp(field->name, field_names[k]) != 0)
			k++;
		if (k == FIELD_COUNT)
			continue;
		if (values[k])
			return fault(
				ret_fault, 400, "a header that matters is given twice");
		for (const char *c = field->value; *c; c++) {
			if (*c < 0x20 || *c == 0x7f)
				return fault(ret_fault, 400,
					"a header that matters is not plain ASCII");
		}
		values[k] = field->value;
	}
	return 0;
}

/* Up to 18 digits: no sign, no blanks, no overflow. */
static bool parse_length(const char *text, uint64_t *ret_length)
{
	uint64_t length = 0;
	size_t n = strlen(text);

	if (n == 0 || n > 18)
		return false;
	for (; *text; text++) {
		if (*text < '0' || *text > '9')
			return false;
		length = length * 10 + (uint64_t)(*text - '0');
	}
	*ret_length = length;
	return true;
}

static int judge_framing(const char *const values[static FIELD_COUNT],
	enum framing_kind *ret_framing, uint64_t *ret_length,
	struct head_fault *ret_fault)
{
	const char *length = values[FIELD_CONTENT_LENGTH];
	const char *encoding = values[FIELD_TRANSFER_ENCODING];

	if (length && encoding)
		return fault(ret_fault, 400,
			"both Content-Length and Transfer-Encoding are given");
	if (encoding && strcasecmp(encoding, "chunked") != 0)
		return fault(ret_fault, 501, "a Transfer-Encoding other than chunked");
	if (length && !parse_length(length, ret_length))
		return fault(ret_fault, 400, "Content-Length is no number");
	*ret_framing = FRAMING_NONE;
	if (encoding)
		*ret_framing = FRAMING_CHUNKED;
	else if (length && *ret_length > 0)
		*ret_framing = FRAMING_LENGTH;
	return 0;
}

/* Whether a comma-separated list holds @word. */
static bool has_word(const char *list, const char *word)
{
	size_t len = strlen(word);

	for (const char *at = list; at && *at;) {
		size_t n = strcspn(at, ", \t");

		if (n == len && strncasecmp(at, word, len) == 0)
			return true;
		at += n;
		at += strspn(at, ", \t");
	}
	return false;
}

static int check_request(const struct reading *reading,
	const char *const values[static FIELD_COUNT], struct head_fault *ret_fault)
{
	const char *expect = values[FIELD_EXPECT];

	if (!values[FIELD_HOST])
		return fault(ret_fault, 400, "there is no Host");
	if (!reading->target || reading->target[0] != '/')
		return fault(ret_fault, 400, "the target of a request begins with '/'");
	if (reading->target_len > GATE_MAX_TARGET)
		return fault(ret_fault, 414, "the target is too long");
	if (strlen(reading->target) != reading->target_len)
		return fault(ret_fault, 400, "there is a NUL in the target");
	if (expect && strcasecmp(expect, "100-continue") != 0)
		return fault(ret_fault, 417, "an Expect other than 100-continue");
	if (values[FIELD_HTTP2_SETTINGS] || has_word(values[FIELD_UPGRADE], "h2c"))
		return fault(ret_fault, 400, "HTTP/2 is not spoken here");
	return 0;
}

int head_parse_request(struct arena *arena, const char *bytes, size_t len,
	struct request_head *ret_head, struct head_fault *ret_fault)
{
	static const char preface[] = "PRI * HTTP/2.0\r\n";
	struct reading reading = {.arena = arena};
	const char *values[FIELD_COUNT] = {NULL};
	struct request_head head = {0};
	http_parser parser;

	if (len >= sizeof(preface) - 1 &&
		memcmp(bytes, preface, sizeof(preface) - 1) == 0)
		return fault(ret_fault, 505, "HTTP/2 is not spoken here");
	if (read_head(&parser, HTTP_REQUEST, &reading, bytes, len, ret_fault) < 0 ||
		sort_fields(&reading, values, ret_fault) < 0 ||
		judge_framing(values, &head.framing, &head.length, ret_fault) < 0 ||
		check_request(&reading, values, ret_fault) < 0)
		return -EBADMSG;
	head.method = http_method_str((enum http_method)parser.method);
	head.target = reading.target;
	head.target_len = reading.target_len;
	head.content_type = values[FIELD_CONTENT_TYPE];
	head.registry_auth = values[FIELD_REGISTRY_AUTH];
	head.registry_config = values[FIELD_REGISTRY_CONFIG];
	head.upgrade = values[FIELD_UPGRADE];
	head.close = has_word(values[FIELD_CONNECTION], "close");
	head.expect_continue = values[FIELD_EXPECT] && head.framing != FRAMING_NONE;
	*ret_head = head;
	return 0;
}

/* About one connection and not about the answer: RFC 9110, 7.6.1. */
static bool is_hop_field(const char *name)
{
	static const char *const hop[] = {"Connection", "Content-Length", "Keep-Alive",
		"Proxy-Authenticate", "Proxy-Connection", "TE", "Trailer",
		"Transfer-Encoding", "Upgrade"};

	for (size_t i = 0; i < ARRAY_LEN(hop); i++) {
		if (strcasecmp(name, hop[i]) == 0)
			return true;
	}
	return false;
}

int head_parse_answer(struct arena *arena, const char *bytes, size_t len, bool to_head,
	struct answer_head *ret_head, struct head_fault *ret_fault)
{
	struct reading reading = {.arena = arena};
	const char *values[FIELD_COUNT] = {NULL};
	struct answer_head head = {0};
	http_parser parser;

	if (read_head(&parser, HTTP_RESPONSE, &reading, bytes, len, ret_fault) < 0 ||
		sort_fields(&reading, values, ret_fault) < 0 ||
		judge_framing(values, &head.framing, &head.length, ret_fault) < 0)
		return -EBADMSG;
	head.status = parser.status_code;
	head.content_type = values[FIELD_CONTENT_TYPE];
	head.has_length = values[FIELD_CONTENT_LENGTH] != NULL;
	/* RFC 9112, 6.3: these have no body, whatever the fields say. */
	if (to_head || head.status < 200 || head.status == 204 || head.status == 304)
		head.framing = FRAMING_NONE;
	else if (head.framing == FRAMING_NONE && !head.has_length)
		head.framing = FRAMING_CLOSE;
	head.fields = reading.fields;
	for (size_t i = 0; i < reading.nfields; i++) {
		if (!is_hop_field(reading.fields[i].name))
			head.fields[head.nfields++] = reading.fields[i];
	}
	*ret_head = head;
	return 0;
}
