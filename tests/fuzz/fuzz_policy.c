/* SPDX-License-Identifier: Apache-2.0 */
/* The first byte says what the others are: a policy expression, an implicit-meta rule, or the value
 * of a policy.  Whatever the parsers make compiles, and whatever compiles can be evaluated. */
#include "fuzz.h"
#include <policy/policy.h>
#include <stdlib.h>

/* Compile a policy of @type with @value at the root, with a child, and ask it. */
static int compile_and_ask(struct msp_set *msps, int type, struct ord_bytes value,
			   struct ord_err *e)
{
	Common__Policy policy = COMMON__POLICY__INIT;
	Common__ConfigPolicy config = COMMON__CONFIG_POLICY__INIT;
	Common__ConfigGroup__PoliciesEntry entry = COMMON__CONFIG_GROUP__POLICIES_ENTRY__INIT,
					   *entries[] = {&entry};
	Common__ConfigGroup__GroupsEntry child = COMMON__CONFIG_GROUP__GROUPS_ENTRY__INIT,
					 *children[] = {&child};
	Common__ConfigGroup root = COMMON__CONFIG_GROUP__INIT, below = COMMON__CONFIG_GROUP__INIT;
	struct policy_signed sigs[5] = {{.identity = bytes_str("nobody")}};
	struct policy_node *tree = NULL;
	int rc;

	policy.type = type;
	policy.value = wire_binary(value);
	config.policy = &policy;
	entry.key = "P";
	entry.value = &config;
	child.key = "Org";
	child.value = &below;
	root.n_policies = below.n_policies = 1;
	root.policies = below.policies = entries;
	root.n_groups = 1;
	root.groups = children;
	rc = policy_tree_new(msps, "/Channel", &root, &tree, e);
	if (rc == 0) {
		policy_evaluate(policy_find(tree, "P"), "P", msps, sigs, 5, e);
		policy_evaluate(policy_find(tree, "Org/P"), "P", msps, sigs, 1, e);
	}
	policy_tree_free(tree);
	return rc;
}

static void expression(struct msp_set *msps, const char *text)
{
	Common__SignaturePolicyEnvelope *env = NULL;
	struct ord_err e = ERR_INIT;
	struct buf packed = BUF_INIT;

	if (policy_from_expression(text, &env, &e) < 0) {
		util_assert(e.code < 0 && e.msg[0] && !env);
		return;
	}
	wire_pack(env, &packed);
	util_assert(compile_and_ask(msps, COMMON__POLICY__POLICY_TYPE__SIGNATURE,
				    buf_bytes(&packed), &e) == 0);
	buf_fini(&packed);
	wire_free(env);
}

static void implicit(struct msp_set *msps, const char *text)
{
	Common__ImplicitMetaPolicy *meta = NULL;
	struct ord_err e = ERR_INIT;
	struct buf packed = BUF_INIT;

	if (policy_from_implicit(text, &meta, &e) < 0) {
		util_assert(e.code < 0 && e.msg[0] && !meta);
		return;
	}
	wire_pack(meta, &packed);
	/* a name of no UTF-8 does not go through the scan */
	compile_and_ask(msps, COMMON__POLICY__POLICY_TYPE__IMPLICIT_META, buf_bytes(&packed), &e);
	buf_fini(&packed);
	wire_free(meta);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct ord_err e = ERR_INIT;
	struct msp_set *msps;
	char *text;

	if (size == 0)
		return 0;
	log_set_spec("fatal", &e);
	msps = msp_set_new(MSP_V1_4_3);
	text = x_strndup((const char *)data + 1, size - 1);
	if (data[0] == 'e')
		expression(msps, text);
	else if (data[0] == 'i')
		implicit(msps, text);
	else
		compile_and_ask(msps, data[0], bytes_of(data + 1, size - 1), &e);
	free(text);
	msp_set_free(msps);
	return 0;
}
