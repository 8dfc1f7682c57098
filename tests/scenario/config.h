/* SPDX-License-Identifier: Apache-2.0 */
/* Channel configuration for the clients of the scenarios: read, change and submit, one at a time.
 */
#ifndef SCENARIO_CONFIG_H
#define SCENARIO_CONFIG_H

#include <chanconf/chanconf.h>

#include "client.h"

/** The block of @channel at @at; NULL: there is none, and *status says why (0: the server is gone).
 */
struct ord_block *config_ask(struct client *c, const char *channel,
			     Orderer__SeekPosition__TypeCase at, uint64_t number, uint64_t *status);
/** The channel's configuration now; wire_free().  NULL: the server is gone. */
Common__Config *config_fetch(struct client *c, const char *channel);
/** The configuration in a config block's file. */
Common__Config *config_read(const char *path);
Common__Config *config_clone(const Common__Config *config);

/** A ConfigUpdateEnvelope: @update, signed by @n signers, appended to @out. */
void config_sign(struct ord_bytes update, struct msp_local *const *signers, size_t n,
		 struct buf *out);
/** Submit one, wait for the answer.  false: the server is gone; a refusal ends the program. */
bool config_submit(struct client *c, const char *channel, struct ord_bytes update_envelope);

Common__ConfigGroup *config_group(Common__ConfigGroup *in, const char *key); /* NULL: none */
void config_set_batch_size(Common__Config *config, uint32_t max_message_count);
/** Move the application organisation @key from one configuration into another. */
void config_add_org(Common__Config *to, Common__Config *from, const char *key);
void config_remove_org(Common__Config *from, const char *key);

#endif /* SCENARIO_CONFIG_H */
