/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes: no Envelope, or one whose canonical bytes say the same again. */
#include "fuzz.h"
#include <wire/wire.h>

static void same(const struct ord_env *a, const struct ord_env *b)
{
	util_assert(bytes_eq(a->raw, b->raw));
	util_assert(bytes_eq(a->payload, b->payload) && bytes_eq(a->signature, b->signature));
	util_assert(a->header_ok == b->header_ok && a->type == b->type);
	util_assert(strcmp(a->channel_id, b->channel_id) == 0);
	util_assert(bytes_eq(a->tx_id, b->tx_id) && bytes_eq(a->data, b->data));
	util_assert(bytes_eq(a->creator, b->creator) && bytes_eq(a->nonce, b->nonce));
	util_assert(bytes_eq(a->tls_cert_hash, b->tls_cert_hash));
	util_assert(a->has_timestamp == b->has_timestamp);
	util_assert(a->timestamp_sec == b->timestamp_sec);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct ord_env *env, *again, *made, *taken;
	struct buf b = BUF_INIT;
	struct ord_err e = ERR_INIT;

	if (env_parse(bytes_of(data, size), &env, &e) < 0) {
		util_assert(e.code < 0 && e.msg[0] && !env);
		return 0;
	}
	util_assert(env->header_ok || e.msg[0]);
	util_assert(env_parse(env->raw, &again, &e) == 0);
	same(env, again);
	made = env_make(env->payload, env->signature);
	buf_add(&b, data, size); /* of a client: without what is not known */
	util_assert(env_take(&b, &taken, &e) == 0);
	same(taken, made);
	util_assert(made->raw.len <= env->raw.len &&
		    memcmp(env->raw.data, made->raw.data, made->raw.len) == 0);
	env_unref(taken);
	env_unref(made);
	env_unref(again);
	env_unref(env);
	return 0;
}
