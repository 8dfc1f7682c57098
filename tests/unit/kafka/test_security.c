/* SPDX-License-Identifier: Apache-2.0 */
/* kafka: TLS and SASL: what is needed for them, and that it is tried at once. */
#include "fake_host.h"

#define TLS_DIR "crypto-config/ordererOrganizations/example.com/users/Admin@example.com/tls/"

static char *certificate, *other_certificate, *key, *ca; /* PEM */

/* ---- TLS ----------------------------------------------------------------- */

static char *pem_of(const char *name)
{
	struct buf b = test_golden(name);
	char *text = x_strdup(buf_cstr(&b));

	buf_fini(&b);
	return text;
}

static int read_pems(void **state)
{
	(void)state;
	certificate = pem_of(TLS_DIR "client.crt");
	key = pem_of(TLS_DIR "client.key");
	ca = pem_of(TLS_DIR "ca.crt");
	other_certificate = x_strdup(ca);
	return 0;
}

static int free_pems(void **state)
{
	(void)state;
	free(certificate);
	free(other_certificate);
	free(key);
	free(ca);
	return 0;
}

/* Settings with TLS on and these PEM texts; NULL: none.  @more: one further setting. */
static void with_tls(const char *cert_pem, const char *key_pem, const char *ca_pem,
		     const char *more, const char *want)
{
	char *given[] = {x_strdup("TLS.Enabled=true"),
			 x_printf("TLS.Certificate=%s", cert_pem ? cert_pem : ""),
			 x_printf("TLS.PrivateKey=%s", key_pem ? key_pem : ""),
			 x_printf("TLS.RootCAs=%s", ca_pem ? ca_pem : ""),
			 x_strdup(more),
			 NULL};
	struct kafka_settings s;

	if (want) {
		refused((const char *const *)given, want);
	} else {
		read_given((const char *const *)given, &s, NULL);
		property_is(s.properties.producer, "security.protocol", "ssl");
		property_is(s.properties.consumer, "ssl.key.pem", key_pem);
		property_is(s.properties.consumer, "ssl.ca.pem", ca_pem);
		kafka_settings_fini(&s);
	}
	for (char **g = given; *g; g++)
		free(*g);
}

static void tls_needs_all_three(void **state)
{
	(void)state;
	with_tls(certificate, key, ca, "Verbose=false", NULL);
	with_tls(NULL, key, ca, "Verbose=false",
		 "General.Kafka.TLS.Certificate must be set if General.Kafka.TLS.Enabled is set to "
		 "true.");
	with_tls(certificate, NULL, ca, "Verbose=false",
		 "General.Kafka.TLS.PrivateKey must be set if General.Kafka.TLS.Enabled is set to "
		 "true.");
	with_tls(certificate, key, NULL, "Verbose=false",
		 "General.Kafka.TLS.RootCAs must be set if General.Kafka.TLS.Enabled is set to "
		 "true.");
	with_tls(certificate, NULL, NULL, "SASL.Mechanism=PLAIN",
		 "General.Kafka.TLS.PrivateKey must be set if General.Kafka.TLS.Enabled is set to "
		 "true.");
}

/* @want is how the error begins; what OpenSSL says behind it is its own. */
static void pem_begins_to_fail(const char *cert_pem, const char *key_pem, const char *ca_pem,
			       const char *want)
{
	char *given[] = {x_strdup("TLS.Enabled=true"), x_printf("TLS.Certificate=%s", cert_pem),
			 x_printf("TLS.PrivateKey=%s", key_pem), x_printf("TLS.RootCAs=%s", ca_pem),
			 NULL};
	struct kafka_settings s;
	struct fake_host h;
	struct ord_err e = ERR_INIT;

	host_init(&h, (const char *const *)given);
	assert_int_equal(kafka_settings_read(&h.pub, &s, &e), ORD_EINVAL);
	if (strncmp(e.msg, want, strlen(want)) != 0)
		fail_msg("\"%s\", expected \"%s…\"", e.msg, want);
	host_fini(&h);
	for (char **g = given; *g; g++)
		free(*g);
}

static void bad_pem_is_found_at_start(void **state)
{
	static const char bad[] = "-----BEGIN NONSENSE-----\n";

	(void)state;
	pem_begins_to_fail(bad, key, ca, "Kafka.TLS.Certificate: ssl.certificate.location failed");
	pem_begins_to_fail(certificate, bad, ca, "Kafka.TLS.PrivateKey: ssl.key.pem failed");
	pem_begins_to_fail(certificate, key, bad, "Kafka.TLS.RootCAs: failed to read certificate");
	pem_begins_to_fail(other_certificate, key, ca, "Kafka.TLS.PrivateKey: ");
}

/* A librdkafka with OpenID Connect takes all of it; one without is not asked to. */
static void oauthbearer_needs_openid_connect(void **state)
{
	static const char *const given[] = {"SASL.Mechanism=OAUTHBEARER",
					    "SASL.OAuthBearer.TokenEndpointURL=https://[::1]:1/t",
					    "SASL.OAuthBearer.ClientID=i",
					    "SASL.OAuthBearer.ClientSecret=s",
					    "SASL.OAuthBearer.Scope=x",
					    NULL};
	rd_kafka_conf_t *conf = rd_kafka_conf_new();
	char features[512];
	size_t len = sizeof(features);
	struct kafka_settings s;

	(void)state;
	assert_int_equal(rd_kafka_conf_get(conf, "builtin.features", features, &len),
			 RD_KAFKA_CONF_OK);
	rd_kafka_conf_destroy(conf);
	if (!strstr(features, "oidc")) {
		refused(given, "Kafka.SASL.Mechanism is OAUTHBEARER, but librdkafka is built "
			       "without OpenID Connect");
		return;
	}
	read_given(given, &s, NULL);
	property_is(s.properties.producer, "sasl.oauthbearer.method", "oidc");
	property_is(s.properties.consumer, "sasl.oauthbearer.scope", "x");
	kafka_settings_fini(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(tls_needs_all_three),
		cmocka_unit_test(bad_pem_is_found_at_start),
		cmocka_unit_test(oauthbearer_needs_openid_connect),
	};

	return cmocka_run_group_tests(tests, read_pems, free_pems);
}
