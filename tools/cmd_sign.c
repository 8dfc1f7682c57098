/* SPDX-License-Identifier: Apache-2.0 */
/* ordererctl sign: the signatures that a config update needs, one identity after the other. */
#include "cmds.h"
#include "config_sign.h"

#include <stdlib.h>

struct sign_opts {
	struct ctl_list identities;
	const char *output;
};

/* A second signature of one identity would count for nothing.  How many are new? */
static size_t warn(const struct ctl_list *identities, const bool *again)
{
	size_t fresh = 0;

	for (size_t i = 0; i < identities->n; i++) {
		fresh += !again[i];
		if (again[i])
			fprintf(stderr, "ordererctl sign: warning: %s has signed already\n",
				identities->items[i]);
	}
	return fresh;
}

/* @env stays as it is when there is no new signature. */
static int sign(const struct ctl_list *identities, struct buf *env, struct ord_err *e)
{
	struct buf out = BUF_INIT;
	struct signers s;
	bool *again;
	int rc = signers_open(identities, &s, e);

	if (rc < 0)
		return rc;
	again = x_alloc(s.n * sizeof(*again));
	rc = config_sign(&s, buf_bytes(env), &out, again, e);
	if (rc == 0 && warn(identities, again) > 0) {
		buf_fini(env);
		*env = out;
		out = (struct buf)BUF_INIT;
	}
	buf_fini(&out);
	free(again);
	signers_close(&s);
	return rc;
}

static int sign_run(const void *opts, const struct ctl_args *args, struct ord_err *e)
{
	const struct sign_opts *o = opts;
	const char *path = args->item[0];
	struct buf env = BUF_INIT;
	int rc = ctl_input(path, WIRE_MAX_MSG, &env, e);

	if (rc == 0 && (rc = sign(&o->identities, &env, e)) < 0)
		err_wrap(e, "%s", path);
	if (rc == 0)
		rc = ctl_output(o->output ? o->output : path, buf_bytes(&env), e);
	buf_fini(&env);
	return rc;
}

static const struct ctl_opt sign_opt[] = {
	{"identity", CTL_LIST, offsetof(struct sign_opts, identities), true, "MSPID:DIR",
	 IDENTITY_OPT_HELP "; given several times, each signs"},
	{"output", CTL_STRING, offsetof(struct sign_opts, output), false, "FILE",
	 "where the signed envelope goes; - is standard output [FILE itself]"},
	CTL_OPT_END};

const struct ctl_cmd cmd_sign = {
	.name = "sign",
	.operands = "FILE",
	.min_operands = 1,
	.max_operands = 1,
	.summary = "add signatures to a config update",
	.details = "FILE holds a CONFIG_UPDATE envelope, as channel-tx, anchor-peers and "
		   "config-update compute --envelope make it. Each identity adds one signature, "
		   "as 'peer channel signconfigtx' does; one that has signed before is left out, "
		   "with a warning. - is standard input, and then standard output.",
	.opts = sign_opt,
	.defaults = &(const struct sign_opts){{NULL, 0}, NULL},
	.opts_size = sizeof(struct sign_opts),
	.run = sign_run,
};
