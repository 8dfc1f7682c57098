/* SPDX-License-Identifier: Apache-2.0 */
/* log_format: a pattern of %{verb:directive} pieces, parsed once, printed once a line (spec 8.3).
 */
#include "log_priv.h"
#include <stdlib.h>

#define WIDTH_MAX 1000 /* beyond this a directive is a mistake */

enum piece_kind {
	PIECE_TEXT,
	PIECE_COLOR,
	PIECE_ID,
	PIECE_LEVEL,
	PIECE_MESSAGE,
	PIECE_MODULE,
	PIECE_SHORTFUNC,
	PIECE_TIME
};

static const struct {
	const char *name;
	enum piece_kind kind;
} verbs[] = {
	{"color", PIECE_COLOR},         {"id", PIECE_ID},         {"level", PIECE_LEVEL},
	{"message", PIECE_MESSAGE},     {"module", PIECE_MODULE}, {"time", PIECE_TIME},
	{"shortfunc", PIECE_SHORTFUNC},
};

/* What follows the colon of an %{id} or a text: Go's fmt, as far as it makes sense here. */
struct directive {
	bool minus, zero, plus, space, sharp;
	int width, precision; /* precision -1: none */
	char verb;
};

enum color_kind { COLOR_NORMAL, COLOR_BOLD, COLOR_RESET };

struct piece {
	enum piece_kind kind;
	enum color_kind color;
	struct directive directive;
	struct ord_bytes text; /* PIECE_TEXT: a part of the format's own text */
	struct log_layout *layout;
};

enum encoding { ENCODING_PATTERN, ENCODING_JSON, ENCODING_LOGFMT };

struct log_format {
	enum encoding encoding;
	bool colour;
	char *text;
	struct piece *pieces;
	size_t n;
};

/* ---- parsing ------------------------------------------------------------- */

static int parse_number(const char **s, const char *end)
{
	int n = 0;

	for (; *s < end && **s >= '0' && **s <= '9'; ++*s)
		if (n <= WIDTH_MAX)
			n = n * 10 + (**s - '0');
	return n;
}

static bool parse_flag(char c, struct directive *d)
{
	switch (c) {
	case '-':
		return d->minus = true;
	case '0':
		return d->zero = true;
	case '+':
		return d->plus = true;
	case ' ':
		return d->space = true;
	case '#':
		return d->sharp = true;
	default:
		return false;
	}
}

/* "04x", ".4s"; empty is @fallback.  @allowed: the verbs that make sense for the value. */
static bool parse_directive(struct ord_bytes text, char fallback, const char *allowed,
			    struct directive *d)
{
	const char *s = (const char *)text.data, *end = s + text.len;

	*d = (struct directive){.precision = -1, .verb = fallback};
	if (text.len == 0)
		return true;
	while (s < end && parse_flag(*s, d))
		s++;
	d->width = parse_number(&s, end);
	if (s < end && *s == '.') {
		s++;
		d->precision = parse_number(&s, end);
	}
	if (s + 1 != end || !strchr(allowed, *s))
		return false;
	d->verb = *s;
	return d->width <= WIDTH_MAX && d->precision <= WIDTH_MAX;
}

static bool parse_color(struct ord_bytes text, enum color_kind *c)
{
	if (text.len == 0)
		*c = COLOR_NORMAL;
	else if (bytes_eq_str(text, "bold"))
		*c = COLOR_BOLD;
	else if (bytes_eq_str(text, "reset"))
		*c = COLOR_RESET;
	else
		return false;
	return true;
}

static int parse_argument(struct piece *p, const char *verb, struct ord_bytes arg,
			  struct ord_err *e)
{
	switch (p->kind) {
	case PIECE_TIME:
		if (arg.len == 0)
			arg = bytes_str("2006-01-02T15:04:05.999Z07:00");
		p->layout = log_layout_new(arg);
		return 0;
	case PIECE_COLOR:
		if (!parse_color(arg, &p->color))
			return err_set(e, ORD_EINVAL, "invalid color option: %.*s", (int)arg.len,
				       arg.data);
		return 0;
	case PIECE_ID:
		if (parse_directive(arg, 'd', "dvxXob", &p->directive))
			return 0;
		break;
	default:
		if (parse_directive(arg, 's', "svqxX", &p->directive))
			return 0;
		break;
	}
	return err_set(e, ORD_EINVAL, "invalid option for %%{%s}: %.*s", verb, (int)arg.len,
		       arg.data);
}

static struct piece *add_piece(struct log_format *f, enum piece_kind kind)
{
	struct piece *p;

	f->pieces = x_realloc(f->pieces, (f->n + 1) * sizeof(*p));
	p = &f->pieces[f->n++];
	*p = (struct piece){.kind = kind};
	return p;
}

/* Is there a "%{verb}" or "%{verb:argument}" at @s?  Its length, or 0: then it is plain text. */
static size_t verb_at(const char *s, size_t *verb, struct ord_bytes *arg)
{
	if (s[0] != '%' || s[1] != '{')
		return 0;
	for (size_t i = 0; i < UTIL_ARRAY_LEN(verbs); i++) {
		size_t n = 2 + strlen(verbs[i].name), len = 0;

		if (strncmp(s + 2, verbs[i].name, n - 2) != 0)
			continue;
		if (s[n] == ':')
			len = strcspn(s + n + 1, "}\n") + 1;
		else if (s[n] != '}')
			continue;
		if (s[n + len] != '}')
			continue;
		*verb = i;
		*arg = len ? bytes_of(s + n + 1, len - 1) : bytes_of(s + n, 0);
		return n + len + 1;
	}
	return 0;
}

static void add_text(struct log_format *f, const char *start, const char *end)
{
	if (end > start)
		add_piece(f, PIECE_TEXT)->text = bytes_of(start, (size_t)(end - start));
}

static int parse_pattern(struct log_format *f, struct ord_err *e)
{
	const char *s = f->text, *plain = s;

	while (*s) {
		size_t verb, n;
		struct ord_bytes arg;
		int rc;

		n = verb_at(s, &verb, &arg);
		if (n == 0) {
			s++;
			continue;
		}
		add_text(f, plain, s);
		rc = parse_argument(add_piece(f, verbs[verb].kind), verbs[verb].name, arg, e);
		if (rc < 0)
			return rc;
		s += n;
		plain = s;
	}
	add_text(f, plain, s);
	return 0;
}

int log_format_parse(const char *text, bool colour, struct log_format **out, struct ord_err *e)
{
	struct log_format *f = x_alloc(sizeof(*f));
	int rc = 0;

	f->text = x_strdup(text);
	f->colour = colour;
	if (strcmp(text, "json") == 0)
		f->encoding = ENCODING_JSON;
	else if (strcmp(text, "logfmt") == 0)
		f->encoding = ENCODING_LOGFMT;
	else
		rc = parse_pattern(f, e);
	if (rc < 0)
		log_format_free(f);
	else
		*out = f;
	return rc;
}

void log_format_free(struct log_format *f)
{
	if (!f)
		return;
	for (size_t i = 0; i < f->n; i++)
		log_layout_free(f->pieces[i].layout);
	free(f->pieces);
	free(f->text);
	free(f);
}

/* ---- printing ------------------------------------------------------------ */

static void add_color(struct buf *out, enum color_kind kind, int level)
{
	static const int codes[LOG_LEVELS] = {
		[ORD_DEBUG - LOG_PAYLOAD] = 36,  [ORD_INFO - LOG_PAYLOAD] = 34,
		[ORD_WARN - LOG_PAYLOAD] = 33,   [ORD_ERROR - LOG_PAYLOAD] = 31,
		[LOG_DPANIC - LOG_PAYLOAD] = 35, [LOG_PANIC - LOG_PAYLOAD] = 35,
		[LOG_FATAL - LOG_PAYLOAD] = 35,
	};
	int code = kind == COLOR_RESET ? 0 : codes[level - LOG_PAYLOAD];

	buf_printf(out, kind == COLOR_BOLD && code ? "\x1b[%d;1m" : "\x1b[%dm", code);
}

static void pad(struct buf *out, size_t n, char c)
{
	while (n-- > 0)
		buf_add_u8(out, (uint8_t)c);
}

static void add_padded(struct buf *out, struct ord_bytes text, size_t chars,
		       const struct directive *d)
{
	size_t fill = (size_t)d->width > chars ? (size_t)d->width - chars : 0;

	if (!d->minus)
		pad(out, fill, d->zero ? '0' : ' ');
	buf_add_bytes(out, text);
	if (d->minus)
		pad(out, fill, ' ');
}

static unsigned base_of(char verb)
{
	return verb == 'x' || verb == 'X' ? 16 : verb == 'o' ? 8 : verb == 'b' ? 2 : 10;
}

static const char *prefix_of(const struct directive *d)
{
	if (!d->sharp)
		return "";
	return d->verb == 'x'   ? "0x"
	       : d->verb == 'X' ? "0X"
	       : d->verb == 'o' ? "0"
	       : d->verb == 'b' ? "0b"
				: "";
}

static void add_id(struct buf *out, uint64_t id, const struct directive *d)
{
	const char *digits = d->verb == 'X' ? "0123456789ABCDEF" : "0123456789abcdef";
	const char *prefix = d->plus ? "+" : d->space ? " " : "";
	struct buf number = BUF_INIT;
	struct directive around = *d;
	char text[64];
	size_t at = sizeof(text), least;

	do {
		text[--at] = digits[id % base_of(d->verb)];
		id /= base_of(d->verb);
	} while (id);
	least = d->precision > 0 ? (size_t)d->precision : 0;
	if (d->zero && !d->minus && d->precision < 0)
		least = (size_t)d->width - (*prefix && d->width ? 1 : 0);
	buf_printf(&number, "%s%s", prefix, prefix_of(d));
	pad(&number, least > sizeof(text) - at ? least - (sizeof(text) - at) : 0, '0');
	buf_add(&number, text + at, sizeof(text) - at);
	around.zero = false;
	add_padded(out, buf_bytes(&number), number.len, &around);
	buf_fini(&number);
}

/* The first @max characters of @text (-1: all), and how many those are. */
static struct ord_bytes first_chars(struct ord_bytes text, int max, size_t *chars)
{
	size_t i, n = 0;

	for (i = 0; i < text.len; i++) {
		if ((text.data[i] & 0xc0) == 0x80)
			continue;
		if (max >= 0 && n == (size_t)max)
			break;
		n++;
	}
	*chars = n;
	return bytes_of(text.data, i);
}

static void add_quoted(struct buf *out, struct ord_bytes text)
{
	buf_add_u8(out, '"');
	for (size_t i = 0; i < text.len; i++) {
		if (text.data[i] == '"' || text.data[i] == '\\')
			buf_add_u8(out, '\\');
		buf_add_u8(out, text.data[i]);
	}
	buf_add_u8(out, '"');
}

static void add_text_value(struct buf *out, struct ord_bytes raw, const struct directive *d)
{
	struct buf clean = BUF_INIT, shaped = BUF_INIT;
	struct ord_bytes text;
	size_t chars;

	log_add_clean(&clean, raw);
	text = first_chars(buf_bytes(&clean), d->precision, &chars);
	if (d->verb == 'q')
		add_quoted(&shaped, text);
	else if (d->verb == 'x' || d->verb == 'X')
		for (size_t i = 0; i < text.len; i++)
			buf_printf(&shaped, d->verb == 'x' ? "%02x" : "%02X", text.data[i]);
	else
		buf_add_bytes(&shaped, text);
	first_chars(buf_bytes(&shaped), -1, &chars);
	add_padded(out, buf_bytes(&shaped), chars, d);
	buf_fini(&clean);
	buf_fini(&shaped);
}

static void add_level(struct buf *out, int level, const struct directive *d)
{
	char text[16];
	size_t n = 0;

	for (const char *s = log_level_name(level); *s && n < sizeof(text); s++)
		text[n++] = *s >= 'a' && *s <= 'z' ? (char)(*s - 'a' + 'A') : *s;
	add_text_value(out, bytes_of(text, n), d);
}

static void print_piece(const struct log_format *f, const struct piece *p,
			const struct log_entry *en, struct buf *out)
{
	switch (p->kind) {
	case PIECE_TEXT:
		buf_add_bytes(out, p->text);
		break;
	case PIECE_COLOR:
		if (f->colour)
			add_color(out, p->color, en->level);
		break;
	case PIECE_ID:
		add_id(out, en->id, &p->directive);
		break;
	case PIECE_LEVEL:
		add_level(out, en->level, &p->directive);
		break;
	case PIECE_MESSAGE:
		add_text_value(out, en->message, &p->directive);
		break;
	case PIECE_MODULE:
		add_text_value(out, bytes_str(en->logger), &p->directive);
		break;
	case PIECE_SHORTFUNC:
		add_text_value(out, bytes_str(en->func), &p->directive);
		break;
	case PIECE_TIME:
		log_layout_print(p->layout, en->wall_ns, out);
		break;
	}
}

static void print_pattern(const struct log_format *f, const struct log_entry *en, struct buf *out)
{
	for (size_t i = 0; i < f->n; i++)
		print_piece(f, &f->pieces[i], en, out);
	log_record_fields(en, out);
}

void log_format_line(const struct log_format *f, const struct log_entry *en, struct buf *out)
{
	if (f->encoding == ENCODING_JSON)
		log_record_json(en, out);
	else if (f->encoding == ENCODING_LOGFMT)
		log_record_logfmt(en, out);
	else
		print_pattern(f, en, out);
	buf_add_u8(out, '\n');
}
