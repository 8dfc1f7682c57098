/* SPDX-License-Identifier: Apache-2.0 */
/* crypto_config: YAML to structs, then templates, then checks. */
#include "crypto_config.h"

#include <stdlib.h>

enum { MAX_NODES = 10000 };

/* ---- reading ------------------------------------------------------------- */

struct node_template {
	uint32_t count, start;
	char *hostname;
	struct yaml_strs sans;
};
struct users {
	uint32_t count;
};
struct raw_org {
	struct cc_org org;
	struct node_template template;
	struct users users;
};
struct raw_config {
	struct crypto_config *config;
	bool orderer;
};

static const struct yaml_key spec_keys[] = {
	{"Hostname", YAML_STR, offsetof(struct cc_spec, hostname), NULL},
	{"CommonName", YAML_STR, offsetof(struct cc_spec, common_name), NULL},
	{"Country", YAML_STR, offsetof(struct cc_spec, country), NULL},
	{"Province", YAML_STR, offsetof(struct cc_spec, province), NULL},
	{"Locality", YAML_STR, offsetof(struct cc_spec, locality), NULL},
	{"OrganizationalUnit", YAML_STR, offsetof(struct cc_spec, unit), NULL},
	{"StreetAddress", YAML_STR, offsetof(struct cc_spec, street), NULL},
	{"PostalCode", YAML_STR, offsetof(struct cc_spec, postal_code), NULL},
	{"SANS", YAML_STRS, offsetof(struct cc_spec, sans), NULL},
	{NULL, YAML_STR, 0, NULL}};

static const struct yaml_key template_keys[] = {
	{"Count", YAML_UINT, offsetof(struct node_template, count), NULL},
	{"Start", YAML_UINT, offsetof(struct node_template, start), NULL},
	{"Hostname", YAML_STR, offsetof(struct node_template, hostname), NULL},
	{"SANS", YAML_STRS, offsetof(struct node_template, sans), NULL},
	{NULL, YAML_STR, 0, NULL}};

static const struct yaml_key users_keys[] = {
	{"Count", YAML_UINT, offsetof(struct users, count), NULL}, {NULL, YAML_STR, 0, NULL}};

static int read_spec(const struct yaml *n, void *at, struct ord_err *e)
{
	return yaml_read(n, spec_keys, at, e);
}

static int read_template(const struct yaml *n, void *at, struct ord_err *e)
{
	return yaml_read(n, template_keys, at, e);
}

static int read_users(const struct yaml *n, void *at, struct ord_err *e)
{
	return yaml_read(n, users_keys, at, e);
}

static struct cc_spec *add_node(struct cc_org *org)
{
	org->nodes = x_realloc(org->nodes, (org->n_nodes + 1) * sizeof(*org->nodes));
	org->nodes[org->n_nodes] = (struct cc_spec){0};
	return &org->nodes[org->n_nodes++];
}

static int add_spec(const struct yaml *n, void *org, struct ord_err *e)
{
	return read_spec(n, add_node(org), e);
}

static int read_specs(const struct yaml *n, void *org, struct ord_err *e)
{
	return yaml_each(n, add_spec, org, e);
}

static const struct yaml_key org_keys[] = {
	{"Name", YAML_STR, offsetof(struct raw_org, org.name), NULL},
	{"Domain", YAML_STR, offsetof(struct raw_org, org.domain), NULL},
	{"EnableNodeOUs", YAML_BOOL, offsetof(struct raw_org, org.node_ous), NULL},
	{"CA", YAML_SUB, offsetof(struct raw_org, org.ca), read_spec},
	{"Template", YAML_SUB, offsetof(struct raw_org, template), read_template},
	{"Specs", YAML_SUB, offsetof(struct raw_org, org), read_specs},
	{"Users", YAML_SUB, offsetof(struct raw_org, users), read_users},
	{NULL, YAML_STR, 0, NULL}};

/* ---- templates ----------------------------------------------------------- */

struct var {
	const char *name, *value;
};

/* "{{.Hostname}}.{{.Domain}}" with the values of @vars (ends with a NULL name). */
static int expand(const char *text, const struct var *vars, char **out, struct ord_err *e)
{
	struct buf b = BUF_INIT;
	const char *open, *close;

	for (; (open = strstr(text, "{{")); text = close + 2) {
		const struct var *v = vars;
		char name[32];

		buf_add(&b, text, (size_t)(open - text));
		close = strstr(open, "}}");
		if (!close || sscanf(open, "{{ .%31[A-Za-z] }}", name) != 1)
			break;
		while (v->name && strcmp(v->name, name) != 0)
			v++;
		if (!v->name)
			break;
		buf_add_str(&b, v->value);
	}
	buf_add_str(&b, text);
	*out = x_strdup(buf_cstr(&b));
	buf_fini(&b);
	if (!open)
		return 0;
	err_set(e, ORD_EINVAL, "template '%s' cannot be expanded here", text);
	free(*out);
	*out = NULL;
	return ORD_EINVAL;
}

/* Replace *@text by its expansion. */
static int expand_in_place(char **text, const struct var *vars, struct ord_err *e)
{
	char *out;
	int rc = expand(*text, vars, &out, e);

	if (rc < 0)
		return rc;
	free(*text);
	*text = out;
	return 0;
}

/* Common name and SANs of a node: both names of it, then what its SANS say. */
static int render_spec(const char *domain, struct cc_spec *s, struct ord_err *e)
{
	struct var vars[] = {{"Hostname", s->hostname ? s->hostname : ""},
			     {"Domain", domain},
			     {NULL, NULL},
			     {NULL, NULL}};
	struct yaml_strs own = s->sans;
	int rc = 0;

	s->sans = (struct yaml_strs){NULL, 0};
	if (!s->common_name || !*s->common_name) {
		free(s->common_name);
		s->common_name = x_strdup("{{.Hostname}}.{{.Domain}}");
	}
	rc = expand_in_place(&s->common_name, vars, e);
	vars[2] = (struct var){"CommonName", s->common_name};
	yaml_strs_add(&s->sans, s->common_name);
	if (s->hostname && *s->hostname)
		yaml_strs_add(&s->sans, s->hostname);
	for (size_t i = 0; rc == 0 && i < own.n; i++) {
		rc = expand_in_place(&own.item[i], vars, e);
		yaml_strs_add(&s->sans, own.item[i]);
	}
	yaml_strs_free(&own);
	return rc;
}

static int add_templated(struct cc_org *org, const struct node_template *t, struct ord_err *e)
{
	for (uint32_t i = 0; i < t->count; i++) {
		char index[12];
		struct var vars[] = {{"Prefix", org->orderer ? "orderer" : "peer"},
				     {"Index", index},
				     {"Domain", org->domain},
				     {NULL, NULL}};
		struct cc_spec *s = add_node(org);
		int rc;

		snprintf(index, sizeof(index), "%u", i + t->start);
		rc = expand(t->hostname ? t->hostname : "{{.Prefix}}{{.Index}}", vars, &s->hostname,
			    e);
		if (rc < 0)
			return rc;
		for (size_t k = 0; k < t->sans.n; k++)
			yaml_strs_add(&s->sans, t->sans.item[k]);
	}
	return 0;
}

/* ---- checks -------------------------------------------------------------- */

/* A name becomes a file name and stands unquoted in config.yaml. */
static int check_name(const char *what, const char *name, struct ord_err *e)
{
	static const char ok[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
				 "._-@";

	if (!name || !*name)
		return err_set(e, ORD_EINVAL, "%s is missing", what);
	if (strspn(name, ok) != strlen(name) || strchr(".-@", *name) || strlen(name) > 200)
		return err_set(e, ORD_EINVAL,
			       "%s '%s' cannot be used: want up to 200 letters, digits and ._-@, "
			       "beginning with a letter, a digit or _",
			       what, name);
	return 0;
}

static int check_nodes(const struct cc_org *org, struct ord_err *e)
{
	struct map *seen = map_new();
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < org->n_nodes; i++) {
		const char *cn = org->nodes[i].common_name;

		rc = check_name("CommonName", cn, e);
		if (rc == 0 && map_put(seen, bytes_str(cn), org->nodes))
			rc = err_set(e, ORD_EINVAL, "two nodes have the CommonName '%s'", cn);
	}
	map_free(seen, NULL);
	return rc;
}

static int render_org(struct raw_org *raw, struct ord_err *e)
{
	struct cc_org *org = &raw->org;
	int rc = check_name("Domain", org->domain, e);

	if (rc == 0 && raw->template.count + org->n_nodes > MAX_NODES)
		rc = err_set(e, ORD_EINVAL, "more than %d nodes", MAX_NODES);
	if (rc == 0 && raw->users.count > MAX_NODES)
		rc = err_set(e, ORD_EINVAL, "more than %d users", MAX_NODES);
	org->users = org->orderer ? 0 : raw->users.count;
	if (rc == 0)
		rc = add_templated(org, &raw->template, e);
	for (size_t i = 0; rc == 0 && i < org->n_nodes; i++)
		rc = render_spec(org->domain, &org->nodes[i], e);
	if (!org->ca.hostname || !*org->ca.hostname) {
		free(org->ca.hostname);
		org->ca.hostname = x_strdup("ca");
	}
	if (rc == 0)
		rc = render_spec(org->domain, &org->ca, e);
	if (rc == 0)
		rc = check_name("CommonName of the CA", org->ca.common_name, e);
	return rc == 0 ? check_nodes(org, e) : rc;
}

static int add_org(const struct yaml *n, void *arg, struct ord_err *e)
{
	const struct raw_config *rc_arg = arg;
	struct crypto_config *c = rc_arg->config;
	struct raw_org raw = {.org.orderer = rc_arg->orderer};
	int rc = yaml_read(n, org_keys, &raw, e);

	if (rc == 0 && (rc = render_org(&raw, e)) < 0)
		err_wrap(e, "%s:%u", n->file, n->line);
	for (size_t i = 0; rc == 0 && i < c->n_orgs; i++) {
		if (c->orgs[i].orderer == raw.org.orderer &&
		    strcmp(c->orgs[i].domain, raw.org.domain) == 0)
			rc = yaml_fail(n, e, "two organisations have the Domain '%s'",
				       raw.org.domain);
	}
	yaml_strs_free(&raw.template.sans);
	free(raw.template.hostname);
	c->orgs = x_realloc(c->orgs, (c->n_orgs + 1) * sizeof(*c->orgs));
	c->orgs[c->n_orgs++] = raw.org;
	return rc;
}

static int read_peer_orgs(const struct yaml *n, void *config, struct ord_err *e)
{
	struct raw_config arg = {config, false};

	return yaml_each(n, add_org, &arg, e);
}

static int read_orderer_orgs(const struct yaml *n, void *config, struct ord_err *e)
{
	struct raw_config arg = {config, true};

	return yaml_each(n, add_org, &arg, e);
}

static const struct yaml_key top_keys[] = {{"OrdererOrgs", YAML_SUB, 0, read_orderer_orgs},
					   {"PeerOrgs", YAML_SUB, 0, read_peer_orgs},
					   {NULL, YAML_STR, 0, NULL}};

int crypto_config_read(const char *path, struct crypto_config *out, struct ord_err *e)
{
	struct yaml *root = NULL;
	int rc = yaml_load(path, &root, e);

	*out = (struct crypto_config){NULL, 0};
	if (rc == 0)
		rc = yaml_read(root, top_keys, out, e);
	if (rc == 0 && out->n_orgs == 0)
		rc = err_set(e, ORD_EINVAL, "%s: neither OrdererOrgs nor PeerOrgs name any", path);
	if (rc < 0)
		crypto_config_fini(out);
	yaml_free(root);
	return rc;
}

static void spec_fini(struct cc_spec *s)
{
	free(s->hostname);
	free(s->common_name);
	free(s->country);
	free(s->province);
	free(s->locality);
	free(s->unit);
	free(s->street);
	free(s->postal_code);
	yaml_strs_free(&s->sans);
}

void crypto_config_fini(struct crypto_config *c)
{
	for (size_t i = 0; i < c->n_orgs; i++) {
		struct cc_org *org = &c->orgs[i];

		free(org->name);
		free(org->domain);
		spec_fini(&org->ca);
		for (size_t k = 0; k < org->n_nodes; k++)
			spec_fini(&org->nodes[k]);
		free(org->nodes);
	}
	free(c->orgs);
	*c = (struct crypto_config){NULL, 0};
}
