/* SPDX-License-Identifier: Apache-2.0 */
/*
 * config_keys - the common values of a channel's configuration, by names and texts of our own.
 */
#ifndef CONFIG_KEYS_H
#define CONFIG_KEYS_H

#include <wire/wire.h>

/** Set @key, e.g. "orderer.batch-timeout", to what @text says.
 *  Errors: ORD_EINVAL no such key, or not such a value; ORD_ENOENT no such group. */
int config_key_set(Common__Config *config, const char *key, const char *text, struct ord_err *e);
/** Append the value of @key as config_key_set() takes it; nothing when it is not set.
 *  Errors: as config_key_set(). */
int config_key_get(const Common__Config *config, const char *key, struct buf *out,
		   struct ord_err *e);
/** Append a line "key = value" for every key that @config has a value for. */
void config_key_list(const Common__Config *config, struct buf *out);

#endif /* CONFIG_KEYS_H */
