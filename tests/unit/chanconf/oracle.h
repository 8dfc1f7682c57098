/* SPDX-License-Identifier: Apache-2.0 */
/* What an update may do, told a second time and independently of the code under test: from the two
 * configurations and from who signed. */
#ifndef ORACLE_H
#define ORACLE_H

#include "random_update.h"

/* Fails the test unless those of @signers whose signatures are good had the right to turn @current
 * into @result. */
void oracle_check(const struct chanconf *current, const Common__Config *result, unsigned signers);
/* Fails the test unless everything in @read_set (may be NULL) is in @current at the same version.
 */
void oracle_check_read(const struct chanconf *current, const Common__ConfigGroup *read_set);
/* Do they satisfy the policy of that absolute name? */
bool oracle_satisfied(const struct chanconf *c, const char *name, unsigned signers);

#endif /* ORACLE_H */
