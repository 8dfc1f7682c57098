/* SPDX-License-Identifier: Apache-2.0 */
/* ordererctl block import: append blocks to a ledger directory, offline. */
#include "cmds.h"

#include <chanconf/chanconf.h>
#include <ledger/ledger.h>

#define BLOCK_MAX WIRE_MAX_MSG

struct import_opts {
	const char *ledger, *channel;
};

/* The channel that a block belongs to: that of its first envelope. */
static int channel_of(const struct ord_block *b, struct ord_env **env, struct ord_err *e)
{
	int rc;

	if (b->n_data == 0)
		return err_set(e, ORD_EINVAL, "block %llu holds no envelope",
			       (unsigned long long)b->number);
	if ((rc = env_parse(b->data[0], env, e)) < 0)
		return rc;
	if (!(*env)->header_ok) {
		env_unref(*env);
		return err_set(e, ORD_EINVAL, "block %llu names no channel",
			       (unsigned long long)b->number);
	}
	return 0;
}

static int check_data_hash(const struct ord_block *b, struct ord_err *e)
{
	uint8_t hash[BLOCK_HASH_LEN];

	block_compute_data_hash(b, hash);
	if (bytes_eq(bytes_of(hash, sizeof(hash)), b->data_hash))
		return 0;
	return err_set(e, ORD_EINVAL, "block %llu: its data does not have the hash in its header",
		       (unsigned long long)b->number);
}

/* A chain begins with a configuration that this orderer can serve. */
static int check_genesis(const struct ord_block *b, struct ord_err *e)
{
	struct ord_env *env;
	struct chanconf *conf;
	int rc;

	if (b->number != 0)
		return 0;
	env = block_config_env(b);
	if (!env)
		return err_set(e, ORD_EINVAL, "block 0 holds no configuration");
	rc = chanconf_from_env(env, &conf, e);
	if (rc == 0) {
		rc = chanconf_check_supported(conf, e);
		chanconf_unref(conf);
	}
	env_unref(env);
	return rc;
}

static int append(struct ledger_root *root, const struct import_opts *o, struct ord_block *b,
		  struct ord_err *e)
{
	struct ledger *l = NULL;
	struct ord_env *env;
	int rc = channel_of(b, &env, e);

	if (rc < 0)
		return rc;
	if (o->channel && strcmp(o->channel, env->channel_id) != 0)
		rc = err_set(e, ORD_EINVAL, "it belongs to channel %s, not %s", env->channel_id,
			     o->channel);
	if (rc == 0 && (rc = chanconf_check_channel_id(env->channel_id, e)) == 0 &&
	    (rc = check_data_hash(b, e)) == 0 && (rc = check_genesis(b, e)) == 0 &&
	    (rc = ledger_open(root, env->channel_id, b->number == 0, &l, e)) == 0) {
		rc = ledger_append(l, &b, 1, e);
		ledger_close(l);
	}
	env_unref(env);
	return rc;
}

static int import_file(struct ledger_root *root, const struct import_opts *o, const char *path,
		       struct ord_err *e)
{
	struct buf in = BUF_INIT;
	struct ord_block *b = NULL;
	int rc = ctl_input(path, BLOCK_MAX, &in, e);

	if (rc < 0)
		return rc;
	if ((rc = block_parse(&in, &b, e)) == 0)
		rc = append(root, o, b, e);
	if (rc < 0)
		err_wrap(e, "%s", path);
	block_unref(b);
	buf_fini(&in);
	return rc;
}

static int import_run(const void *opts, const struct ctl_args *args, struct ord_err *e)
{
	const struct import_opts *o = opts;
	struct ledger_root *root;
	int rc = ledger_root_open(o->ledger, &root, e);

	for (size_t i = 0; rc == 0 && i < args->n; i++)
		rc = import_file(root, o, args->item[i], e);
	if (rc == 0)
		ledger_root_close(root);
	return rc;
}

static const struct ctl_opt import_opt[] = {
	{"ledger", CTL_STRING, offsetof(struct import_opts, ledger), true, "DIR",
	 "the ledger directory (FileLedger.Location), made when missing"},
	{"channel", CTL_STRING, offsetof(struct import_opts, channel), false, "ID",
	 "refuse blocks of any other channel"},
	CTL_OPT_END};

const struct ctl_cmd cmd_block_import = {
	.name = "block import",
	.operands = "FILE…",
	.min_operands = 1,
	.max_operands = SIZE_MAX,
	.summary = "append blocks to a ledger directory",
	.details = "Each block goes to the chain of its own channel, which begins with block 0. "
		   "Number, hashes, and the configuration of block 0 are checked; a block that is "
		   "there already is skipped. The orderer must not be running on the directory.",
	.opts = import_opt,
	.defaults = &(const struct import_opts){0},
	.opts_size = sizeof(struct import_opts),
	.run = import_run,
};
