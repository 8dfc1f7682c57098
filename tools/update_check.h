/* SPDX-License-Identifier: Apache-2.0 */
/*
 * update_check - what an orderer would make of a config update, with the orderer's own functions.
 */
#ifndef UPDATE_CHECK_H
#define UPDATE_CHECK_H

#include <chanconf/chanconf.h>

/** Append, of @update against the configuration @conf of its channel, or of the system channel when
 *  it creates one: the changes, the policies that they need, who signed, who is missing, and the
 *  orderer's answer.
 *  Errors: ORD_EPERM and others: it would be refused, and the answer is in @out; ORD_EINVAL it has
 *  nothing to do with @conf, and nothing is. */
int update_check(const struct chanconf *conf, const struct ord_env *update, struct buf *out,
		 struct ord_err *e);

#endif /* UPDATE_CHECK_H */
