/* SPDX-License-Identifier: Apache-2.0 */
/* config_keys: one row a key.  A key that ends with a dot has a name behind it: of an organisation,
 * where the group ends with a slash, else of an entry. */
#include "config_keys.h"
#include "config_field.h"
#include "config_tree.h"
#include "json_deep.h"

#include <stdlib.h>

static const struct config_key {
	const char *name, *group, *value, *field;
	const struct config_field *kind;
} keys[] = {
	{"channel.capability", "", "Capabilities", "capabilities", &config_field_capability},
	{"orderer.capability", "Orderer", "Capabilities", "capabilities", &config_field_capability},
	{"application.capability", "Application", "Capabilities", "capabilities",
	 &config_field_capability},
	{"orderer.addresses", "", "OrdererAddresses", "addresses", &config_field_list},
	{"orderer.batch-timeout", "Orderer", "BatchTimeout", "timeout", &config_field_duration},
	{"orderer.batch-size.max-message-count", "Orderer", "BatchSize", "max_message_count",
	 &config_field_number},
	{"orderer.batch-size.absolute-max-bytes", "Orderer", "BatchSize", "absolute_max_bytes",
	 &config_field_size},
	{"orderer.batch-size.preferred-max-bytes", "Orderer", "BatchSize", "preferred_max_bytes",
	 &config_field_size},
	{"orderer.consensus-type", "Orderer", "ConsensusType", "type", &config_field_text},
	{"orderer.consensus-state", "Orderer", "ConsensusType", "state", &config_field_state},
	{"orderer.kafka-brokers", "Orderer", "KafkaBrokers", "brokers", &config_field_list},
	{"orderer.kafka-exactly-once", "Orderer", "ConsensusType", "metadata",
	 &config_field_exactly_once},
	{"orderer.max-channels", "Orderer", "ChannelRestrictions", "max_count",
	 &config_field_number},
	{"orderer.endpoints.", "Orderer/", "Endpoints", "addresses", &config_field_list},
	{"anchor-peers.", "Application/", "AnchorPeers", "anchor_peers", &config_field_anchors},
	{"acl.", "Application", "ACLs", "acls", &config_field_acl},
};

/* A key's row and where it leads to. */
struct place {
	const struct config_key *key;
	Common__ConfigGroup *group;
	const ProtobufCMessageDescriptor *type;
	const char *entry; /* behind the dot; "" */
};

static bool takes_name(const struct config_key *k)
{
	return k->name[strlen(k->name) - 1] == '.';
}

static int unknown(const char *name, struct ord_err *e)
{
	const char *names[UTIL_ARRAY_LEN(keys) + 1] = {NULL}, *near;

	for (size_t i = 0; i < UTIL_ARRAY_LEN(keys); i++)
		names[i] = keys[i].name;
	near = err_nearest(name, names);
	if (near && strcmp(near, name) == 0)
		return err_set(e, ORD_EINVAL, "key '%s' wants a name behind its dot", name);
	return near ? err_set(e, ORD_EINVAL, "unknown key '%s': did you mean '%s'?", name, near)
		    : err_set(e, ORD_EINVAL,
			      "unknown key '%s': 'config get' lists those that are "
			      "set",
			      name);
}

static const struct config_key *find_key(const char *name)
{
	for (size_t i = 0; i < UTIL_ARRAY_LEN(keys); i++) {
		size_t len = strlen(keys[i].name);

		if (takes_name(&keys[i]) ? strncmp(name, keys[i].name, len) == 0 && name[len]
					 : strcmp(name, keys[i].name) == 0)
			return &keys[i];
	}
	return NULL;
}

static const ProtobufCMessageDescriptor *type_of(const char *group, const char *value)
{
	const char *slash = strchr(group, '/');
	char *first = x_strndup(group, slash ? (size_t)(slash - group) : strlen(group));
	const char *const path[] = {first, slash ? slash + 1 : NULL};
	const ProtobufCMessageDescriptor *d = json_config_value(path,
								slash    ? 2
								: *group ? 1
									 : 0,
								value);

	util_assert(d);
	free(first);
	return d;
}

static int find_place(const Common__Config *config, const char *name, struct place *out,
		      struct ord_err *e)
{
	const struct config_key *k = find_key(name);
	bool org = k && strchr(k->group, '/');
	char *path;
	int rc;

	if (!k)
		return unknown(name, e);
	*out = (struct place){.key = k, .entry = takes_name(k) ? name + strlen(k->name) : ""};
	path = x_printf("%s%s", k->group, org ? out->entry : "");
	out->type = type_of(path, k->value);
	rc = config_tree_group(config, path, &out->group, e);
	free(path);
	return rc;
}

/* The message of the value, an empty one when it is not there; wire_free() it. */
static int open_value(const struct place *p, ProtobufCMessage **out, struct ord_err *e)
{
	int rc = wire_unpack(p->type, config_tree_value(p->group, p->key->value), out, e);

	return rc < 0 ? err_wrap(e, "%s", p->key->value) : 0;
}

static struct config_slot slot_of(const struct place *p, ProtobufCMessage *msg)
{
	const ProtobufCFieldDescriptor *f =
		protobuf_c_message_descriptor_get_field_by_name(msg->descriptor, p->key->field);

	util_assert(f);
	return (struct config_slot){msg, f, p->entry};
}

int config_key_set(Common__Config *config, const char *key, const char *text, struct ord_err *e)
{
	ProtobufCMessage *msg;
	struct config_slot slot;
	struct place p;
	int rc = find_place(config, key, &p, e);

	if (rc == 0)
		rc = open_value(&p, &msg, e);
	if (rc < 0)
		return rc;
	slot = slot_of(&p, msg);
	rc = p.key->kind->set(&slot, text, e);
	if (rc == 0)
		config_tree_set_value(p.group, p.key->value, msg);
	else
		err_wrap(e, "%s '%s'", key, text);
	wire_free(msg);
	return rc;
}

int config_key_get(const Common__Config *config, const char *key, struct buf *out,
		   struct ord_err *e)
{
	ProtobufCMessage *msg;
	struct config_slot slot;
	struct place p;
	int rc = find_place(config, key, &p, e);

	if (rc == 0)
		rc = open_value(&p, &msg, e);
	if (rc < 0)
		return rc;
	slot = slot_of(&p, msg);
	p.key->kind->get(&slot, out);
	wire_free(msg);
	return 0;
}

/* ---- all of them --------------------------------------------------------- */

static void list_one(const Common__Config *config, const char *key, struct buf *out)
{
	struct buf value = BUF_INIT;

	if (config_key_get(config, key, &value, NULL) == 0 && value.len > 0)
		buf_printf(out, "%s = %s\n", key, buf_cstr(&value));
	buf_fini(&value);
}

static void list_orgs(const Common__Config *config, const struct config_key *k, struct buf *out)
{
	char *path = x_strndup(k->group, strlen(k->group) - 1);
	Common__ConfigGroup *g;

	if (config_tree_group(config, path, &g, NULL) == 0)
		for (size_t i = 0; i < g->n_groups; i++) {
			char *key = x_printf("%s%s", k->name, g->groups[i]->key);

			list_one(config, key, out);
			free(key);
		}
	free(path);
}

static void list_acls(const Common__Config *config, struct buf *out)
{
	Common__ConfigGroup *g;
	Protos__ACLs *acls;

	if (config_tree_group(config, "Application", &g, NULL) < 0 ||
	    wire_unpack(&protos__acls__descriptor, config_tree_value(g, "ACLs"), &acls, NULL) < 0)
		return;
	for (size_t i = 0; i < acls->n_acls; i++)
		buf_printf(out, "acl.%s = %s\n", acls->acls[i]->key,
			   acls->acls[i]->value->policy_ref);
	wire_free(acls);
}

void config_key_list(const Common__Config *config, struct buf *out)
{
	for (size_t i = 0; i < UTIL_ARRAY_LEN(keys); i++) {
		if (keys[i].kind == &config_field_acl)
			list_acls(config, out);
		else if (takes_name(&keys[i]))
			list_orgs(config, &keys[i], out);
		else
			list_one(config, keys[i].name, out);
	}
}
