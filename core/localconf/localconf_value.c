/* SPDX-License-Identifier: Apache-2.0 */
/* Values: from what was given, or the default, to what the readers return (spec 7.1). */
#include "localconf_priv.h"
#include <ctype.h>
#include <stdlib.h>

static const char *origin_of(const struct conf_slot *s)
{
	return s->origin ? s->origin : "default";
}

static int refuse(const struct conf_slot *s, const char *expected, struct ord_err *e)
{
	return err_set(e, ORD_EINVAL, "%s: %s is \"%.100s\", expected %s", origin_of(s), s->row.key,
		       s->text, expected);
}

/* Decimal digits at *@s; false when there are none, on a leading zero, or beyond 64 bits.  (Others
 * read "010" as eight: nobody here has to guess.) */
static bool parse_digits(const char **s, uint64_t *out)
{
	const char *start = *s;
	uint64_t v = 0;

	for (; isdigit((unsigned char)**s); ++*s)
		if (__builtin_mul_overflow(v, 10, &v) ||
		    __builtin_add_overflow(v, (uint64_t)(**s - '0'), &v))
			return false;
	*out = v;
	return *s > start && (*start != '0' || *s == start + 1);
}

static bool parse_size(const char *s, uint64_t *out)
{
	uint64_t unit = 1;

	if (!parse_digits(&s, out))
		return false;
	if (*s == '\0')
		return true;
	while (isspace((unsigned char)*s))
		s++;
	switch (tolower((unsigned char)*s)) {
	case 'g':
		unit <<= 10; /* fall through */
	case 'm':
		unit <<= 10; /* fall through */
	case 'k':
		unit <<= 10;
		break;
	default:
		return false;
	}
	s++;
	if (*s == 'b' || *s == 'B')
		s++;
	return *s == '\0' && !__builtin_mul_overflow(*out, unit, out);
}

static int parse_number(struct conf_slot *s, struct ord_err *e)
{
	const struct localconf_row *r = &s->row;
	bool size = r->type == LOCALCONF_SIZE;
	uint64_t max = r->type == LOCALCONF_PORT ? 65535 : r->max ? r->max : UINT64_MAX;
	const char *digits = s->text;
	char expected[160];
	bool ok = size ? parse_size(s->text, &s->number)
		       : parse_digits(&digits, &s->number) && *digits == '\0';

	if (ok && s->number >= r->min && s->number <= max)
		return 0;
	snprintf(expected, sizeof(expected), "%s",
		 size                        ? "a size such as \"512\", \"64 KB\" or \"100 MB\""
		 : r->type == LOCALCONF_PORT ? "a port number from 0 to 65535"
					     : "a whole number");
	if (r->type != LOCALCONF_PORT && max < UINT64_MAX)
		snprintf(expected + strlen(expected), sizeof(expected) - strlen(expected),
			 "%s from %llu to %llu%s", size ? "," : "", (unsigned long long)r->min,
			 (unsigned long long)max, size ? " bytes" : "");
	else if (r->min > 0)
		snprintf(expected + strlen(expected), sizeof(expected) - strlen(expected),
			 "%s of at least %llu%s", size ? "," : "", (unsigned long long)r->min,
			 size ? " bytes" : "");
	return refuse(s, expected, e);
}

static int parse_duration(struct conf_slot *s, struct ord_err *e)
{
	if (duration_parse(s->text, &s->duration_ns, NULL) < 0 ||
	    (s->duration_ns < 0 && !s->row.zero_unset))
		return refuse(s, "a duration such as \"250ms\", \"30s\" or \"1h30m\"", e);
	return 0;
}

static int parse_choice(const struct conf_slot *s, struct ord_err *e)
{
	struct buf expected = BUF_INIT;
	const char *p = s->row.choices;
	size_t n = strlen(s->text);
	int rc;

	for (const char *c = p; *s->text && c; c = strchr(c, '|'), c = c ? c + 1 : NULL)
		if (strncmp(c, s->text, n) == 0 && (c[n] == '|' || c[n] == '\0'))
			return 0;
	if (!*s->text)
		return 0;
	buf_add_str(&expected, "one of ");
	for (; *p; p++)
		buf_printf(&expected, *p == '|' ? ", " : "%c", *p);
	rc = refuse(s, buf_cstr(&expected), e);
	buf_fini(&expected);
	return rc;
}

/* "[a, b]", or one element without brackets.  Paths are made relative to @dir. */
static int parse_list(struct conf_slot *s, const char *dir, struct ord_err *e)
{
	bool paths = s->row.type == LOCALCONF_PATHS;
	size_t len = strlen(s->text), n = 0;
	const char *p = s->text, *end = p + len;
	bool brackets = len > 1 && p[0] == '[' && end[-1] == ']';

	s->list = x_alloc((len + 2) * sizeof(*s->list));
	if (brackets) {
		p++;
		end--;
	}
	while (p < end && isspace((unsigned char)*p))
		p++;
	while (p < end) {
		const char *comma = brackets ? memchr(p, ',', (size_t)(end - p)) : NULL;
		const char *stop = comma ? comma : end;
		char *element;

		while (p < stop && isspace((unsigned char)*p))
			p++;
		while (stop > p && isspace((unsigned char)stop[-1]))
			stop--;
		if (p == stop)
			return refuse(s, "a list such as \"[a, b]\" without empty elements", e);
		element = x_strndup(p, (size_t)(stop - p));
		s->list[n++] = paths ? file_join(dir, element) : x_strdup(element);
		free(element);
		p = comma ? comma + 1 : end;
		if (comma && p == end)
			return refuse(s, "a list such as \"[a, b]\" without empty elements", e);
	}
	return 0;
}

/* ---- PEM and secrets ----------------------------------------------------- */

static int read_value_file(struct conf_slot *s, const char *path, struct ord_err *e)
{
	struct buf content = BUF_INIT;

	if (conf_read_text(path, &content, e) < 0) {
		buf_fini(&content);
		return err_wrap(e, "%s: %s", s->origin, s->row.key);
	}
	if (s->row.type == LOCALCONF_SECRET)
		while (content.len > 0 && strchr("\r\n", content.data[content.len - 1]))
			content.len--;
	free(s->text);
	s->text = x_strdup(buf_cstr(&content));
	buf_fini(&content);
	return 0;
}

/* "[pem, pem]" is a list as Fabric has it: to us, one PEM text. */
static void join_pem_list(char *text)
{
	size_t n = strlen(text);

	if (n < 2 || text[0] != '[' || text[n - 1] != ']')
		return;
	text[0] = ' ';
	text[n - 1] = '\n';
	for (char *p = text; *p; p++)
		if (*p == ',')
			*p = '\n';
}

static int parse_pem(struct conf_slot *s, struct ord_err *e)
{
	char *file = s->by_file ? x_strdup(s->text) : conf_json_file(s->text);
	int rc = 0;

	if (file)
		rc = read_value_file(s, file, e);
	else
		join_pem_list(s->text);
	free(file);
	if (rc == 0 && *s->text && !strstr(s->text, "-----BEGIN "))
		rc = err_set(e, ORD_EINVAL, "%s: %s holds no PEM (to name a file, set %s.File)",
			     s->origin, s->row.key, s->row.key);
	return rc;
}

/* Checked as it was put. */
static int parse_map(struct conf_slot *s)
{
	struct buf text = BUF_INIT;

	conf_map_text(s, &text);
	s->text = x_strdup(buf_cstr(&text));
	buf_fini(&text);
	return 0;
}

/* ---- all types ----------------------------------------------------------- */

static int parse_text(const struct localconf *c, struct conf_slot *s, struct ord_err *e)
{
	char *joined;
	int truth;

	switch (s->row.type) {
	case LOCALCONF_STRING:
	case LOCALCONF_PATH_CWD:
		return s->row.choices ? parse_choice(s, e) : 0;
	case LOCALCONF_BOOL:
		truth = bool_parse(s->text);
		s->flag = truth == 1;
		return truth < 0 ? refuse(s, "true or false", e) : 0;
	case LOCALCONF_UINT:
	case LOCALCONF_PORT:
	case LOCALCONF_SIZE:
		return parse_number(s, e);
	case LOCALCONF_DURATION:
		return parse_duration(s, e);
	case LOCALCONF_PATH:
		joined = *s->text ? file_join(c->dir, s->text) : x_strdup("");
		free(s->text);
		s->text = joined;
		return 0;
	case LOCALCONF_PATHS:
	case LOCALCONF_LIST:
		return parse_list(s, c->dir, e);
	case LOCALCONF_PEM:
		return parse_pem(s, e);
	case LOCALCONF_MAP:
		return 0;
	case LOCALCONF_SECRET:
		return s->by_file ? read_value_file(s, s->given, e) : 0;
	}
	return 0;
}

/* A control character in a setting is an accident, and would show in the log as a line of its own.
 */
static int check_characters(const struct conf_slot *s, struct ord_err *e)
{
	if (s->row.type == LOCALCONF_PEM || s->row.type == LOCALCONF_SECRET)
		return 0;
	for (const char *p = s->text; *p; p++)
		if (iscntrl((unsigned char)*p))
			return err_set(e, ORD_EINVAL, "%s: the value of %s has a control character",
				       origin_of(s), s->row.key);
	return 0;
}

static bool is_number(enum localconf_type t)
{
	return t == LOCALCONF_UINT || t == LOCALCONF_PORT || t == LOCALCONF_SIZE;
}

/* Fabric takes zero for "not set" in many places. */
static bool is_zero(const struct conf_slot *s)
{
	return s->given && s->row.zero_unset &&
	       ((is_number(s->row.type) && s->number == 0) ||
		(s->row.type == LOCALCONF_DURATION && s->duration_ns <= 0));
}

int conf_parse_slot(const struct localconf *c, struct conf_slot *s, struct ord_err *e)
{
	int rc;

	if (s->row.type == LOCALCONF_MAP)
		return parse_map(s);
	s->text = x_strdup(s->given ? s->given : s->row.fallback);
	rc = check_characters(s, e);
	if (rc == 0)
		rc = parse_text(c, s, e);
	if (rc < 0 || !is_zero(s))
		return rc;
	free(s->given);
	free(s->origin);
	free(s->text);
	s->given = s->origin = NULL;
	s->text = x_strdup(s->row.fallback);
	return parse_text(c, s, e);
}
