/* SPDX-License-Identifier: Apache-2.0 */
/*
 * configtx - what configtxgen makes of a Fabric configtx.yaml (spec 2.5, 7.3).
 *
 * @environment (NULL: none) is searched for CONFIGTX_* overrides; MSP directories and certificate
 * files are relative to the folder of @yaml_path.  Nothing is signed.
 */
#ifndef CONFIGTX_H
#define CONFIGTX_H

#include <chanconf/chanconf.h>

/** The genesis block of a profile: of a system channel when the profile has Consortiums, else of
 *  an application channel.
 *  Blocks: disk.
 *  Errors: ORD_EINVAL, ORD_ENOENT …: one sentence with file, line and what would be right. */
int configtx_genesis(const char *yaml_path, const char *profile, const char *channel_id,
		     char *const *environment, struct ord_block **out, struct ord_err *e);

#endif /* CONFIGTX_H */
