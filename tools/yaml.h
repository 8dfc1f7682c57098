/* SPDX-License-Identifier: Apache-2.0 */
/*
 * yaml - a YAML file into structs: each mapping is a table of the keys that may stand in it.
 * A key that no table knows is an error that names the nearest one.
 */
#ifndef YAML_H
#define YAML_H

#include <libfyaml.h>
#include <util/util.h>

#define YAML_FILE_MAX (1u << 20)

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
	int (*sub)(struct fy_node *n, void *at, struct ord_err *e);
};

/** Parse @text, aliases and merges resolved within bounds; free with fy_document_destroy().
 *  Errors: ORD_EINVAL with file, line and column. */
int yaml_parse(const char *path, struct ord_bytes text, struct fy_document **out,
	       struct ord_err *e);
/** Fill the struct at @base from the mapping @n; nothing (null) leaves it as it is.
 *  Errors: ORD_EINVAL with the node's path. */
int yaml_read(struct fy_node *n, const struct yaml_key *keys, void *base, struct ord_err *e);
/** Call @each for every item of the sequence @n. */
int yaml_each(struct fy_node *n, int (*each)(struct fy_node *item, void *arg, struct ord_err *e),
	      void *arg, struct ord_err *e);

#endif /* YAML_H */
