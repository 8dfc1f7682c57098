/* SPDX-License-Identifier: Apache-2.0 */
/*
 * yaml_table - a YAML tree into structs: each map is a table of the keys that may stand in it.
 * A key that no table knows is an error that names the nearest one.
 */
#ifndef YAML_TABLE_H
#define YAML_TABLE_H

#include <util/util.h>

struct yaml_strs {
	char **item;
	size_t n;
};
void yaml_strs_add(struct yaml_strs *s, const char *item);
void yaml_strs_free(struct yaml_strs *s);

enum yaml_type {
	YAML_STR,  /* char *, heap; NULL when the key is absent */
	YAML_BOOL, /* bool */
	YAML_UINT, /* uint32_t */
	YAML_STRS, /* struct yaml_strs */
	YAML_SUB   /* whatever @sub makes of the node */
};

struct yaml_key {
	const char *name; /* NULL ends the table */
	enum yaml_type type;
	size_t at;
	int (*sub)(const struct yaml *n, void *at, struct ord_err *e);
};

/** Fill the struct at @base from the map @n; nothing (null) leaves it as it is.
 *  Errors: ORD_EINVAL with file, line and key. */
int yaml_read(const struct yaml *n, const struct yaml_key *keys, void *base, struct ord_err *e);
/** Call @each for every item of the list @n. */
int yaml_each(const struct yaml *n,
	      int (*each)(const struct yaml *item, void *arg, struct ord_err *e), void *arg,
	      struct ord_err *e);

#endif /* YAML_TABLE_H */
