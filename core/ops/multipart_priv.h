/* SPDX-License-Identifier: Apache-2.0 */
/*
 * multipart: forms as a browser or Go's mime/multipart sends them, read from a body that is there
 * as a whole.  Refusals carry the texts of Go's reader.
 */
#ifndef MULTIPART_PRIV_H
#define MULTIPART_PRIV_H

#include <util/util.h>

struct multipart {
	struct ord_bytes rest; /* of the body */
	char *delimiter;       /* "--" and the boundary */
	bool begun;
	bool bare_lf; /* lines end with \n alone */
};

struct multipart_part {
	char *name; /* of the form's field; NULL: no form data */
	bool file;  /* it has a file name */
	struct ord_bytes content;
};

/** The parameter @name of a header like "multipart/form-data; boundary=xyz".
 *  Owns: *value, NULL when there is none, is the caller's.
 *  Errors: ORD_EINVAL "mime: ...". */
int multipart_param(const char *header, const char *name, char **value, struct ord_err *e);

/** Errors: ORD_EINVAL @boundary is empty. */
int multipart_init(struct multipart *m, struct ord_bytes body, const char *boundary,
		   struct ord_err *e);
/** The next part: 1; 0 when there is no more.
 *  Owns: @p is the caller's for multipart_part_fini(); its content is a view of the body.
 *  Errors: ORD_EINVAL. */
int multipart_next(struct multipart *m, struct multipart_part *p, struct ord_err *e);
void multipart_part_fini(struct multipart_part *p);
void multipart_fini(struct multipart *m);

#endif /* MULTIPART_PRIV_H */
