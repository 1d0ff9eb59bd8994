/* SPDX-License-Identifier: GPL-2.0-or-later */
/* doas.conf(5): rules that name an engine's tool, or whom to become. */
#include <string.h>

#include "common/cleanup.h"
#include "gate/audit/rules.h"
#include "gate/audit/tools.h"

/*
 * Theory of operation. The text becomes tokens as doas' own lexer has them: quotes and
 * backslashes are gone, a '#' that is in neither ends its line, and a word that had any
 * is no keyword. Then each line of tokens is read as
 *
 *   permit|deny [options] identity [as target] [cmd command [args ...]]
 *
 * Not handled: that a later rule may take back what an earlier one permits.
 */

enum token_kind { TOKEN_END = 0, TOKEN_LINE, TOKEN_OPEN, TOKEN_CLOSE, TOKEN_WORD };

struct token {
	enum token_kind kind;
	struct span text;
	bool plain; /* may be a keyword */
};

/**
 * struct lexer
 * @out:  what all tokens are, a blank behind each: never more than twice the text
 * @line: that the token read last is in
 */
struct lexer {
	struct span rest;
	unsigned int line;
	char *out;
	size_t len;
};

/* One line of the file. */
struct doas_rule {
	struct token *tokens;
	size_t n;
};

static void skip(struct lexer *lexer)
{
	lexer->rest.text++;
	lexer->rest.len--;
}

/* false: it was but the end of a line behind a backslash. */
static bool read_word(struct lexer *lexer, struct token *token)
{
	bool quoted = false, escaped = false, has_quotes = false;
	char *start = lexer->out + lexer->len;
	size_t len = 0;

	token->plain = true;
	for (; lexer->rest.len > 0; skip(lexer)) {
		char c = lexer->rest.text[0];

		if (!escaped && c == '\\') {
			escaped = true;
			token->plain = false;
			continue;
		}
		if (escaped && c == '\n') {
			escaped = false;
			lexer->line++;
			continue;
		}
		if (!escaped && c == '"') {
			quoted = !quoted;
			has_quotes = true;
			token->plain = false;
			continue;
		}
		if (!escaped && (c == '\n' || (!quoted && c && strchr("{}# \t\r", c))))
			break;
		escaped = false;
		start[len++] = c;
	}
	if (len == 0 && !has_quotes)
		return false;
	token->kind = TOKEN_WORD;
	token->text = (struct span){start, len};
	return true;
}

static bool read_mark(struct lexer *lexer, struct token *token)
{
	static const enum token_kind kinds[] = {
		['\n'] = TOKEN_LINE, ['{'] = TOKEN_OPEN, ['}'] = TOKEN_CLOSE};
	unsigned char c = (unsigned char)lexer->rest.text[0];

	if (c >= ARRAY_LEN(kinds) || !kinds[c])
		return false;
	skip(lexer);
	token->kind = kinds[c];
	lexer->out[lexer->len] = (char)c;
	token->text = (struct span){lexer->out + lexer->len, 1};
	return true;
}

static struct token next_token(struct lexer *lexer)
{
	struct token token = {0};

	while (lexer->rest.len > 0) {
		char c = lexer->rest.text[0];

		if (c == ' ' || c == '\t' || c == '\r') {
			skip(lexer);
			continue;
		}
		if (c == '#') {
			while (lexer->rest.len > 0 && lexer->rest.text[0] != '\n')
				skip(lexer);
			continue;
		}
		if (!read_mark(lexer, &token) && !read_word(lexer, &token))
			continue;
		lexer->len += token.text.len;
		lexer->out[lexer->len++] = ' ';
		break;
	}
	return token;
}

static bool is_keyword(const struct token *token, const char *text)
{
	return token->plain && span_is(token->text, text);
}

/* Behind permit, the options and their lists: where the identity is. */
static size_t skip_options(const struct doas_rule *rule)
{
	static const char *const options[] = {
		"nopass", "nolog", "persist", "keepenv", "setenv"};
	size_t i = 1;

	for (bool found = true; found;) {
		found = false;
		for (size_t o = 0; i < rule->n && o < ARRAY_LEN(options); o++)
			found = found || is_keyword(&rule->tokens[i], options[o]);
		if (!found)
			break;
		i++;
		if (i >= rule->n || rule->tokens[i].kind != TOKEN_OPEN)
			continue;
		while (i < rule->n && rule->tokens[i].kind != TOKEN_CLOSE)
			i++;
		i++;
	}
	return i;
}

/* From a token to the rule's end. */
static struct span text_from(const struct doas_rule *rule, size_t at)
{
	if (at >= rule->n)
		return (struct span){"", 0};
	const struct span *last = &rule->tokens[rule->n - 1].text;
	const char *start = rule->tokens[at].text.text;
	return (struct span){start, (size_t)(last->text + last->len - start)};
}

/* As sudoers(5) has it: doas takes a number for an id, where nobody is called so. */
static const char *sudo_name(struct audit_facts *facts, struct span name)
{
	struct arena *arena = &facts->arena;
	bool group = name.len > 0 && name.text[0] == ':';
	uint32_t id;

	if (group)
		name = (struct span){name.text + 1, name.len - 1};
	const char *text = arena_strndup(arena, name.text, name.len);
	if (!text)
		return NULL;
	bool is_id = span_number(name, &id) &&
		     !(group ? (const void *)audit_group_by_name(facts, text)
			     : (const void *)audit_user_by_name(facts, text));
	return arena_printf(arena, "%s%s%s", group ? "%" : "", is_id ? "#" : "", text);
}

static void read_rule(struct audit_facts *facts, const char *path, unsigned int line,
	const struct doas_rule *rule)
{
	const char *target = NULL;

	if (rule->n == 0 || !is_keyword(&rule->tokens[0], "permit"))
		return;
	size_t at = skip_options(rule);
	if (at >= rule->n || rule->tokens[at].kind != TOKEN_WORD)
		return;
	const char *who = sudo_name(facts, rule->tokens[at].text);
	at++;
	if (rule->n - at > 1 && is_keyword(&rule->tokens[at], "as")) {
		target = sudo_name(facts, rule->tokens[at + 1].text);
		at += 2;
		/* Root needs no third one. */
		if (target && audit_is_root(facts, target))
			target = NULL;
	}
	bool tool = tools_named(text_from(rule, at));
	if (!who || (!tool && !target))
		return;
	struct audit_rule *fact = rules_add(
		facts, AUDIT_RULE_DOAS, path, line, span_of(who), text_from(rule, 0));
	if (!fact)
		return;
	fact->tool = tool;
	struct audit_names *runas = target ? arena_push(&facts->arena, &fact->runas,
						     &fact->nrunas, sizeof(*runas))
					   : NULL;
	if (runas)
		audit_name(facts, runas, target, strlen(target));
}

void rules_read_doas(struct audit_facts *facts, const char *path, struct span text)
{
	size_t size = 2 * text.len + 1;
	struct lexer lexer = {.rest = text, .line = 1};

	lexer.out = arena_alloc_raw(&facts->arena, size);
	if (!lexer.out)
		return;
	for (bool more = true; more;) {
		struct doas_rule rule = {0};
		unsigned int line = 0;
		struct token token;

		while (token = next_token(&lexer),
			token.kind != TOKEN_LINE && token.kind != TOKEN_END) {
			struct token *slot = arena_push(
				&facts->arena, &rule.tokens, &rule.n, sizeof(*slot));

			if (!slot)
				return;
			*slot = token;
			line = line ? line : lexer.line;
		}
		read_rule(facts, path, line, &rule);
		lexer.line++;
		more = token.kind == TOKEN_LINE;
	}
}
