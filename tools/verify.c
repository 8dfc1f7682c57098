/* SPDX-License-Identifier: Apache-2.0 */
/* verify: what a careful peer checks of a block, and the chain besides. */
#include "verify.h"

#include <inttypes.h>
#include <stdlib.h>

#define POLICY "/Channel/Orderer/BlockValidation"

static int check_chain(const struct verify *v, const struct ord_block *b, struct ord_err *e)
{
	if (v->begun && b->number != v->next)
		return err_set(e, ORD_EINVAL,
			       "block %" PRIu64 " stands where block %" PRIu64 " is due", b->number,
			       v->next);
	if (v->begun && !bytes_eq(b->previous_hash, bytes_of(v->hash, sizeof(v->hash))))
		return err_set(e, ORD_EINVAL,
			       "block %" PRIu64 ": its previous hash is not that of block %" PRIu64,
			       b->number, b->number - 1);
	if (!block_data_hash_fits(b))
		return err_set(e, ORD_EINVAL,
			       "block %" PRIu64 ": its data hash is not that of its "
			       "data",
			       b->number);
	return 0;
}

/* ---- what stands in two places ------------------------------------------- */

/* Slots 1 and 3 are not signed; where the signed value says the same, it counts. */
static int check_copies(const struct ord_block *b, struct ord_bytes signed_value, struct ord_err *e)
{
	struct ord_bytes copy = bytes_of(NULL, 0);
	Common__OrdererBlockMetadata *said;
	int rc;

	if (b->n_meta > BLOCK_META_ORDERER)
		copy = b->meta[BLOCK_META_ORDERER];
	if (signed_value.len == 0 || copy.len == 0)
		return 0;
	rc = wire_unpack(&common__orderer_block_metadata__descriptor, signed_value, &said, e);
	if (rc < 0)
		return rc;
	if (!bytes_eq(copy, wire_bytes(said->consenter_metadata)))
		rc = err_set(e, ORD_EINVAL, "its ORDERER metadata is not what was signed");
	wire_free(said);
	return rc;
}

static int read_last_config(struct ord_bytes slot, uint64_t *index, struct ord_err *e)
{
	Common__Metadata *m;
	Common__LastConfig *last;
	int rc = wire_unpack(&common__metadata__descriptor, slot, &m, e);

	if (rc < 0)
		return rc;
	rc = wire_unpack(&common__last_config__descriptor, wire_bytes(m->value), &last, e);
	if (rc == 0) {
		*index = last->index;
		wire_free(last);
	}
	wire_free(m);
	return rc;
}

/* ---- signatures ---------------------------------------------------------- */

/* One signature of slot 0: who, and over which bytes. */
static int read_signature(const struct ord_block *b, const Common__Metadata *m,
			  const Common__MetadataSignature *s, Common__SignatureHeader **header,
			  struct policy_signed *out, struct ord_err *e)
{
	struct buf bytes = BUF_INIT;
	int rc = wire_unpack(&common__signature_header__descriptor, wire_bytes(s->signature_header),
			     header, e);

	if (rc < 0)
		return rc;
	block_signed_bytes(b, wire_bytes(m->value), wire_bytes(s->signature_header), &bytes);
	sha256(buf_bytes(&bytes), out->digest);
	buf_fini(&bytes);
	out->identity = wire_bytes((*header)->creator);
	out->signature = wire_bytes(s->signature);
	return 0;
}

static int evaluate(const struct verify *v, const struct ord_block *b, const Common__Metadata *m,
		    struct ord_err *e)
{
	size_t n = m->n_signatures;
	Common__SignatureHeader **headers = x_alloc((n + 1) * sizeof(*headers));
	struct policy_signed *sigs = x_alloc((n + 1) * sizeof(*sigs));
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < n; i++)
		rc = read_signature(b, m, m->signatures[i], &headers[i], &sigs[i], e);
	if (rc == 0)
		rc = policy_evaluate(chanconf_policy(v->conf, POLICY), POLICY, v->conf->msps, sigs,
				     n, e);
	for (size_t i = 0; i < n; i++)
		wire_free(headers[i]);
	free(headers);
	free(sigs);
	return rc;
}

static int check_signatures(const struct verify *v, const struct ord_block *b, struct ord_err *e)
{
	Common__Metadata *m;
	int rc;

	if (b->n_meta <= BLOCK_META_SIGNATURES || b->meta[BLOCK_META_SIGNATURES].len == 0)
		return err_set(e, ORD_EINVAL, "block %" PRIu64 " is not signed", b->number);
	rc = wire_unpack(&common__metadata__descriptor, b->meta[BLOCK_META_SIGNATURES], &m, e);
	if (rc == 0)
		rc = evaluate(v, b, m, e);
	if (rc < 0)
		err_wrap(e, "its signature is not good for " POLICY);
	else
		rc = check_copies(b, wire_bytes(m->value), e);
	wire_free(m);
	if (rc < 0)
		err_wrap(e, "block %" PRIu64, b->number);
	return rc < 0 ? ORD_EINVAL : 0;
}

/* ---- configuration ------------------------------------------------------- */

static int adopt(struct verify *v, const struct ord_block *b, struct ord_env *env,
		 struct ord_err *e)
{
	struct chanconf *conf;
	int rc = chanconf_from_env(env, &conf, e);

	if (rc < 0) {
		err_wrap(e, "block %" PRIu64, b->number);
		return ORD_EINVAL;
	}
	chanconf_unref(v->conf);
	v->conf = conf;
	v->last_config = b->number;
	return 0;
}

/* A configuration block points to itself, every other one to the newest before it. */
static int check_last_config(const struct verify *v, const struct ord_block *b, struct ord_err *e)
{
	uint64_t index;
	int rc = block_last_config(b, &index, e);

	if (rc == 0 && index == v->last_config && b->n_meta > BLOCK_META_LAST_CONFIG &&
	    b->meta[BLOCK_META_LAST_CONFIG].len > 0)
		rc = read_last_config(b->meta[BLOCK_META_LAST_CONFIG], &index, e);
	if (rc < 0) {
		err_wrap(e, "block %" PRIu64, b->number);
		return ORD_EINVAL;
	}
	if (index != v->last_config)
		return err_set(e, ORD_EINVAL,
			       "block %" PRIu64 " says that the configuration is in block %" PRIu64
			       ", but it is in block %" PRIu64,
			       b->number, index, v->last_config);
	return 0;
}

int verify_trust(struct verify *v, const struct ord_block *b, struct ord_err *e)
{
	struct ord_env *env = block_config_env(b);
	int rc;

	if (!env)
		return err_set(e, ORD_EINVAL, "block %" PRIu64 " holds no configuration",
			       b->number);
	rc = adopt(v, b, env, e);
	env_unref(env);
	return rc;
}

static void go_behind(struct verify *v, const struct ord_block *b)
{
	v->begun = true;
	v->next = b->number + 1;
	memcpy(v->hash, b->header_hash, sizeof(v->hash));
}

int verify_resume(struct verify *v, const struct ord_block *tip, const struct ord_block *config,
		  struct ord_err *e)
{
	int rc = verify_trust(v, config, e);

	if (rc == 0)
		go_behind(v, tip);
	return rc;
}

int verify_next(struct verify *v, const struct ord_block *b, struct ord_err *e)
{
	struct ord_env *env;
	int rc = check_chain(v, b, e);

	if (rc < 0)
		return rc;
	if (b->number > 0 && !v->conf)
		return err_set(e, ORD_EINVAL,
			       "block %" PRIu64 " cannot be verified without the configuration "
			       "before it: give its block with --config-block",
			       b->number);
	if (b->number > 0)
		rc = check_signatures(v, b, e);
	env = rc == 0 ? block_config_env(b) : NULL;
	if (env)
		rc = adopt(v, b, env, e);
	env_unref(env);
	if (rc == 0 && b->number > 0)
		rc = check_last_config(v, b, e);
	if (rc == 0)
		go_behind(v, b);
	return rc;
}

void verify_fini(struct verify *v)
{
	chanconf_unref(v->conf);
	*v = (struct verify){0};
}
