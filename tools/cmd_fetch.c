/* SPDX-License-Identifier: Apache-2.0 */
/* ordererctl fetch: blocks from an orderer by Deliver, to files or as JSON. */
#include "cmds.h"
#include "deliver.h"
#include "json_deep.h"

#include <inttypes.h>
#include <stdlib.h>

struct fetch_opts {
	struct remote_opts remote;
	const char *channel, *identity, *output;
	bool json, wait, best_effort;
};

struct fetch {
	const struct fetch_opts *o;
	struct remote remote;
	struct msp_local *who;
	bool to_dir;
};

/* ---- which blocks -------------------------------------------------------- */

struct range {
	uint64_t start, stop;
};

/* "newest", "oldest", "7", "7-12", "7-" (to the newest). */
static int parse_range(const char *text, struct range *s, struct ord_err *e)
{
	const char *dash = strchr(text, '-');
	size_t len = dash ? (size_t)(dash - text) : strlen(text);

	if (strcmp(text, "newest") == 0) {
		s->start = s->stop = SEEK_NEWEST;
		return 0;
	}
	if (strcmp(text, "oldest") == 0) {
		s->start = s->stop = SEEK_OLDEST;
		return 0;
	}
	if (!decimal_parse(bytes_of(text, len), INT64_MAX, &s->start))
		goto bad;
	s->stop = s->start;
	if (dash && !dash[1])
		s->stop = SEEK_NEWEST;
	else if (dash &&
		 (!decimal_parse(bytes_str(dash + 1), INT64_MAX, &s->stop) || s->stop < s->start))
		goto bad;
	return 0;
bad:
	return err_set(e, ORD_EINVAL, "'%s': want newest, oldest, config, N, N-M or N-", text);
}

/* ---- where they go ------------------------------------------------------- */

static int encode(const struct fetch *f, const struct ord_block *b, struct buf *out,
		  struct ord_err *e)
{
	if (f->o->json)
		return json_decode(&common__block__descriptor, buf_bytes(&b->encoded), out, e);
	buf_add_bytes(out, buf_bytes(&b->encoded));
	return 0;
}

static int emit(const struct fetch *f, const struct ord_block *b, struct ord_err *e)
{
	struct buf out = BUF_INIT;
	char *path = NULL;
	int rc = encode(f, b, &out, e);

	if (f->to_dir)
		path = x_printf("%s/%s_%" PRIu64 ".%s", f->o->output, f->o->channel, b->number,
				f->o->json ? "json" : "block");
	if (rc == 0)
		rc = ctl_output(path ? path : f->o->output, buf_bytes(&out), e);
	free(path);
	buf_fini(&out);
	return rc;
}

/* ---- asking -------------------------------------------------------------- */

static int fetch_range(const struct fetch *f, const struct deliver *d, const struct range *s,
		       struct ord_err *e)
{
	struct remote_call *call;
	struct ord_block *b;
	int status = 0, rc = deliver_open(d, s->start, s->stop, f->o->wait, &call, e);

	if (rc < 0)
		return rc;
	while (rc == 0 && (rc = deliver_next(call, f->o->wait, &b, &status, e)) > 0) {
		rc = emit(f, b, e);
		block_unref(b);
	}
	if (rc == 0 && status != COMMON__STATUS__SUCCESS)
		rc = seek_status_error(status, NULL, e);
	remote_call_free(call);
	return rc;
}

static int fetch_config(const struct fetch *f, const struct deliver *d, struct ord_err *e)
{
	struct ord_block *b;
	int rc = deliver_config(d, f->o->wait, &b, NULL, e);

	if (rc == 0) {
		rc = emit(f, b, e);
		block_unref(b);
	}
	return rc;
}

/* ---- the command --------------------------------------------------------- */

static int fetch_what(struct fetch *f, const char *what, struct ord_err *e)
{
	struct deliver d = {&f->remote, f->who, f->o->channel, f->o->best_effort};
	bool config = strcmp(what, "config") == 0;
	bool to_file = f->o->output && strcmp(f->o->output, "-") != 0 && !f->to_dir;
	struct range s = {0, 0};
	int rc = config ? 0 : parse_range(what, &s, e);

	if (rc == 0 && s.start != s.stop && (to_file || (!f->to_dir && !f->o->json)))
		rc = err_set(e, ORD_EINVAL,
			     "several blocks want a directory as --output, or --json alone");
	if (rc == 0)
		rc = config ? fetch_config(f, &d, e) : fetch_range(f, &d, &s, e);
	return rc;
}

static int fetch_run(const void *opts, const struct ctl_args *args, struct ord_err *e)
{
	const struct fetch_opts *o = opts;
	struct fetch f = {.o = o, .to_dir = o->output && file_is_dir(o->output)};
	int rc = 0;

	if (!o->output && !o->json)
		return err_set(e, ORD_EINVAL, "say where the block goes: --output or --json");
	rc = identity_open(o->identity, &f.who, e);
	if (rc == 0)
		rc = remote_open(&o->remote, &f.remote, e);
	if (rc == 0) {
		rc = fetch_what(&f, args->item[0], e);
		remote_close(&f.remote);
	}
	if (f.who)
		msp_local_close(f.who);
	return rc;
}

static const struct ctl_opt fetch_opt[] = {
	{"channel", CTL_STRING, offsetof(struct fetch_opts, channel), true, "ID",
	 "of this channel"},
	{"identity", CTL_STRING, offsetof(struct fetch_opts, identity), true, "MSPID:DIR",
	 IDENTITY_OPT_HELP},
	{"output", CTL_STRING, offsetof(struct fetch_opts, output), false, "PATH",
	 "a file, - for standard output, or a directory, where each block becomes "
	 "<channel>_<number>.block"},
	{"json", CTL_FLAG, offsetof(struct fetch_opts, json), false, NULL,
	 "write JSON as 'block show' does, to standard output without --output"},
	{"wait", CTL_FLAG, offsetof(struct fetch_opts, wait), false, NULL,
	 "wait for blocks that are not there yet"},
	{"best-effort", CTL_FLAG, offsetof(struct fetch_opts, best_effort), false, NULL,
	 "also from an orderer that is cut off from the others and may have fallen behind"},
	REMOTE_OPTS(struct fetch_opts, remote),
	CTL_OPT_END};

const struct ctl_cmd cmd_fetch = {
	.name = "fetch",
	.operands = "newest|oldest|config|N|N-M|N-",
	.min_operands = 1,
	.max_operands = 1,
	.summary = "fetch blocks of a channel from an orderer",
	.details = "Asks by Deliver, as peers do; works with any Fabric orderer.",
	.opts = fetch_opt,
	.defaults = &(const struct fetch_opts){.remote = REMOTE_DEFAULTS},
	.opts_size = sizeof(struct fetch_opts),
	.run = fetch_run,
};
