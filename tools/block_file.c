/* SPDX-License-Identifier: Apache-2.0 */
/* block_file: read a block, look at what it says of itself. */
#include "block_file.h"
#include "config_file.h"
#include "ctl.h"

#include <inttypes.h>
#include <stdlib.h>

int block_file_read(const char *path, struct ord_block **out, struct ord_err *e)
{
	struct buf b = BUF_INIT;
	int rc = ctl_input(path, WIRE_MAX_MSG, &b, e);

	if (rc == 0) {
		rc = block_parse(&b, out, e);
		if (rc < 0)
			err_wrap(e, "%s is no block", path);
	}
	buf_fini(&b);
	return rc;
}

/* The channel that a block belongs to: that of its first envelope. */
static int channel_of(const struct ord_block *b, char **id, struct ord_err *e)
{
	struct ord_env *env;
	int rc;

	if (b->n_data == 0)
		return err_set(e, ORD_EINVAL, "block %" PRIu64 " holds no envelope", b->number);
	if ((rc = env_parse(b->data[0], &env, e)) < 0)
		return rc;
	if (env->header_ok)
		*id = x_strdup(env->channel_id);
	else
		rc = err_set(e, ORD_EINVAL, "block %" PRIu64 " names no channel", b->number);
	env_unref(env);
	return rc;
}

static int check_data_hash(const struct ord_block *b, struct ord_err *e)
{
	if (block_data_hash_fits(b))
		return 0;
	return err_set(e, ORD_EINVAL,
		       "block %" PRIu64 ": its data does not have the hash in its header",
		       b->number);
}

/* A chain begins with a configuration that this orderer can serve. */
static int check_genesis(const struct ord_block *b, struct ord_err *e)
{
	struct chanconf *conf;
	int rc;

	if (b->number != 0)
		return 0;
	rc = config_of_block(b, &conf, e);
	if (rc == 0) {
		rc = chanconf_check_supported(conf, e);
		chanconf_unref(conf);
	}
	return rc;
}

int block_file_check(const struct ord_block *b, const char *channel, char **id, struct ord_err *e)
{
	int rc = channel_of(b, id, e);

	if (rc < 0)
		return rc;
	if (channel && strcmp(channel, *id) != 0)
		rc = err_set(e, ORD_EINVAL, "it belongs to channel %s, not %s", *id, channel);
	if (rc == 0)
		rc = chanconf_check_channel_id(*id, e);
	if (rc == 0)
		rc = check_data_hash(b, e);
	if (rc == 0)
		rc = check_genesis(b, e);
	if (rc < 0)
		free(*id);
	return rc;
}
