/* SPDX-License-Identifier: Apache-2.0 */
/*
 * localconf - the one table of local settings: ordererd.ini or orderer.yaml, ORDERER_* environment,
 * defaults.  Source: spec 7.1, 7.2.
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
	LOCALCONF_DURATION, /* Go syntax, not negative */
	LOCALCONF_PATH,     /* relative to the directory of the configuration file */
	LOCALCONF_PATH_CWD, /* relative to the working directory */
	LOCALCONF_PATHS,    /* list of paths, "[a, b]" */
	LOCALCONF_LIST,
	LOCALCONF_PEM,    /* text, or the content of the file that <KEY>_FILE / <Key>.File names */
	LOCALCONF_SECRET, /* never printed; may come from a file as PEM does */
	LOCALCONF_MAP     /* the key is a section with any names in it; values are never printed */
};

struct localconf_row {
	const char *key; /* "General.TLS.Enabled": section General.TLS, key Enabled */
	enum localconf_type type;
	const char *fallback; /* as it would stand in the ini; "" for none */
	const char *help;
	bool accepted_unused; /* Fabric knows the key, this daemon has no use for it */
	bool zero_unset;      /* zero or less means the default, as in Fabric */
	uint64_t min, max;    /* UINT and SIZE; max 0: as far as the type goes */
	const char *choices;  /* "a|b|c"; NULL: anything */
	const char *alias_of; /* the key that this is another name of */
};

struct localconf;

/** The built-in rows; ends with key == NULL. */
const struct localconf_row *localconf_rows(void);

/** Load the settings: defaults, over them one file, over it ORDERER_* variables of @environment.
 *  @path names the file, an ini or (ending in .yaml or .yml) a Fabric orderer.yaml.  When it is
 *  NULL, the first of ordererd.ini, orderer.yaml and orderer.yml is taken from the directory
 *  FABRIC_CFG_PATH if that is set, else from the working directory, <confdir> and
 *  /etc/hyperledger/fabric; when there is none, the environment alone does.
 *  Relative paths belong to the file's directory, or to FABRIC_CFG_PATH when there is no file.
 *  @extra: rows of plugins (ends with key == NULL) or NULL; they replace built-in rows of the same
 *  key, and must outlive the result.
 *  Thread: main.   Blocks: disk.
 *  Errors: one sentence that names file and line, or variable, and the nearest known key. */
int localconf_load(const char *path, const struct localconf_row *extra, char **environment,
		   struct localconf **out, struct ord_err *e);
/** The value of one built-in key, before the rows of plugins are known: unknown keys pass.
 *  Thread: main.   Blocks: disk.   Owns: *value is the caller's to free. */
int localconf_peek(const char *path, char **environment, const char *key, char **value,
		   struct ord_err *e);
void localconf_free(struct localconf *c);

/* Typed readers; @key must be in the table and of that type (asserted). */
/** Any type; "" when unset.  Of a MAP: "name=value\n" for each name, in lower case. */
const char *localconf_str(const struct localconf *c, const char *key);
bool localconf_bool(const struct localconf *c, const char *key);
uint64_t localconf_uint(const struct localconf *c, const char *key); /* also PORT and SIZE */
int64_t localconf_duration_ns(const struct localconf *c, const char *key);
const char *const *localconf_list(const struct localconf *c, const char *key); /* ends with NULL */
/** Where the value came from: "default", "environment ORDERER_…", "<file>:<line>". */
const char *localconf_origin(const struct localconf *c, const char *key);
const char *localconf_path(const struct localconf *c); /* the file that was read, or NULL */
/** What the operator should hear of (unknown variables, settings without effect …), one sentence
 *  each; ends with NULL. */
const char *const *localconf_warnings(const struct localconf *c);
/** The effective configuration, one "key = value" a line, secrets as "***". */
void localconf_dump(const struct localconf *c, struct buf *out);
/** As dump, but only what is not at its default, with its origin: "key = value (origin)". */
void localconf_dump_given(const struct localconf *c, struct buf *out);
/** As dump, with each key's origin and help: `ordererctl config explain`. */
void localconf_explain(const struct localconf *c, struct buf *out);

#endif /* LOCALCONF_H */
