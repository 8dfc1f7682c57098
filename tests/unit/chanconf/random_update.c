/* SPDX-License-Identifier: Apache-2.0 */
#include "random_update.h"

unsigned roll(struct dice *d, unsigned sides)
{
	uint64_t z = d->state += UINT64_C(0x9e3779b97f4a7c15); /* splitmix64 */

	z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
	return (unsigned)((z ^ z >> 31) % sides);
}

#define ROLL_OF(d, list) (list)[roll(d, UTIL_ARRAY_LEN(list))]

/* ---- signing ------------------------------------------------------------- */

static struct signer {
	const char *mspid, *dir;
	struct msp_local *local;
} signer_list[SIGNERS] = {
	{"Org1MSP", "peerOrganizations/org1.example.com/users/Admin@org1.example.com", NULL},
	{"Org2MSP", "peerOrganizations/org2.example.com/users/Admin@org2.example.com", NULL},
	{"OrdererMSP", "ordererOrganizations/example.com/users/Admin@example.com", NULL},
	{"Org1MSP", "peerOrganizations/org1.example.com/users/User1@org1.example.com", NULL},
	{"Org2MSP", "peerOrganizations/org2.example.com/users/User1@org2.example.com", NULL},
};

static struct msp_local *signer(size_t i)
{
	struct signer *s = &signer_list[i];
	struct ord_err e = ERR_INIT;
	char *dir;

	if (s->local)
		return s->local;
	dir = test_golden_path("crypto-config/%s/msp", s->dir);
	test_ok(msp_local_open(dir, s->mspid, NULL, &s->local, &e), &e);
	free(dir);
	return s->local;
}

void signers_close(void)
{
	for (size_t i = 0; i < SIGNERS; i++)
		msp_local_close(signer_list[i].local);
}

static ProtobufCBinaryData packed(const void *msg)
{
	struct buf b = BUF_INIT;

	wire_pack(msg, &b);
	return wire_binary(buf_bytes(&b));
}

static Common__ConfigSignature *sign(size_t i, ProtobufCBinaryData update, bool forged)
{
	Common__ConfigSignature *s = x_alloc(sizeof(*s));
	Common__SignatureHeader header = COMMON__SIGNATURE_HEADER__INIT;
	struct buf sig = BUF_INIT;
	struct ord_err e = ERR_INIT;
	struct ord_bytes parts[2];

	common__config_signature__init(s);
	header.creator = wire_binary(msp_local_identity(signer(i)));
	s->signature_header = packed(&header);
	parts[0] = wire_bytes(s->signature_header);
	parts[1] = forged ? bytes_str("something else") : wire_bytes(update);
	test_ok(msp_local_sign(signer(i), parts, 2, &sig, &e), &e);
	s->signature = wire_binary(buf_bytes(&sig));
	return s;
}

struct ord_env *signed_update(const char *channel_id, const Common__ConfigUpdate *update,
			      unsigned signers, unsigned forged)
{
	Common__ConfigUpdateEnvelope *outer = x_alloc(sizeof(*outer));
	struct wire_header_spec header = {.type = WIRE_CONFIG_UPDATE, .channel_id = channel_id};
	struct ord_env *env;

	common__config_update_envelope__init(outer);
	outer->config_update = packed(update);
	outer->signatures = x_alloc(SIGNERS * sizeof(*outer->signatures));
	for (size_t i = 0; i < SIGNERS; i++)
		if (signers & 1u << i)
			outer->signatures[outer->n_signatures++] =
				sign(i, outer->config_update, forged & 1u << i);
	env = env_unsigned_msg(&header, outer);
	wire_free(outer);
	return env;
}

void random_signers(struct dice *d, unsigned *signers, unsigned *forged)
{
	*signers = roll(d, 4) ? SIGNER_ADMINS : roll(d, 1u << SIGNERS);
	*forged = roll(d, 8) ? 0 : roll(d, 1u << SIGNERS);
}

/* ---- elements of a tree -------------------------------------------------- */

/* Where an element hangs: entry @index of a map of @in; the root group has no @in. */
struct place {
	enum { GROUP, VALUE, POLICY } kind;
	Common__ConfigGroup *in, *group;
	size_t index;
};
struct places {
	struct place list[512];
	size_t n;
};

static void collect(struct places *p, struct place at)
{
	assert_true(p->n < UTIL_ARRAY_LEN(p->list));
	p->list[p->n++] = at;
	if (at.kind != GROUP)
		return;
	for (size_t i = 0; i < at.group->n_groups; i++)
		collect(p, (struct place){GROUP, at.group, at.group->groups[i]->value, i});
	for (size_t i = 0; i < at.group->n_values; i++)
		collect(p, (struct place){VALUE, at.group, NULL, i});
	for (size_t i = 0; i < at.group->n_policies; i++)
		collect(p, (struct place){POLICY, at.group, NULL, i});
}

static struct place random_place(struct dice *d, Common__ConfigGroup *root)
{
	struct places p = {.n = 0};

	collect(&p, (struct place){GROUP, NULL, root, 0});
	return p.list[roll(d, (unsigned)p.n)];
}

static Common__ConfigGroup *random_group(struct dice *d, Common__ConfigGroup *root)
{
	struct place at;

	do
		at = random_place(d, root);
	while (at.kind != GROUP);
	return at.group;
}

static uint64_t *version_at(const struct place *at)
{
	switch (at->kind) {
	case GROUP:
		return &at->group->version;
	case VALUE:
		return &at->in->values[at->index]->value->version;
	default:
		return &at->in->policies[at->index]->value->version;
	}
}

static char **mod_policy_at(const struct place *at)
{
	switch (at->kind) {
	case GROUP:
		return &at->group->mod_policy;
	case VALUE:
		return &at->in->values[at->index]->value->mod_policy;
	default:
		return &at->in->policies[at->index]->value->mod_policy;
	}
}

static char **key_at(const struct place *at)
{
	switch (at->kind) {
	case GROUP:
		return &at->in->groups[at->index]->key;
	case VALUE:
		return &at->in->values[at->index]->key;
	default:
		return &at->in->policies[at->index]->key;
	}
}

static void set_string(char **s, const char *to)
{
	if (*s != protobuf_c_empty_string)
		free(*s);
	*s = x_strdup(to);
}

/* Take entry @i out of a map. */
#define CUT(g, map, i)                                  \
	do {                                            \
		wire_free((g)->map[i]);                 \
		(g)->map[i] = (g)->map[--(g)->n_##map]; \
	} while (0)

static void drop(const struct place *at)
{
	if (!at->in)
		return;
	if (at->kind == GROUP)
		CUT(at->in, groups, at->index);
	else if (at->kind == VALUE)
		CUT(at->in, values, at->index);
	else
		CUT(at->in, policies, at->index);
}

/* A copy of a map entry, in @g under @key, unless there is one of that name. */
#define PASTE(g, map, entry, name)                                                                \
	do {                                                                                      \
		struct buf b_ = BUF_INIT;                                                         \
		struct ord_err e_ = ERR_INIT;                                                     \
		void *copy_ = NULL;                                                               \
		for (size_t i_ = 0; i_ < (g)->n_##map; i_++)                                      \
			if (strcmp((g)->map[i_]->key, name) == 0)                                 \
				return;                                                           \
		wire_pack(entry, &b_);                                                            \
		test_ok(wire_unpack((entry)->base.descriptor, buf_bytes(&b_), &copy_, &e_), &e_); \
		buf_fini(&b_);                                                                    \
		(g)->map = x_realloc((g)->map, ((g)->n_##map + 1) * sizeof(*(g)->map));           \
		(g)->map[(g)->n_##map] = copy_;                                                   \
		set_string(&(g)->map[(g)->n_##map]->key, name);                                   \
		(g)->n_##map++;                                                                   \
	} while (0)

static void paste(Common__ConfigGroup *to, const struct place *from, const char *key)
{
	if (!from->in)
		return;
	if (from->kind == GROUP)
		PASTE(to, groups, from->in->groups[from->index], key);
	else if (from->kind == VALUE)
		PASTE(to, values, from->in->values[from->index], key);
	else
		PASTE(to, policies, from->in->policies[from->index], key);
}

/* ---- changes to any tree ------------------------------------------------- */

typedef void (*change)(struct dice *d, Common__ConfigGroup *root);

static void change_version(struct dice *d, Common__ConfigGroup *root)
{
	static const uint64_t versions[] = {0, 1, 2, 7, UINT64_MAX - 1, UINT64_MAX};
	struct place at = random_place(d, root);

	*version_at(&at) = ROLL_OF(d, versions);
}

static void shift_version(struct dice *d, Common__ConfigGroup *root)
{
	struct place at = random_place(d, root);

	*version_at(&at) += roll(d, 2) ? 1 : UINT64_MAX;
}

static void change_mod_policy(struct dice *d, Common__ConfigGroup *root)
{
	static const char *const names[] = {"Admins",
					    "Readers",
					    "Writers",
					    "Extra",
					    "Nowhere",
					    "/Channel/Admins",
					    "/Channel/Application/Admins",
					    "/Channel/Orderer/Admins",
					    "/Channel/Application/Org1MSP/Admins",
					    "Org1MSP/Admins",
					    "Org2MSP/Readers",
					    "Application/Org1MSP/Admins",
					    "Orderer/Admins",
					    "/Elsewhere/Admins"};
	struct place at = random_place(d, root);

	set_string(mod_policy_at(&at), ROLL_OF(d, names));
}

static void bad_mod_policy(struct dice *d, Common__ConfigGroup *root)
{
	static const char *const names[] = {"",   "/",     "a//b",    "a/",
					    "..", "a/./b", "Ad mins", "b\xc3\xa4"};
	struct place at = random_place(d, root);

	set_string(mod_policy_at(&at), ROLL_OF(d, names));
}

static void bad_key(struct dice *d, Common__ConfigGroup *root)
{
	static const char *const keys[] = {"a_b", ".", "..", "a/b", " "};
	struct place at = random_place(d, root);

	if (at.in)
		set_string(key_at(&at), ROLL_OF(d, keys));
}

static void rename_one(struct dice *d, Common__ConfigGroup *root)
{
	static const char *const keys[] = {"Org1MSP", "Org2MSP",   "Org3MSP",    "Extra",
					   "Admins",  "BatchSize", "Endorsement"};
	struct place at = random_place(d, root);

	if (at.in) {
		paste(at.in, &at, ROLL_OF(d, keys));
		drop(&at);
	}
}

static void drop_one(struct dice *d, Common__ConfigGroup *root)
{
	struct place at = random_place(d, root);

	drop(&at);
}

static void copy_one(struct dice *d, Common__ConfigGroup *root)
{
	static const char *const keys[] = {"Org3MSP", "Extra", "Admins", "Readers"};
	struct place at = random_place(d, root);

	paste(random_group(d, root), &at, ROLL_OF(d, keys));
}

/* To another group, under its own name. */
static void move_one(struct dice *d, Common__ConfigGroup *root)
{
	struct place at = random_place(d, root);
	Common__ConfigGroup *to = random_group(d, root);

	if (!at.in)
		return;
	paste(to, &at, *key_at(&at));
	if (at.kind != GROUP) /* a group may be what it was moved into */
		drop(&at);
}

static void swap_policies(struct dice *d, Common__ConfigGroup *root)
{
	struct place a = random_place(d, root), b = random_place(d, root);
	Common__Policy *p;

	if (a.kind != POLICY || b.kind != POLICY)
		return;
	p = a.in->policies[a.index]->value->policy;
	a.in->policies[a.index]->value->policy = b.in->policies[b.index]->value->policy;
	b.in->policies[b.index]->value->policy = p;
}

static void put_rule(struct dice *d, Common__ConfigGroup *root)
{
	static const char *const subs[] = {"Admins", "Readers", "Writers", "Extra"};
	Common__ImplicitMetaPolicy meta = COMMON__IMPLICIT_META_POLICY__INIT;
	struct place at = random_place(d, root);
	Common__Policy *p;

	if (at.kind != POLICY || !(p = at.in->policies[at.index]->value->policy))
		return;
	meta.sub_policy = (char *)ROLL_OF(d, subs);
	meta.rule = (Common__ImplicitMetaPolicy__Rule)roll(d, 3);
	p->type = COMMON__POLICY__POLICY_TYPE__IMPLICIT_META;
	free(p->value.data);
	p->value = packed(&meta);
}

/* ---- changes that make sense only in a configuration --------------------- */

static Common__ConfigGroup *below(Common__ConfigGroup *g, const char *key)
{
	for (size_t i = 0; i < g->n_groups; i++)
		if (strcmp(g->groups[i]->key, key) == 0)
			return g->groups[i]->value;
	return NULL;
}

static void change_batch(struct dice *d, Common__ConfigGroup *root)
{
	Orderer__BatchSize size = ORDERER__BATCH_SIZE__INIT;
	Common__ConfigGroup *orderer = below(root, "Orderer");

	size.max_message_count = roll(d, 20);
	size.absolute_max_bytes = 1 << 20;
	size.preferred_max_bytes = 1 << (10 + roll(d, 12));
	if (orderer)
		put_value(orderer, "BatchSize", &size);
}

static void change_consensus(struct dice *d, Common__ConfigGroup *root)
{
	static const char *const types[] = {"solo", "kafka", "etcdraft", "other"};
	static const char *const metadata[] = {"", "", "\x0a\x00", "junk"};
	Orderer__ConsensusType type = ORDERER__CONSENSUS_TYPE__INIT;
	Common__ConfigGroup *orderer = below(root, "Orderer");

	type.type = (char *)(roll(d, 2) ? "solo" : ROLL_OF(d, types));
	type.state = (Orderer__ConsensusType__State)roll(d, roll(d, 8) ? 2 : 3);
	if (roll(d, 3) == 0)
		type.metadata = wire_binary(bytes_str(ROLL_OF(d, metadata)));
	if (orderer)
		put_value(orderer, "ConsensusType", &type);
}

static void change_capabilities(struct dice *d, Common__ConfigGroup *root)
{
	static const char *const sets[][3] = {
		{"V1_1"}, {"V1_4_2"}, {"V1_3", "V1_4_2"}, {"V1_4_3"}, {"V9"}};
	static const char *const groups[] = {"Orderer", "Application"};
	Common__ConfigGroup *g = roll(d, 3) ? below(root, ROLL_OF(d, groups)) : root;

	if (g)
		put_capabilities(g, sets[roll(d, UTIL_ARRAY_LEN(sets))]);
}

/* One organisation gets another's MSP, and so its id. */
static void change_msp(struct dice *d, Common__ConfigGroup *root)
{
	static const char *const groups[] = {"Orderer", "Application", "Consortiums"};
	Common__ConfigGroup *g = below(root, ROLL_OF(d, groups)), *from, *to;

	if (g && g->n_groups > 0 && g == below(root, "Consortiums"))
		g = g->groups[roll(d, (unsigned)g->n_groups)]->value;
	if (!g || g->n_groups == 0)
		return;
	from = g->groups[roll(d, (unsigned)g->n_groups)]->value;
	to = g->groups[roll(d, (unsigned)g->n_groups)]->value;
	for (size_t i = 0; from != to && i < from->n_values; i++)
		if (strcmp(from->values[i]->key, "MSP") == 0) {
			put_bytes(to, "MSP", wire_bytes(from->values[i]->value->value));
			return;
		}
}

static void drop_named(Common__ConfigGroup *g, const char *key)
{
	for (size_t i = 0; g && i < g->n_values; i++)
		if (strcmp(g->values[i]->key, key) == 0) {
			CUT(g, values, i);
			return;
		}
}

/* As a network of v1.0 is, where tools left mod_policy empty. */
static void change_to_v1_0(struct dice *d, Common__ConfigGroup *root)
{
	struct place at;

	drop_named(root, "Capabilities");
	drop_named(below(root, "Orderer"), "Capabilities");
	drop_named(below(root, "Application"), "Capabilities");
	at = random_place(d, root);
	set_string(mod_policy_at(&at), "");
}

static void empty_mod_policy(struct dice *d, Common__ConfigGroup *root)
{
	struct place at = random_place(d, root);

	set_string(mod_policy_at(&at), "");
}

/* ---- the whole ----------------------------------------------------------- */

static void apply(struct dice *d, const change *changes, size_t n, Common__ConfigGroup *root)
{
	changes[roll(d, (unsigned)n)](d, root);
}

#define APPLY(d, changes, root) apply(d, changes, UTIL_ARRAY_LEN(changes), root)

void random_config(struct dice *d, Common__Config *config)
{
	static const change changes[] = {change_version,     change_version, change_mod_policy,
					 change_mod_policy,  put_rule,       swap_policies,
					 copy_one,           drop_one,       change_batch,
					 change_consensus,   change_to_v1_0, empty_mod_policy,
					 change_capabilities};
	static const uint64_t sequences[] = {0, 3, UINT64_MAX};

	if (roll(d, 4) == 0)
		config->sequence = ROLL_OF(d, sequences);
	for (unsigned n = roll(d, 4); n > 0; n--)
		APPLY(d, changes, config->channel_group);
}

static Common__Config *copy_of(const Common__Config *config)
{
	struct buf b = BUF_INIT;
	Common__Config *copy = NULL;
	struct ord_err e = ERR_INIT;

	wire_pack(config, &b);
	test_ok(wire_unpack(&common__config__descriptor, buf_bytes(&b), &copy, &e), &e);
	buf_fini(&b);
	return copy;
}

static void spoil(struct dice *d, Common__ConfigUpdate *u)
{
	static const change changes[] = {
		shift_version,  shift_version,     shift_version,  drop_one, drop_one,
		change_version, change_mod_policy, bad_mod_policy, bad_key,  rename_one,
		copy_one,       move_one,          swap_policies};
	Common__ConfigGroup **set = roll(d, 3) ? &u->write_set : &u->read_set;

	if (roll(d, 16) == 0) {
		wire_free(*set);
		*set = NULL;
	} else if (roll(d, 32) == 0) {
		set_string(&u->channel_id, "another");
	} else if (*set) {
		APPLY(d, changes, *set);
	}
}

Common__ConfigUpdate *random_update(struct dice *d, const char *channel_id,
				    const Common__Config *config)
{
	static const change changes[] = {change_batch,     change_batch,      change_consensus,
					 change_consensus, change_mod_policy, put_rule,
					 swap_policies,    copy_one,          drop_one,
					 move_one,         change_msp,        change_capabilities,
					 rename_one};
	Common__Config *to = copy_of(config);
	Common__ConfigUpdate *u = NULL;
	struct ord_err e = ERR_INIT;

	for (unsigned n = 1 + roll(d, 2); n > 0; n--)
		APPLY(d, changes, to->channel_group);
	while (chanconf_compute_update(channel_id, config, to, &u, &e) < 0)
		APPLY(d, changes, to->channel_group);
	wire_free(to);
	for (unsigned n = roll(d, 2) ? 0 : 1 + roll(d, 2); n > 0; n--)
		spoil(d, u);
	return u;
}

void random_request(struct dice *d, Common__ConfigUpdate *honest)
{
	for (unsigned n = roll(d, 3); n > 0; n--)
		spoil(d, honest);
}
