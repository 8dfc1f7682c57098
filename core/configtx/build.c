/* SPDX-License-Identifier: Apache-2.0 */
/* Building config groups: what configtxgen's encoder adds values and policies with. */
#include "configtx_priv.h"
#include <stdlib.h>

static struct log_logger logger = LOG_LOGGER("common.tools.configtxgen.encoder");

/* What @msg packs to; heap. */
static ProtobufCBinaryData packed(const void *msg)
{
	struct buf b = BUF_INIT;

	wire_pack(msg, &b);
	return wire_binary(buf_bytes(&b));
}

Common__ConfigGroup *configtx_group_new(void)
{
	Common__ConfigGroup *g = x_alloc(sizeof(*g));

	common__config_group__init(g);
	g->mod_policy = x_strdup("Admins");
	return g;
}

void configtx_add_group(Common__ConfigGroup *g, const char *key, Common__ConfigGroup *take)
{
	Common__ConfigGroup__GroupsEntry *entry;

	for (size_t i = 0; i < g->n_groups; i++)
		if (strcmp(g->groups[i]->key, key) == 0) {
			wire_free(g->groups[i]->value);
			g->groups[i]->value = take;
			return;
		}
	entry = x_alloc(sizeof(*entry));
	common__config_group__groups_entry__init(entry);
	entry->key = x_strdup(key);
	entry->value = take;
	g->groups = x_realloc(g->groups, (g->n_groups + 1) * sizeof(entry));
	g->groups[g->n_groups++] = entry;
}

void configtx_add_value(Common__ConfigGroup *g, const char *key, const void *msg,
			const char *mod_policy)
{
	Common__ConfigGroup__ValuesEntry *entry = x_alloc(sizeof(*entry));

	common__config_group__values_entry__init(entry);
	entry->key = x_strdup(key);
	entry->value = x_alloc(sizeof(*entry->value));
	common__config_value__init(entry->value);
	entry->value->mod_policy = x_strdup(mod_policy);
	entry->value->value = packed(msg);
	for (size_t i = 0; i < g->n_values; i++)
		if (strcmp(g->values[i]->key, key) == 0) {
			wire_free(g->values[i]);
			g->values[i] = entry;
			return;
		}
	g->values = x_realloc(g->values, (g->n_values + 1) * sizeof(entry));
	g->values[g->n_values++] = entry;
}

void configtx_add_policy(Common__ConfigGroup *g, const char *key, Common__Policy__PolicyType type,
			 const void *msg, const char *mod_policy)
{
	Common__ConfigGroup__PoliciesEntry *entry = x_alloc(sizeof(*entry));
	Common__ConfigPolicy *value = x_alloc(sizeof(*value));

	common__config_group__policies_entry__init(entry);
	entry->key = x_strdup(key);
	entry->value = value;
	common__config_policy__init(value);
	value->mod_policy = x_strdup(mod_policy);
	value->policy = x_alloc(sizeof(*value->policy));
	common__policy__init(value->policy);
	value->policy->type = (int32_t)type;
	value->policy->value = packed(msg);
	g->policies = x_realloc(g->policies, (g->n_policies + 1) * sizeof(entry));
	g->policies[g->n_policies++] = entry;
}

/* ---- policies ------------------------------------------------------------ */

void configtx_add_implicit(Common__ConfigGroup *g, const char *key, const char *rule)
{
	Common__ImplicitMetaPolicy *m = NULL;
	int rc = policy_from_implicit(rule, &m, NULL);

	util_assert(rc == 0);
	configtx_add_policy(g, key, COMMON__POLICY__POLICY_TYPE__IMPLICIT_META, m, "Admins");
	wire_free(m);
}

static void add_role(Common__ConfigGroup *g, const char *key, const char *mspid,
		     Msp__MSPRole__MSPRoleType type)
{
	Common__SignaturePolicyEnvelope env = COMMON__SIGNATURE_POLICY_ENVELOPE__INIT;
	Common__SignaturePolicy signed_by = COMMON__SIGNATURE_POLICY__INIT,
				one_of = COMMON__SIGNATURE_POLICY__INIT, *rules[] = {&signed_by};
	Common__SignaturePolicy__NOutOf n_out_of = COMMON__SIGNATURE_POLICY__NOUT_OF__INIT;
	Msp__MSPPrincipal principal = MSP__MSPPRINCIPAL__INIT, *identities[] = {&principal};
	Msp__MSPRole role = MSP__MSPROLE__INIT;

	role.msp_identifier = (char *)mspid;
	role.role = type;
	principal.principal_classification = MSP__MSPPRINCIPAL__CLASSIFICATION__ROLE;
	principal.principal = packed(&role);
	signed_by.type_case = COMMON__SIGNATURE_POLICY__TYPE_SIGNED_BY;
	n_out_of.n = 1;
	n_out_of.n_rules = 1;
	n_out_of.rules = rules;
	one_of.type_case = COMMON__SIGNATURE_POLICY__TYPE_N_OUT_OF;
	one_of.n_out_of = &n_out_of;
	env.rule = &one_of;
	env.n_identities = 1;
	env.identities = identities;
	configtx_add_policy(g, key, COMMON__POLICY__POLICY_TYPE__SIGNATURE, &env, "Admins");
	free(principal.principal.data);
}

void configtx_add_org_defaults(Common__ConfigGroup *g, const char *mspid, bool members_are_admins)
{
	if (members_are_admins)
		log_warn(&logger,
			 "Specifying AdminPrincipal is deprecated and will be removed in a future "
			 "release, override the admin principal with explicit policies.");
	add_role(g, "Admins", mspid,
		 members_are_admins ? MSP__MSPROLE__MSPROLE_TYPE__MEMBER
				    : MSP__MSPROLE__MSPROLE_TYPE__ADMIN);
	add_role(g, "Readers", mspid, MSP__MSPROLE__MSPROLE_TYPE__MEMBER);
	add_role(g, "Writers", mspid, MSP__MSPROLE__MSPROLE_TYPE__MEMBER);
}

static int add_declared(Common__ConfigGroup *g, const struct yaml *policy, struct ord_err *e)
{
	const char *type = configtx_text(policy, "Type", "");
	const char *rule = configtx_text(policy, "Rule", "");
	Common__SignaturePolicyEnvelope *signature = NULL;
	Common__ImplicitMetaPolicy *implicit = NULL;
	struct ord_err why;

	if (strcmp(type, "ImplicitMeta") == 0) {
		if (policy_from_implicit(rule, &implicit, &why) < 0)
			return yaml_fail(policy, e, "invalid implicit meta policy rule '%s': %s",
					 rule, why.msg);
		configtx_add_policy(g, policy->key, COMMON__POLICY__POLICY_TYPE__IMPLICIT_META,
				    implicit, "Admins");
		wire_free(implicit);
		return 0;
	}
	if (strcmp(type, "Signature") != 0)
		return yaml_fail(policy, e,
				 "unknown policy type: %s, expected Signature or ImplicitMeta",
				 type);
	if (policy_from_expression(rule, &signature, &why) < 0)
		return yaml_fail(policy, e, "invalid signature policy rule '%s': %s", rule,
				 why.msg);
	configtx_add_policy(g, policy->key, COMMON__POLICY__POLICY_TYPE__SIGNATURE, signature,
			    "Admins");
	wire_free(signature);
	return 0;
}

int configtx_add_policies(Common__ConfigGroup *g, const struct yaml *policies, struct ord_err *e)
{
	int rc = 0;

	for (size_t i = 0; i < policies->n && rc == 0; i++)
		rc = add_declared(g, policies->items[i], e);
	return rc;
}

/* ---- values -------------------------------------------------------------- */

/* Those that are true; the value is there as soon as any is named. */
void configtx_add_capabilities(Common__ConfigGroup *g, const struct yaml *caps)
{
	Common__Capabilities msg = COMMON__CAPABILITIES__INIT;
	Common__Capabilities__CapabilitiesEntry *entries;
	Common__Capability empty = COMMON__CAPABILITY__INIT;

	if (!caps || caps->n == 0)
		return;
	entries = x_alloc(caps->n * sizeof(*entries));
	msg.capabilities = x_alloc(caps->n * sizeof(*msg.capabilities));
	for (size_t i = 0; i < caps->n; i++) {
		const struct yaml *cap = caps->items[i];
		Common__Capabilities__CapabilitiesEntry *entry = &entries[i];

		if (cap->kind == YAML_NULL || bool_parse(cap->text) != 1)
			continue;
		common__capabilities__capabilities_entry__init(entry);
		entry->key = cap->key;
		entry->value = &empty;
		msg.capabilities[msg.n_capabilities++] = entry;
	}
	configtx_add_value(g, "Capabilities", &msg, "Admins");
	free(msg.capabilities);
	free(entries);
}

char **configtx_texts(const struct yaml *list, size_t *n)
{
	char **texts = x_alloc((list->n + 1) * sizeof(*texts));

	*n = 0;
	for (size_t i = 0; i < list->n; i++)
		if (list->items[i]->kind == YAML_SCALAR)
			texts[(*n)++] = list->items[i]->text;
	return texts;
}
