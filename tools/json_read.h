/* SPDX-License-Identifier: Apache-2.0 */
/*
 * json_read - JSON (RFC 8259) to a tree, strictly: no comments, no trailing commas, no key twice,
 * no lone surrogates, nothing behind the value.
 *
 * libfyaml would parse JSON, too, but takes YAML besides, and looks at every key for each new one.
 */
#ifndef JSON_READ_H
#define JSON_READ_H

#include <util/util.h>

enum json_kind { JSON_NULL, JSON_BOOL, JSON_NUMBER, JSON_STRING, JSON_ARRAY, JSON_OBJECT };

#define JSON_READ_DEPTH 512 /* objects and arrays in one another */

struct json_node {
	enum json_kind kind;
	bool truth;
	unsigned line;
	struct ord_bytes key;  /* within an object */
	struct ord_bytes text; /* of a string, unescaped; of a number, as it stands there */
	struct json_node *items;
	size_t n;
};

struct json_doc {
	struct buf text; /* what the nodes point into */
	struct json_node root;
};

/** Parse @take, which is emptied: unescaping is done in place.  @name stands in messages.
 *  Errors: ORD_EINVAL "name:line:column: …"; @doc needs no json_doc_free() then. */
int json_read(const char *name, struct buf *take, struct json_doc *doc, struct ord_err *e);
void json_doc_free(struct json_doc *doc);
/** @text for messages: escaped and in quotes, its beginning if it is long.  Heap. */
char *json_quoted(struct ord_bytes text);
/** "an object", "a string" …, for messages. */
const char *json_kind_name(enum json_kind kind);

#endif /* JSON_READ_H */
