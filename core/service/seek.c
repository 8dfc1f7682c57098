/* SPDX-License-Identifier: Apache-2.0 */
/* One request of Deliver: what is checked, in Fabric's order, and what is asked for (spec 5.5). */
#include "service_priv.h"

/* ---- before the channel is known ----------------------------------------- */

static int refuse_time(const struct ord_env *env, int64_t now, int64_t window, struct ord_err *e)
{
	struct buf text = BUF_INIT;
	int64_t ts;

	if (__builtin_mul_overflow(env->timestamp_sec, (int64_t)CLOCK_SEC_NS, &ts))
		buf_printf(&text, "envelope timestamp %lld s", (long long)env->timestamp_sec);
	else {
		buf_add_str(&text, "envelope timestamp ");
		clock_rfc3339(&text, ts);
	}
	buf_add_str(&text, " is more than ");
	duration_format(&text, window);
	buf_add_str(&text, " apart from current server time ");
	clock_rfc3339(&text, now);
	err_set(e, ORD_EINVAL, "%s", buf_cstr(&text));
	buf_fini(&text);
	return ORD_EINVAL;
}

static int check_time(const struct service *sv, const struct ord_env *env, struct ord_err *e)
{
	int64_t now = clock_wall_ns(), window = sv->opts.time_window_ns, ts, apart;

	if (!env->has_timestamp)
		return err_set(e, ORD_EINVAL, "channel header in envelope must contain timestamp");
	if (__builtin_mul_overflow(env->timestamp_sec, (int64_t)CLOCK_SEC_NS, &ts) ||
	    __builtin_add_overflow(ts, env->timestamp_nanos, &ts) ||
	    __builtin_sub_overflow(now, ts, &apart))
		apart = INT64_MAX;
	return apart > window || apart < -window ? refuse_time(env, now, window, e) : 0;
}

static int refuse_hash(struct ord_bytes claimed, struct ord_bytes actual, struct ord_err *e)
{
	struct buf text = BUF_INIT;

	if (claimed.len > SHA256_LEN)
		claimed.len = SHA256_LEN; /* enough to see that it is another */
	buf_add_str(&text, "claimed TLS cert hash is ");
	hex_encode(&text, claimed);
	buf_add_str(&text, " but actual TLS cert hash is ");
	hex_encode(&text, actual);
	err_set(e, ORD_EINVAL, "%s", buf_cstr(&text));
	buf_fini(&text);
	return ORD_EINVAL;
}

static int check_binding(const struct service *sv, const struct ord_env *env,
			 struct ord_bytes actual, struct ord_err *e)
{
	if (!sv->opts.tls_binding)
		return 0;
	if (env->tls_cert_hash.len == 0)
		return err_set(e, ORD_EINVAL, "client didn't include its TLS cert hash");
	if (actual.len == 0)
		return err_set(e, ORD_EINVAL, "client didn't send a TLS certificate");
	if (bytes_eq(actual, env->tls_cert_hash))
		return 0;
	return refuse_hash(env->tls_cert_hash, actual, e);
}

int seek_check(const struct seek *k, const struct service *sv, struct ord_bytes cert_hash,
	       struct ord_err *e)
{
	int rc = check_time(sv, k->env, e);

	return rc == 0 ? check_binding(sv, k->env, cert_hash, e) : rc;
}

/* ---- what is asked for --------------------------------------------------- */

/* Where a start position is; false: nowhere. */
static bool resolve_start(const Orderer__SeekPosition *p, uint64_t height, uint64_t *number)
{
	switch (p->type_case) {
	case ORDERER__SEEK_POSITION__TYPE_OLDEST:
		*number = 0;
		return true;
	case ORDERER__SEEK_POSITION__TYPE_NEWEST:
		*number = height - 1;
		return true;
	case ORDERER__SEEK_POSITION__TYPE_SPECIFIED:
		*number = p->specified->number;
		return *number <= height;
	case ORDERER__SEEK_POSITION__TYPE_NEXT_COMMIT:
		*number = height;
		return true;
	default:
		return false;
	}
}

/* Fabric's resolution, oddities included: "oldest" stops at the start, an unset one at 0. */
static int resolve_stop(const Orderer__SeekInfo *info, uint64_t start, uint64_t height,
			uint64_t *stop, struct ord_err *e)
{
	const Orderer__SeekPosition *p = info->stop;

	switch (p->type_case) {
	case ORDERER__SEEK_POSITION__TYPE_OLDEST:
		*stop = start;
		return 0;
	case ORDERER__SEEK_POSITION__TYPE_NEWEST:
		*stop = info->start->type_case == p->type_case ? start : height - 1;
		return 0;
	case ORDERER__SEEK_POSITION__TYPE_SPECIFIED:
		*stop = p->specified->number;
		if (*stop < start)
			return err_set(e, ORD_EINVAL,
				       "start number %llu greater than stop number %llu",
				       (unsigned long long)start, (unsigned long long)*stop);
		return 0;
	default:
		*stop = 0;
		return 0;
	}
}

int seek_resolve(struct seek *k, const Orderer__SeekInfo *info, struct ord_err *e)
{
	uint64_t height = ledger_height(chan_ledger(k->chan));

	if (!info->start || !info->stop)
		return err_set(e, ORD_EINVAL, "seekInfo missing start or stop");
	k->fail_if_not_ready =
		info->behavior == ORDERER__SEEK_INFO__SEEK_BEHAVIOR__FAIL_IF_NOT_READY;
	k->not_found = !resolve_start(info->start, height, &k->next);
	if (k->not_found)
		k->next = 0;
	return resolve_stop(info, k->next, height, &k->stop, e);
}

/* ---- who asks ------------------------------------------------------------ */

static int check_expiry(const struct service *sv, int64_t not_after, struct ord_err *e)
{
	const int64_t sec = (int64_t)CLOCK_SEC_NS, longest = INT64_MAX / sec;
	int64_t now = clock_wall_ns() / sec;
	struct buf since = BUF_INIT;

	if (sv->opts.no_expiration_checks || now < not_after)
		return 0;
	duration_format(&since, (now - not_after < longest ? now - not_after : longest) * sec);
	err_set(e, ORD_EPERM, "deliver client identity expired %s before", buf_cstr(&since));
	buf_fini(&since);
	return ORD_EPERM;
}

int seek_access(struct seek *k, const struct service *sv, struct ord_err *e)
{
	struct chanconf *conf;
	int rc;

	if ((rc = check_expiry(sv, k->not_after, e)) < 0)
		return rc;
	if (k->checked && chan_sequence(k->chan) == k->conf_seq)
		return 0;
	conf = chan_conf(k->chan);
	rc = policy_evaluate(conf->readers, conf->readers_name, conf->msps, &k->sig, 1, e);
	k->checked = true;
	k->conf_seq = conf->pub.sequence;
	chanconf_unref(conf);
	return rc < 0 ? (e->code = ORD_EPERM) : 0;
}

int seek_session(struct seek *k, struct ord_err *e)
{
	struct chanconf *conf;

	if (!k->env->has_signature_header)
		return err_set(e, ORD_EINVAL, "signature header is malformed");
	k->sig.identity = k->env->creator;
	k->sig.signature = k->env->signature;
	sha256(k->env->payload, k->sig.digest);
	conf = chan_conf(k->chan);
	k->not_after = msp_expiry(conf->msps, k->env->creator);
	chanconf_unref(conf);
	return 0;
}
