/* SPDX-License-Identifier: Apache-2.0 */
/* deliver: ask for blocks and take them. */
#include "deliver.h"

int deliver_open(const struct deliver *d, uint64_t start, uint64_t stop, bool wait,
		 struct remote_call **out, struct ord_err *e)
{
	struct seek s = {d->channel, start, stop, wait, d->best_effort};
	struct buf env = BUF_INIT;
	int rc = seek_envelope(d->who, d->remote, &s, &env, e);

	*out = NULL;
	if (rc == 0)
		rc = remote_call(d->remote, REMOTE_DELIVER, out, e);
	if (rc == 0)
		rc = remote_send(*out, buf_bytes(&env), e);
	if (rc < 0) {
		remote_call_free(*out);
		*out = NULL;
	}
	buf_fini(&env);
	return rc;
}

int deliver_next(struct remote_call *call, bool patient, struct ord_block **out, int *status,
		 struct ord_err *e)
{
	struct buf msg = BUF_INIT;
	int rc = remote_receive(call, patient, &msg, e);

	if (rc == 0)
		rc = err_set(e, ORD_EUNAVAIL, "the orderer ended the call in between");
	if (rc > 0)
		rc = seek_response(&msg, out, status, e);
	buf_fini(&msg);
	return rc;
}

int deliver_try(const struct deliver *d, uint64_t number, bool wait, struct ord_block **out,
		int *status, struct ord_err *e)
{
	struct ord_block *extra = NULL;
	struct remote_call *call;
	int rc = deliver_open(d, number, number, wait, &call, e);

	if (rc < 0)
		return rc;
	rc = deliver_next(call, wait, out, status, e);
	if (rc > 0) { /* and the SUCCESS behind it */
		rc = deliver_next(call, wait, &extra, status, e);
		if (rc > 0)
			rc = err_set(e, ORD_EUNAVAIL, "the orderer sent one block too many");
		block_unref(extra);
		if (rc < 0)
			block_unref(*out);
		else
			rc = 1;
	}
	remote_call_free(call);
	return rc;
}

int deliver_block(const struct deliver *d, uint64_t number, bool wait, struct ord_block **out,
		  struct ord_err *e)
{
	int status = 0, rc = deliver_try(d, number, wait, out, &status, e);

	if (rc == 0 && status == COMMON__STATUS__SUCCESS)
		rc = err_set(e, ORD_EUNAVAIL, "the orderer sent no block");
	else if (rc == 0)
		rc = seek_status_error(status, NULL, e);
	return rc < 0 ? rc : 0;
}

/* The newest block tells where the configuration is. */
int deliver_config(const struct deliver *d, bool wait, struct ord_block **out, uint64_t *height,
		   struct ord_err *e)
{
	uint64_t index, newest;
	int rc = deliver_block(d, SEEK_NEWEST, wait, out, e);

	if (rc < 0)
		return rc;
	newest = (*out)->number;
	rc = block_last_config(*out, &index, e);
	if (rc < 0 || index != newest)
		block_unref(*out);
	if (rc == 0 && index != newest)
		rc = deliver_block(d, index, wait, out, e);
	if (rc == 0 && height)
		*height = newest + 1;
	return rc;
}
