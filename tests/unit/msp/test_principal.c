/* SPDX-License-Identifier: Apache-2.0 */
/* What identities satisfy (spec 3.8). */
#include "made.h"

enum { MEMBER, ADMIN, CLIENT, PEER, ORDERER };
enum { ROLE, UNIT, IDENTITY, ANONYMITY, COMBINED };

static const struct made *root, *client, *peer, *admin, *orderer, *named;
static uint8_t certifiers[SHA256_LEN];

static int set_up(void **state)
{
	struct buf der = BUF_INIT;

	(void)state;
	/* low S: its DER goes into the certifiers identifier as it is */
	root = make_cert(&(struct cert_spec){.cn = "root", .ca = true, .s = LOW_S});
	client = make_leaf("c", "client", root);
	peer = make_leaf("p", "peer", root);
	admin = make_leaf("a", "admin", root);
	orderer = make_leaf("o", "orderer", root);
	named = make_leaf("n", "client", root);
	crypto_cert_der(root->x, &der);
	sha256(buf_bytes(&der), certifiers);
	buf_fini(&der);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	made_free_all();
	return 0;
}

static struct msp_spec spec_of(enum msp_version v)
{
	struct msp_spec s = {.root = {root}, .admin = {named}, .client = "client", .peer = "peer"};

	if (v == MSP_V1_4_3) {
		s.admin_ou = "admin";
		s.orderer = "orderer";
	}
	return s;
}

static struct msp_set *world(enum msp_version v)
{
	struct msp_spec s = spec_of(v);

	return set_of(v, &s);
}

/* Does @m satisfy @p, and what is said if not?  Asked three times: worked out, remembered, and
 * remembered without a reason. */
static const char *answer(struct msp_set *s, const struct made *m, const struct msp_principal *p)
{
	static struct ord_err e;
	struct msp_identity *id = identify(s, made_identity("M", m));
	int first = msp_satisfies(id, p, &e);
	char text[sizeof(e.msg)];

	memcpy(text, e.msg, sizeof(text));
	assert_int_equal(msp_satisfies(id, p, NULL), first);
	assert_int_equal(msp_satisfies(id, p, &e), first);
	if (first < 0) {
		assert_int_equal(first, ORD_EPERM);
		assert_string_equal(text, e.msg);
	}
	msp_identity_unref(id);
	return first < 0 ? e.msg : "";
}

static const char *role(struct msp_set *s, const struct made *m, int r)
{
	return answer(s, m, role_of(s, "M", r));
}

#define INVALID "The identity is not valid under this MSP [M]: "
#define NOT_A(what)                                                                              \
	"The identity is not a [" what "] under this MSP [M]: The identity does not contain OU " \
	"[" what "], MSP: [M]"

static void roles_at_1_4_3(void **state)
{
	struct msp_set *s = world(MSP_V1_4_3);

	(void)state;
	assert_string_equal(role(s, client, MEMBER), "");
	assert_string_equal(role(s, client, CLIENT), "");
	assert_string_equal(role(s, client, PEER), NOT_A("PEER"));
	assert_string_equal(
		role(s, client, ADMIN),
		"The identity is not an admin under this MSP [M]: The identity does not "
		"contain OU [ADMIN], MSP: [M]");
	assert_string_equal(role(s, named, ADMIN), "");
	assert_string_equal(role(s, admin, ADMIN), "");
	assert_string_equal(role(s, orderer, ORDERER), "");
	assert_string_equal(role(s, orderer, CLIENT), NOT_A("CLIENT"));
	assert_string_equal(role(s, peer, ORDERER), NOT_A("ORDERER"));
	assert_string_equal(role(s, peer, 9), "invalid MSP role type 9");
	assert_string_equal(answer(s, peer, role_of(s, "N", MEMBER)),
			    "the identity is a member of a different MSP (expected N, got M)");
	msp_set_free(s);
}

static void roles_at_1_1(void **state)
{
	struct msp_set *s = world(MSP_V1_1);

	(void)state;
	assert_string_equal(role(s, client, CLIENT), "");
	assert_string_equal(role(s, client, ADMIN), "This identity is not an admin");
	assert_string_equal(role(s, named, ADMIN), "");
	assert_string_equal(role(s, peer, ORDERER), "invalid MSP role type 4");
	assert_non_null(
		strstr(role(s, admin, CLIENT), INVALID "could not validate identity's OUs"));
	assert_non_null(strstr(role(s, admin, MEMBER), "could not validate identity's OUs"));
	msp_set_free(s);
}

static void roles_without_node_ous(void **state)
{
	static const enum msp_version versions[] = {MSP_V1_0, MSP_V1_3, MSP_V1_4_3};

	(void)state;
	for (size_t i = 0; i < UTIL_ARRAY_LEN(versions); i++) {
		struct msp_set *s =
			set_of(versions[i], &(struct msp_spec){.root = {root}, .admin = {named}});

		assert_string_equal(role(s, client, MEMBER), "");
		assert_string_equal(role(s, named, ADMIN), "");
		assert_string_equal(role(s, admin, ADMIN), "This identity is not an admin");
		assert_string_equal(
			role(s, client, CLIENT),
			"The identity is not a [CLIENT] under this MSP [M]: NodeOUs not "
			"activated. Cannot tell apart identities.");
		assert_string_equal(role(s, orderer, ORDERER), "invalid MSP role type 4");
		msp_set_free(s);
	}
}

static void units(void **state)
{
	struct msp_set *s = world(MSP_V1_4_3);
	struct ord_bytes right = bytes_of(certifiers, sizeof(certifiers));

	(void)state;
	assert_string_equal(answer(s, client, unit_of(s, "M", "client", right)), "");
	assert_string_equal(answer(s, client, unit_of(s, "M", "peer", right)),
			    "The identities do not match");
	assert_string_equal(answer(s, client, unit_of(s, "M", "client", bytes_of(NULL, 0))),
			    "The identities do not match");
	assert_string_equal(answer(s, client, unit_of(s, "N", "client", right)),
			    "the identity is a member of a different MSP (expected N, got M)");
	msp_set_free(s);
}

static void identities(void **state)
{
	const struct made *stray = make_leaf("s", "nobody", root);
	struct msp_set *s = world(MSP_V1_4_3);

	(void)state;
	assert_string_equal(answer(s, client, identity_of(s, made_identity("M", client))), "");
	assert_string_equal(answer(s, client, identity_of(s, made_identity("M", peer))),
			    "The identities do not match");
	assert_string_equal(answer(s, client, identity_of(s, made_identity("N", client))),
			    "invalid identity principal, not a certificate: expected MSP ID M, "
			    "received N");
	assert_non_null(
		strstr(answer(s, client, identity_of(s, bytes_str("\xff"))),
		       "invalid identity principal, not a certificate: could not deserialize "
		       "a SerializedIdentity: "));
	/* the same certificate, but it is not valid */
	assert_non_null(strstr(answer(s, stray, identity_of(s, made_identity("M", stray))),
			       "could not validate identity's OUs"));
	msp_set_free(s);
}

static const struct msp_principal *anonymity(struct msp_set *s, int type)
{
	Msp__MSPIdentityAnonymity a = MSP__MSPIDENTITY_ANONYMITY__INIT;
	const struct msp_principal *p;
	struct buf b;

	a.anonymity_type = (Msp__MSPIdentityAnonymity__MSPIdentityAnonymityType)type;
	b = pack(&a);
	p = principal_of(s, ANONYMITY, buf_bytes(&b));
	buf_fini(&b);
	return p;
}

static void anonymity_from_1_3_on(void **state)
{
	struct msp_set *s = world(MSP_V1_3);

	(void)state;
	assert_string_equal(answer(s, client, anonymity(s, 0)), "");
	assert_string_equal(answer(s, client, anonymity(s, 1)),
			    "Principal is anonymous, but X.509 MSP does not support anonymous "
			    "identities");
	assert_string_equal(answer(s, client, anonymity(s, 5)),
			    "Unknown principal anonymity type: 5");
	msp_set_free(s);
	s = world(MSP_V1_1);
	assert_string_equal(answer(s, client, anonymity(s, 0)), "invalid principal type 3");
	msp_set_free(s);
}

/* COMBINED of the given principals. */
static struct buf combine(const struct msp_principal *const *list, size_t n)
{
	Msp__CombinedPrincipal c = MSP__COMBINED_PRINCIPAL__INIT;
	Msp__MSPPrincipal *items[4];

	for (size_t i = 0; i < n; i++)
		items[i] = list[i]->proto;
	c.n_principals = n;
	c.principals = items;
	return pack(&c);
}

static const char *combined(struct msp_set *s, const struct made *m,
			    const struct msp_principal *const *list, size_t n)
{
	struct buf b = combine(list, n);
	const char *a = answer(s, m, principal_of(s, COMBINED, buf_bytes(&b)));

	buf_fini(&b);
	return a;
}

static void combinations_from_1_3_on(void **state)
{
	struct msp_set *s = world(MSP_V1_4_3);
	const struct msp_principal *member = role_of(s, "M", MEMBER);
	const struct msp_principal *a_client = role_of(s, "M", CLIENT);
	const struct msp_principal *self = identity_of(s, made_identity("M", client));
	const struct msp_principal *list[] = {member, a_client, self};
	const struct msp_principal *nested;
	struct buf b = combine(list, 3);

	(void)state;
	nested = principal_of(s, COMBINED, buf_bytes(&b));
	buf_fini(&b);
	assert_string_equal(answer(s, client, nested), "");
	assert_string_equal(answer(s, peer, nested), NOT_A("CLIENT"));
	assert_string_equal(combined(s, client, (const struct msp_principal *[]){nested, self}, 2),
			    "");
	assert_string_equal(combined(s, named, (const struct msp_principal *[]){member, nested}, 2),
			    "The identities do not match");
	assert_string_equal(answer(s, client, principal_of(s, COMBINED, bytes_of(NULL, 0))),
			    "No principals in CombinedPrincipal");
	assert_non_null(strstr(answer(s, client, principal_of(s, COMBINED, bytes_str("\xff"))),
			       "could not unmarshal CombinedPrincipal from principal: "));
	for (int i = 0; i < 20; i++) {
		b = combine(&nested, 1);
		nested = principal_of(s, COMBINED, buf_bytes(&b));
		buf_fini(&b);
	}
	assert_string_equal(answer(s, client, nested),
			    "combined principals are nested more than 16 deep");
	msp_set_free(s);

	s = world(MSP_V1_1);
	list[0] = role_of(s, "M", MEMBER);
	assert_string_equal(combined(s, client, list, 1), "invalid principal type 4");
	msp_set_free(s);
}

static void malformed_principals_satisfy_nobody(void **state)
{
	struct msp_set *s = world(MSP_V1_4_3);

	(void)state;
	assert_string_equal(answer(s, client, principal_of(s, 17, bytes_of(NULL, 0))),
			    "invalid principal type 17");
	assert_non_null(strstr(answer(s, client, principal_of(s, ROLE, bytes_str("\xff"))),
			       "could not unmarshal MSPRole from principal: "));
	assert_non_null(strstr(answer(s, client, principal_of(s, UNIT, bytes_str("\xff"))),
			       "could not unmarshal OrganizationUnit from principal: "));
	assert_non_null(strstr(answer(s, client, principal_of(s, ANONYMITY, bytes_str("\xff"))),
			       "could not unmarshal MSPIdentityAnonymity from principal: "));
	msp_set_free(s);
}

static void equal_principals_share_one(void **state)
{
	struct msp_set *s = world(MSP_V1_4_3);
	const struct msp_principal *a = role_of(s, "M", MEMBER), *b = role_of(s, "M", ADMIN);

	(void)state;
	assert_ptr_equal(role_of(s, "M", MEMBER), a);
	assert_int_equal(a->index, 0);
	assert_int_equal(b->index, 1);
	assert_ptr_equal(b->set, s);
	msp_set_free(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(roles_at_1_4_3),
		cmocka_unit_test(roles_at_1_1),
		cmocka_unit_test(roles_without_node_ous),
		cmocka_unit_test(units),
		cmocka_unit_test(identities),
		cmocka_unit_test(anonymity_from_1_3_on),
		cmocka_unit_test(combinations_from_1_3_on),
		cmocka_unit_test(malformed_principals_satisfy_nobody),
		cmocka_unit_test(equal_principals_share_one),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
