/* SPDX-License-Identifier: Apache-2.0 */
/* Configuration updates as clients make them: computed, signed by who must, sent. */
#ifndef CHANNEL_UPDATES_H
#define CHANNEL_UPDATES_H

#include "rig.h"

struct admins {
	struct person orderer, org1, org2;
};
void admins_read(struct admins *a);
void admins_fini(struct admins *a);

/** The CONFIG_UPDATE that makes @change of @c's configuration, signed and sent by @p. */
struct ord_env *update_of(struct chan *c, void (*change)(Common__Config *config),
			  const struct person *p);
/** The request of tests/golden/tx/mychannel.tx, for another channel, signed and sent by @p. */
struct ord_env *creation_of(const char *channel_id, const struct person *p);

/** Check it, order what comes of it, wait for the answer; the code, and the reason in @e. */
int update_send(struct registrar *r, struct ord_env *take, struct ord_err *e);
/** The first half of it: *c (borrowed) and the message to order. */
int update_check(struct registrar *r, struct ord_env *take, struct chan **c, struct ord_env **out,
		 uint64_t *seq, struct ord_err *e);
/** The second half: hand @take over and wait. */
int update_order(struct chan *c, struct ord_env *take, uint64_t seq, struct ord_err *e);

void change_batch_to_7(Common__Config *config); /* MaxMessageCount */
void change_batch_to_9(Common__Config *config);
void change_max_channels_to_1(Common__Config *config);
void change_state_to_maintenance(Common__Config *config);
void change_state_to_normal(Common__Config *config);
/** Of a channel in maintenance: to that consensus type. */
void change_type_to_skeleton(Common__Config *config);
void change_type_to_kafka(Common__Config *config);
void change_type_to_solo(Common__Config *config);

#endif /* CHANNEL_UPDATES_H */
