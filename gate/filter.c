/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The filter: a request to the engine and who sends it in, a decision out. */
#include "gate/filter.h"

#include <errno.h>
#include <string.h>
#include <strings.h>

#include "gate/filter/route.h"

static bool is_method(const char *method)
{
	size_t len = strlen(method);

	return len > 0 && len <= 16 &&
	       strspn(method, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") == len;
}

struct gate_plan gate_plan(const char *method, const char *target, size_t target_len)
{
	struct gate_plan plan = {.max_bytes = GATE_MAX_JSON_BODY};
	const struct route *route = NULL;
	const char *why, *param;
	struct target parsed;
	struct arena arena;
	bool exists;

	arena_init(&arena, 0);
	if (target_parse(target, target_len, &arena, &parsed, &why) == 0)
		route = route_find(method, &parsed, &arena, &param, &exists);
	arena_done(&arena);
	if (route) {
		plan.known = true;
		plan.body = route->body;
	}
	return plan;
}

static int find_route(struct work *work)
{
	const struct gate_request *request = work->request;
	struct gate_decision *decision = work->decision;
	const char *why = NULL, *reason;
	bool exists;

	if (!is_method(request->method))
		return refuse(work, 400, "request-method", "the method is none");
	int rc = target_parse(
		request->target, request->target_len, work->arena, &work->target, &why);
	if (rc < 0)
		return rc == -ENOMEM ? refuse_memory(work)
				     : refuse(work, 400, "request-target",
					       "the request is refused: %s", why);
	work->route = route_find(
		request->method, &work->target, work->arena, &work->param, &exists);
	if (work->route) {
		decision->route = arena_printf(work->arena, "%s %s",
			work->route->method, work->route->pattern);
		return 0;
	}
	reason = route_refused(&work->target);
	/* "docker inspect" goes on to the next kind of object after a 404 alone. */
	if (reason)
		return refuse(work, strcmp(request->method, "GET") == 0 ? 404 : 403,
			"route-refused", "%s", reason);
	if (exists)
		return refuse(work, 405, "route-method",
			"the API has no such method for this path");
	return refuse(work, 404, "route-unknown", "gate knows no such path of the API");
}

static bool has_prefix(const char *text, const char *prefix)
{
	return strncasecmp(text, prefix, strlen(prefix)) == 0;
}

static bool is_stream_type(const char *type)
{
	static const char *const types[] = {"application/x-tar", "application/tar",
		"application/octet-stream", "text/plain"};

	for (size_t i = 0; i < ARRAY_LEN(types); i++) {
		if (strcmp(type, types[i]) == 0)
			return true;
	}
	return false;
}

/* Go's ParseForm reads such a body of any POST, and lets it beat the query. */
static int check_type(struct work *work)
{
	const char *type = work->request->content_type;

	if (type && (has_prefix(type, "application/x-www-form-urlencoded") ||
			    has_prefix(type, "multipart/")))
		return refuse(work, 415, "content-type",
			"a form is no body of the API: it would override the query");
	if (!work->request->has_body)
		return 0;
	if (work->route->body == GATE_BODY_JSON &&
		(!type || strcmp(type, "application/json") != 0))
		return refuse(work, 415, "content-type",
			"the body's Content-Type must be application/json");
	if (work->route->body == GATE_BODY_STREAM && type && !is_stream_type(type))
		return refuse(work, 415, "content-type",
			"the body's Content-Type must be application/x-tar");
	return 0;
}

static bool is_base64(const char *text)
{
	size_t len = strlen(text);

	return len <= GATE_MAX_AUTH &&
	       strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
			    "0123456789+/-_=") == len;
}

static int check_headers(struct work *work)
{
	const struct gate_request *request = work->request;
	struct gate_forward *forward = &work->decision->forward;
	bool may_upgrade = work->route->answer == GATE_ANSWER_HIJACK;

	if (request->upgrade &&
		(!may_upgrade || strcasecmp(request->upgrade, "tcp") != 0))
		return refuse(work, 400, "upgrade",
			"this request cannot be upgraded to '%s'",
			shown(work, request->upgrade));
	if ((request->registry_auth && !is_base64(request->registry_auth)) ||
		(request->registry_config && !is_base64(request->registry_config)))
		return refuse(work, 400, "registry-auth",
			"the registry's credentials are not base64");
	if (!work->route->auth)
		return 0;
	forward->registry_auth = arena_strdup(work->arena, request->registry_auth);
	forward->registry_config = arena_strdup(work->arena, request->registry_config);
	return 0;
}

/* "null", with a line's end, is what some clients send for nothing. */
static bool is_null(const struct gate_request *request)
{
	size_t len = request->body_len;

	if (len == 5 && request->body[4] == '\n')
		len--;
	return len == 4 && memcmp(request->body, "null", 4) == 0;
}

static int parse_json(struct work *work)
{
	const struct gate_request *request = work->request;
	struct err err = {0};

	if (!request->has_body || !request->body || request->body_len == 0 ||
		(work->route->optional && is_null(request))) {
		if (work->route->optional)
			return 0;
		return refuse(work, 400, "body-missing", "the request needs a body");
	}
	if (request->body_len > GATE_MAX_JSON_BODY)
		return refuse(work, 413, "body-too-long",
			"the body is longer than %d bytes", GATE_MAX_JSON_BODY);
	if (json_doc_load_text("body", request->body, request->body_len, NULL,
		    &work->body, &err) < 0)
		return refuse(work, 400, "body-json", "%s", shown(work, err.text));
	if (json_doc_root(work->body)->kind != JSON_KIND_OBJECT)
		return refuse(work, 400, "body-json", "the body must be an object");
	return 0;
}

static int check_body(struct work *work)
{
	if (check_type(work) < 0)
		return -EACCES;
	work->decision->forward.body_kind = work->route->body;
	switch (work->route->body) {
	case GATE_BODY_JSON:
		return parse_json(work);
	case GATE_BODY_NONE:
		if (!work->request->has_body)
			return 0;
		return refuse(work, 400, "body-unexpected",
			"this request has no body in the API");
	case GATE_BODY_STREAM:
	default:
		return 0;
	}
}

static int check_power(struct work *work)
{
	enum power power = work->route->power;

	if (has_power(work, power))
		return 0;
	return refuse(work, 403, "route-power", "%s %s needs %s in the profile",
		work->route->method, work->route->pattern, power_name(power));
}

/* The pattern with its parameter, which holds no character that needs encoding. */
static const char *forward_path(struct work *work)
{
	const char *pattern = work->route->pattern;
	const char *mark = strchr(pattern, '{');
	const char *query = query_write(work);

	if (!query)
		return NULL;
	if (!mark)
		return arena_printf(
			work->arena, "/v%s/%s%s", work_api(work), pattern, query);
	return arena_printf(work->arena, "/v%s/%.*s%s%s%s", work_api(work),
		(int)(mark - pattern), pattern, work->param, strchr(mark, '}') + 1,
		query);
}

static int write_forward(struct work *work)
{
	struct gate_forward *forward = &work->decision->forward;

	forward->method = work->route->method;
	forward->path = forward_path(work);
	if (work->has_out) {
		size_t len = 0;
		const char *text = jsonw_text(&work->out, &len);

		forward->body = text ? arena_strndup(work->arena, text, len) : NULL;
		forward->body_len = len;
		forward->content_type = "application/json";
		if (!forward->body)
			return refuse_memory(work);
	}
	if (forward->body_kind == GATE_BODY_STREAM)
		forward->content_type = "application/x-tar";
	if (!forward->path || arena_failed(work->arena))
		return refuse_memory(work);
	return 0;
}

static int decide(struct work *work)
{
	if (!work->profile)
		return refuse(work, 403, "no-grant",
			"the policy grants you no use of the engine");
	if (find_route(work) < 0)
		return -EACCES;
	work->decision->forward.answer = work->route->answer;
	if (check_power(work) < 0 || check_headers(work) < 0 || query_parse(work) < 0 ||
		check_body(work) < 0 || work->route->decide(work) < 0)
		return -EACCES;
	return write_forward(work);
}

/* What the decision shows must outlive the documents that it was read from. */
static void keep_texts(struct work *work)
{
	struct gate_decision *decision = work->decision;

	decision->object = arena_strdup(work->arena, decision->object);
	decision->image = arena_strdup(work->arena, decision->image);
	decision->unstarted = arena_strdup(work->arena, decision->unstarted);
}

static void work_done(struct work *work)
{
	for (size_t i = 0; i < work->nfacts; i++)
		json_doc_free(work->facts[i].doc);
	json_doc_free(work->body);
	if (work->has_out)
		jsonw_done(&work->out);
}

void gate_filter(const struct gate_context *context, const struct gate_request *request,
	struct arena *arena, struct gate_decision *ret_decision)
{
	struct work work = {
		.context = context,
		.profile = context->profile,
		.caller = context->caller,
		.request = request,
		.arena = arena,
		.decision = ret_decision,
	};

	*ret_decision = (struct gate_decision){.verdict = GATE_DENY};
	if (decide(&work) == 0 && !work.refused) {
		keep_texts(&work);
		if (arena_failed(arena))
			(void)refuse_memory(&work);
	} else {
		keep_texts(&work);
	}
	if (!work.refused) {
		ret_decision->verdict = GATE_ALLOW;
		ret_decision->rule = "allow";
		ret_decision->reason = "the profile allows it";
	} else {
		ret_decision->forward = (struct gate_forward){0};
	}
	work_done(&work);
}

/* moby's archive.DetectCompression; a crafted gzip head can be a tar's, too. */
static bool is_compressed(const unsigned char *bytes)
{
	static const struct {
		unsigned char at, len, magic[4];
	} magics[] = {
		{0, 2, {0x1f, 0x8b}},		  /* gzip */
		{0, 3, {'B', 'Z', 'h'}},	  /* bzip2 */
		{0, 3, {0xfd, '7', 'z'}},	  /* xz */
		{0, 4, {0x28, 0xb5, 0x2f, 0xfd}}, /* zstd */
		{1, 3, {0x2a, 0x4d, 0x18}},	  /* a frame that zstd skips */
	};

	for (size_t i = 0; i < ARRAY_LEN(magics); i++) {
		if (memcmp(bytes + magics[i].at, magics[i].magic, magics[i].len) == 0)
			return true;
	}
	return false;
}

bool gate_is_plain_tar(const void *block, size_t len)
{
	const unsigned char *bytes = block;
	unsigned int sum = 0, told = 0;

	if (len < GATE_TAR_BLOCK || is_compressed(bytes))
		return false;
	/* The header's own checksum, with its field taken as blanks: tar(5). */
	for (size_t i = 0; i < GATE_TAR_BLOCK; i++)
		sum += i >= 148 && i < 156 ? ' ' : bytes[i];
	for (size_t i = 148; i < 156; i++) {
		if (bytes[i] >= '0' && bytes[i] <= '7')
			told = told * 8 + (unsigned int)(bytes[i] - '0');
	}
	/* A block of zeros ends an archive: here, an empty one. */
	return sum == 8 * ' ' || sum == told;
}
