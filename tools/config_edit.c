/* SPDX-License-Identifier: Apache-2.0 */
/* config_edit: the frame of the commands that change a configuration. */
#include "config_edit.h"
#include "config_file.h"
#include "config_sign.h"
#include "submit.h"
#include "update_check.h"

#include <configtx/configtx.h>
#include <inttypes.h>

struct edit {
	const struct edit_opts *o;
	struct signers signers;
	struct remote remote;
	struct chanconf *conf;
	struct buf env; /* the update */
};

static struct deliver deliver_of(struct edit *x, const char *channel)
{
	return (struct deliver){&x->remote, x->signers.who[0], channel, false};
}

/* ---- where it comes from ------------------------------------------------- */

static int check_opts(const struct edit_opts *o, bool submit, struct ord_err *e)
{
	if (!o->config_block && !o->channel)
		return err_set(e, ORD_EINVAL,
			       "say which configuration: --channel or --config-block");
	if (o->identities.n == 0 && (submit || !o->config_block))
		return err_set(e, ORD_EINVAL, "option --identity is missing");
	return 0;
}

static int fetch(struct edit *x, struct ord_err *e)
{
	struct deliver d = deliver_of(x, x->o->channel);
	struct ord_block *b;
	int rc = deliver_config(&d, false, &b, NULL, e);

	if (rc == 0) {
		rc = config_of_block(b, &x->conf, e);
		block_unref(b);
	}
	return rc;
}

static int read_config(struct edit *x, struct ord_err *e)
{
	const char *channel = x->o->channel;
	int rc;

	if (!x->o->config_block)
		return fetch(x, e);
	rc = config_file_block(x->o->config_block, &x->conf, e);
	if (rc == 0 && channel && strcmp(channel, x->conf->channel_id) != 0)
		rc = err_set(e, ORD_EINVAL, "%s is of channel '%s'", x->o->config_block,
			     x->conf->channel_id);
	return rc;
}

static int begin(struct edit *x, bool submit, struct ord_err *e)
{
	int rc = check_opts(x->o, submit, e);

	if (rc == 0)
		rc = signers_open(&x->o->identities, &x->signers, e);
	if (rc == 0 && (submit || !x->o->config_block))
		rc = remote_open(&x->o->remote, &x->remote, e);
	return rc == 0 ? read_config(x, e) : rc;
}

static void end(struct edit *x)
{
	remote_close(&x->remote);
	if (x->signers.who)
		signers_close(&x->signers);
	chanconf_unref(x->conf);
	buf_fini(&x->env);
}

int config_edit_read(const struct edit_opts *o, struct chanconf **out, struct ord_err *e)
{
	struct edit x = {.o = o};
	int rc = begin(&x, false, e);

	if (rc == 0)
		*out = chanconf_ref(x.conf);
	end(&x);
	return rc;
}

/* ---- the update ---------------------------------------------------------- */

/* Another object of the same configuration; its maps are in order. */
static Common__Config *copy_of(const Common__Config *config)
{
	struct buf b = BUF_INIT;
	Common__Config *copy;

	wire_pack(config, &b);
	wire_unpack(&common__config__descriptor, buf_bytes(&b), &copy, NULL);
	util_assert(copy);
	buf_fini(&b);
	return copy;
}

static int make_update(struct edit *x, const Common__Config *edited, struct ord_err *e)
{
	Common__Config *to = copy_of(edited);
	Common__ConfigUpdate *update = NULL;
	struct buf plain = BUF_INIT;
	int rc = chanconf_compute_update(x->conf->channel_id, x->conf->config, to, &update, e);

	if (rc == 0) {
		configtx_update_envelope(update, &plain);
		if (x->signers.n > 0)
			rc = config_sign(&x->signers, buf_bytes(&plain), &x->env, NULL, e);
		else
			buf_add_bytes(&x->env, buf_bytes(&plain));
	}
	wire_free(to);
	wire_free(update);
	buf_fini(&plain);
	return rc;
}

/* ---- what becomes of it -------------------------------------------------- */

static int dry_run(const struct edit *x, struct ord_err *e)
{
	struct buf out = BUF_INIT;
	struct ord_err written = ERR_INIT;
	struct ord_env *env;
	int rc = env_parse(buf_bytes(&x->env), &env, e);

	if (rc < 0)
		return rc;
	rc = update_check(x->conf, env, &out, e);
	if (rc < 0 && out.len > 0)
		err_set(e, rc, "the orderer would refuse this");
	if (ctl_output(NULL, buf_bytes(&out), &written) < 0) {
		*e = written;
		rc = written.code;
	}
	env_unref(env);
	buf_fini(&out);
	return rc;
}

static int submit_it(struct edit *x, struct ord_err *e)
{
	struct deliver d = deliver_of(x, x->conf->channel_id);
	struct chanconf *now = NULL;
	struct ord_block *b;
	int rc = submit_update(&d, buf_bytes(&x->env), &b, e);

	if (rc < 0)
		return rc;
	rc = config_of_block(b, &now, e);
	if (rc == 0)
		printf("%s: sequence %" PRIu64 ", block %" PRIu64 "\n", now->channel_id,
		       now->pub.sequence, b->number);
	chanconf_unref(now);
	block_unref(b);
	return rc;
}

static int finish(struct edit *x, struct ord_err *e)
{
	int rc = 0;

	if (x->o->output)
		rc = ctl_output(x->o->output, buf_bytes(&x->env), e);
	if (rc == 0 && x->o->dry_run)
		rc = dry_run(x, e);
	if (rc == 0 && !x->o->output && !x->o->dry_run)
		rc = submit_it(x, e);
	return rc;
}

int config_edit(const struct edit_opts *o,
		int (*edit)(void *arg, Common__Config *config, struct ord_err *e), void *arg,
		struct ord_err *e)
{
	struct edit x = {.o = o};
	Common__Config *copy = NULL;
	int rc = begin(&x, !o->output && !o->dry_run, e);

	if (rc == 0) {
		copy = copy_of(x.conf->config);
		rc = edit(arg, copy, e);
	}
	if (rc == 0)
		rc = make_update(&x, copy, e);
	if (rc == 0)
		rc = finish(&x, e);
	wire_free(copy);
	end(&x);
	return rc;
}
