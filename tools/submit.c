/* SPDX-License-Identifier: Apache-2.0 */
/* submit: broadcast, then watch the chain. */
#include "submit.h"

#include <inttypes.h>

enum { POLL_MS = 200 };

/* ---- broadcast ----------------------------------------------------------- */

int submit_answer(struct remote_call *call, Orderer__BroadcastResponse **out, struct ord_err *e)
{
	struct buf msg = BUF_INIT;
	int rc = remote_receive(call, false, &msg, e);

	if (rc == 0)
		rc = err_set(e, ORD_EUNAVAIL, "the orderer ended the call without an answer");
	if (rc > 0)
		rc = wire_unpack(&orderer__broadcast_response__descriptor, buf_bytes(&msg), out, e);
	buf_fini(&msg);
	return rc;
}

static int read_answer(struct remote_call *call, struct ord_err *e)
{
	Orderer__BroadcastResponse *r;
	int rc = submit_answer(call, &r, e);

	if (rc < 0)
		return rc;
	if (r->status != COMMON__STATUS__SUCCESS)
		rc = seek_status_error((int)r->status, r->info, e);
	wire_free(r);
	return rc;
}

int submit(struct remote *r, struct ord_bytes env, struct ord_err *e)
{
	struct remote_call *call;
	int rc = remote_call(r, REMOTE_BROADCAST, &call, e);

	if (rc < 0)
		return rc;
	rc = remote_send(call, env, e);
	if (rc == 0)
		rc = read_answer(call, e);
	remote_call_free(call);
	return rc;
}

/* ---- the block of an update ---------------------------------------------- */

/* Is what @b holds made of this update?  1, 0, or no configuration at all: -1. */
static int made_of(const struct ord_block *b, const struct ord_env *update)
{
	struct ord_env *env = block_config_env(b);
	Common__ConfigEnvelope *ce;
	int is = 0;

	if (!env)
		return -1;
	if (wire_unpack(&common__config_envelope__descriptor, env->data, &ce, NULL) == 0) {
		is = ce->last_update &&
		     bytes_eq(wire_bytes(ce->last_update->payload), update->payload);
		wire_free(ce);
	}
	env_unref(env);
	return is;
}

/* The next block with a configuration is the update's, or it came too late. */
static int watch(struct remote_call *call, const struct ord_env *update, struct ord_block **out,
		 struct ord_err *e)
{
	int rc, status, made;

	for (;;) {
		rc = deliver_next(call, false, out, &status, e);
		if (rc == 0)
			rc = seek_status_error(status, NULL, e);
		if (rc < 0)
			return err_wrap(e, "the update was accepted, but its block does not come");
		made = made_of(*out, update);
		if (made > 0)
			return 0;
		if (made == 0)
			rc = err_set(e, ORD_EINVAL,
				     "another update came first, in block %" PRIu64 ": try again",
				     (*out)->number);
		block_unref(*out);
		if (rc < 0)
			return rc;
	}
}

int submit_update(const struct deliver *d, struct ord_bytes env, struct ord_block **out,
		  struct ord_err *e)
{
	struct remote_call *call = NULL;
	struct ord_block *newest;
	struct ord_env *update;
	uint64_t next;
	int rc = env_parse(env, &update, e);

	if (rc < 0)
		return rc;
	rc = deliver_block(d, SEEK_NEWEST, false, &newest, e);
	if (rc == 0) {
		next = newest->number + 1;
		block_unref(newest);
		rc = deliver_open(d, next, SEEK_ENDLESS, true, &call, e);
	}
	if (rc == 0)
		rc = submit(d->remote, env, e);
	if (rc == 0)
		rc = watch(call, update, out, e);
	remote_call_free(call);
	env_unref(update);
	return rc;
}

/* ---- the genesis block of a new channel ---------------------------------- */

int submit_creation(const struct deliver *d, struct ord_bytes env, struct ord_block **out,
		    struct ord_err *e)
{
	uint64_t deadline;
	int rc = submit(d->remote, env, e), status = 0;

	deadline = clock_mono_ns() + (uint64_t)d->remote->timeout_ns;
	while (rc == 0) {
		rc = deliver_try(d, 0, false, out, &status, e);
		if (rc != 0)
			break;
		if (status != COMMON__STATUS__NOT_FOUND &&
		    status != COMMON__STATUS__SERVICE_UNAVAILABLE)
			rc = seek_status_error(status, NULL, e);
		else if (clock_mono_ns() >= deadline)
			rc = err_set(e, ORD_ETIMEDOUT,
				     "the creation of '%s' was accepted, but the channel does not "
				     "come: %d %s",
				     d->channel, status, wire_status_name(status));
		else
			clock_sleep_ns(POLL_MS * CLOCK_MS_NS);
	}
	return rc < 0 ? rc : 0;
}
