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
/** The request to create a channel: an unsigned CONFIG_UPDATE envelope, appended to @out.  It fits
 *  orderers of every version.  The request sets what the profile's Application section says, or,
 *  with @base (NULL: none), all that differs from a channel of the system channel which that
 *  profile describes.
 *  Blocks: disk.
 *  Errors: as configtx_genesis(). */
int configtx_channel_tx(const char *yaml_path, const char *profile, const char *base,
			const char *channel_id, char *const *environment, struct buf *out,
			struct ord_err *e);
/** The first update of the anchor peers of organisation @org, an unsigned CONFIG_UPDATE envelope,
 *  appended to @out: for a channel as configtx_channel_tx() of that profile created it.
 *  Blocks: disk.
 *  Errors: as configtx_genesis(). */
int configtx_anchor_peers(const char *yaml_path, const char *profile, const char *channel_id,
			  const char *org, char *const *environment, struct buf *out,
			  struct ord_err *e);
/** Append the unsigned CONFIG_UPDATE envelope around @update. */
void configtx_update_envelope(const Common__ConfigUpdate *update, struct buf *out);

#endif /* CONFIGTX_H */
