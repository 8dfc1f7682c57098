/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A channel that comes to Kafka with a ledger may find a topic of its name that was in use before.
 * Each of its orderers notes in the topic at which height they come, and all begin behind the first
 * such note.
 */
#ifndef KAFKA_BEGIN_H
#define KAFKA_BEGIN_H

#include "message.h"

/** The message to be posted; a plain CONNECT when @height is 0. */
struct kafka_bytes kafka_begin_note(uint64_t height);
/** Is @message the note of @height? */
bool kafka_begin_is(struct ord_bytes message, uint64_t height);

#endif /* KAFKA_BEGIN_H */
