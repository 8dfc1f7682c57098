/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Envelopes.  Every message of every client passes here: one walk with the cursor, one allocation
 * that holds the object, the channel id, and the canonical bytes unless they came as such.
 *
 * The headers are read exactly as Go reads them (last value wins, sub-messages that come twice
 * merge, unknown fields are skipped): where orderers share one Kafka topic, all must agree on what
 * is a message.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <wire/wire_priv.h>

#define KEEP_SLACK 1024 /* bytes of a buffer that may be wasted to spare a copy */

static const char *parse_timestamp(struct ord_bytes b, struct ord_env *env)
{
	struct wire_cursor c = wire_cursor_of(b);
	struct wire_field f;

	env->has_timestamp = true;
	while (wire_next(&c, &f)) {
		if (wire_is_varint(&f, 1))
			env->timestamp_sec = (int64_t)f.varint;
		else if (wire_is_varint(&f, 2))
			env->timestamp_nanos = (int32_t)f.varint;
	}
	return c.why;
}

static const char *parse_channel_header(struct ord_bytes b, struct ord_env *env,
					struct ord_bytes *channel_id)
{
	struct wire_cursor c = wire_cursor_of(b);
	struct wire_field f;

	while (wire_next(&c, &f)) {
		const char *why = NULL;

		if (wire_is_varint(&f, 1))
			env->type = (int32_t)f.varint;
		else if (wire_is_bytes(&f, 3))
			why = parse_timestamp(f.bytes, env);
		else if (wire_is_bytes(&f, 4))
			*channel_id = f.bytes;
		else if (wire_is_bytes(&f, 5))
			env->tx_id = f.bytes;
		else if (wire_is_bytes(&f, 8))
			env->tls_cert_hash = f.bytes;
		if (why)
			return why;
	}
	if (!c.why && (!utf8_valid(*channel_id) || !utf8_valid(env->tx_id)))
		return "invalid UTF-8";
	if (!c.why && channel_id->len && memchr(channel_id->data, '\0', channel_id->len))
		return "channel id contains a NUL";
	return c.why;
}

static void parse_signature_header(struct ord_bytes b, struct ord_env *env)
{
	struct wire_cursor c = wire_cursor_of(b);
	struct wire_field f;

	while (wire_next(&c, &f)) {
		if (wire_is_bytes(&f, 1))
			env->creator = f.bytes;
		else if (wire_is_bytes(&f, 2))
			env->nonce = f.bytes;
	}
	env->has_signature_header = !c.why;
}

/* The two headers of a Payload, undecoded; data is NULL where one is absent. */
struct headers {
	bool present;
	struct ord_bytes channel, signature;
};

static const char *parse_header(struct ord_bytes b, struct headers *h)
{
	struct wire_cursor c = wire_cursor_of(b);
	struct wire_field f;

	h->present = true;
	while (wire_next(&c, &f)) {
		if (wire_is_bytes(&f, 1))
			h->channel = f.bytes;
		else if (wire_is_bytes(&f, 2))
			h->signature = f.bytes;
	}
	return c.why;
}

static const char *parse_payload(struct ord_bytes b, struct headers *h, struct ord_bytes *data)
{
	struct wire_cursor c = wire_cursor_of(b);
	struct wire_field f;

	while (wire_next(&c, &f)) {
		const char *why = NULL;

		if (wire_is_bytes(&f, 1))
			why = parse_header(f.bytes, h);
		else if (wire_is_bytes(&f, 2))
			*data = f.bytes;
		if (why)
			return why;
	}
	return c.why;
}

/* Fill @env from its payload; the texts are those of Broadcast's answers (spec 5.4). */
static int parse_headers(struct ord_env *env, struct ord_bytes *channel_id, struct ord_err *e)
{
	struct headers h = {0};
	const char *why;

	why = parse_payload(env->payload, &h, &env->data);
	if (why)
		return err_set(e, ORD_EINVAL, "error unmarshaling Payload: %s", why);
	if (!h.present)
		return err_set(e, ORD_EINVAL, "header not set");
	parse_signature_header(h.signature, env);
	if (!h.channel.data)
		return err_set(e, ORD_EINVAL, "channel header not set");
	why = parse_channel_header(h.channel, env, channel_id);
	if (why)
		return err_set(e, ORD_EINVAL, "error unmarshaling channel header: %s", why);
	env->header_ok = true;
	return 0;
}

/* Go leaves an empty bytes field out. */
static size_t field_len(struct ord_bytes v)
{
	return v.len ? 1 + uvarint_len(v.len) + v.len : 0;
}

static uint8_t *put_field(uint8_t *p, uint8_t tag, struct ord_bytes *v)
{
	if (v->len == 0) {
		*v = bytes_of(p, 0);
		return p;
	}
	*p++ = tag;
	p += uvarint_put(p, v->len);
	memcpy(p, v->data, v->len);
	v->data = p;
	return p + v->len;
}

/* Views into the sender's payload become views into ours. */
static void rebase(struct ord_env *env, const uint8_t *old_payload)
{
	struct ord_bytes *views[] = {&env->tx_id, &env->tls_cert_hash, &env->creator, &env->nonce,
				     &env->data};

	for (size_t i = 0; i < UTIL_ARRAY_LEN(views); i++)
		if (views[i]->data)
			views[i]->data = env->payload.data + (views[i]->data - old_payload);
}

/* Is @whole what put_field() would write?  The lengths leave no byte for anything else. */
static bool is_canonical(struct ord_bytes whole, struct ord_bytes payload,
			 struct ord_bytes signature)
{
	return payload.len > 0 && signature.len > 0 && payload.data < signature.data &&
	       whole.len == field_len(payload) + field_len(signature);
}

/* @rest stands behind the two.  @whole may be NULL; what is kept of it is gone from it. */
static struct ord_env *env_build(struct ord_bytes payload, struct ord_bytes signature,
				 struct ord_bytes rest, struct buf *whole, struct ord_err *e)
{
	struct ord_env view = {.payload = payload, .signature = signature, .owned = BUF_INIT}, *env;
	bool keep = whole && whole->cap - whole->len <= KEEP_SLACK &&
		    is_canonical(buf_bytes(whole), payload, signature);
	struct ord_bytes id = {0};
	size_t raw_len = field_len(payload) + field_len(signature) + rest.len;
	uint8_t *raw, *p;

	if (parse_headers(&view, &id, e) < 0)
		id.len = 0;
	env = x_malloc(sizeof(*env) + (keep ? 0 : raw_len) + id.len + 1);
	raw = p = (uint8_t *)(env + 1);
	memcpy(env, &view, sizeof(view));
	atomic_init(&env->refs, 1);
	if (keep) {
		env->owned = *whole;
		*whole = (struct buf)BUF_INIT;
		env->raw = buf_bytes(&env->owned);
	} else {
		p = put_field(p, 0x0a, &env->payload);
		p = put_field(p, 0x12, &env->signature);
		if (rest.len)
			memcpy(p, rest.data, rest.len);
		p += rest.len;
		env->raw = bytes_of(raw, raw_len);
		rebase(env, payload.data);
	}
	if (id.len)
		memcpy(p, id.data, id.len);
	p[id.len] = '\0';
	env->channel_id = (const char *)p;
	return env;
}

/* A field that is not known, as Go writes it again: only its tag is made anew. */
static void keep_field(struct buf *out, struct ord_bytes field)
{
	uint8_t number[10];
	uint64_t tag = 0;
	size_t used = uvarint_get(field, &tag);

	buf_add(out, number, uvarint_put(number, tag));
	buf_add(out, field.data + used, field.len - used);
}

/* The fields of an Envelope, the last of each, and all others if @rest is not NULL. */
static int split(struct ord_bytes b, struct ord_bytes *payload, struct ord_bytes *signature,
		 struct buf *rest, struct ord_err *e)
{
	struct wire_cursor c = wire_cursor_of(b);
	const uint8_t *at = c.p;
	struct wire_field f;

	*payload = *signature = (struct ord_bytes){0};
	for (; wire_next(&c, &f); at = c.p) {
		if (wire_is_bytes(&f, 1))
			*payload = f.bytes;
		else if (wire_is_bytes(&f, 2))
			*signature = f.bytes;
		else if (rest)
			keep_field(rest, bytes_of(at, (size_t)(c.p - at)));
	}
	if (c.why)
		return err_set(e, ORD_EINVAL, "error unmarshaling Envelope: %s", c.why);
	return 0;
}

int env_parse(struct ord_bytes b, struct ord_env **out, struct ord_err *e)
{
	struct ord_bytes payload, signature;
	struct buf rest = BUF_INIT;
	int rc = split(b, &payload, &signature, &rest, e);

	*out = rc < 0 ? NULL : env_build(payload, signature, buf_bytes(&rest), NULL, e);
	buf_fini(&rest);
	return rc;
}

int env_take(struct buf *take, struct ord_env **out, struct ord_err *e)
{
	struct ord_bytes payload, signature;
	int rc = split(buf_bytes(take), &payload, &signature, NULL, e);

	*out = rc < 0 ? NULL : env_build(payload, signature, bytes_of(NULL, 0), take, e);
	buf_fini(take);
	return rc;
}

struct ord_env *env_make(struct ord_bytes payload, struct ord_bytes signature)
{
	return env_build(payload, signature, bytes_of(NULL, 0), NULL, NULL);
}

struct ord_env *env_ref(struct ord_env *env)
{
	ref_get(&env->refs);
	return env;
}

void env_unref(struct ord_env *env)
{
	if (!env || !ref_put(&env->refs))
		return;
	buf_fini(&env->owned);
	free(env);
}

enum ord_class env_classify(const struct ord_env *env)
{
	switch (env->type) {
	case WIRE_CONFIG_UPDATE:
		return ORD_MSG_CONFIG_UPDATE;
	case WIRE_CONFIG:
	case WIRE_ORDERER_TRANSACTION:
		return ORD_MSG_CONFIG;
	default:
		return ORD_MSG_NORMAL;
	}
}

const char *wire_header_type_name(int32_t type, char tmp[static 12])
{
	const ProtobufCEnumValue *v;

	v = protobuf_c_enum_descriptor_get_value(&common__header_type__descriptor, type);
	if (v)
		return v->name;
	snprintf(tmp, 12, "%" PRId32, type);
	return tmp;
}

const char *wire_status_name(int status)
{
	const ProtobufCEnumValue *v;

	v = protobuf_c_enum_descriptor_get_value(&common__status__descriptor, status);
	return v ? v->name : "UNKNOWN";
}

void wire_build_payload(const struct wire_header_spec *h, struct ord_bytes data, struct buf *out)
{
	Common__Timestamp ts = COMMON__TIMESTAMP__INIT;
	Common__ChannelHeader ch = COMMON__CHANNEL_HEADER__INIT;
	Common__SignatureHeader sh = COMMON__SIGNATURE_HEADER__INIT;
	Common__Header header = COMMON__HEADER__INIT;
	Common__Payload payload = COMMON__PAYLOAD__INIT;
	struct buf channel = BUF_INIT, signature = BUF_INIT;

	ts.seconds = h->timestamp_sec;
	ts.nanos = h->timestamp_nanos;
	ch.type = h->type;
	ch.version = h->version;
	ch.timestamp = &ts;
	ch.channel_id = (char *)h->channel_id;
	ch.tx_id = (char *)h->tx_id;
	ch.tls_cert_hash = wire_binary(h->tls_cert_hash);
	wire_pack(&ch, &channel);
	sh.creator = wire_binary(h->creator);
	sh.nonce = wire_binary(h->nonce);
	wire_pack(&sh, &signature);

	header.channel_header = wire_binary(buf_bytes(&channel));
	header.signature_header = wire_binary(buf_bytes(&signature));
	payload.header = &header;
	payload.data = wire_binary(data);
	wire_pack(&payload, out);
	buf_fini(&channel);
	buf_fini(&signature);
}

struct ord_env *env_unsigned(const struct wire_header_spec *h, struct ord_bytes data)
{
	struct buf payload = BUF_INIT;
	struct ord_env *env;

	wire_build_payload(h, data, &payload);
	env = env_make(buf_bytes(&payload), bytes_of(NULL, 0));
	buf_fini(&payload);
	return env;
}

struct ord_env *env_unsigned_msg(const struct wire_header_spec *h, const void *msg)
{
	struct buf data = BUF_INIT;
	struct ord_env *env;

	wire_pack(msg, &data);
	env = env_unsigned(h, buf_bytes(&data));
	buf_fini(&data);
	return env;
}
