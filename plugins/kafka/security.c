/* SPDX-License-Identifier: Apache-2.0 */
/* TLS and SASL: who the brokers are, and who we are to them. */
#include "security.h"
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

/* ---- TLS ----------------------------------------------------------------- */

static int missing(const char *key, const char *enabled, struct ord_err *e)
{
	return ord_fail(e, ORD_EINVAL,
			"General.Kafka.%s must be set if General.Kafka.%s is set to true.", key,
			enabled);
}

/* As PEM text librdkafka 2.0 takes one certificate, from a file its chain, too. */
static int set_certificate(struct kafka_properties *p, const char *pem, struct ord_err *e)
{
	size_t len = strlen(pem);
	char path[32];

	p->certificate = memfd_create("certificate", MFD_CLOEXEC);
	if (p->certificate < 0 || write(p->certificate, pem, len) != (ssize_t)len)
		return ord_fail(e, ORD_EUNAVAIL, "Kafka.TLS.Certificate: no memory for it");
	snprintf(path, sizeof(path), "/proc/self/fd/%d", p->certificate);
	return kafka_properties_set(p, "Kafka.TLS.Certificate", "ssl.certificate.location", path,
				    e);
}

/* Fabric needs all three.  Who logs in by one of our own mechanisms may do without a certificate,
 * and leave the CAs to the system. */
static int read_tls(const struct ord_host *h, struct kafka_properties *p, struct ord_err *e)
{
	static const char enabled[] = "TLS.Enabled";
	const char *certificate = kafka_setting(h, "TLS.Certificate");
	bool has_key = *kafka_setting(h, "TLS.PrivateKey") != '\0';
	bool optional = *kafka_setting(h, "SASL.Mechanism") != '\0';

	if (!kafka_setting_is_true(h, enabled))
		return 0;
	if (!*certificate && (!optional || has_key))
		return missing("TLS.Certificate", enabled, e);
	if (!has_key && (!optional || *certificate))
		return missing("TLS.PrivateKey", enabled, e);
	if (!*kafka_setting(h, "TLS.RootCAs") && !optional)
		return missing("TLS.RootCAs", enabled, e);
	if (*certificate && set_certificate(p, certificate, e) < 0)
		return e->code;
	if (kafka_properties_pass_on(p, h, "TLS.PrivateKey", "ssl.key.pem", e) < 0)
		return e->code;
	return kafka_properties_pass_on(p, h, "TLS.RootCAs", "ssl.ca.pem", e);
}

/* ---- SASL ---------------------------------------------------------------- */

/* The keys that a mechanism needs, or may have. */
static const struct sasl_key {
	const char *key, *property;
	bool oauth, optional;
} sasl_keys[] = {
	{"SASL.User", "sasl.username", false, false},
	{"SASL.Password", "sasl.password", false, false},
	{"SASL.OAuthBearer.TokenEndpointURL", "sasl.oauthbearer.token.endpoint.url", true, false},
	{"SASL.OAuthBearer.ClientID", "sasl.oauthbearer.client.id", true, false},
	{"SASL.OAuthBearer.ClientSecret", "sasl.oauthbearer.client.secret", true, false},
	{"SASL.OAuthBearer.Scope", "sasl.oauthbearer.scope", true, true},
	{"SASL.OAuthBearer.Extensions", "sasl.oauthbearer.extensions", true, true},
};

static bool is_mechanism(const char *name)
{
	static const char *const names[] = {"PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512",
					    "OAUTHBEARER"};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (!strcmp(names[i], name))
			return true;
	return false;
}

static int set_sasl_key(const struct ord_host *h, struct kafka_properties *p,
			const struct sasl_key *k, const char *mechanism, struct ord_err *e)
{
	bool there = *kafka_setting(h, k->key) != '\0',
	     fits = k->oauth == !strcmp(mechanism, "OAUTHBEARER");

	if (there && !*mechanism)
		return ord_fail(e, ORD_EINVAL, "Kafka.%s needs Kafka.SASL.Mechanism", k->key);
	if (there && !fits)
		return ord_fail(e, ORD_EINVAL, "Kafka.%s does not go with Kafka.SASL.Mechanism %s",
				k->key, mechanism);
	if (!there && fits && !k->optional && *mechanism)
		return ord_fail(e, ORD_EINVAL, "Kafka.%s must be set if Kafka.SASL.Mechanism is %s",
				k->key, mechanism);
	return kafka_properties_pass_on(p, h, k->key, k->property, e);
}

/* Not every librdkafka is built with it. */
static bool has_openid_connect(const struct kafka_properties *p)
{
	char features[512];
	size_t len = sizeof(features);

	return rd_kafka_conf_get(p->producer, "builtin.features", features, &len) ==
		       RD_KAFKA_CONF_OK &&
	       strstr(features, "oidc");
}

static int set_openid_connect(struct kafka_properties *p, struct ord_err *e)
{
	static const char setting[] = "Kafka.SASL.Mechanism";

	if (!has_openid_connect(p))
		return ord_fail(e, ORD_ENOTSUP,
				"%s is OAUTHBEARER, but librdkafka is built without OpenID Connect",
				setting);
	return kafka_properties_set(p, setting, "sasl.oauthbearer.method", "oidc", e);
}

static int read_sasl(const struct ord_host *h, struct kafka_properties *p, struct ord_err *e)
{
	const char *mechanism = kafka_setting(h, "SASL.Mechanism");

	if (*mechanism && !is_mechanism(mechanism))
		return ord_fail(e, ORD_EINVAL,
				"Kafka.SASL.Mechanism is \"%.64s\", expected PLAIN, SCRAM-SHA-256, "
				"SCRAM-SHA-512 or OAUTHBEARER",
				mechanism);
	if (!strcmp(mechanism, "OAUTHBEARER") && set_openid_connect(p, e) < 0)
		return e->code;
	for (size_t i = 0; i < sizeof(sasl_keys) / sizeof(sasl_keys[0]); i++)
		if (set_sasl_key(h, p, &sasl_keys[i], mechanism, e) < 0)
			return e->code;
	return kafka_properties_pass_on(p, h, "SASL.Mechanism", "sasl.mechanisms", e);
}

static int read_sasl_plain(const struct ord_host *h, struct kafka_properties *p, struct ord_err *e)
{
	static const char enabled[] = "SASLPlain.Enabled";

	if (!kafka_setting_is_true(h, enabled))
		return 0;
	if (*kafka_setting(h, "SASL.Mechanism"))
		return ord_fail(e, ORD_EINVAL,
				"Kafka.SASL.Mechanism and Kafka.SASLPlain.Enabled are both set: "
				"choose one");
	if (!*kafka_setting(h, "SASLPlain.User"))
		return missing("SASLPlain.User", enabled, e);
	if (!*kafka_setting(h, "SASLPlain.Password"))
		return missing("SASLPlain.Password", enabled, e);
	if (kafka_properties_set(p, "Kafka.SASLPlain.Enabled", "sasl.mechanisms", "PLAIN", e) < 0 ||
	    kafka_properties_pass_on(p, h, "SASLPlain.User", "sasl.username", e) < 0)
		return e->code;
	return kafka_properties_pass_on(p, h, "SASLPlain.Password", "sasl.password", e);
}

int kafka_security_read(const struct ord_host *h, struct kafka_properties *p, struct ord_err *e)
{
	static const char *const protocols[2][2] = {{"plaintext", "sasl_plaintext"},
						    {"ssl", "sasl_ssl"}};
	bool tls = kafka_setting_is_true(h, "TLS.Enabled");
	bool sasl = kafka_setting_is_true(h, "SASLPlain.Enabled") ||
		    *kafka_setting(h, "SASL.Mechanism");

	if (read_tls(h, p, e) < 0 || read_sasl_plain(h, p, e) < 0 || read_sasl(h, p, e) < 0)
		return e->code;
	return kafka_properties_set(p, "Kafka.TLS.Enabled", "security.protocol",
				    protocols[tls][sasl], e);
}
