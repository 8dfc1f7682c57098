/* SPDX-License-Identifier: Apache-2.0 */
/*
 * config_file - what the config commands read: configuration blocks and envelopes.
 */
#ifndef CONFIG_FILE_H
#define CONFIG_FILE_H

#include <chanconf/chanconf.h>

/** The configuration in the block of @path.   Errors: one sentence with the path. */
int config_file_block(const char *path, struct chanconf **out, struct ord_err *e);
/** The configuration in a block in memory; the sentence names the block. */
int config_of_block(const struct ord_block *b, struct chanconf **out, struct ord_err *e);
/** The Envelope in @path, whose headers must parse.   Errors: one sentence with the path. */
int config_file_envelope(const char *path, struct ord_env **out, struct ord_err *e);
/** A config update: the CONFIG_UPDATE envelope in @path, or one made around the bare ConfigUpdate
 *  there, without any signature.   Errors: one sentence with the path. */
int config_file_update(const char *path, struct ord_env **out, struct ord_err *e);

#endif /* CONFIG_FILE_H */
