/* SPDX-License-Identifier: Apache-2.0 */
/* config_file: blocks and envelopes from files. */
#include "config_file.h"
#include "ctl.h"

#include <configtx/configtx.h>

#include <inttypes.h>

int config_of_block(const struct ord_block *b, struct chanconf **out, struct ord_err *e)
{
	struct ord_env *env = block_config_env(b);
	int rc;

	if (!env)
		return err_set(e, ORD_EINVAL, "block %" PRIu64 " holds no configuration",
			       b->number);
	rc = chanconf_from_env(env, out, e);
	env_unref(env);
	return rc;
}

int config_file_block(const char *path, struct chanconf **out, struct ord_err *e)
{
	struct buf bytes = BUF_INIT;
	struct ord_block *b = NULL;
	int rc = ctl_input(path, WIRE_MAX_MSG, &bytes, e);

	if (rc < 0)
		goto out;
	rc = block_parse(&bytes, &b, e);
	if (rc == 0)
		rc = config_of_block(b, out, e);
	if (rc < 0)
		err_wrap(e, "%s", path);
out:
	block_unref(b);
	buf_fini(&bytes);
	return rc;
}

int config_file_envelope(const char *path, struct ord_env **out, struct ord_err *e)
{
	struct buf bytes = BUF_INIT;
	int rc = ctl_input(path, WIRE_MAX_MSG, &bytes, e);

	if (rc == 0) {
		rc = env_parse(buf_bytes(&bytes), out, e);
		if (rc == 0 && !(*out)->header_ok) {
			env_unref(*out);
			rc = e->code = ORD_EINVAL;
		}
		if (rc < 0)
			err_wrap(e, "%s is no envelope", path);
	}
	buf_fini(&bytes);
	return rc;
}

/* Bytes that are a ConfigUpdate, in an envelope. */
static int wrap_update(struct ord_bytes bytes, struct ord_env **out, struct ord_err *e)
{
	Common__ConfigUpdate *bare;
	struct buf env = BUF_INIT;
	int rc;

	wire_unpack(&common__config_update__descriptor, bytes, &bare, NULL);
	if (!bare || !*bare->channel_id || !bare->write_set) {
		wire_free(bare);
		return err_set(e, ORD_EINVAL, "neither an Envelope nor a ConfigUpdate");
	}
	configtx_update_envelope(bare, &env);
	rc = env_parse(buf_bytes(&env), out, e);
	wire_free(bare);
	buf_fini(&env);
	return rc;
}

int config_file_update(const char *path, struct ord_env **out, struct ord_err *e)
{
	struct buf bytes = BUF_INIT;
	int rc = ctl_input(path, WIRE_MAX_MSG, &bytes, e);

	if (rc < 0)
		goto out;
	if (env_parse(buf_bytes(&bytes), out, NULL) == 0) {
		if ((*out)->header_ok)
			goto out;
		env_unref(*out);
		*out = NULL;
	}
	rc = wrap_update(buf_bytes(&bytes), out, e);
	if (rc < 0)
		err_wrap(e, "%s", path);
out:
	buf_fini(&bytes);
	return rc;
}
