/* SPDX-License-Identifier: Apache-2.0 */
/* A CONFIG_UPDATE envelope, decoded step by step as Fabric does, so that it fails with Fabric's
 * words; and who signed it. */
#include "chanconf_priv.h"
#include <stdlib.h>

int chanconf_update_open(const struct ord_env *env, struct update *u, struct ord_err *e)
{
	char tmp[12];

	*u = (struct update){NULL, NULL};
	if (!env->header_ok)
		return err_set(e, ORD_EINVAL, "envelope must have a Header");
	if (env->type != WIRE_CONFIG_UPDATE)
		return err_set(e, ORD_EINVAL, "invalid type %s, expected CONFIG_UPDATE",
			       wire_header_type_name(env->type, tmp));
	if (wire_unpack(&common__config_update_envelope__descriptor, env->data, &u->outer, e) < 0)
		return err_wrap(e, "error unmarshaling message for type CONFIG_UPDATE");
	return 0;
}

int chanconf_update_decode(struct update *u, struct ord_err *e)
{
	return wire_unpack(&common__config_update__descriptor, wire_bytes(u->outer->config_update),
			   &u->inner, e);
}

void chanconf_update_fini(struct update *u)
{
	wire_free(u->outer);
	wire_free(u->inner);
}

/* ---- signatures ---------------------------------------------------------- */

/* A copy of @from at *room, which moves on behind it. */
static struct ord_bytes keep(ProtobufCBinaryData from, uint8_t **room)
{
	struct ord_bytes kept = bytes_of(*room, from.len);

	if (from.len > 0)
		*room = mempcpy(*room, from.data, from.len);
	return kept;
}

/* Copies of @from's identity and signature in *room, which moves on. */
static int read_signature(const Common__ConfigSignature *from, uint8_t **room,
			  struct policy_signed *out, struct ord_err *e)
{
	Common__SignatureHeader *header;

	if (wire_unpack(&common__signature_header__descriptor, wire_bytes(from->signature_header),
			&header, e) < 0)
		return e->code;
	out->identity = keep(header->creator, room);
	out->signature = keep(from->signature, room);
	wire_free(header);
	return 0;
}

int chanconf_update_signed(const struct update *u, struct policy_signed **out, size_t *n,
			   struct ord_err *e)
{
	const Common__ConfigUpdateEnvelope *outer = u->outer;
	size_t size = outer->n_signatures * sizeof(struct policy_signed);
	struct policy_signed *sigs;
	uint8_t *room;

	if (outer->n_signatures > POLICY_MAX_SIGNATURES)
		return err_set(e, ORD_EINVAL, "%zu signatures, at most %d are evaluated",
			       outer->n_signatures, POLICY_MAX_SIGNATURES);
	/* A creator is shorter than the header it stands in. */
	for (size_t i = 0; i < outer->n_signatures; i++)
		size += outer->signatures[i]->signature_header.len +
			outer->signatures[i]->signature.len;
	sigs = x_alloc(size);
	room = (uint8_t *)&sigs[outer->n_signatures];
	for (size_t i = 0; i < outer->n_signatures; i++)
		if (read_signature(outer->signatures[i], &room, &sigs[i], e) < 0) {
			free(sigs);
			return e->code;
		}
	*out = sigs;
	*n = outer->n_signatures;
	return 0;
}

/* What a signer signed: the header, and behind it the update. */
static void digest(const struct update *u, size_t i, struct policy_signed *sig)
{
	struct sha256 h;

	sha256_init(&h);
	sha256_add(&h, wire_bytes(u->outer->signatures[i]->signature_header));
	sha256_add(&h, wire_bytes(u->outer->config_update));
	sha256_final(&h, sig->digest);
}

/* Is this the first signature of somebody whom @msps know? */
static bool counts(struct msp_set *msps, struct ord_bytes identity, struct map *seen)
{
	struct msp_identity *id;
	struct ord_err e;
	bool first;

	if (msp_identify(msps, identity, &id, &e) < 0)
		return false;
	first = !map_put(seen, msp_identity_key(id), seen);
	msp_identity_unref(id);
	return first;
}

/* A large update with a thousand signatures of nobody would keep us busy for minutes.  Theirs is no
 * digest that anybody could have signed, as he could that of zeros, for any key. */
void chanconf_update_digest(const struct update *u, struct msp_set *msps,
			    struct policy_signed *sigs, size_t n)
{
	struct map *seen = map_new();
	uint8_t nothing[sizeof(sigs->digest)];

	crypto_random(nothing, sizeof(nothing));
	for (size_t i = 0; i < n; i++)
		if (counts(msps, sigs[i].identity, seen))
			digest(u, i, &sigs[i]);
		else
			memcpy(sigs[i].digest, nothing, sizeof(nothing));
	map_free(seen, NULL);
}

int chanconf_update_signatures(const struct ord_env *update, struct policy_signed **out, size_t *n,
			       struct ord_err *e)
{
	struct update u;
	int rc = chanconf_update_open(update, &u, e);

	if (rc == 0)
		rc = chanconf_update_signed(&u, out, n, e);
	for (size_t i = 0; rc == 0 && i < *n; i++)
		digest(&u, i, &(*out)[i]);
	chanconf_update_fini(&u);
	return rc;
}
