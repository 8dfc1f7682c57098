/* SPDX-License-Identifier: Apache-2.0 */
/* ordererctl config set and config get: common values of a channel's configuration, in one step. */
#include "cmds.h"
#include "config_edit.h"
#include "config_keys.h"

/* ---- set ----------------------------------------------------------------- */

static int set_keys(void *arg, Common__Config *config, struct ord_err *e)
{
	const struct ctl_args *args = arg;
	int rc = 0;

	for (size_t i = 0; rc == 0 && i + 1 < args->n; i += 2)
		rc = config_key_set(config, args->item[i], args->item[i + 1], e);
	return rc;
}

static int set_run(const void *opts, const struct ctl_args *args, struct ord_err *e)
{
	if (args->n % 2 != 0)
		return err_set(e, ORD_EINVAL, "the value of %s is missing",
			       args->item[args->n - 1]);
	return config_edit(opts, set_keys, (void *)args, e);
}

struct command {
	struct edit_opts edit;
};

static const struct ctl_opt set_opt[] = {EDIT_OPTS(struct command, edit), CTL_OPT_END};

const struct ctl_cmd cmd_config_set = {
	.name = "config set",
	.operands = "KEY VALUE…",
	.min_operands = 2,
	.max_operands = SIZE_MAX,
	.summary = "change common values of a channel's configuration",
	.details =
		"Fetches the configuration, changes it, signs the update, submits it and waits for "
		"its block. Keys: channel.capability, orderer.capability, application.capability "
		"(V1_4_3), orderer.addresses (HOST:PORT,…), orderer.batch-timeout (2s), "
		"orderer.batch-size.max-message-count (500), "
		"orderer.batch-size.absolute-max-bytes and preferred-max-bytes (2MB), "
		"orderer.consensus-type (kafka), orderer.consensus-state (normal, maintenance), "
		"orderer.kafka-brokers (HOST:PORT,…), orderer.kafka-exactly-once (true, false), "
		"orderer.max-channels (0: any number), "
		"orderer.endpoints.ORG and anchor-peers.ORG (HOST:PORT,…), acl.RESOURCE (a policy; "
		"'' removes it). What cannot be done at once, such as leaving maintenance and "
		"changing the type, the orderer refuses: see --dry-run.",
	.opts = set_opt,
	.defaults = &(const struct command){EDIT_DEFAULTS},
	.opts_size = sizeof(struct command),
	.run = set_run,
};

/* ---- get ----------------------------------------------------------------- */

static int get_run(const void *opts, const struct ctl_args *args, struct ord_err *e)
{
	struct chanconf *conf;
	struct buf out = BUF_INIT;
	int rc = config_edit_read(opts, &conf, e);

	if (rc < 0)
		return rc;
	if (args->n == 0)
		config_key_list(conf->config, &out);
	for (size_t i = 0; rc == 0 && i < args->n; i++) {
		rc = config_key_get(conf->config, args->item[i], &out, e);
		buf_add_u8(&out, '\n');
	}
	if (rc == 0)
		rc = ctl_output(NULL, buf_bytes(&out), e);
	buf_fini(&out);
	chanconf_unref(conf);
	return rc;
}

static const struct ctl_opt get_opt[] = {EDIT_SOURCE_OPTS(struct command, edit),
					 REMOTE_OPTS(struct command, edit.remote), CTL_OPT_END};

const struct ctl_cmd cmd_config_get = {
	.name = "config get",
	.operands = "[KEY…]",
	.max_operands = SIZE_MAX,
	.summary = "print common values of a channel's configuration",
	.details = "Without a KEY, all that are set. 'config set --help' tells the keys.",
	.opts = get_opt,
	.defaults = &(const struct command){EDIT_DEFAULTS},
	.opts_size = sizeof(struct command),
	.run = get_run,
};
