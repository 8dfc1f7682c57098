/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of localconf share: a slot for each row, filled by one source after the other. */
#ifndef LOCALCONF_PRIV_H
#define LOCALCONF_PRIV_H

#include <localconf/localconf.h>

/* Later sources win. */
enum conf_source { CONF_DEFAULT, CONF_FILE, CONF_ENVIRONMENT };

/* One name of a MAP. */
struct conf_entry {
	char *name, *value, *origin;
};

struct conf_slot {
	struct localconf_row row;
	char *given;  /* as it stood in its source; NULL: the default */
	char *origin; /* "file:line" or "environment VARIABLE"; NULL: the default */
	int rank;     /* of what was given; see conf_put() */
	bool by_file; /* @a given names the file that holds the value */

	struct conf_entry *entries; /* of a MAP, instead of what was given */
	size_t n_entries;

	char *text; /* the effective value; set by conf_parse_slot() like what follows */
	bool flag;
	uint64_t number;
	int64_t duration_ns;
	char **list;
};

struct localconf {
	struct conf_slot *slots;
	size_t n;
	struct map *by_key; /* lower-case key to slot */
	struct map *seen;   /* lower-case key to the file line where it stands */
	char *path;         /* of the file; NULL: none */
	char *dir;          /* where relative paths begin; NULL: the working directory */
	char **warnings;
	size_t n_warnings;
	bool lenient; /* unknown keys pass */
	bool absent;  /* something was set that conf_is_absent() */
};

char *conf_lower(const char *s);
struct conf_slot *conf_find(const struct localconf *c, const char *key); /* follows no alias */
bool conf_takes_file(const struct conf_slot *s);
/** Read a file of at most 1 MiB that has no NUL bytes. */
int conf_read_text(const char *path, struct buf *text, struct ord_err *e);
void conf_warn(struct localconf *c, const char *fmt, ...) UTIL_PRINTF(2, 3);

/** Put @value, from a source and its place @origin, where @key (or @key without ".File") says.
 *  An empty value, or NULL, leaves the key unset.
 *  Errors: ORD_EINVAL unknown key, or set twice in the file. */
int conf_put(struct localconf *c, enum conf_source source, const char *origin, const char *key,
	     const char *value, struct ord_err *e);
/** Whether keys begin with "@name." */
bool conf_is_section(const struct localconf *c, const char *name);
/** Whether @name is, or is below, what Fabric leaves to others: nobody checks its keys. */
bool conf_is_opaque(const char *name);
/** Whether @name is, or is below, Fabric's section of a plugin that is not loaded. */
bool conf_is_absent(const struct localconf *c, const char *name);
/** The refusal of @what ("key" or "section") @name, with the nearest known one. */
int conf_unknown(const struct localconf *c, const char *what, const char *origin, const char *name,
		 struct ord_err *e);

/** The MAP that @key stands in, and its *name there; NULL: none. */
struct conf_slot *conf_map_of(const struct localconf *c, const char *key, const char **name);
/** The MAP that variable @name sets something of, and the key of that, heap; NULL: none. */
struct conf_slot *conf_map_of_variable(const struct localconf *c, const char *variable, char **key);
/** Give @name of a MAP a value; what it had before is gone.  Errors: ORD_EINVAL. */
int conf_map_put(struct conf_slot *s, const char *origin, const char *name, const char *value,
		 struct ord_err *e);
void conf_map_text(const struct conf_slot *s, struct buf *out); /* "name=value\n" for each */
void conf_map_free(struct conf_slot *s);
/** ORDERER_GENERAL_TLS_ENABLED of General.TLS.Enabled.  Heap. */
char *conf_variable(const char *key);

int conf_read_ini(struct localconf *c, struct ord_err *e);
int conf_read_yaml(struct localconf *c, struct ord_err *e);
int conf_read_environment(struct localconf *c, char **environment, struct ord_err *e);
/** The "File" of a JSON object as it may stand in a variable; NULL when @text is none.  Heap. */
char *conf_json_file(const char *text);

/** Turn what was given, or the default, into the effective value. */
int conf_parse_slot(const struct localconf *c, struct conf_slot *s, struct ord_err *e);
void conf_list_free(char **list);

#endif /* LOCALCONF_PRIV_H */
