/* SPDX-License-Identifier: Apache-2.0 */
/* All MSPs of one channel configuration, and who is who among them. */
#include <msp/msp_priv.h>

struct msp_set *msp_set_new(enum msp_version version)
{
	static atomic_uint_fast64_t serial = 1;
	struct msp_set *s = x_alloc(sizeof(*s));

	s->serial = atomic_fetch_add_explicit(&serial, 1, memory_order_relaxed);
	s->version = version;
	s->msps = map_new();
	s->principals = map_new();
	s->cache = msp_cache_new();
	return s;
}

static void free_msp(void *m)
{
	msp_unref(m);
}

void msp_set_free(struct msp_set *s)
{
	if (!s)
		return;
	msp_cache_free(s->cache);
	map_free(s->principals, msp_compiled_free);
	map_free(s->msps, free_msp);
	free(s);
}

int msp_set_add(struct msp_set *s, const Msp__MSPConfig *config, const char **mspid,
		struct ord_err *e)
{
	struct ord_err unasked = ERR_INIT;
	struct msp *m, *known;
	int rc;

	e = e ? e : &unasked;
	rc = msp_obtain(config, s->version, &m, e);
	if (rc < 0)
		return config->type == 0 || config->type == 1
			       ? err_wrap(e, "setting up the MSP manager failed")
			       : rc;
	known = map_get(s->msps, bytes_str(m->name));
	if (!known) {
		map_put(s->msps, bytes_str(m->name), m);
		*mspid = m->name;
		return 0;
	}
	*mspid = known->name;
	if (known != m)
		rc = err_set(e, ORD_EINVAL, "Attempted to define two different versions of MSP: %s",
			     m->name);
	msp_unref(m);
	return rc;
}

void msp_set_tls_cas(const struct msp_set *s, const char *mspid,
		     void (*each)(void *arg, struct ord_bytes pem), void *arg)
{
	const struct msp *m = map_get(s->msps, bytes_str(mspid));

	for (size_t i = 0; m && i < m->n_tls; i++)
		each(arg, buf_bytes(&m->tls[i]));
}

/* Work out what @serialized is. */
static int make(struct msp_set *s, struct ord_bytes serialized, struct msp_found *found,
		struct ord_err *e)
{
	Msp__SerializedIdentity *sid;
	struct msp *m;
	int rc;

	found->not_after = INT64_MAX;
	if (wire_unpack(&msp__serialized_identity__descriptor, serialized, &sid, e) < 0) {
		err_wrap(e, "could not deserialize a SerializedIdentity");
		return e->code = ORD_EPERM;
	}
	m = map_get(s->msps, bytes_str(sid->mspid));
	rc = msp_identity_make(m, wire_bytes(sid->id_bytes), s->serial, s->n_principals, &found->id,
			       &found->not_after, e);
	if (!m)
		rc = err_set(e, ORD_EPERM, "MSP %s is unknown", sid->mspid);
	wire_free(sid);
	return rc;
}

static void find(struct msp_set *s, struct ord_bytes serialized, struct msp_found *found,
		 struct ord_err *e)
{
	*found = (struct msp_found){.id = NULL};
	if (msp_cache_get(s->cache, serialized, found, e))
		return;
	found->code = make(s, serialized, found, e);
	found->text = e->msg;
	msp_cache_put(s->cache, serialized, found);
}

int msp_identify(struct msp_set *s, struct ord_bytes serialized, struct msp_identity **out,
		 struct ord_err *e)
{
	struct ord_err unasked = ERR_INIT;
	struct msp_found found;

	find(s, serialized, &found, e ? e : &unasked);
	*out = found.id;
	return found.id ? 0 : found.code;
}

int64_t msp_expiry(struct msp_set *s, struct ord_bytes serialized)
{
	struct ord_err unasked = ERR_INIT;
	struct msp_found found;

	find(s, serialized, &found, &unasked);
	msp_identity_unref(found.id);
	return found.not_after;
}
