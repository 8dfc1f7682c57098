/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Principals: compiled once per set to a list of rules, each of one kind, and asked of identities
 * as Fabric asks them (spec 3.8).
 */
#include <msp/msp_priv.h>

#define MAX_NESTING 16 /* of combined principals */

/* The rule classes are MSPPrincipal's, COMBINED excepted. */
struct rule {
	int class;
	struct buf principal;
	void *msg; /* MSPRole, OrganizationUnit, SerializedIdentity or MSPIdentityAnonymity */
	char *bad; /* why msg is NULL */
};

struct compiled {
	struct msp_principal pub;
	struct buf encoding;
	size_t n;
	struct rule *rules;
	char *bad; /* not NULL: nobody satisfies it */
};

typedef int (*ask)(struct msp_identity *id, const struct msp_principal *p, const struct rule *r,
		   struct ord_err *e);

/* ---- compile ------------------------------------------------------------- */

static void unpack_rule(struct rule *r, const ProtobufCMessageDescriptor *d, const char *what)
{
	struct ord_err e = ERR_INIT;

	if (wire_unpack(d, buf_bytes(&r->principal), &r->msg, &e) == 0)
		return;
	r->bad = x_printf("%s: %s", what, e.msg);
}

static void add_rule(struct compiled *c, int class, struct ord_bytes principal)
{
	struct rule *r;

	c->rules = x_realloc(c->rules, (c->n + 1) * sizeof(*c->rules));
	r = &c->rules[c->n++];
	*r = (struct rule){.class = class};
	buf_add_bytes(&r->principal, principal);
	switch (class) {
	case MSP__MSPPRINCIPAL__CLASSIFICATION__ROLE:
		unpack_rule(r, &msp__msprole__descriptor,
			    "could not unmarshal MSPRole from principal");
		break;
	case MSP__MSPPRINCIPAL__CLASSIFICATION__ORGANIZATION_UNIT:
		unpack_rule(r, &msp__organization_unit__descriptor,
			    "could not unmarshal OrganizationUnit from principal");
		break;
	case MSP__MSPPRINCIPAL__CLASSIFICATION__IDENTITY:
		unpack_rule(r, &msp__serialized_identity__descriptor,
			    "invalid identity principal, not a certificate: could not deserialize "
			    "a SerializedIdentity");
		break;
	case MSP__MSPPRINCIPAL__CLASSIFICATION__ANONYMITY:
		unpack_rule(r, &msp__mspidentity_anonymity__descriptor,
			    "could not unmarshal MSPIdentityAnonymity from principal");
		break;
	default:
		break; /* refused when asked, by its number */
	}
}

/* Flatten a principal into rules, or say in c->bad why not. */
static void collect(struct compiled *c, enum msp_version version, int class,
		    struct ord_bytes principal, unsigned depth)
{
	Msp__CombinedPrincipal *all;
	struct ord_err e = ERR_INIT;

	if (class != MSP__MSPPRINCIPAL__CLASSIFICATION__COMBINED) {
		add_rule(c, class, principal);
		return;
	}
	if (version <= MSP_V1_1)
		c->bad = x_printf("invalid principal type %d", class);
	else if (depth == MAX_NESTING)
		c->bad = x_printf("combined principals are nested more than %d deep", MAX_NESTING);
	else if (wire_unpack(&msp__combined_principal__descriptor, principal, &all, &e) < 0)
		c->bad =
			x_printf("could not unmarshal CombinedPrincipal from principal: %s", e.msg);
	if (c->bad)
		return;
	if (all->n_principals == 0)
		c->bad = x_strdup("No principals in CombinedPrincipal");
	for (size_t i = 0; !c->bad && i < all->n_principals; i++)
		collect(c, version, (int)all->principals[i]->principal_classification,
			wire_bytes(all->principals[i]->principal), depth + 1);
	wire_free(all);
}

/* wire_pack() has just made it, so it unpacks: the message has no text and no nesting. */
static Msp__MSPPrincipal *copy_of(struct ord_bytes encoding)
{
	Msp__MSPPrincipal *copy;
	struct ord_err e = ERR_INIT;

	wire_unpack(&msp__mspprincipal__descriptor, encoding, &copy, &e);
	util_assert(copy);
	return copy;
}

const struct msp_principal *msp_principal(struct msp_set *s, const Msp__MSPPrincipal *p)
{
	struct buf encoding = BUF_INIT;
	struct compiled *c;

	wire_pack(p, &encoding);
	c = map_get(s->principals, buf_bytes(&encoding));
	if (c) {
		buf_fini(&encoding);
		return &c->pub;
	}
	c = x_alloc(sizeof(*c));
	c->encoding = encoding;
	c->pub.index = (unsigned)s->n_principals++;
	c->pub.set = s;
	c->pub.proto = copy_of(buf_bytes(&c->encoding));
	collect(c, s->version, (int)p->principal_classification, wire_bytes(p->principal), 0);
	map_put(s->principals, buf_bytes(&c->encoding), c);
	return &c->pub;
}

void msp_compiled_free(void *compiled)
{
	struct compiled *c = compiled;

	for (size_t i = 0; i < c->n; i++) {
		wire_free(c->rules[i].msg);
		buf_fini(&c->rules[i].principal);
		free(c->rules[i].bad);
	}
	free(c->rules);
	free(c->bad);
	wire_free(c->pub.proto);
	buf_fini(&c->encoding);
	free(c);
}

/* ---- describe ------------------------------------------------------------ */

static void describe_role(const Msp__MSPRole *role, struct buf *out)
{
	const char *name = msp_role_name((int)role->role);

	buf_printf(out, "%s.", role->msp_identifier);
	if (!name)
		buf_printf(out, "role-%d", (int)role->role);
	for (; name && *name; name++) /* as in policy expressions */
		buf_add_u8(out, (uint8_t)(*name | 0x20));
}

static void describe_rule(const struct rule *r, struct buf *out)
{
	const Msp__OrganizationUnit *ou = r->msg;

	if (!r->msg) {
		buf_printf(out, "a principal of type %d that nobody is", r->class);
		return;
	}
	switch (r->class) {
	case MSP__MSPPRINCIPAL__CLASSIFICATION__ROLE:
		describe_role(r->msg, out);
		break;
	case MSP__MSPPRINCIPAL__CLASSIFICATION__ORGANIZATION_UNIT:
		buf_printf(out, "%s OU '%s'", ou->msp_identifier,
			   ou->organizational_unit_identifier);
		break;
	case MSP__MSPPRINCIPAL__CLASSIFICATION__IDENTITY:
		buf_add_str(out, "only ");
		msp_describe_serialized(buf_bytes(&r->principal), out);
		break;
	default:
		buf_add_str(out, "anonymity");
		break;
	}
}

void msp_principal_describe(const struct msp_principal *p, struct buf *out)
{
	const struct compiled *c = UTIL_CONTAINER(p, const struct compiled, pub);

	if (c->bad)
		buf_add_str(out, "a combination that nobody is");
	for (size_t i = 0; !c->bad && i < c->n; i++) {
		buf_add_str(out, i ? " and " : "");
		describe_rule(&c->rules[i], out);
	}
}

/* ---- ask ----------------------------------------------------------------- */

static int other_msp(const struct msp_identity *id, const char *want, struct ord_err *e)
{
	return err_set(e, ORD_EPERM,
		       "the identity is a member of a different MSP (expected %s, got %s)", want,
		       id->msp->name);
}

static int check_valid(struct msp_identity *id, struct ord_err *e)
{
	if (msp_validate(id, e) < 0)
		return err_wrap(e, "The identity is not valid under this MSP [%s]", id->msp->name);
	return 0;
}

static int ask_admin(struct msp_identity *id, struct ord_err *e)
{
	const struct msp *m = id->msp;

	if (id->admin)
		return 0; /* setup has seen that it is valid */
	if (m->version < MSP_V1_4_3 || !m->node_ous)
		return err_set(e, ORD_EPERM, "This identity is not an admin");
	if (check_valid(id, e) < 0)
		return ORD_EPERM;
	if (msp_has_role(m, &id->units, MSP__MSPROLE__MSPROLE_TYPE__ADMIN, e) < 0)
		return err_wrap(e, "The identity is not an admin under this MSP [%s]", m->name);
	return 0;
}

static int ask_node(struct msp_identity *id, int role, struct ord_err *e)
{
	if (check_valid(id, e) < 0)
		return ORD_EPERM;
	if (msp_has_role(id->msp, &id->units, role, e) < 0)
		return err_wrap(e, "The identity is not a [%s] under this MSP [%s]",
				msp_role_name(role), id->msp->name);
	return 0;
}

static int ask_role(struct msp_identity *id, const struct msp_principal *p, const struct rule *r,
		    struct ord_err *e)
{
	const Msp__MSPRole *role = r->msg;
	const struct msp *m = id->msp;

	(void)p;
	if (strcmp(role->msp_identifier, m->name) != 0)
		return other_msp(id, role->msp_identifier, e);
	switch ((int)role->role) {
	case MSP__MSPROLE__MSPROLE_TYPE__MEMBER:
		return msp_validate(id, e);
	case MSP__MSPROLE__MSPROLE_TYPE__ADMIN:
		return ask_admin(id, e);
	case MSP__MSPROLE__MSPROLE_TYPE__CLIENT:
	case MSP__MSPROLE__MSPROLE_TYPE__PEER:
		return ask_node(id, (int)role->role, e);
	case MSP__MSPROLE__MSPROLE_TYPE__ORDERER:
		if (m->version == MSP_V1_4_3 && m->node_ous)
			return ask_node(id, (int)role->role, e);
		break;
	}
	return err_set(e, ORD_EPERM, "invalid MSP role type %d", (int)role->role);
}

static int ask_unit(struct msp_identity *id, const struct msp_principal *p, const struct rule *r,
		    struct ord_err *e)
{
	const Msp__OrganizationUnit *ou = r->msg;
	const struct msp_digest *certifiers = &id->units.certifiers;

	(void)p;
	if (strcmp(ou->msp_identifier, id->msp->name) != 0)
		return other_msp(id, ou->msp_identifier, e);
	if (msp_validate(id, e) < 0)
		return ORD_EPERM;
	for (size_t i = 0; i < id->units.n; i++)
		if (bytes_eq_str(id->units.name[i], ou->organizational_unit_identifier) &&
		    bytes_eq(bytes_of(certifiers->bytes, certifiers->len),
			     wire_bytes(ou->certifiers_identifier)))
			return 0;
	return err_set(e, ORD_EPERM, "The identities do not match");
}

static int ask_identity(struct msp_identity *id, const struct msp_principal *p,
			const struct rule *r, struct ord_err *e)
{
	const Msp__SerializedIdentity *sid = r->msg;
	struct msp_identity *other;
	int rc;

	if (strcmp(sid->mspid, id->msp->name) != 0)
		return err_set(e, ORD_EPERM,
			       "invalid identity principal, not a certificate: expected MSP ID %s, "
			       "received %s",
			       id->msp->name, sid->mspid);
	if (msp_identify(p->set, buf_bytes(&r->principal), &other, e) < 0)
		return err_wrap(e, "invalid identity principal, not a certificate");
	if (bytes_eq(buf_bytes(&id->der), buf_bytes(&other->der)))
		rc = msp_validate(other, e);
	else
		rc = err_set(e, ORD_EPERM, "The identities do not match");
	msp_identity_unref(other);
	return rc;
}

static int ask_anonymity(struct msp_identity *id, const struct msp_principal *p,
			 const struct rule *r, struct ord_err *e)
{
	const Msp__MSPIdentityAnonymity *a = r->msg;

	(void)id;
	(void)p;
	if (a->anonymity_type == MSP__MSPIDENTITY_ANONYMITY__MSPIDENTITY_ANONYMITY_TYPE__NOMINAL)
		return 0;
	if (a->anonymity_type == MSP__MSPIDENTITY_ANONYMITY__MSPIDENTITY_ANONYMITY_TYPE__ANONYMOUS)
		return err_set(e, ORD_EPERM,
			       "Principal is anonymous, but X.509 MSP does not support anonymous "
			       "identities");
	return err_set(e, ORD_EPERM, "Unknown principal anonymity type: %d",
		       (int)a->anonymity_type);
}

static int ask_rule(struct msp_identity *id, const struct msp_principal *p, const struct rule *r,
		    struct ord_err *e)
{
	static const ask asks[] = {
		[MSP__MSPPRINCIPAL__CLASSIFICATION__ROLE] = ask_role,
		[MSP__MSPPRINCIPAL__CLASSIFICATION__ORGANIZATION_UNIT] = ask_unit,
		[MSP__MSPPRINCIPAL__CLASSIFICATION__IDENTITY] = ask_identity,
		[MSP__MSPPRINCIPAL__CLASSIFICATION__ANONYMITY] = ask_anonymity,
	};
	bool known = r->class >= 0 && (size_t)r->class < UTIL_ARRAY_LEN(asks);

	if (r->class == MSP__MSPPRINCIPAL__CLASSIFICATION__ANONYMITY && id->msp->version < MSP_V1_3)
		known = false;
	if (!known)
		return err_set(e, ORD_EPERM, "invalid principal type %d", r->class);
	if (r->bad)
		return err_set(e, ORD_EPERM, "%s", r->bad);
	return asks[r->class](id, p, r, e);
}

static int ask_all(struct msp_identity *id, const struct compiled *c, struct ord_err *e)
{
	if (id->msp->idemix)
		return msp_validate(id, e);
	if (c->bad)
		return err_set(e, ORD_EPERM, "%s", c->bad);
	for (size_t i = 0; i < c->n; i++)
		if (ask_rule(id, &c->pub, &c->rules[i], e) < 0)
			return ORD_EPERM;
	return 0;
}

int msp_satisfies(struct msp_identity *id, const struct msp_principal *p, struct ord_err *e)
{
	const struct compiled *c = UTIL_CONTAINER(p, const struct compiled, pub);
	atomic_uchar *answer = p->index < id->n_answers ? &id->answers[p->index] : NULL;
	unsigned char known = ANSWER_UNKNOWN;
	struct ord_err unasked;
	int rc;

	util_assert(id->set == p->set->serial);
	if (answer)
		known = atomic_load_explicit(answer, memory_order_relaxed);
	if (known == ANSWER_YES)
		return 0;
	if (known == ANSWER_NO && !e)
		return ORD_EPERM; /* the reason would have to be worked out again */
	rc = ask_all(id, c, e ? e : &unasked);
	if (answer)
		atomic_store_explicit(answer, rc == 0 ? ANSWER_YES : ANSWER_NO,
				      memory_order_relaxed);
	return rc;
}
