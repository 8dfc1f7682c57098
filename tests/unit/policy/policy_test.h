/* SPDX-License-Identifier: Apache-2.0 */
/* People who sign: the identities of tests/golden/crypto-config, by a short name. */
#ifndef POLICY_TEST_H
#define POLICY_TEST_H

#include "../test.h"
#include <policy/policy.h>

#define POLICY_TEST_DATA "what everybody signs"

struct person {
	const char *name, *mspid, *dir;
	struct msp_local *local;
};

static struct person people[] = {
	{"u1", "Org1MSP", "peerOrganizations/org1.example.com/users/User1@org1.example.com", NULL},
	{"v1", "Org1MSP", "peerOrganizations/org1.example.com/users/User2@org1.example.com", NULL},
	{"a1", "Org1MSP", "peerOrganizations/org1.example.com/users/Admin@org1.example.com", NULL},
	{"p1", "Org1MSP", "peerOrganizations/org1.example.com/peers/peer0.org1.example.com", NULL},
	{"u2", "Org2MSP", "peerOrganizations/org2.example.com/users/User1@org2.example.com", NULL},
	{"a2", "Org2MSP", "peerOrganizations/org2.example.com/users/Admin@org2.example.com", NULL},
	{"o", "OrdererMSP", "ordererOrganizations/example.com/orderers/orderer.example.com", NULL},
};

static inline char *crypto_config(const char *below, const char *name)
{
	return test_golden_path("crypto-config/%s/%s", below, name);
}

/* The MSPs of both peer organisations and the orderer's. */
static inline struct msp_set *msps_new(void)
{
	static const struct {
		const char *mspid, *dir;
	} orgs[] = {
		{"Org1MSP", "peerOrganizations/org1.example.com"},
		{"Org2MSP", "peerOrganizations/org2.example.com"},
		{"OrdererMSP", "ordererOrganizations/example.com"},
	};
	struct msp_set *s = msp_set_new(MSP_V1_4_3);
	struct ord_err e = ERR_INIT;

	for (size_t i = 0; i < UTIL_ARRAY_LEN(orgs); i++) {
		char *dir = crypto_config(orgs[i].dir, "msp");
		Msp__MSPConfig *config = NULL;
		const char *mspid;

		test_ok(msp_dir_config(dir, orgs[i].mspid, &config, &e), &e);
		test_ok(msp_set_add(s, config, &mspid, &e), &e);
		wire_free(config);
		free(dir);
	}
	return s;
}

static inline struct person *person(const char *name, size_t len)
{
	for (size_t i = 0; i < UTIL_ARRAY_LEN(people); i++) {
		struct person *p = &people[i];
		struct ord_err e = ERR_INIT;

		if (strlen(p->name) != len || memcmp(p->name, name, len) != 0)
			continue;
		if (!p->local) {
			char *dir = crypto_config(p->dir, "msp");

			test_ok(msp_local_open(dir, p->mspid, NULL, &p->local, &e), &e);
			free(dir);
		}
		return p;
	}
	fail_msg("nobody is called %.*s", (int)len, name);
	return NULL;
}

static inline void people_close(void)
{
	for (size_t i = 0; i < UTIL_ARRAY_LEN(people); i++)
		msp_local_close(people[i].local);
}

/* Signatures, made from a list of names: "u1 a2!" is a good one of u1 and a forged one of a2; "?"
 * is somebody whose identity is noise. */
struct signatures {
	struct policy_signed list[64];
	size_t n;
};

static inline void sign_one(struct policy_signed *out, const char *name, size_t len)
{
	struct ord_bytes data = bytes_str(POLICY_TEST_DATA);
	bool forged = name[len - 1] == '!';
	struct ord_err e = ERR_INIT;
	struct buf sig = BUF_INIT;
	struct person *p;

	sha256(data, out->digest);
	if (name[0] == '?') {
		out->identity = bytes_str("nobody at all");
		out->signature = bytes_of(NULL, 0);
		return;
	}
	p = person(name, len - forged);
	out->identity = msp_local_identity(p->local);
	test_ok(msp_local_sign(p->local, &data, 1, &sig, &e), &e);
	if (forged)
		out->digest[0] ^= 1;
	out->signature = buf_bytes(&sig);
}

static inline void sign_all(struct signatures *s, const char *names)
{
	s->n = 0;
	for (const char *at = names; *at;) {
		size_t len = strcspn(at, " ");

		assert_true(s->n < UTIL_ARRAY_LEN(s->list));
		sign_one(&s->list[s->n++], at, len);
		at += len + strspn(at + len, " ");
	}
}

static inline void signatures_fini(struct signatures *s)
{
	for (size_t i = 0; i < s->n; i++)
		free((void *)s->list[i].signature.data);
}

/* ---- groups of policies -------------------------------------------------- */

static inline Common__ConfigGroup *group_new(void)
{
	Common__ConfigGroup *g = x_alloc(sizeof(*g));

	common__config_group__init(g);
	return g;
}

static inline Common__ConfigGroup *group_below(Common__ConfigGroup *g, const char *name)
{
	Common__ConfigGroup__GroupsEntry *entry = x_alloc(sizeof(*entry));

	common__config_group__groups_entry__init(entry);
	entry->key = x_strdup(name);
	entry->value = group_new();
	g->groups = x_realloc(g->groups, (g->n_groups + 1) * sizeof(entry));
	g->groups[g->n_groups++] = entry;
	return entry->value;
}

/* A policy of @type with @value as its bytes. */
static inline void policy_raw(Common__ConfigGroup *g, const char *name, int type,
			      struct ord_bytes value)
{
	Common__ConfigGroup__PoliciesEntry *entry = x_alloc(sizeof(*entry));
	struct buf copy = BUF_INIT;

	common__config_group__policies_entry__init(entry);
	entry->key = x_strdup(name);
	entry->value = x_alloc(sizeof(*entry->value));
	common__config_policy__init(entry->value);
	entry->value->policy = x_alloc(sizeof(*entry->value->policy));
	common__policy__init(entry->value->policy);
	buf_add_bytes(&copy, value);
	entry->value->policy->type = type;
	entry->value->policy->value = wire_binary(buf_bytes(&copy));
	g->policies = x_realloc(g->policies, (g->n_policies + 1) * sizeof(entry));
	g->policies[g->n_policies++] = entry;
}

static inline void policy_packed(Common__ConfigGroup *g, const char *name, int type, void *msg)
{
	struct buf b = BUF_INIT;

	wire_pack(msg, &b);
	policy_raw(g, name, type, buf_bytes(&b));
	buf_fini(&b);
	wire_free(msg);
}

/* "ANY Readers" or "OR('Org1MSP.member')". */
static inline void policy_put(Common__ConfigGroup *g, const char *name, const char *rule)
{
	Common__SignaturePolicyEnvelope *env = NULL;
	Common__ImplicitMetaPolicy *meta = NULL;
	struct ord_err e = ERR_INIT;

	if (strchr(rule, '(')) {
		test_ok(policy_from_expression(rule, &env, &e), &e);
		policy_packed(g, name, COMMON__POLICY__POLICY_TYPE__SIGNATURE, env);
	} else {
		test_ok(policy_from_implicit(rule, &meta, &e), &e);
		policy_packed(g, name, COMMON__POLICY__POLICY_TYPE__IMPLICIT_META, meta);
	}
}

#endif /* POLICY_TEST_H */
