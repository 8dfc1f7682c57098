/* SPDX-License-Identifier: Apache-2.0 */
/* log_record: entries as JSON and as logfmt, and what keeps a text on its line. */
#include "log_priv.h"

#define LOG_FIELD_TIME "2006-01-02T15:04:05.999Z07:00"

/* The length of the UTF-8 sequence at @p that shows as a character; 0: a control character or not
 * UTF-8 at all. */
static size_t printable_at(const uint8_t *p, size_t n)
{
	uint32_t c;
	size_t len = utf8_char(bytes_of(p, n), &c);

	return c < 0x20 || (c >= 0x7f && c < 0xa0) ? 0 : len;
}

static void add_escape(struct buf *out, uint8_t c, const char *other)
{
	if (c == '\n')
		buf_add_str(out, "\\n");
	else if (c == '\r')
		buf_add_str(out, "\\r");
	else if (c == '\t')
		buf_add_str(out, "\\t");
	else
		buf_printf(out, other, c);
}

void log_add_clean(struct buf *out, struct ord_bytes text)
{
	size_t n;

	for (size_t i = 0; i < text.len; i += n ? n : 1) {
		n = printable_at(text.data + i, text.len - i);
		if (n)
			buf_add(out, text.data + i, n);
		else
			add_escape(out, text.data[i], "\\x%02x");
	}
}

static void add_json_string(struct buf *out, struct ord_bytes text)
{
	size_t n;

	buf_add_u8(out, '"');
	for (size_t i = 0; i < text.len; i += n ? n : 1) {
		uint8_t c = text.data[i];

		n = printable_at(text.data + i, text.len - i);
		if (n == 0 && c >= 0x80)
			buf_add_str(out, "\\ufffd");
		else if (n == 0)
			add_escape(out, c, "\\u%04x");
		else if (c == '"' || c == '\\')
			buf_printf(out, "\\%c", c);
		else
			buf_add(out, text.data + i, n);
	}
	buf_add_u8(out, '"');
}

/* Bare when it can stand bare, else as a JSON string. */
static void add_logfmt_string(struct buf *out, struct ord_bytes text)
{
	bool bare = true;

	for (size_t i = 0; i < text.len && bare; i++) {
		uint8_t c = text.data[i];

		bare = c > ' ' && c < 0x7f && c != '=' && c != '"' && c != '\\';
	}
	if (bare)
		buf_add_bytes(out, text);
	else
		add_json_string(out, text);
}

static void add_epoch(struct buf *out, int64_t wall_ns)
{
	buf_printf(out, "%lld.%06lld", (long long)(wall_ns / 1000000000),
		   (long long)(wall_ns / 1000 % 1000000));
}

/* For machines times and durations are seconds, for people as Go prints them. */
static void add_ns_for_people(struct buf *out, const struct log_field *f)
{
	struct log_layout *l;

	if (f->type == LOG_DURATION) {
		duration_format(out, f->ns);
		return;
	}
	l = log_layout_new(bytes_str(LOG_FIELD_TIME));
	log_layout_print(l, f->ns, out);
	log_layout_free(l);
}

static void add_seconds(struct buf *out, int64_t ns)
{
	buf_printf(out, "%.9g", (double)ns / (double)CLOCK_SEC_NS);
}

static void add_json_fields(struct buf *out, const struct log_field *f)
{
	for (; f && f->key; f++) {
		buf_printf(out, ",\"%s\":", f->key);
		if (f->type == LOG_TEXT)
			add_json_string(out, bytes_str(f->text));
		else if (f->type == LOG_TIME)
			add_epoch(out, f->ns);
		else
			add_seconds(out, f->ns);
	}
}

static void add_logfmt_fields(struct buf *out, const struct log_field *f, bool for_people)
{
	for (; f && f->key; f++) {
		buf_printf(out, "%s%s=", out->len ? " " : "", f->key);
		if (f->type == LOG_TEXT)
			add_logfmt_string(out, bytes_str(f->text));
		else if (for_people)
			add_ns_for_people(out, f);
		else if (f->type == LOG_TIME)
			add_epoch(out, f->ns);
		else
			add_seconds(out, f->ns);
	}
}

void log_record_fields(const struct log_entry *en, struct buf *out)
{
	add_logfmt_fields(out, en->fields, true);
}

void log_record_json(const struct log_entry *en, struct buf *out)
{
	buf_printf(out, "{\"level\":\"%s\",\"ts\":", log_level_name(en->level));
	add_epoch(out, en->wall_ns);
	buf_add_str(out, ",\"name\":");
	add_json_string(out, bytes_str(en->logger));
	buf_add_str(out, ",\"caller\":");
	add_json_string(out, bytes_str(en->func));
	buf_add_str(out, ",\"msg\":");
	add_json_string(out, en->message);
	add_json_fields(out, en->fields);
	buf_add_u8(out, '}');
}

void log_record_logfmt(const struct log_entry *en, struct buf *out)
{
	buf_printf(out, "level=%s ts=", log_level_name(en->level));
	add_epoch(out, en->wall_ns);
	buf_add_str(out, " name=");
	add_logfmt_string(out, bytes_str(en->logger));
	buf_add_str(out, " caller=");
	add_logfmt_string(out, bytes_str(en->func));
	buf_add_str(out, " msg=");
	add_logfmt_string(out, en->message);
	add_logfmt_fields(out, en->fields, false);
}
