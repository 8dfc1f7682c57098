/* SPDX-License-Identifier: Apache-2.0 */
/*
 * block_file - blocks from files, and whether they may begin or continue a chain of ours.
 */
#ifndef BLOCK_FILE_H
#define BLOCK_FILE_H

#include <chanconf/chanconf.h>

/** The block in @path (+1).   Errors: one sentence with the path. */
int block_file_read(const char *path, struct ord_block **out, struct ord_err *e);
/** May @b go to the chain of its channel, which is that of its first envelope?  It must be @channel
 *  unless that is NULL, the data must have the hash in the header, and block 0 must hold a
 *  configuration that this orderer can serve.
 *  Owns: *id, the channel, on success: free() it. */
int block_file_check(const struct ord_block *b, const char *channel, char **id, struct ord_err *e);

#endif /* BLOCK_FILE_H */
