/* SPDX-License-Identifier: Apache-2.0 */
/* What may stand in configtx.yaml (spec 7.3): every key of every section, and the form of its
 * value; and the environment that overrides a profile. */
#include "configtx_priv.h"
#include <ctype.h>
#include <stdlib.h>
#include <strings.h>

static struct log_logger logger = LOG_LOGGER("common.tools.configtxgen.localconfig");

enum form {
	STRUCT, /* a map with known keys */
	MAP,    /* a map with keys of the user's */
	LIST,
	STRING,
	UINT32, /* also "10 MB" */
	UINT64,
	INT32,
	BOOL,
	DURATION
};

struct field;
struct schema {
	enum form form;
	const struct field *fields; /* of a struct; ends with key == NULL */
	const struct schema *of;    /* of a map or list */
};
struct field {
	const char *key;
	const struct schema *schema;
};

#define MAX_FIELDS 16

static const struct schema string = {STRING, NULL, NULL}, uint_32 = {UINT32, NULL, NULL},
			   uint_64 = {UINT64, NULL, NULL}, int_32 = {INT32, NULL, NULL},
			   boolean = {BOOL, NULL, NULL}, duration = {DURATION, NULL, NULL};
static const struct schema strings = {LIST, NULL, &string}, string_map = {MAP, NULL, &string},
			   flags = {MAP, NULL, &boolean}, flag_sets = {MAP, NULL, &flags};

#define STRUCT_SCHEMA(name, ...)                                                 \
	static const struct field name##_fields[] = {__VA_ARGS__, {NULL, NULL}}; \
	static const struct schema name = {STRUCT, name##_fields, NULL}

STRUCT_SCHEMA(policy, {"Type", &string}, {"Rule", &string});
static const struct schema policies = {MAP, NULL, &policy};

STRUCT_SCHEMA(anchor_peer, {"Host", &string}, {"Port", &int_32});
static const struct schema anchor_peers = {LIST, NULL, &anchor_peer};

STRUCT_SCHEMA(organization, {"Name", &string}, {"ID", &string}, {"MSPDir", &string},
	      {"MSPType", &string}, {"Policies", &policies}, {"AnchorPeers", &anchor_peers},
	      {"OrdererEndpoints", &strings}, {"AdminPrincipal", &string},
	      {"SkipAsForeign", &boolean});
static const struct schema organizations = {LIST, NULL, &organization};

STRUCT_SCHEMA(resources, {"DefaultModPolicy", &string});

STRUCT_SCHEMA(application, {"Organizations", &organizations}, {"Capabilities", &flags},
	      {"Resources", &resources}, {"Policies", &policies}, {"ACLs", &string_map});

STRUCT_SCHEMA(batch_size, {"MaxMessageCount", &uint_32}, {"AbsoluteMaxBytes", &uint_32},
	      {"PreferredMaxBytes", &uint_32});
STRUCT_SCHEMA(kafka, {"Brokers", &strings}, {"ExactlyOnce", &boolean});
STRUCT_SCHEMA(consenter, {"Host", &string}, {"Port", &uint_32}, {"ClientTLSCert", &string},
	      {"ServerTLSCert", &string});
static const struct schema consenters = {LIST, NULL, &consenter};
STRUCT_SCHEMA(raft_options, {"TickInterval", &string}, {"ElectionTick", &uint_32},
	      {"HeartbeatTick", &uint_32}, {"MaxInflightBlocks", &uint_32},
	      {"SnapshotIntervalSize", &uint_32});
STRUCT_SCHEMA(etcdraft, {"Consenters", &consenters}, {"Options", &raft_options});

STRUCT_SCHEMA(orderer, {"OrdererType", &string}, {"Addresses", &strings},
	      {"BatchTimeout", &duration}, {"BatchSize", &batch_size}, {"Kafka", &kafka},
	      {"EtcdRaft", &etcdraft}, {"Organizations", &organizations}, {"MaxChannels", &uint_64},
	      {"Capabilities", &flags}, {"Policies", &policies});

STRUCT_SCHEMA(consortium, {"Organizations", &organizations});
static const struct schema consortiums = {MAP, NULL, &consortium};

STRUCT_SCHEMA(profile, {"Consortium", &string}, {"Application", &application},
	      {"Orderer", &orderer}, {"Consortiums", &consortiums}, {"Capabilities", &flags},
	      {"Policies", &policies});
static const struct schema profiles = {MAP, NULL, &profile};

STRUCT_SCHEMA(top_level, {"Profiles", &profiles}, {"Organizations", &organizations},
	      {"Channel", &profile}, {"Application", &application}, {"Orderer", &orderer},
	      {"Capabilities", &flag_sets}, {"Resources", &resources});

/* ---- scalars ------------------------------------------------------------- */

/* "10 MB" to bytes; false when it is no size, with *overflow when it is beyond 32 bits. */
static bool byte_size(const char *text, uint64_t *out, bool *overflow)
{
	static const char units[] = "kmg";
	size_t digits = strspn(text, "0123456789");
	const char *unit = text + digits, *which;

	*overflow = false;
	while (isspace((unsigned char)*unit))
		unit++;
	which = *unit ? strchr(units, tolower((unsigned char)*unit)) : NULL;
	if (!which || strcasecmp(unit + 1, unit[1] ? "b" : "") != 0)
		return false;
	*overflow = !decimal_parse(bytes_of(text, digits), UINT32_MAX, out) ||
		    __builtin_mul_overflow(*out, UINT64_C(1024) << (10 * (which - units)), out) ||
		    *out > UINT32_MAX;
	return digits > 0 && !*overflow;
}

const char *configtx_text(const struct yaml *map, const char *key, const char *fallback)
{
	const struct yaml *v = yaml_get(map, key);

	return v && v->text[0] ? v->text : fallback;
}

uint64_t configtx_number(const struct yaml *map, const char *key, uint64_t fallback)
{
	const struct yaml *v = yaml_get(map, key);
	uint64_t n = 0;
	bool overflow;

	if (v && !byte_size(v->text, &n, &overflow))
		n = strtoull(v->text, NULL, 10);
	return n ? n : fallback;
}

static int check_uint32(const struct yaml *node, struct ord_err *e)
{
	uint64_t v;
	bool overflow;

	if (decimal_parse(bytes_str(node->text), UINT32_MAX, &v) ||
	    byte_size(node->text, &v, &overflow))
		return 0;
	if (overflow || decimal_parse(bytes_str(node->text), UINT64_MAX, &v))
		return yaml_fail(node, e, "value '%s' overflows uint32", node->text);
	return yaml_fail(node, e, "'%s' is not a number or a size such as 10 MB", node->text);
}

static int check_scalar(const struct yaml *node, enum form form, struct ord_err *e)
{
	struct ord_err why;
	uint64_t u;
	int64_t ns;

	switch (form) {
	case UINT32:
		return check_uint32(node, e);
	case UINT64:
		if (!decimal_parse(bytes_str(node->text), UINT64_MAX, &u))
			return yaml_fail(node, e, "'%s' is not a number", node->text);
		return 0;
	case INT32:
		if (!decimal_parse(bytes_str(node->text), INT32_MAX, &u))
			return yaml_fail(node, e, "'%s' is not a number", node->text);
		return 0;
	case BOOL:
		if (bool_parse(node->text) < 0)
			return yaml_fail(node, e, "'%s' is neither true nor false", node->text);
		return 0;
	case DURATION:
		if (duration_parse(node->text, &ns, &why) < 0)
			return yaml_fail(node, e, "%s, expected one such as 2s", why.msg);
		return 0;
	default:
		return 0;
	}
}

/* ---- structure ----------------------------------------------------------- */

static const struct field *field_of(const struct schema *schema, const char *key)
{
	const struct field *f = schema->fields;

	while (f->key && strcasecmp(f->key, key) != 0)
		f++;
	return f->key ? f : NULL;
}

static int fail_unknown(const struct yaml *node, const struct schema *schema, struct ord_err *e)
{
	const char *names[MAX_FIELDS], *nearest;
	size_t n = 0;

	for (const struct field *f = schema->fields; f->key && n < MAX_FIELDS - 1; f++)
		names[n++] = f->key;
	names[n] = NULL;
	nearest = err_nearest(node->key, names);
	if (nearest)
		return yaml_fail(node, e, "unknown key %s, did you mean %s?", node->key, nearest);
	return yaml_fail(node, e, "unknown key %s", node->key);
}

static int check(struct yaml *node, const struct schema *schema, struct ord_err *e);

static int check_struct(struct yaml *node, const struct schema *schema, struct ord_err *e)
{
	int rc = 0;

	if (node->kind != YAML_MAP)
		return yaml_fail(node, e, "expected a map with the key %s and the like",
				 schema->fields->key);
	for (size_t i = 0; i < node->n && rc == 0; i++) {
		struct yaml *item = node->items[i];
		const struct field *f = field_of(schema, item->key);

		if (!f)
			return fail_unknown(item, schema, e);
		memcpy(item->key, f->key, strlen(f->key)); /* the same but for case */
		for (size_t k = 0; k < i; k++)
			if (strcmp(node->items[k]->key, f->key) == 0)
				return yaml_fail(item, e, "key %s is given twice", f->key);
		rc = check(item, f->schema, e);
	}
	return rc;
}

/* @text without the spaces around it; cut in place. */
static char *trim(char *text)
{
	size_t n;

	text += strspn(text, " \t");
	for (n = strlen(text); n > 0 && strchr(" \t", text[n - 1]); n--)
		text[n - 1] = '\0';
	return text;
}

/* "[a, b]", as the environment has lists, or a single value. */
static void scalar_to_list(struct yaml *node)
{
	char *text = node->text, *rest = text, *part;
	size_t len = strlen(text);
	bool several = len > 1 && text[0] == '[' && text[len - 1] == ']';

	if (several) {
		text[len - 1] = '\0';
		rest++;
	}
	node->kind = YAML_LIST;
	node->text = NULL;
	node->items = x_alloc((len + 1) * sizeof(*node->items));
	while ((part = several ? strsep(&rest, ",") : rest)) {
		struct yaml *item = x_alloc(sizeof(*item));

		item->kind = YAML_SCALAR;
		item->text = x_strdup(trim(part));
		item->file = node->file;
		item->line = node->line;
		node->items[node->n++] = item;
		if (!several)
			break;
	}
	free(text);
}

static int check_items(struct yaml *node, const struct schema *schema, struct ord_err *e)
{
	int rc = 0;

	if (schema->form == LIST && node->kind == YAML_SCALAR)
		scalar_to_list(node);
	if (node->kind != (schema->form == LIST ? YAML_LIST : YAML_MAP))
		return yaml_fail(node, e, "expected a %s", schema->form == LIST ? "list" : "map");
	for (size_t i = 0; i < node->n && rc == 0; i++)
		rc = check(node->items[i], schema->of, e);
	return rc;
}

static int check(struct yaml *node, const struct schema *schema, struct ord_err *e)
{
	if (node->kind == YAML_NULL)
		return 0;
	switch (schema->form) {
	case STRUCT:
		return check_struct(node, schema, e);
	case MAP:
	case LIST:
		return check_items(node, schema, e);
	default:
		if (node->kind != YAML_SCALAR)
			return yaml_fail(node, e, "expected a single value");
		return check_scalar(node, schema->form, e);
	}
}

/* configtxgen takes the last one: so keys are expected behind the << that they override. */
static void warn_before_merge(const struct yaml *node)
{
	if (node->before_merge)
		log_warn(&logger,
			 "%s:%u: %s stands before << and wins over the merged %s; configtxgen "
			 "takes the merged one",
			 node->file, node->line, node->key, node->key);
	for (size_t i = 0; i < node->n; i++)
		warn_before_merge(node->items[i]);
}

int configtx_check(struct yaml *root, struct ord_err *e)
{
	if (root->kind != YAML_MAP)
		return yaml_fail(root, e, "not a map of sections");
	warn_before_merge(root);
	return check(root, &top_level, e);
}

/* ---- environment --------------------------------------------------------- */

/* "NAME=value" of @name with a value, whole; NULL: none. */
static const char *variable(char *const *environment, const char *name)
{
	size_t n = strlen(name);

	for (; *environment; environment++)
		if (strncmp(*environment, name, n) == 0 && (*environment)[n] == '=' &&
		    (*environment)[n + 1])
			return *environment;
	return NULL;
}

static void override(struct yaml *node, const char *assignment)
{
	for (size_t i = 0; i < node->n; i++)
		yaml_free(node->items[i]);
	free(node->items);
	free(node->text);
	node->items = NULL;
	node->n = 0;
	node->kind = YAML_SCALAR;
	node->text = x_strdup(strchr(assignment, '=') + 1);
	node->file = assignment;
	node->line = 0;
}

/* Keys that stand in the file can be overridden, others not: so it is with configtxgen. */
static void override_below(struct yaml *map, const char *prefix, char *const *environment)
{
	for (size_t i = 0; i < map->n; i++) {
		struct yaml *item = map->items[i];
		char *name = x_printf("%s_%s", prefix, item->key);
		const char *found;

		for (char *c = name; *c; c++)
			*c = *c == '.' ? '_' : (char)toupper((unsigned char)*c);
		found = variable(environment, name);
		if (item->kind == YAML_MAP)
			override_below(item, name, environment);
		else if (found)
			override(item, found);
		free(name);
	}
}

int configtx_override(struct yaml *node, char *const *environment, struct ord_err *e)
{
	if (!environment || node->kind != YAML_MAP)
		return 0;
	override_below(node, "CONFIGTX", environment);
	return check(node, &profile, e);
}
