/* SPDX-License-Identifier: Apache-2.0 */
#include "oracle.h"

/* ---- who is what --------------------------------------------------------- */

static const char *const mspids[SIGNERS] = {"Org1MSP", "Org2MSP", "OrdererMSP", "Org1MSP",
					    "Org2MSP"};

/* The golden MSPs classify by OU and list no administrators: before V1_4_3 their administrators are
 * nothing that the MSP knows, and in V1_0 everybody is just a member. */
static bool is_in_role(enum msp_version version, unsigned who, Msp__MSPRole__MSPRoleType role)
{
	bool admin = SIGNER_ADMINS & 1u << who;

	switch (role) {
	case MSP__MSPROLE__MSPROLE_TYPE__MEMBER:
		return version == MSP_V1_0 || version == MSP_V1_4_3 || !admin;
	case MSP__MSPROLE__MSPROLE_TYPE__ADMIN:
		return version == MSP_V1_4_3 && admin;
	case MSP__MSPROLE__MSPROLE_TYPE__CLIENT:
		return version != MSP_V1_0 && !admin;
	default:
		return false;
	}
}

/* ---- policies ------------------------------------------------------------ */

struct eval {
	enum msp_version version;
	unsigned signers, used;
	const Common__SignaturePolicyEnvelope *policy;
};

static void *decode(const ProtobufCMessageDescriptor *d, ProtobufCBinaryData b)
{
	void *msg = NULL;
	struct ord_err e = ERR_INIT;

	test_ok(wire_unpack(d, wire_bytes(b), &msg, &e), &e);
	return msg;
}

static bool is_principal(const struct eval *ev, unsigned who, const Msp__MSPPrincipal *p)
{
	Msp__MSPRole *role;
	bool yes;

	assert_int_equal(p->principal_classification, 0);
	role = decode(&msp__msprole__descriptor, p->principal);
	yes = strcmp(role->msp_identifier, mspids[who]) == 0 &&
	      is_in_role(ev->version, who, role->role);
	wire_free(role);
	return yes;
}

static bool eval_rule(struct eval *ev, const Common__SignaturePolicy *rule)
{
	unsigned before = ev->used;
	int n = 0;

	if (rule->type_case == COMMON__SIGNATURE_POLICY__TYPE_SIGNED_BY) {
		for (unsigned i = 0; i < SIGNERS; i++)
			if (ev->signers & ~ev->used & 1u << i &&
			    is_principal(ev, i, ev->policy->identities[rule->signed_by])) {
				ev->used |= 1u << i;
				return true;
			}
		return false;
	}
	for (size_t i = 0; i < rule->n_out_of->n_rules; i++)
		n += eval_rule(ev, rule->n_out_of->rules[i]);
	if (n < rule->n_out_of->n)
		ev->used = before;
	return n >= rule->n_out_of->n;
}

static bool eval_policy(enum msp_version version, const Common__ConfigGroup *at, const char *name,
			unsigned signers);

static bool eval_meta(enum msp_version version, const Common__ConfigGroup *at,
		      const Common__ImplicitMetaPolicy *meta, unsigned signers)
{
	size_t n = 0, need = 0;

	for (size_t i = 0; i < at->n_groups; i++)
		n += eval_policy(version, at->groups[i]->value, meta->sub_policy, signers);
	if (meta->rule == COMMON__IMPLICIT_META_POLICY__RULE__ANY)
		need = at->n_groups > 0;
	else if (meta->rule == COMMON__IMPLICIT_META_POLICY__RULE__ALL)
		need = at->n_groups;
	else if (at->n_groups > 0)
		need = at->n_groups / 2 + 1;
	return n >= need;
}

static bool eval_policy(enum msp_version version, const Common__ConfigGroup *at, const char *name,
			unsigned signers)
{
	const Common__Policy *p = NULL;
	struct eval ev = {.version = version, .signers = signers};
	void *msg;
	bool yes;

	for (size_t i = 0; i < at->n_policies; i++)
		if (strcmp(at->policies[i]->key, name) == 0)
			p = at->policies[i]->value->policy;
	if (!p)
		return false;
	if (p->type == COMMON__POLICY__POLICY_TYPE__IMPLICIT_META) {
		msg = decode(&common__implicit_meta_policy__descriptor, p->value);
		yes = eval_meta(version, at, msg, signers);
	} else {
		ev.policy = msg = decode(&common__signature_policy_envelope__descriptor, p->value);
		yes = eval_rule(&ev, ev.policy->rule);
	}
	wire_free(msg);
	return yes;
}

bool oracle_satisfied(const struct chanconf *c, const char *name, unsigned signers)
{
	const Common__ConfigGroup *at = c->config->channel_group;

	if (strncmp(name, "/Channel/", 9) != 0)
		return false;
	for (name += 9; strchr(name, '/'); name = strchr(name, '/') + 1) {
		const Common__ConfigGroup *sub = NULL;
		size_t n = strcspn(name, "/");

		for (size_t i = 0; i < at->n_groups; i++)
			if (strlen(at->groups[i]->key) == n &&
			    memcmp(at->groups[i]->key, name, n) == 0)
				sub = at->groups[i]->value;
		if (!sub)
			return false;
		at = sub;
	}
	return eval_policy(c->caps.msp_version, at, name, signers);
}

/* ---- trees, flat --------------------------------------------------------- */

struct item {
	uint64_t version;
	const char *mod_policy;
	char *start, *parent; /* where relative policies start; the group that names this item */
	char *content;        /* everything that a version stands for */
	bool group;
};

static void free_item(void *p)
{
	struct item *it = p;

	free(it->start);
	free(it->parent);
	free(it->content);
	free(it);
}

static void put_item(struct map *flat, const char *kind, const char *parent, const char *path,
		     struct item item)
{
	struct item *it = x_alloc(sizeof(*it));
	char *key = x_printf("%s%s", kind, path);

	*it = item;
	it->group = kind[0] == 'G';
	it->start = x_strdup(it->group ? path : parent);
	it->parent = x_printf("G%s", parent);
	assert_null(map_put(flat, bytes_str(key), it));
	free(key);
}

static char *hex_of(const void *msg)
{
	struct buf packed = BUF_INIT, hex = BUF_INIT;

	if (msg)
		wire_pack(msg, &packed);
	hex_encode(&hex, buf_bytes(&packed));
	buf_fini(&packed);
	return buf_cstr(&hex);
}

static char *members_of(const Common__ConfigGroup *g)
{
	struct buf b = BUF_INIT;

	for (size_t i = 0; i < g->n_groups; i++)
		buf_printf(&b, "G%s ", g->groups[i]->key);
	for (size_t i = 0; i < g->n_values; i++)
		buf_printf(&b, "V%s ", g->values[i]->key);
	for (size_t i = 0; i < g->n_policies; i++)
		buf_printf(&b, "P%s ", g->policies[i]->key);
	return buf_cstr(&b);
}

static void flatten(struct map *flat, const char *parent, const char *path,
		    const Common__ConfigGroup *g)
{
	put_item(flat, "G", parent, path,
		 (struct item){.version = g->version,
			       .mod_policy = g->mod_policy,
			       .content = members_of(g)});
	for (size_t i = 0; i < g->n_groups; i++) {
		char *below = x_printf("%s/%s", path, g->groups[i]->key);

		flatten(flat, path, below, g->groups[i]->value);
		free(below);
	}
	for (size_t i = 0; i < g->n_values; i++) {
		const Common__ConfigValue *v = g->values[i]->value;
		char *below = x_printf("%s/%s", path, g->values[i]->key);
		struct buf hex = BUF_INIT;

		hex_encode(&hex, wire_bytes(v->value));
		put_item(flat, "V", path, below,
			 (struct item){.version = v->version,
				       .mod_policy = v->mod_policy,
				       .content = buf_cstr(&hex)});
		free(below);
	}
	for (size_t i = 0; i < g->n_policies; i++) {
		const Common__ConfigPolicy *p = g->policies[i]->value;
		char *below = x_printf("%s/%s", path, g->policies[i]->key);

		put_item(flat, "P", path, below,
			 (struct item){.version = p->version,
				       .mod_policy = p->mod_policy,
				       .content = hex_of(p->policy)});
		free(below);
	}
}

/* ---- what may change ----------------------------------------------------- */

static void check_changed(const struct chanconf *current, const char *key, const struct item *was,
			  const struct item *is, unsigned signers)
{
	char *policy = was->mod_policy[0] == '/' ? x_strdup(was->mod_policy)
						 : x_printf("%s/%s", was->start, was->mod_policy);

	if (is->version != was->version + 1)
		fail_msg("%s went from version %" PRIu64 " to %" PRIu64, key, was->version,
			 is->version);
	if (!oracle_satisfied(current, policy, signers))
		fail_msg("%s was changed without %s by %x", key, policy, signers);
	free(policy);
}

/* The repair of empty mod_policies is the only change without a new version. */
static void check_same(const char *key, const struct item *was, const struct item *is)
{
	if (strcmp(was->content, is->content) != 0)
		fail_msg("%s changed without a new version: %s, %s", key, was->content,
			 is->content);
	if (strcmp(was->mod_policy, is->mod_policy) != 0 &&
	    (was->mod_policy[0] || strcmp(is->mod_policy, "Admins") != 0))
		fail_msg("%s: mod_policy changed from %s to %s", key, was->mod_policy,
			 is->mod_policy);
}

/* An item that only one side has: its group, if that stays, has a new version. */
static void check_member(const char *key, const struct item *it, const struct map *before,
			 const struct map *after)
{
	const struct item *was = map_get(before, bytes_str(it->parent));
	const struct item *is = map_get(after, bytes_str(it->parent));

	if (was && is && is->version != was->version + 1)
		fail_msg("%s came or went, but %s stays at version %" PRIu64, key, it->parent,
			 is->version);
}

void oracle_check(const struct chanconf *current, const Common__Config *result, unsigned signers)
{
	struct map *before = map_new(), *after = map_new();
	struct ord_bytes key;
	void *value;
	char name[512];

	flatten(before, "", "/Channel", current->config->channel_group);
	flatten(after, "", "/Channel", result->channel_group);
	for (size_t pos = 0; map_next(before, &pos, &key, &value);) {
		const struct item *was = value, *is = map_get(after, key);

		snprintf(name, sizeof(name), "%.*s", (int)key.len, (const char *)key.data);
		if (!is)
			check_member(name, was, before, after);
		else if (is->version == was->version)
			check_same(name, was, is);
		else
			check_changed(current, name, was, is, signers);
	}
	for (size_t pos = 0; map_next(after, &pos, &key, &value);) {
		const struct item *is = value;

		snprintf(name, sizeof(name), "%.*s", (int)key.len, (const char *)key.data);
		if (map_get(before, key))
			continue;
		assert_int_equal(is->version, 0);
		check_member(name, is, before, after);
	}
	map_free(before, free_item);
	map_free(after, free_item);
}

void oracle_check_read(const struct chanconf *current, const Common__ConfigGroup *read_set)
{
	struct map *have = map_new(), *read = map_new();
	struct ord_bytes key;
	void *value;

	flatten(have, "", "/Channel", current->config->channel_group);
	if (read_set)
		flatten(read, "", "/Channel", read_set);
	for (size_t pos = 0; map_next(read, &pos, &key, &value);) {
		const struct item *wanted = value, *is = map_get(have, key);

		if (!is || is->version != wanted->version)
			fail_msg("%.*s was read at version %" PRIu64, (int)key.len,
				 (const char *)key.data, wanted->version);
	}
	map_free(have, free_item);
	map_free(read, free_item);
}
