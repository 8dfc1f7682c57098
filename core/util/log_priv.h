/* SPDX-License-Identifier: Apache-2.0 */
/* log: what its files share: the spec (who may speak), the format (how), Go's time layouts. */
#ifndef LOG_PRIV_H
#define LOG_PRIV_H

#include <util/util.h>

#define LOG_DEFAULT_SPEC "info"
#define LOG_DEFAULT_FORMAT                                                       \
	"%{color}%{time:2006-01-02 15:04:05.000 MST} %{id:04x} %{level:.4s}"     \
	"%{color:reset} [%{module}] %{color:bold}%{shortfunc}%{color:reset} -> " \
	"%{message}"

/* ---- levels -------------------------------------------------------------- */

/** "debug", "info" … as zap prints them ("Level(-2)" for payload). */
const char *log_level_name(int level);

/* ---- spec ---------------------------------------------------------------- */

struct log_spec;

int log_spec_parse(const char *text, struct log_spec **out, struct ord_err *e);
void log_spec_free(struct log_spec *s);
int log_spec_level(const struct log_spec *s, const char *logger);
int log_spec_lowest(const struct log_spec *s); /* of all its levels */
void log_spec_print(const struct log_spec *s, struct buf *b);

/* ---- format -------------------------------------------------------------- */

struct log_entry {
	int64_t wall_ns;
	uint64_t id;
	int level;
	const char *logger, *func;
	struct ord_bytes message;
	const struct log_field *fields; /* NULL: none */
};

struct log_format;

/** @colour: write the %{color} codes; otherwise they are empty. */
int log_format_parse(const char *text, bool colour, struct log_format **out, struct ord_err *e);
void log_format_free(struct log_format *f);
/** One line with its newline; control characters of @en's texts are escaped. */
void log_format_line(const struct log_format *f, const struct log_entry *en, struct buf *out);

void log_record_json(const struct log_entry *en, struct buf *out);
void log_record_logfmt(const struct log_entry *en, struct buf *out);
/** The fields as they stand behind a pattern's line, for people: " key=value". */
void log_record_fields(const struct log_entry *en, struct buf *out);
/** Append @text so that it stays on its line and sends nothing to a terminal. */
void log_add_clean(struct buf *out, struct ord_bytes text);

/* ---- Go's time layouts --------------------------------------------------- */

struct log_layout;

struct log_layout *log_layout_new(struct ord_bytes text);
void log_layout_free(struct log_layout *l);
/** @wall_ns in the local time zone. */
void log_layout_print(const struct log_layout *l, int64_t wall_ns, struct buf *out);

#endif /* LOG_PRIV_H */
