/* SPDX-License-Identifier: Apache-2.0 */
#include "config.h"

#include <stdlib.h>

static void must(int rc, const char *what, const struct ord_err *e)
{
	if (rc < 0)
		client_die(what, e);
}

/* ---- reading ------------------------------------------------------------- */

struct asked {
	struct ord_block *block;
	uint64_t status;
	bool done, gone;
};

static void on_delivered(struct net_stream *s, void *state, struct net_msg *m)
{
	struct asked *a = state;
	struct ord_block *b = client_block(m, &a->status);

	if (b) {
		block_unref(a->block);
		a->block = b;
		return;
	}
	a->done = true;
	net_call_cancel(s);
}

static void on_gone(struct net_stream *s, void *state)
{
	struct asked *a = state;

	(void)s;
	a->gone = true;
}

static const struct net_method deliver = {
	.path = "/orderer.AtomicBroadcast/Deliver", .message = on_delivered, .closed = on_gone};

struct ord_block *config_ask(struct client *c, const char *channel,
			     Orderer__SeekPosition__TypeCase at, uint64_t number, uint64_t *status)
{
	Orderer__SeekPosition position = ORDERER__SEEK_POSITION__INIT;
	Orderer__SeekInfo info = ORDERER__SEEK_INFO__INIT;
	Orderer__SeekSpecified specified = ORDERER__SEEK_SPECIFIED__INIT;
	Orderer__SeekNewest newest = ORDERER__SEEK_NEWEST__INIT;
	struct buf bytes = BUF_INIT;
	struct asked a = {0};
	struct net_stream *s = c->link ? net_call(c->link, &deliver, &a, 0) : NULL;

	specified.number = number;
	position.type_case = at;
	if (at == ORDERER__SEEK_POSITION__TYPE_SPECIFIED)
		position.specified = &specified;
	else
		position.newest = &newest;
	info.start = info.stop = &position;
	wire_pack(&info, &bytes);
	if (s)
		client_send(c, s, WIRE_DELIVER_SEEK_INFO, channel, buf_bytes(&bytes));
	buf_fini(&bytes);
	while (s && !a.gone)
		net_client_run(c->loop, CLOCK_NEVER);
	*status = a.done ? a.status : 0;
	if (*status == COMMON__STATUS__SUCCESS)
		return a.block;
	block_unref(a.block);
	return NULL;
}

static Common__Config *config_in(const struct ord_block *b)
{
	Common__ConfigEnvelope *envelope;
	struct ord_err e = ERR_INIT;
	Common__Config *config;
	struct ord_env *env = block_config_env(b);

	if (!env)
		client_die("config", (err_set(&e, ORD_EINVAL, "no config block"), &e));
	must(wire_unpack(&common__config_envelope__descriptor, env->data, &envelope, &e), "config",
	     &e);
	config = envelope->config;
	envelope->config = NULL;
	wire_free(envelope);
	env_unref(env);
	return config;
}

Common__Config *config_fetch(struct client *c, const char *channel)
{
	struct ord_err e = ERR_INIT;
	Common__Config *config;
	uint64_t status, last;
	struct ord_block *b =
		config_ask(c, channel, ORDERER__SEEK_POSITION__TYPE_NEWEST, 0, &status);

	if (!b)
		return NULL;
	must(block_last_config(b, &last, &e), "metadata", &e);
	block_unref(b);
	b = config_ask(c, channel, ORDERER__SEEK_POSITION__TYPE_SPECIFIED, last, &status);
	if (!b)
		return NULL;
	config = config_in(b);
	block_unref(b);
	return config;
}

Common__Config *config_read(const char *path)
{
	struct buf bytes = BUF_INIT;
	struct ord_err e = ERR_INIT;
	Common__Config *config;
	struct ord_block *b;

	must(file_read(path, SIZE_MAX, &bytes, &e), path, &e);
	must(block_parse(&bytes, &b, &e), path, &e);
	config = config_in(b);
	block_unref(b);
	return config;
}

Common__Config *config_clone(const Common__Config *config)
{
	struct buf bytes = BUF_INIT;
	struct ord_err e = ERR_INIT;
	Common__Config *copy;

	wire_pack(config, &bytes);
	must(wire_unpack(&common__config__descriptor, buf_bytes(&bytes), &copy, &e), "config", &e);
	buf_fini(&bytes);
	return copy;
}

/* ---- submitting ---------------------------------------------------------- */

/* One ConfigSignature; the bytes in it are @header's and @signature's. */
static void sign(struct ord_bytes update, struct msp_local *signer, struct buf *header,
		 struct buf *signature)
{
	Common__SignatureHeader h = COMMON__SIGNATURE_HEADER__INIT;
	struct ord_err e = ERR_INIT;
	struct ord_bytes parts[2];
	uint8_t nonce[24];

	crypto_random(nonce, sizeof(nonce));
	h.creator = wire_binary(msp_local_identity(signer));
	h.nonce = wire_binary(bytes_of(nonce, sizeof(nonce)));
	wire_pack(&h, header);
	parts[0] = buf_bytes(header);
	parts[1] = update;
	must(msp_local_sign(signer, parts, 2, signature, &e), "sign", &e);
}

void config_sign(struct ord_bytes update, struct msp_local *const *signers, size_t n,
		 struct buf *out)
{
	Common__ConfigUpdateEnvelope envelope = COMMON__CONFIG_UPDATE_ENVELOPE__INIT;
	struct {
		struct buf header, signature;
		Common__ConfigSignature said;
	} by[4] = {0};
	Common__ConfigSignature *list[4];

	util_assert(n <= 4);
	for (size_t i = 0; i < n; i++) {
		sign(update, signers[i], &by[i].header, &by[i].signature);
		common__config_signature__init(&by[i].said);
		by[i].said.signature_header = wire_binary(buf_bytes(&by[i].header));
		by[i].said.signature = wire_binary(buf_bytes(&by[i].signature));
		list[i] = &by[i].said;
	}
	envelope.config_update = wire_binary(update);
	envelope.n_signatures = n;
	envelope.signatures = list;
	wire_pack(&envelope, out);
	for (size_t i = 0; i < n; i++) {
		buf_fini(&by[i].header);
		buf_fini(&by[i].signature);
	}
}

static void on_answer(struct net_stream *s, void *state, struct net_msg *m)
{
	struct asked *a = state;

	client_answer(m, CLIENT_SUCCESS);
	a->done = true;
	net_call_half_close(s);
}

static const struct net_method broadcast = {
	.path = "/orderer.AtomicBroadcast/Broadcast", .message = on_answer, .closed = on_gone};

bool config_submit(struct client *c, const char *channel, struct ord_bytes update_envelope)
{
	struct asked a = {0};
	struct net_stream *s = c->link ? net_call(c->link, &broadcast, &a, 0) : NULL;

	if (s)
		client_send(c, s, WIRE_CONFIG_UPDATE, channel, update_envelope);
	while (s && !a.gone)
		net_client_run(c->loop, CLOCK_NEVER);
	return a.done;
}

/* ---- changing ------------------------------------------------------------ */

Common__ConfigGroup *config_group(Common__ConfigGroup *in, const char *key)
{
	for (size_t i = 0; i < in->n_groups; i++)
		if (strcmp(in->groups[i]->key, key) == 0)
			return in->groups[i]->value;
	return NULL;
}

static Common__ConfigValue *value_of(Common__ConfigGroup *in, const char *key)
{
	for (size_t i = 0; i < in->n_values; i++)
		if (strcmp(in->values[i]->key, key) == 0)
			return in->values[i]->value;
	return NULL;
}

void config_set_batch_size(Common__Config *config, uint32_t max_message_count)
{
	Common__ConfigValue *v =
		value_of(config_group(config->channel_group, "Orderer"), "BatchSize");
	struct buf bytes = BUF_INIT;
	struct ord_err e = ERR_INIT;
	Orderer__BatchSize *size;

	must(wire_unpack(&orderer__batch_size__descriptor, wire_bytes(v->value), &size, &e),
	     "BatchSize", &e);
	size->max_message_count = max_message_count;
	wire_pack(size, &bytes);
	v->value.data = x_realloc(v->value.data, bytes.len);
	v->value.len = bytes.len;
	memcpy(v->value.data, bytes.data, bytes.len);
	buf_fini(&bytes);
	wire_free(size);
}

/* Take the entry of @key out of @in. */
static Common__ConfigGroup__GroupsEntry *take_group(Common__ConfigGroup *in, const char *key)
{
	for (size_t i = 0; i < in->n_groups; i++) {
		Common__ConfigGroup__GroupsEntry *entry = in->groups[i];

		if (strcmp(entry->key, key) == 0) {
			in->groups[i] = in->groups[--in->n_groups];
			return entry;
		}
	}
	return NULL;
}

void config_add_org(Common__Config *to, Common__Config *from, const char *key)
{
	Common__ConfigGroup *orgs = config_group(to->channel_group, "Application");

	orgs->groups = x_realloc(orgs->groups, (orgs->n_groups + 1) * sizeof(*orgs->groups));
	orgs->groups[orgs->n_groups++] =
		take_group(config_group(from->channel_group, "Application"), key);
}

void config_remove_org(Common__Config *from, const char *key)
{
	wire_free(take_group(config_group(from->channel_group, "Application"), key));
}
