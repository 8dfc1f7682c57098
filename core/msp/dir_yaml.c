/* SPDX-License-Identifier: Apache-2.0 */
/* config.yaml of an MSP directory: organizational units.  Unknown keys are passed over, as Fabric
 * does.  Only named places are looked up, and an alias is followed where it stands, so nothing in
 * the file can grow. */
#include <libfyaml.h>
#include <msp/msp_priv.h>
#include <strings.h>

#define MAX_YAML    (1024u * 1024)
#define MAX_ALIASES 8 /* of aliases */

static struct log_logger lg = LOG_LOGGER("msp");

struct yaml {
	const char *dir, *path;
	struct fy_diag *diag;
	struct fy_document *doc;
};

static struct fy_node *follow(struct fy_node *n)
{
	for (int i = 0; n && fy_node_is_alias(n) && i < MAX_ALIASES; i++)
		n = fy_node_resolve_alias(n);
	return n;
}

/* The value of @key in mapping @n; NULL: not a mapping, no such key, or null. */
static struct fy_node *child(struct fy_node *n, const char *key)
{
	if (!n || !fy_node_is_mapping(n))
		return NULL;
	return follow(fy_node_mapping_lookup_by_string(n, key, strlen(key)));
}

static int refuse(const struct yaml *y, const char *key, const char *why, struct ord_err *e)
{
	return err_set(e, ORD_EINVAL, "failed unmarshalling configuration file at [%s]: %s %s",
		       y->path, key, why);
}

/* The text of @key in @n, "" when it is not there; heap. */
static int text_of(const struct yaml *y, struct fy_node *n, const char *key, char **out,
		   struct ord_err *e)
{
	struct fy_node *v = child(n, key);
	const char *s;
	size_t len;

	if (!v) {
		*out = x_strdup("");
		return 0;
	}
	s = fy_node_is_scalar(v) ? fy_node_get_scalar(v, &len) : NULL;
	if (!s || memchr(s, 0, len))
		return refuse(y, key, "is not a text", e);
	*out = x_strndup(s, len);
	return 0;
}

/* YAML 1.1's words, as Go's yaml.v2 reads them. */
static int bool_of(const struct yaml *y, struct fy_node *n, const char *key, bool *out,
		   struct ord_err *e)
{
	static const char *const yes[] = {"true", "yes", "on", "y"};
	static const char *const no[] = {"", "false", "no", "off", "n", "~", "null"};
	char *s;
	int rc = text_of(y, n, key, &s, e);
	bool known = false;

	if (rc < 0)
		return rc;
	*out = false;
	for (size_t i = 0; i < UTIL_ARRAY_LEN(yes); i++)
		*out = *out || strcasecmp(s, yes[i]) == 0;
	for (size_t i = 0; i < UTIL_ARRAY_LEN(no); i++)
		known = known || strcasecmp(s, no[i]) == 0;
	free(s);
	return *out || known ? 0 : refuse(y, key, "is neither true nor false", e);
}

static Msp__FabricOUIdentifier *identifier_new(char *name)
{
	Msp__FabricOUIdentifier *ou = x_alloc(sizeof(*ou));

	msp__fabric_ouidentifier__init(ou);
	ou->organizational_unit_identifier = name;
	return ou;
}

/* Paths belong to the MSP directory, also those that begin with a slash. */
static int read_certificate(const struct yaml *y, const char *name, ProtobufCBinaryData *out,
			    char **path, struct ord_err *e)
{
	struct buf text = BUF_INIT;
	int rc;

	*path = x_printf("%s/%s", y->dir, name);
	rc = file_read(*path, MAX_YAML, &text, e);
	if (rc == 0)
		*out = wire_binary(buf_bytes(&text));
	else
		buf_fini(&text);
	return rc;
}

/* Name and certificate path of an identifier. */
static int identifier_of(const struct yaml *y, struct fy_node *n, char **name, char **cert,
			 struct ord_err *e)
{
	int rc = text_of(y, n, "OrganizationalUnitIdentifier", name, e);

	if (rc < 0)
		return rc;
	rc = text_of(y, n, "Certificate", cert, e);
	if (rc < 0)
		free(*name);
	return rc;
}

static int load_ou(const struct yaml *y, struct fy_node *n, Msp__FabricMSPConfig *conf,
		   struct ord_err *e)
{
	size_t count = conf->n_organizational_unit_identifiers;
	Msp__FabricOUIdentifier *ou;
	char *name, *cert, *path;
	int rc = identifier_of(y, n, &name, &cert, e);

	if (rc < 0)
		return rc;
	ou = identifier_new(name);
	conf->organizational_unit_identifiers =
		x_realloc(conf->organizational_unit_identifiers,
			  (count + 1) * sizeof(*conf->organizational_unit_identifiers));
	conf->organizational_unit_identifiers[count] = ou;
	conf->n_organizational_unit_identifiers++;
	rc = read_certificate(y, cert, &ou->certificate, &path, e);
	if (rc < 0)
		err_wrap(e, "failed loading OrganizationalUnit certificate at [%s]", path);
	free(path);
	free(cert);
	return rc;
}

static int load_ous(const struct yaml *y, struct fy_node *root, Msp__FabricMSPConfig *conf,
		    struct ord_err *e)
{
	struct fy_node *list = child(root, "OrganizationalUnitIdentifiers"), *item;
	void *pos = NULL;
	int rc = 0;

	if (!list)
		return 0;
	if (!fy_node_is_sequence(list))
		return refuse(y, "OrganizationalUnitIdentifiers", "is not a list", e);
	while (rc == 0 && (item = fy_node_sequence_iterate(list, &pos)))
		rc = load_ou(y, follow(item), conf, e);
	return rc;
}

/* One role; without a name there is none, without a certificate any CA will do. */
static int load_node_ou(const struct yaml *y, struct fy_node *nodes, const char *role,
			Msp__FabricOUIdentifier **out, struct ord_err *e)
{
	char *key = x_printf("%sIdentifier", role), *name, *cert, *path;
	struct fy_node *n = child(nodes, key);
	struct ord_err why = ERR_INIT;
	int rc;

	free(key);
	if (!n)
		return 0;
	rc = identifier_of(y, n, &name, &cert, e);
	if (rc < 0)
		return rc;
	if (!name[0]) {
		free(name);
		free(cert);
		return 0;
	}
	*out = identifier_new(name);
	if (read_certificate(y, cert, &(*out)->certificate, &path, &why) < 0)
		log_warn(&lg, "Failed loading %s certificate at [%s]: [%s]", role, path, why.msg);
	free(path);
	free(cert);
	return 0;
}

static int load_node_ous(const struct yaml *y, struct fy_node *root, Msp__FabricMSPConfig *conf,
			 struct ord_err *e)
{
	struct fy_node *nodes = child(root, "NodeOUs");
	Msp__FabricNodeOUs *out;
	bool enable;
	int rc = bool_of(y, nodes, "Enable", &enable, e);

	if (rc < 0 || !enable)
		return rc;
	out = x_alloc(sizeof(*out));
	msp__fabric_node_ous__init(out);
	out->enable = true;
	conf->fabric_node_ous = out;
	rc = load_node_ou(y, nodes, "ClientOU", &out->client_ou_identifier, e);
	if (rc == 0)
		rc = load_node_ou(y, nodes, "PeerOU", &out->peer_ou_identifier, e);
	if (rc == 0)
		rc = load_node_ou(y, nodes, "AdminOU", &out->admin_ou_identifier, e);
	if (rc == 0)
		rc = load_node_ou(y, nodes, "OrdererOU", &out->orderer_ou_identifier, e);
	return rc;
}

/* Errors are collected; libfyaml would print them. */
static void keep_quiet(struct fy_diag *diag, void *user, const char *text, size_t len)
{
	(void)diag;
	(void)user;
	(void)text;
	(void)len;
}

static int parse(struct yaml *y, struct ord_bytes text, struct ord_err *e)
{
	struct fy_diag_cfg diag = {.output_fn = keep_quiet};
	struct fy_parse_cfg cfg = {.flags = FYPCF_QUIET};
	struct fy_diag_error *err;
	void *pos = NULL;

	y->diag = fy_diag_create(&diag);
	util_assert(y->diag);
	fy_diag_set_collect_errors(y->diag, true);
	cfg.diag = y->diag;
	y->doc = fy_document_build_from_string(&cfg, (const char *)text.data, text.len);
	err = y->doc ? NULL : fy_diag_errors_iterate(y->diag, &pos);
	if (err)
		return err_set(e, ORD_EINVAL,
			       "failed unmarshalling configuration file at [%s]: %d:%d: %s",
			       y->path, err->line, err->column, err->msg);
	return 0; /* no document and no error: an empty file */
}

int msp_dir_yaml(const char *dir, Msp__FabricMSPConfig *conf, struct ord_err *e)
{
	char *path = file_join(dir, "config.yaml");
	struct yaml y = {.dir = dir, .path = path};
	struct buf text = BUF_INIT;
	struct fy_node *root;
	int rc = 0;

	if (!file_exists(path))
		goto out;
	rc = file_read(path, MAX_YAML, &text, e);
	if (rc < 0) {
		err_wrap(e, "failed loading configuration file at [%s]", path);
		goto out;
	}
	rc = parse(&y, buf_bytes(&text), e);
	root = y.doc ? follow(fy_document_root(y.doc)) : NULL;
	if (rc == 0)
		rc = load_ous(&y, root, conf, e);
	if (rc == 0)
		rc = load_node_ous(&y, root, conf, e);
	fy_document_destroy(y.doc);
	fy_diag_destroy(y.diag);
out:
	buf_fini(&text);
	free(path);
	return rc;
}
