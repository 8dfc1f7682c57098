/* SPDX-License-Identifier: Apache-2.0 */
/* config.yaml of an MSP directory: organizational units.  Unknown keys are passed over, as Fabric
 * does. */
#include <msp/msp_priv.h>
#include <stdlib.h>
#include <strings.h>

#define MAX_CERT (1024u * 1024)

static struct log_logger logger = LOG_LOGGER("msp");

/* The text of @key in @n, "" when it is not there; borrowed. */
static int text_of(const struct yaml *n, const char *key, const char **out, struct ord_err *e)
{
	const struct yaml *v = yaml_get(n, key);

	*out = v && v->kind == YAML_SCALAR ? v->text : "";
	return v && v->kind != YAML_SCALAR ? yaml_fail(v, e, "%s is not a text", key) : 0;
}

/* YAML 1.1's words, as Go's yaml.v2 reads them. */
static int bool_of(const struct yaml *n, const char *key, bool *out, struct ord_err *e)
{
	static const char *const yes[] = {"true", "yes", "on", "y"};
	static const char *const no[] = {"", "false", "no", "off", "n"};
	const char *s;
	int rc = text_of(n, key, &s, e);
	bool known = false;

	if (rc < 0)
		return rc;
	*out = false;
	for (size_t i = 0; i < UTIL_ARRAY_LEN(yes); i++)
		*out = *out || strcasecmp(s, yes[i]) == 0;
	for (size_t i = 0; i < UTIL_ARRAY_LEN(no); i++)
		known = known || strcasecmp(s, no[i]) == 0;
	if (*out || known)
		return 0;
	return yaml_fail(yaml_get(n, key), e, "%s is neither true nor false", key);
}

static Msp__FabricOUIdentifier *identifier_new(const char *name)
{
	Msp__FabricOUIdentifier *ou = x_alloc(sizeof(*ou));

	msp__fabric_ouidentifier__init(ou);
	ou->organizational_unit_identifier = x_strdup(name);
	return ou;
}

/* Paths belong to the MSP directory, also those that begin with a slash. */
static int read_certificate(const char *dir, const char *name, ProtobufCBinaryData *out,
			    char **path, struct ord_err *e)
{
	struct buf text = BUF_INIT;
	int rc;

	*path = x_printf("%s/%s", dir, name);
	rc = file_read(*path, MAX_CERT, &text, e);
	if (rc == 0)
		*out = wire_binary(buf_bytes(&text));
	else
		buf_fini(&text);
	return rc;
}

/* Name and certificate path of an identifier. */
static int identifier_of(const struct yaml *n, const char **name, const char **cert,
			 struct ord_err *e)
{
	int rc = text_of(n, "OrganizationalUnitIdentifier", name, e);

	*cert = "";
	return rc == 0 ? text_of(n, "Certificate", cert, e) : rc;
}

static int load_ou(const char *dir, const struct yaml *n, Msp__FabricMSPConfig *conf,
		   struct ord_err *e)
{
	size_t count = conf->n_organizational_unit_identifiers;
	Msp__FabricOUIdentifier *ou;
	const char *name, *cert;
	char *path;
	int rc = identifier_of(n, &name, &cert, e);

	if (rc < 0)
		return rc;
	ou = identifier_new(name);
	conf->organizational_unit_identifiers =
		x_realloc(conf->organizational_unit_identifiers,
			  (count + 1) * sizeof(*conf->organizational_unit_identifiers));
	conf->organizational_unit_identifiers[count] = ou;
	conf->n_organizational_unit_identifiers++;
	rc = read_certificate(dir, cert, &ou->certificate, &path, e);
	if (rc < 0)
		err_wrap(e, "failed loading OrganizationalUnit certificate at [%s]", path);
	free(path);
	return rc;
}

static int load_ous(const char *dir, const struct yaml *root, Msp__FabricMSPConfig *conf,
		    struct ord_err *e)
{
	const struct yaml *list = yaml_get(root, "OrganizationalUnitIdentifiers");
	int rc = 0;

	if (!list)
		return 0;
	if (list->kind != YAML_LIST)
		return yaml_fail(list, e, "OrganizationalUnitIdentifiers is not a list");
	for (size_t i = 0; i < list->n && rc == 0; i++)
		rc = load_ou(dir, list->items[i], conf, e);
	return rc;
}

/* One role; without a name there is none, without a certificate any CA will do. */
static int load_node_ou(const char *dir, const struct yaml *nodes, const char *role,
			Msp__FabricOUIdentifier **out, struct ord_err *e)
{
	char *key = x_printf("%sIdentifier", role), *path;
	const struct yaml *n = yaml_get(nodes, key);
	const char *name, *cert;
	struct ord_err why = ERR_INIT;
	int rc;

	free(key);
	if (!n)
		return 0;
	rc = identifier_of(n, &name, &cert, e);
	if (rc < 0 || !name[0])
		return rc;
	*out = identifier_new(name);
	if (read_certificate(dir, cert, &(*out)->certificate, &path, &why) < 0)
		log_warn(&logger, "Failed loading %s certificate at [%s]: [%s]", role, path,
			 why.msg);
	free(path);
	return 0;
}

static int load_node_ous(const char *dir, const struct yaml *root, Msp__FabricMSPConfig *conf,
			 struct ord_err *e)
{
	const struct yaml *nodes = yaml_get(root, "NodeOUs");
	Msp__FabricNodeOUs *out;
	bool enable;
	int rc = bool_of(nodes, "Enable", &enable, e);

	if (rc < 0 || !enable)
		return rc;
	out = x_alloc(sizeof(*out));
	msp__fabric_node_ous__init(out);
	out->enable = true;
	conf->fabric_node_ous = out;
	rc = load_node_ou(dir, nodes, "ClientOU", &out->client_ou_identifier, e);
	if (rc == 0)
		rc = load_node_ou(dir, nodes, "PeerOU", &out->peer_ou_identifier, e);
	if (rc == 0)
		rc = load_node_ou(dir, nodes, "AdminOU", &out->admin_ou_identifier, e);
	if (rc == 0)
		rc = load_node_ou(dir, nodes, "OrdererOU", &out->orderer_ou_identifier, e);
	return rc;
}

static int load(const char *dir, struct ord_bytes text, Msp__FabricMSPConfig *conf,
		struct ord_err *e)
{
	struct yaml *root = NULL;
	int rc = yaml_parse("config.yaml", text, &root, e);

	if (rc == 0)
		rc = load_ous(dir, root, conf, e);
	if (rc == 0)
		rc = load_node_ous(dir, root, conf, e);
	yaml_free(root);
	return rc;
}

int msp_dir_yaml(const char *dir, Msp__FabricMSPConfig *conf, struct ord_err *e)
{
	char *path = file_join(dir, "config.yaml");
	struct buf text = BUF_INIT;
	int rc = 0;

	if (!file_exists(path))
		goto out;
	rc = file_read(path, YAML_FILE_MAX, &text, e);
	if (rc < 0) {
		err_wrap(e, "failed loading configuration file at [%s]", path);
		goto out;
	}
	rc = load(dir, buf_bytes(&text), conf, e);
	if (rc == ORD_EINVAL)
		err_wrap(e, "failed unmarshalling configuration file at [%s]", path);
out:
	buf_fini(&text);
	free(path);
	return rc;
}
