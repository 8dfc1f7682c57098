/* SPDX-License-Identifier: Apache-2.0 */
/*
 * reasons - why a policy is satisfied or not, as a tree of lines or as JSON, and who is missing.
 */
#ifndef REASONS_H
#define REASONS_H

#include <chanconf/chanconf.h>

#include "json_write.h"

struct reasons {
	struct policy_step *steps; /* what and why are on the heap */
	size_t n;
	bool satisfied;
	struct ord_err e; /* what the orderer says when not */
};

/** Ask policy @name of @c, an absolute name, about these signatures. */
void reasons_ask(struct reasons *r, const struct chanconf *c, const char *name,
		 const struct policy_signed *sigs, size_t n);
void reasons_free(struct reasons *r);
/** Append the signatures, a line each. */
void reasons_signatures(const struct reasons *r, struct buf *out);
/** Append the policies, rules and identities, a line each: "yes" or "no" and what. */
void reasons_tree(const struct reasons *r, struct buf *out);
/** Append whose signatures would satisfy the policy, e.g. "2 of (Org1MSP.admin, Org2MSP.admin)". */
void reasons_missing(const struct reasons *r, struct buf *out);
/** The members "satisfied", "error", "missing", "signatures" and "steps" of an open object. */
void reasons_json(const struct reasons *r, struct json *j);
/** Append @text, which strangers may have written, without its control characters. */
void reasons_text(struct buf *out, const char *text);

#endif /* REASONS_H */
