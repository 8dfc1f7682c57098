/* SPDX-License-Identifier: Apache-2.0 */
/* config_field: scalars, lists and maps of configuration messages. */
#include "config_field.h"
#include "ctl.h"

#include <inttypes.h>
#include <stdlib.h>

static void *member(const struct config_slot *s)
{
	return (char *)s->msg + s->field->offset;
}

static size_t *count(const struct config_slot *s)
{
	return (size_t *)(void *)((char *)s->msg + s->field->quantifier_offset);
}

/* ---- texts --------------------------------------------------------------- */

static void replace(char **at, const char *text)
{
	if (*at != (const char *)protobuf_c_empty_string)
		free(*at);
	*at = x_strdup(text);
}

static int set_text(struct config_slot *s, const char *text, struct ord_err *e)
{
	if (!*text)
		return err_set(e, ORD_EINVAL, "want a name");
	replace(member(s), text);
	return 0;
}

static void get_text(const struct config_slot *s, struct buf *out)
{
	char *const *at = member(s);

	buf_add_str(out, *at);
}

static int set_duration(struct config_slot *s, const char *text, struct ord_err *e)
{
	int64_t ns;

	if (duration_parse(text, &ns, NULL) < 0 || ns <= 0)
		return err_set(e, ORD_EINVAL, "want a duration such as 500ms or 2s");
	replace(member(s), text);
	return 0;
}

const struct config_field config_field_text = {set_text, get_text};
const struct config_field config_field_duration = {set_duration, get_text};

/* ---- numbers ------------------------------------------------------------- */

static int put_number(struct config_slot *s, uint64_t n, struct ord_err *e)
{
	if (s->field->type == PROTOBUF_C_TYPE_UINT64)
		*(uint64_t *)member(s) = n;
	else if (n <= UINT32_MAX)
		*(uint32_t *)member(s) = (uint32_t)n;
	else
		return err_set(e, ORD_EINVAL, "want less than 4 G");
	return 0;
}

static int set_number(struct config_slot *s, const char *text, struct ord_err *e)
{
	uint64_t n;

	if (!decimal_parse(bytes_str(text), UINT64_MAX, &n))
		return err_set(e, ORD_EINVAL, "want a number");
	return put_number(s, n, e);
}

static int set_size(struct config_slot *s, const char *text, struct ord_err *e)
{
	uint64_t n;

	if (ctl_parse_size(text, &n) < 0)
		return err_set(e, ORD_EINVAL, "want a size such as 524288, 512k or 2MB");
	return put_number(s, n, e);
}

static void get_number(const struct config_slot *s, struct buf *out)
{
	buf_printf(out, "%" PRIu64,
		   s->field->type == PROTOBUF_C_TYPE_UINT64 ? *(uint64_t *)member(s)
							    : *(uint32_t *)member(s));
}

const struct config_field config_field_number = {set_number, get_number};
const struct config_field config_field_size = {set_size, get_number};

/* ---- the consensus state ------------------------------------------------- */

static const char *const states[] = {"normal", "maintenance"}; /* by number */

static int set_state(struct config_slot *s, const char *text, struct ord_err *e)
{
	for (size_t i = 0; i < UTIL_ARRAY_LEN(states); i++)
		if (strcmp(text, states[i]) == 0) {
			*(int *)member(s) = (int)i;
			return 0;
		}
	return err_set(e, ORD_EINVAL, "want normal or maintenance");
}

static void get_state(const struct config_slot *s, struct buf *out)
{
	int state = *(int *)member(s);

	if (state >= 0 && (size_t)state < UTIL_ARRAY_LEN(states))
		buf_add_str(out, states[state]);
	else
		buf_printf(out, "%d", state);
}

const struct config_field config_field_state = {set_state, get_state};

/* ---- Kafka's consensus metadata ------------------------------------------ */

/* Of a message that cannot be read an orderer takes nothing, and neither do we. */
static Orderer__KafkaConfigMetadata *open_kafka(const struct config_slot *s)
{
	Orderer__KafkaConfigMetadata *m;
	ProtobufCBinaryData *at = member(s);

	if (wire_unpack(&orderer__kafka_config_metadata__descriptor, wire_bytes(*at), &m, NULL) <
	    0) {
		m = x_alloc(sizeof(*m));
		orderer__kafka_config_metadata__init(m);
	}
	return m;
}

static const char *consensus_type(const struct config_slot *s)
{
	return ((const Orderer__ConsensusType *)s->msg)->type;
}

static int set_exactly_once(struct config_slot *s, const char *text, struct ord_err *e)
{
	ProtobufCBinaryData *at = member(s);
	Orderer__KafkaConfigMetadata *m;
	struct buf b = BUF_INIT;
	bool yes = strcmp(text, "true") == 0;

	if (!yes && strcmp(text, "false") != 0)
		return err_set(e, ORD_EINVAL, "want true or false");
	if (strcmp(consensus_type(s), "kafka") != 0)
		return err_set(e, ORD_EINVAL, "the consensus type is %s, not kafka",
			       consensus_type(s));
	m = open_kafka(s);
	m->exactly_once = yes;
	wire_pack(m, &b);
	wire_free(m);
	free(at->data);
	*at = wire_binary(buf_bytes(&b));
	return 0;
}

static void get_exactly_once(const struct config_slot *s, struct buf *out)
{
	Orderer__KafkaConfigMetadata *m;

	if (strcmp(consensus_type(s), "kafka") != 0)
		return;
	m = open_kafka(s);
	buf_add_str(out, m->exactly_once ? "true" : "false");
	wire_free(m);
}

const struct config_field config_field_exactly_once = {set_exactly_once, get_exactly_once};

/* ---- lists --------------------------------------------------------------- */

/* Call @add for each element of "a,b". */
static int each_element(const char *text,
			int (*add)(struct config_slot *s, const char *element, struct ord_err *e),
			struct config_slot *s, struct ord_err *e)
{
	int rc = 0;

	while (rc == 0 && *text) {
		size_t len = strcspn(text, ",");
		char *element = x_strndup(text, len);

		rc = len > 0 ? add(s, element, e) : err_set(e, ORD_EINVAL, "an element is empty");
		free(element);
		text += len + (text[len] == ',');
	}
	return rc;
}

/* Make room for one more pointer and put @item there. */
static void append(struct config_slot *s, void *item)
{
	void ***list = member(s);
	size_t *n = count(s);

	*list = x_realloc(*list, (*n + 1) * sizeof(void *));
	(*list)[(*n)++] = item;
}

static void empty(struct config_slot *s, void (*release)(void *item))
{
	void **list = *(void ***)member(s);

	for (size_t i = 0; i < *count(s); i++)
		release(list[i]);
	*count(s) = 0;
}

static int fail_address(struct ord_err *e)
{
	return err_set(e, ORD_EINVAL, "want HOST:PORT, or several with commas");
}

static int add_address(struct config_slot *s, const char *text, struct ord_err *e)
{
	uint16_t port;

	if (!ctl_host_port(text, NULL, &port))
		return fail_address(e);
	append(s, x_strdup(text));
	return 0;
}

static int set_list(struct config_slot *s, const char *text, struct ord_err *e)
{
	empty(s, free);
	return each_element(text, add_address, s, e);
}

static void get_list(const struct config_slot *s, struct buf *out)
{
	char *const *list = *(char ***)member(s);

	for (size_t i = 0; i < *count(s); i++)
		buf_printf(out, "%s%s", i ? "," : "", list[i]);
}

static int add_anchor(struct config_slot *s, const char *text, struct ord_err *e)
{
	Protos__AnchorPeer *peer;
	uint16_t port;

	if (!ctl_host_port(text, NULL, &port))
		return fail_address(e);
	peer = x_alloc(sizeof(*peer));
	protos__anchor_peer__init(peer);
	peer->host = x_strndup(text, (size_t)(strrchr(text, ':') - text));
	peer->port = port;
	append(s, peer);
	return 0;
}

static int set_anchors(struct config_slot *s, const char *text, struct ord_err *e)
{
	empty(s, wire_free);
	return each_element(text, add_anchor, s, e);
}

static void get_anchors(const struct config_slot *s, struct buf *out)
{
	Protos__AnchorPeer *const *list = *(Protos__AnchorPeer ***)member(s);

	for (size_t i = 0; i < *count(s); i++)
		buf_printf(out, "%s%s:%d", i ? "," : "", list[i]->host, list[i]->port);
}

const struct config_field config_field_list = {set_list, get_list};
const struct config_field config_field_anchors = {set_anchors, get_anchors};

/* ---- maps ---------------------------------------------------------------- */

/* Fabric's are read by their highest one: an older orderer or peer must know them all. */
static int set_capability(struct config_slot *s, const char *text, struct ord_err *e)
{
	Common__Capabilities__CapabilitiesEntry *entry;

	if (text[0] != 'V' || strspn(text + 1, "0123456789_") != strlen(text) - 1 || !text[1])
		return err_set(e, ORD_EINVAL, "want a capability such as V1_4_3");
	empty(s, wire_free);
	entry = x_alloc(sizeof(*entry));
	common__capabilities__capabilities_entry__init(entry);
	entry->key = x_strdup(text);
	entry->value = x_alloc(sizeof(*entry->value));
	common__capability__init(entry->value);
	append(s, entry);
	return 0;
}

static void get_capability(const struct config_slot *s, struct buf *out)
{
	Common__Capabilities__CapabilitiesEntry *const *list =
		*(Common__Capabilities__CapabilitiesEntry ***)member(s);

	for (size_t i = 0; i < *count(s); i++)
		buf_printf(out, "%s%s", i ? "," : "", list[i]->key);
}

static size_t acl_index(const struct config_slot *s)
{
	Protos__ACLs__AclsEntry *const *list = *(Protos__ACLs__AclsEntry ***)member(s);
	size_t i = 0;

	while (i < *count(s) && strcmp(list[i]->key, s->entry) != 0)
		i++;
	return i;
}

static void remove_acl(struct config_slot *s)
{
	Protos__ACLs__AclsEntry **list = *(Protos__ACLs__AclsEntry ***)member(s);
	size_t i = acl_index(s);

	if (i == *count(s))
		return;
	wire_free(list[i]);
	list[i] = list[--*count(s)]; /* packed in order all the same */
}

static int set_acl(struct config_slot *s, const char *text, struct ord_err *e)
{
	Protos__ACLs__AclsEntry *entry;

	(void)e; /* Fabric takes any text */
	remove_acl(s);
	if (!*text)
		return 0;
	entry = x_alloc(sizeof(*entry));
	protos__acls__acls_entry__init(entry);
	entry->key = x_strdup(s->entry);
	entry->value = x_alloc(sizeof(*entry->value));
	protos__apiresource__init(entry->value);
	entry->value->policy_ref = x_strdup(text);
	append(s, entry);
	return 0;
}

static void get_acl(const struct config_slot *s, struct buf *out)
{
	Protos__ACLs__AclsEntry *const *list = *(Protos__ACLs__AclsEntry ***)member(s);
	size_t i = acl_index(s);

	if (i < *count(s))
		buf_add_str(out, list[i]->value->policy_ref);
}

const struct config_field config_field_capability = {set_capability, get_capability};
const struct config_field config_field_acl = {set_acl, get_acl};
