/* SPDX-License-Identifier: Apache-2.0 */
/* Requests made of a profile.  Organisations are foreign where their MSPs do not matter. */
#include "../chanconf/chanconf_test.h"
#include "../files.h"
#include <configtx/configtx.h>

static char *dir, *own_yaml;

#define ORG(name) "{Name: " name ", ID: " name "MSP, SkipAsForeign: true}"
#define SYSTEM                                             \
	"  S:\n"                                           \
	"    Orderer: {BatchSize: {MaxMessageCount: 7}}\n" \
	"    Consortiums: {C: {Organizations: [" ORG("A") ", " ORG("B") "]}}\n"

static void write_yaml(const char *yaml)
{
	struct ord_err e = ERR_INIT;

	test_ok(file_write_atomic(own_yaml, bytes_str(yaml), 0600, &e), &e);
}

/* The update in an envelope. */
static Common__ConfigUpdate *opened(struct buf *envelope)
{
	Common__ConfigUpdateEnvelope *msg;
	Common__ConfigUpdate *update;
	struct ord_env *env;
	struct ord_err e = ERR_INIT;

	test_ok(env_parse(buf_bytes(envelope), &env, &e), &e);
	assert_true(env->header_ok);
	test_ok(wire_unpack(&common__config_update_envelope__descriptor, env->data, &msg, &e), &e);
	test_ok(wire_unpack(&common__config_update__descriptor, wire_bytes(msg->config_update),
			    &update, &e),
		&e);
	assert_string_equal(update->channel_id, env->channel_id);
	wire_free(msg);
	env_unref(env);
	buf_fini(envelope);
	return update;
}

static Common__ConfigUpdate *request(const char *yaml, const char *base, char *const *environment)
{
	struct buf out = BUF_INIT;
	struct ord_err e = ERR_INIT;

	write_yaml(yaml);
	test_ok(configtx_channel_tx(own_yaml, "P", base, "c", environment, &out, &e), &e);
	return opened(&out);
}

static const Common__ConfigGroup *child(const Common__ConfigGroup *g, const char *key)
{
	for (size_t i = 0; i < g->n_groups; i++)
		if (strcmp(g->groups[i]->key, key) == 0)
			return g->groups[i]->value;
	return NULL;
}

static const Common__ConfigValue *value(const Common__ConfigGroup *g, const char *key)
{
	for (size_t i = 0; i < g->n_values; i++)
		if (strcmp(g->values[i]->key, key) == 0)
			return g->values[i]->value;
	return NULL;
}

/* ---- channels ------------------------------------------------------------ */

static void a_request_sets_the_application_only(void **state)
{
	static const char yaml[] = "Profiles:\n"
				   "  P:\n"
				   "    Consortium: C\n"
				   "    Orderer: {BatchSize: {MaxMessageCount: 8}}\n"
				   "    Application: {Organizations: [" ORG("A") "]}\n";
	Common__ConfigUpdate *u = request(yaml, NULL, NULL);
	const Common__ConfigGroup *app = child(u->write_set, "Application");

	(void)state;
	assert_int_equal(u->write_set->n_groups, 1);
	assert_int_equal(u->write_set->version, 0);
	assert_int_equal(app->version, 1);
	assert_int_equal(app->n_policies, 3);
	for (size_t i = 0; i < app->n_policies; i++)
		assert_int_equal(app->policies[i]->value->version, 0);
	assert_int_equal(child(app, "A")->version, 0);
	assert_int_equal(child(u->read_set, "Application")->version, 0);
	assert_int_equal(value(u->read_set, "Consortium")->value.len, 0);
	assert_int_equal(value(u->write_set, "Consortium")->value.len, 3);
	wire_free(u);
}

/* Against the system channel's profile, another batch size is news; the same one is not. */
static void a_request_on_a_base_sets_what_differs(void **state)
{
	static const char yaml[] = "Profiles:\n" SYSTEM "  P:\n"
				   "    Consortium: C\n"
				   "    Orderer: {BatchSize: {MaxMessageCount: 8}}\n"
				   "    Application: {Organizations: [" ORG("A") "]}\n";
	static char *const environment[] = {"CONFIGTX_ORDERER_BATCHSIZE_MAXMESSAGECOUNT=8", NULL};
	Common__ConfigUpdate *u = request(yaml, "S", NULL);
	const Common__ConfigGroup *orderer = child(u->write_set, "Orderer");

	(void)state;
	assert_non_null(orderer);
	assert_int_equal(orderer->n_values, 1);
	assert_int_equal(value(orderer, "BatchSize")->version, 1);
	assert_int_equal(child(u->write_set, "Application")->version, 1);
	assert_null(child(u->write_set, "Consortiums"));
	assert_non_null(value(u->write_set, "Consortium"));
	wire_free(u);

	u = request(yaml, "S", environment); /* of both profiles */
	assert_null(child(u->write_set, "Orderer"));
	wire_free(u);
}

static void refused(const char *yaml, const char *base, const char *want)
{
	struct buf out = BUF_INIT;
	struct ord_err e = ERR_INIT;

	write_yaml(yaml);
	assert_true(configtx_channel_tx(own_yaml, "P", base, "c", NULL, &out, &e) < 0);
	assert_int_equal(out.len, 0);
	if (!strstr(e.msg, want))
		assert_string_equal(e.msg, want);
}

static void what_makes_no_channel_is_refused(void **state)
{
	struct buf out = BUF_INIT;
	struct ord_err e = ERR_INIT;

	(void)state;
	refused("Profiles: {P: {Consortium: C}}\n", NULL,
		":1: cannot define a new channel with no Application section");
	refused("Profiles: {P: {Application: {}}}\n", NULL,
		":1: cannot define a new channel with no Consortium value");
	refused("Profiles: {P: {Consortium: C, Application: {}}}\n", "Q",
		": Could not find profile: Q");
	refused("Profiles: {P: {Consortium: C, Application: {}}}\n", "P",
		"profile P does not appear to be of a system channel (missing consortiums group)");
	refused("Profiles:\n" SYSTEM "  P: {Consortium: D, Application: {}}\n", "S",
		"profile S is missing 'D' consortium");
	refused("Profiles:\n" SYSTEM
		"  P: {Consortium: C, Application: {Organizations: [" ORG("X") "]}}\n",
		"S", ":5: consortium C does not contain member org X");
	test_fails(configtx_channel_tx(own_yaml, "P", NULL, "Bad", NULL, &out, &e), &e, ORD_EINVAL,
		   "bad channel ID: channel ID 'Bad' contains illegal characters");
}

static void a_foreign_organisation_has_no_genesis_block(void **state)
{
	struct ord_block *b = NULL;
	struct ord_err e = ERR_INIT;
	char *want = x_printf("%s:4: all org definitions must be local during bootstrapping: "
			      "organization 'A' is marked to be skipped as foreign",
			      own_yaml);

	(void)state;
	write_yaml("Profiles:\n" SYSTEM);
	test_fails(configtx_genesis(own_yaml, "S", "c", NULL, &b, &e), &e, ORD_EINVAL, want);
	free(want);
}

/* ---- anchor peers -------------------------------------------------------- */

#define ANCHORED                                                                 \
	"Profiles:\n"                                                            \
	"  P:\n"                                                                 \
	"    Application:\n"                                                     \
	"      Organizations:\n"                                                 \
	"        - Name: Alpha\n"                                                \
	"          AnchorPeers: [{Host: h, Port: 7}]\n"                          \
	"          Policies: {Admins: {Type: ImplicitMeta, Rule: ANY Admins},\n" \
	"                     Mine: {Type: ImplicitMeta, Rule: ANY Admins}}\n"   \
	"        - {Name: Beta, AnchorPeers: [{Host: i, Port: 8}]}\n"            \
	"        - {Name: None}\n"

static Common__ConfigUpdate *anchors(const char *org)
{
	struct buf out = BUF_INIT;
	struct ord_err e = ERR_INIT;

	write_yaml(ANCHORED);
	test_ok(configtx_anchor_peers(own_yaml, "P", "c", org, NULL, &out, &e), &e);
	return opened(&out);
}

static size_t named(const Common__ConfigGroup *g, const char *policy)
{
	size_t n = 0;

	for (size_t i = 0; i < g->n_policies; i++)
		n += strcmp(g->policies[i]->key, policy) == 0;
	return n;
}

/* What the new version of a group does not name is deleted from it. */
static void an_anchor_update_keeps_every_policy(void **state)
{
	Common__ConfigUpdate *u = anchors("Alpha");
	const Common__ConfigGroup *org = child(child(u->write_set, "Application"), "Alpha");

	(void)state;
	assert_int_equal(org->version, 1);
	assert_int_equal(org->n_policies, 2);
	assert_int_equal(named(org, "Admins") + named(org, "Mine"), 2);
	assert_int_equal(org->n_values, 2);
	assert_non_null(value(org, "MSP"));
	assert_int_equal(value(org, "AnchorPeers")->value.len, 7);
	org = child(child(u->read_set, "Application"), "Alpha");
	assert_int_equal(org->version, 0);
	assert_int_equal(org->n_policies, 2);
	assert_null(value(org, "AnchorPeers"));
	wire_free(u);

	u = anchors("Beta"); /* declares none, and so got the usual ones */
	org = child(child(u->write_set, "Application"), "Beta");
	assert_int_equal(named(org, "Admins") + named(org, "Readers") + named(org, "Writers"), 3);
	wire_free(u);
}

static void anchors_refused(const char *yaml, const char *org, const char *want)
{
	struct buf out = BUF_INIT;
	struct ord_err e = ERR_INIT;
	char *whole = x_printf("%s:%s", own_yaml, want);

	write_yaml(yaml);
	test_fails(configtx_anchor_peers(own_yaml, "P", "c", org, NULL, &out, &e), &e, ORD_EINVAL,
		   whole);
	free(whole);
}

static void what_has_no_anchor_peers_is_refused(void **state)
{
	(void)state;
	anchors_refused("Profiles: {P: {Consortium: C}}\n", "A",
			"1: cannot update anchor peers without an application section");
	anchors_refused(ANCHORED, "Alfa",
			"3: org with name 'Alfa' does not exist in config, did you mean Alpha?");
	anchors_refused(ANCHORED, "None", "10: org 'None' does not have any anchor peers defined");
}

static int setup(void **state)
{
	(void)state;
	dir = test_dir();
	own_yaml = x_printf("%s/configtx.yaml", dir);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	test_rmdir(dir);
	free(own_yaml);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_request_sets_the_application_only),
		cmocka_unit_test(a_request_on_a_base_sets_what_differs),
		cmocka_unit_test(what_makes_no_channel_is_refused),
		cmocka_unit_test(a_foreign_organisation_has_no_genesis_block),
		cmocka_unit_test(an_anchor_update_keeps_every_policy),
		cmocka_unit_test(what_has_no_anchor_peers_is_refused),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
