/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ctl - the frame of ordererctl: commands as rows of a table, options as rows of a table each.
 *
 * A command is one file with one `const struct ctl_cmd`; the table in main.c lists them.  It gets
 * its options already parsed and checked, writes nothing but its answer to standard output, and
 * returns 0 or a negative ORD_E* with one sentence in @e.
 */
#ifndef CTL_H
#define CTL_H

#include <util/util.h>

/* Exit codes: 0 done, 1 failed (one sentence on standard error), 2 wrong usage. */
enum { CTL_EXIT_OK = 0, CTL_EXIT_FAILED = 1, CTL_EXIT_USAGE = 2 };

/* ---- options ------------------------------------------------------------- */

enum ctl_type {
	CTL_FLAG,     /* bool */
	CTL_STRING,   /* const char * */
	CTL_UINT,     /* uint64_t */
	CTL_SIZE,     /* uint64_t; "1024", "64k", "2MB": binary multiples */
	CTL_DURATION, /* int64_t nanoseconds, above zero; Go syntax */
	CTL_LIST      /* struct ctl_list; may be given several times */
};

struct ctl_list {
	const char **items;
	size_t n;
};

struct ctl_opt {
	const char *name; /* without the dashes; NULL ends the table */
	enum ctl_type type;
	size_t at; /* offset in the command's struct */
	bool required;
	const char *arg; /* what stands for the value in the help; NULL for a flag */
	const char *help;
};
#define CTL_OPT_END                                  \
	{                                            \
		NULL, CTL_FLAG, 0, false, NULL, NULL \
	}

/* ---- commands ------------------------------------------------------------ */

struct ctl_args {
	char **item; /* operands, behind the options */
	size_t n;
};

struct ctl_cmd {
	const char *name;     /* "crypto", "block show" */
	const char *operands; /* "FILE…" as the help shows it; NULL: takes none */
	size_t min_operands, max_operands;
	const char *summary; /* one line */
	const char *details; /* paragraphs for --help; may be NULL */
	const struct ctl_opt *opts;
	const void *defaults; /* the options' struct as it is before parsing */
	size_t opts_size;
	int (*run)(const void *opts, const struct ctl_args *args, struct ord_err *e);
};

/** Parse @argv behind the command's name into @opts (a copy of the defaults) and @args, which is
 *  argv reordered.  *help is set when --help was asked for.
 *  Errors: ORD_EINVAL one sentence of usage. */
int ctl_parse(const struct ctl_cmd *cmd, int argc, char **argv, void *opts, struct ctl_args *args,
	      bool *help, struct ord_err *e);
void ctl_opts_free(const struct ctl_cmd *cmd, void *opts);
/** The help of one command. */
void ctl_help(const struct ctl_cmd *cmd, FILE *to);

/* ---- what commands share ------------------------------------------------- */

/** A size as CTL_SIZE takes it; -1: it is none. */
int ctl_parse_size(const char *text, uint64_t *out);
/** Write @content to @path, or to standard output when @path is "-" or NULL. */
int ctl_output(const char *path, struct ord_bytes content, struct ord_err *e);
/** Read @path, or standard input when it is "-", up to @max bytes. */
int ctl_input(const char *path, size_t max, struct buf *b, struct ord_err *e);

/** "HOST:PORT" with a port from 1 to 65535; [::1] loses its brackets.  False: it is none of it.
 *  Owns: *host is the caller's to free; @host may be NULL. */
bool ctl_host_port(const char *text, char **host, uint16_t *port);

/* TLS towards an orderer. */
struct ctl_tls {
	const char *ca, *cert, *key, *name;
};
/* The rows of these options in the table of a command whose struct is @s, member @m. */
/* clang-format off */
#define CTL_TLS_OPTS(s, m) \
	{"tls-ca", CTL_STRING, offsetof(s, m.ca), false, "FILE", \
	 "use TLS and trust these CA certificates (PEM)"}, \
	{"tls-cert", CTL_STRING, offsetof(s, m.cert), false, "FILE", \
	 "our certificate, for an orderer that wants to see one"}, \
	{"tls-key", CTL_STRING, offsetof(s, m.key), false, "FILE", "and its key"}, \
	{"tls-name", CTL_STRING, offsetof(s, m.name), false, "NAME", \
	 "the name that the orderer's certificate must carry [HOST]"}
/* clang-format on */
/** Do they go together?   Errors: ORD_EINVAL which is missing. */
int ctl_tls_check(const struct ctl_tls *t, struct ord_err *e);

/* Progress of something long: one line on standard error, only when that is a terminal.  A total
 * of 0 is not known: then it only counts. */
struct ctl_progress {
	const char *what;
	uint64_t total, next_ns;
	bool shown, on;
};
void ctl_progress_start(struct ctl_progress *p, const char *what, uint64_t total);
void ctl_progress(struct ctl_progress *p, uint64_t done);
void ctl_progress_end(struct ctl_progress *p); /* the line is gone again */

#endif /* CTL_H */
