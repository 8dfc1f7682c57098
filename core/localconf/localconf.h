/* SPDX-License-Identifier: Apache-2.0 */
/*
 * localconf - the one table of local settings: ordererd.ini, ORDERER_* environment, defaults.
 * Source: spec 7.1, 7.2.
 *
 * The table is a list of rows (key, type, default, help); the man page is generated from it.
 * A plugin's own settings are added as further rows before loading.
 */
#ifndef LOCALCONF_H
#define LOCALCONF_H

#include <util/util.h>

enum localconf_type {
	LOCALCONF_STRING,
	LOCALCONF_BOOL,
	LOCALCONF_UINT,
	LOCALCONF_PORT,
	LOCALCONF_SIZE,     /* bytes; "100 MB", "64k" (binary multiples) */
	LOCALCONF_DURATION, /* Go syntax */
	LOCALCONF_PATH,     /* relative to the directory of the ini file */
	LOCALCONF_PATH_CWD, /* relative to the working directory */
	LOCALCONF_PATHS,    /* list of paths, "[a, b]" */
	LOCALCONF_LIST,
	LOCALCONF_PEM,   /* text, or the content of the file that <KEY>_FILE / <Key>.File names */
	LOCALCONF_SECRET /* never printed */
};

struct localconf_row {
	const char *key; /* "General.TLS.Enabled": section General.TLS, key Enabled */
	enum localconf_type type;
	const char *fallback; /* as it would stand in the ini; "" for none */
	const char *help;
	bool accepted_unused; /* Fabric knows the key, this daemon has no use for it */
};

struct localconf;

/** The built-in rows; ends with key == NULL. */
const struct localconf_row *localconf_rows(void);

/** Load: @ini_path may be NULL (then: FABRIC_CFG_PATH/ordererd.ini, ./ordererd.ini,
 *  <confdir>/ordererd.ini, the first that exists; or the environment alone).  @extra: rows of
 *  plugins (ends with key == NULL) or NULL.
 *  Errors: ORD_EINVAL one sentence that names file, line or variable, and the nearest known key. */
int localconf_load(const char *ini_path, const struct localconf_row *extra, char **environment,
		   struct localconf **out, struct ord_err *e);
void localconf_free(struct localconf *c);

/* Typed readers; @key must be in the table (asserted). */
const char *localconf_str(const struct localconf *c, const char *key); /* "" when unset */
bool localconf_bool(const struct localconf *c, const char *key);
uint64_t localconf_uint(const struct localconf *c, const char *key); /* also PORT and SIZE */
int64_t localconf_duration_ns(const struct localconf *c, const char *key);
const char *const *localconf_list(const struct localconf *c, const char *key); /* ends with NULL */
/** Where the value came from: "default", "environment ORDERER_…", "<file>:<line>". */
const char *localconf_origin(const struct localconf *c, const char *key);
const char *localconf_path(const struct localconf *c); /* the ini file, or NULL */
/** The effective configuration, one "key = value" a line, secrets as "***". */
void localconf_dump(const struct localconf *c, struct buf *out);
/** As dump, with each key's origin and help: `ordererctl config explain`. */
void localconf_explain(const struct localconf *c, struct buf *out);

#endif /* LOCALCONF_H */
