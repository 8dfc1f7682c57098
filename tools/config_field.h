/* SPDX-License-Identifier: Apache-2.0 */
/*
 * config_field - the kinds of fields that config keys lead to: text to field and back.
 */
#ifndef CONFIG_FIELD_H
#define CONFIG_FIELD_H

#include <wire/wire.h>

struct config_slot {
	ProtobufCMessage *msg; /* from wire_unpack(): what is in it is on the heap */
	const ProtobufCFieldDescriptor *field;
	const char *entry; /* of a map */
};

struct config_field {
	/** Errors: ORD_EINVAL "want …". */
	int (*set)(struct config_slot *s, const char *text, struct ord_err *e);
	void (*get)(const struct config_slot *s, struct buf *out); /* nothing: not set */
};

extern const struct config_field config_field_text, config_field_duration, config_field_number,
	config_field_size, config_field_state;
extern const struct config_field config_field_exactly_once; /* of Kafka's consensus metadata */
extern const struct config_field config_field_list;         /* "a,b" */
extern const struct config_field config_field_anchors;      /* "host:port,host:port" */
extern const struct config_field config_field_capability;   /* "V1_4_3": this one alone */
extern const struct config_field config_field_acl;          /* of s->entry; "": removed */

#endif /* CONFIG_FIELD_H */
