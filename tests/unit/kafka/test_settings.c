/* SPDX-License-Identifier: Apache-2.0 */
/* kafka: from what the operator writes to what librdkafka is told, over a fake host. */
#include "../test.h"
#include <kafka/settings.h>

#define TLS_DIR "crypto-config/ordererOrganizations/example.com/users/Admin@example.com/tls/"

static char *certificate, *other_certificate, *key, *ca; /* PEM */

/* ---- the host -------------------------------------------------------------------------- */

/* What the operator wrote: "Key=value", ended by NULL. */
struct fake_host {
	struct ord_host pub; /* first */
	const char *const *given;
	char *values[64]; /* by index in the table */
	char warning[256];
};

static char *host_value(const struct ord_setting *s, const char *const *given)
{
	const char *value = s->fallback;
	size_t n = strlen(s->key);
	struct ord_err e;
	int64_t ns;

	for (; *given; given++)
		if (!strncmp(*given, s->key, n) && (*given)[n] == '=')
			value = *given + n + 1;
	if (s->type != ORD_SET_DURATION)
		return x_strdup(value);
	test_ok(duration_parse(value, &ns, &e), &e);
	return x_printf("%lld", (long long)ns);
}

static const char *host_setting(const struct ord_host *pub, const char *name)
{
	struct fake_host *h = (struct fake_host *)(uintptr_t)pub;

	for (size_t i = 0; kafka_settings_table[i].key; i++)
		if (!strcmp(kafka_settings_table[i].key, name))
			return h->values[i];
	fail_msg("setting %s is not in the table", name);
	return NULL;
}

static void host_log(const struct ord_host *pub, enum ord_level l, const char *func,
		     const char *fmt, va_list ap)
{
	struct fake_host *h = (struct fake_host *)(uintptr_t)pub;

	(void)func;
	assert_int_equal(l, ORD_WARN);
	vsnprintf(h->warning, sizeof(h->warning), fmt, ap);
}

static const struct ord_host_ops host_ops = {
	.size = sizeof(host_ops), .setting = host_setting, .log = host_log};

static void host_init(struct fake_host *h, const char *const *given)
{
	*h = (struct fake_host){.pub = {&host_ops}, .given = given};
	for (size_t i = 0; kafka_settings_table[i].key; i++)
		h->values[i] = host_value(&kafka_settings_table[i], given);
}

static void host_fini(struct fake_host *h)
{
	for (size_t i = 0; i < UTIL_ARRAY_LEN(h->values); i++)
		free(h->values[i]);
}

/* The settings of @given; the warning that came of it in @warning, unless that is NULL. */
static void read_given(const char *const *given, struct kafka_settings *s, char *warning)
{
	struct fake_host h;
	struct ord_err e = ERR_INIT;

	host_init(&h, given);
	test_ok(kafka_settings_read(&h.pub, s, &e), &e);
	if (warning)
		strcpy(warning, h.warning);
	else
		assert_string_equal(h.warning, "");
	host_fini(&h);
}

static void refused(const char *const *given, const char *want)
{
	struct kafka_settings s;
	struct fake_host h;
	struct ord_err e = ERR_INIT;

	host_init(&h, given);
	assert_true(kafka_settings_read(&h.pub, &s, &e) < 0);
	assert_string_equal(e.msg, want);
	host_fini(&h);
}

static void property_is(const rd_kafka_conf_t *conf, const char *property, const char *want)
{
	char value[4096];
	size_t len = sizeof(value);

	if (rd_kafka_conf_get(conf, property, value, &len) != RD_KAFKA_CONF_OK)
		snprintf(value, sizeof(value), "(unset)");
	if (strcmp(value, want) != 0)
		fail_msg("%s is %s, expected %s", property, value, want);
}

/* ---- what always holds ------------------------------------------------------------------- */

static void the_table_is_one_that_the_host_takes(void **state)
{
	(void)state;
	for (const struct ord_setting *s = kafka_settings_table; s->key; s++) {
		assert_true(*s->help && s->help[strlen(s->help) - 1] == '.');
		assert_non_null(s->fallback);
		for (const struct ord_setting *o = s + 1; o->key; o++)
			assert_string_not_equal(s->key, o->key);
	}
}

static void defaults_are_these(void **state)
{
	static const char *const none[] = {NULL};
	static const struct {
		const char *property, *producer, *consumer; /* NULL: not its own */
	} all[] = {
		{"client.id", "ordererd", "ordererd"},
		{"enable.idempotence", "true", NULL},
		{"acks", "-1", NULL},
		{"message.timeout.ms", "0", NULL},
		{"max.in.flight", "5", "5"},
		{"linger.ms", "0", NULL},
		{"compression.codec", "none", NULL},
		{"request.timeout.ms", "7500", NULL},
		{"retry.backoff.ms", "100", NULL},
		{"message.max.bytes", "103809024", "103809024"},
		{"receive.message.max.bytes", "104857600", "104857600"},
		{"auto.offset.reset", NULL, "error"},
		{"enable.auto.commit", NULL, "false"},
		{"enable.auto.offset.store", NULL, "false"},
		{"isolation.level", NULL, "read_uncommitted"},
		{"check.crcs", NULL, "true"},
		{"enable.partition.eof", NULL, "false"},
		{"fetch.min.bytes", NULL, "1"},
		{"fetch.wait.max.ms", NULL, "250"},
		{"fetch.message.max.bytes", NULL, "1048576"},
		{"fetch.error.backoff.ms", NULL, "2000"},
		{"queued.max.messages.kbytes", NULL, "4096"},
		{"queued.min.messages", NULL, "10000"},
		{"reconnect.backoff.ms", "100", "100"},
		{"reconnect.backoff.max.ms", "10000", "10000"},
		{"topic.metadata.refresh.interval.ms", "600000", "600000"},
		{"topic.metadata.refresh.fast.interval.ms", "250", "250"},
		{"socket.connection.setup.timeout.ms", "10000", "10000"},
		{"socket.timeout.ms", "10000", "10000"},
		{"socket.keepalive.enable", "true", "true"},
		{"socket.nagle.disable", "true", "true"},
		{"log.connection.close", "false", "false"},
		{"security.protocol", "plaintext", "plaintext"},
		{"ssl.endpoint.identification.algorithm", "https", "https"},
		{"enable.ssl.certificate.verification", "true", "true"},
		{"debug", "", ""},
		{"group.id", NULL, "(unset)"},
	};
	struct kafka_settings s;

	(void)state;
	read_given(none, &s, NULL);
	for (size_t i = 0; i < UTIL_ARRAY_LEN(all); i++) {
		if (all[i].producer)
			property_is(s.properties.producer, all[i].property, all[i].producer);
		if (all[i].consumer)
			property_is(s.properties.consumer, all[i].property, all[i].consumer);
	}
	assert_int_equal(s.short_interval_ns, 5 * CLOCK_SEC_NS);
	assert_int_equal(s.short_total_ns, 600 * CLOCK_SEC_NS);
	assert_int_equal(s.long_interval_ns, 300 * CLOCK_SEC_NS);
	assert_int_equal(s.dial_timeout_ns, 10 * CLOCK_SEC_NS);
	assert_int_equal(s.read_timeout_ns, 10 * CLOCK_SEC_NS);
	assert_int_equal(s.write_timeout_ns, 10 * CLOCK_SEC_NS);
	assert_int_equal(s.replication_factor, 3);
	assert_false(s.verbose);
	kafka_settings_fini(&s);
}

/* ---- what is written about it -------------------------------------------------------------- */

static char *text_of_file(const char *name)
{
	const char *top = getenv("TOP_SRCDIR");
	char *path = x_printf("%s/%s", top ? top : ".", name), *text;
	struct buf b = BUF_INIT;
	struct ord_err e;

	test_ok(file_read(path, 1 << 20, &b, &e), &e);
	text = x_strdup(buf_cstr(&b));
	buf_fini(&b);
	free(path);
	return text;
}

/* "Key … (kind; fallback)" in one line; without effect there may be no parenthesis. */
static void the_manual_has_every_setting_and_its_default(void **state)
{
	char *man = text_of_file("plugins/kafka/ordererd-kafka.7");

	(void)state;
	for (const struct ord_setting *s = kafka_settings_table; s->key; s++) {
		char *named = x_printf(" %s", s->key), *at = strstr(man, named), *end;
		char *want = x_printf("; %s)", *s->fallback ? s->fallback : "none");

		if (s->type == ORD_SET_MAP)
			at = NULL; /* is a section there */
		else if (!at)
			fail_msg("%s is not in the manual", s->key);
		end = at ? strchr(at, '\n') : NULL;
		at = at ? strstr(at, "; ") : NULL;
		if (at && at < end && strncmp(at, want, strlen(want)) != 0)
			fail_msg("%s: the manual says \"%.20s\", expected \"%s\"", s->key, at,
				 want);
		free(named);
		free(want);
	}
	free(man);
}

/* The list "name = value" behind these words. */
static void the_manual_has_the_properties(void **state)
{
	static const char *const none[] = {NULL};
	char *man = text_of_file("plugins/kafka/ordererd-kafka.7"), *rest = NULL;
	char *list = strstr(strstr(man, "Set unless overridden here"), ".EX\n") + 4;
	struct kafka_settings s;
	size_t n = 0;

	(void)state;
	read_given(none, &s, NULL);
	*strstr(list, ".EE") = '\0';
	for (char *line = strtok_r(list, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest)) {
		char *value = strstr(line, " = ");

		assert_non_null(value);
		*value = '\0';
		property_is(strstr(line, "fetch") || strstr(line, "queued") || strstr(line, "crc")
				    ? s.properties.consumer
				    : s.properties.producer,
			    line, value + 3);
		n++;
	}
	assert_true(n > 10);
	kafka_settings_fini(&s);
	free(man);
}

/* "#Key = value" below "[Kafka.Section]". */
static void check_sample_line(const char *section, char *line)
{
	char *value = strstr(line, " ="), *name, *file;

	assert_non_null(value);
	*value = '\0';
	value += value[2] == ' ' ? 3 : 2;
	name = x_printf("%s%s%s", section, *section ? "." : "", line);
	file = strstr(name, ".File");
	if (file)
		*file = '\0';
	for (const struct ord_setting *s = kafka_settings_table; s->key; s++)
		if (!strcmp(s->key, name)) {
			assert_string_equal(value, s->fallback);
			free(name);
			return;
		}
	fail_msg("%s in the sample is no setting", name);
}

static void the_sample_shows_the_defaults(void **state)
{
	char *ini = text_of_file("etc/ordererd.ini"), section[64] = "", *rest = NULL;
	bool here = false;
	size_t n = 0;

	(void)state;
	for (char *line = strtok_r(ini, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest)) {
		if (*line == '[') {
			here = sscanf(line, "[Kafka.%63[^]]", section) == 1;
		} else if (here && line[0] == '#' && line[1] != ' ') {
			check_sample_line(section, line + 1);
			n++;
		}
	}
	assert_true(n > 10);
	free(ini);
}

/* ---- what the operator sets ---------------------------------------------------------------- */

static void settings_reach_both_clients(void **state)
{
	static const struct {
		const char *given[6];
		const char *property, *want;
		char owner; /* 'P', 'C' or '*' for both */
	} all[] = {
		{{"Retry.NetworkTimeouts.DialTimeout=3s"},
		 "socket.connection.setup.timeout.ms",
		 "3000",
		 '*'},
		{{"Retry.NetworkTimeouts.DialTimeout=0s"},
		 "socket.connection.setup.timeout.ms",
		 "10000",
		 '*'},
		{{"Retry.NetworkTimeouts.ReadTimeout=20s"}, "socket.timeout.ms", "20000", '*'},
		{{"Retry.NetworkTimeouts.WriteTimeout=30s"}, "socket.timeout.ms", "30000", '*'},
		{{"Retry.NetworkTimeouts.WriteTimeout=30s"}, "request.timeout.ms", "22500", 'P'},
		{{"Retry.Metadata.RetryBackoff=1s"},
		 "topic.metadata.refresh.fast.interval.ms",
		 "1000",
		 '*'},
		{{"Retry.Producer.RetryBackoff=2s"}, "retry.backoff.ms", "2000", 'P'},
		{{"Retry.Consumer.RetryBackoff=3s"}, "fetch.error.backoff.ms", "3000", 'C'},
		{{"Verbose=true"}, "debug", "broker,topic,metadata,security,admin,eos", '*'},
		{{"SASLPlain.Enabled=true", "SASLPlain.User=u", "SASLPlain.Password=p"},
		 "security.protocol",
		 "sasl_plaintext",
		 '*'},
		{{"SASLPlain.Enabled=true", "SASLPlain.User=u", "SASLPlain.Password=p"},
		 "sasl.mechanisms",
		 "PLAIN",
		 '*'},
		{{"SASLPlain.Enabled=true", "SASLPlain.User=u", "SASLPlain.Password=p=q "},
		 "sasl.password",
		 "p=q ",
		 '*'},
		{{"SASLPlain.User=u"}, "security.protocol", "plaintext", '*'},
		{{"SASL.Mechanism=SCRAM-SHA-512", "SASL.User=u", "SASL.Password=p"},
		 "sasl.mechanisms",
		 "SCRAM-SHA-512",
		 '*'},
		{{"SASL.Mechanism=SCRAM-SHA-256", "SASL.User=u", "SASL.Password=p"},
		 "sasl.username",
		 "u",
		 '*'},
		{{"SASL.Mechanism=PLAIN", "SASL.User=u", "SASL.Password=p", "TLS.Enabled=true"},
		 "security.protocol",
		 "sasl_ssl",
		 '*'},
		{{"Client=linger.ms=5\ncompression.codec=lz4\n"}, "linger.ms", "5", 'P'},
		{{"Client=linger.ms=5\ncompression.codec=lz4\n"}, "compression.codec", "lz4", 'P'},
		{{"Client=client.rack=r=1\n"}, "client.rack", "r=1", 'C'},
		{{"Client=client.id=me\n"}, "client.id", "me", '*'},
		{{"Client=socket.timeout.ms=4000\n"}, "socket.timeout.ms", "4000", '*'},
		{{"Client=fetch.min.bytes=2\nfetch.wait.max.ms=100\n"},
		 "fetch.min.bytes",
		 "2",
		 'C'},
		{{"Client=debug=fetch,msg\n"}, "debug", "msg,fetch", '*'},
	};

	(void)state;
	for (size_t i = 0; i < UTIL_ARRAY_LEN(all); i++) {
		struct kafka_settings s;
		rd_kafka_conf_t *conf;

		read_given(all[i].given, &s, NULL);
		if (all[i].owner != 'C') {
			conf = kafka_settings_producer(&s);
			property_is(conf, all[i].property, all[i].want);
			rd_kafka_conf_destroy(conf);
		}
		if (all[i].owner != 'P') {
			conf = kafka_settings_consumer(&s);
			property_is(conf, all[i].property, all[i].want);
			rd_kafka_conf_destroy(conf);
		}
		kafka_settings_fini(&s);
	}
}

static void what_librdkafka_cannot_have_is_bounded_with_a_warning(void **state)
{
	static const struct {
		const char *given[2], *property, *value, *warning;
	} all[] = {
		{{"Retry.NetworkTimeouts.DialTimeout=100ms"},
		 "socket.connection.setup.timeout.ms",
		 "1000",
		 "Kafka.Retry.NetworkTimeouts.DialTimeout is 100 ms, but can only be from 1000 to "
		 "2147483647 ms: taking 1000 ms"},
		{{"Retry.NetworkTimeouts.WriteTimeout=1h"},
		 "socket.timeout.ms",
		 "300000",
		 "Kafka.Retry.NetworkTimeouts.WriteTimeout is 3600000 ms, but can only be from "
		 "2000 to 300000 ms: taking 300000 ms"},
		{{"Retry.Consumer.RetryBackoff=1us"},
		 "fetch.error.backoff.ms",
		 "1",
		 "Kafka.Retry.Consumer.RetryBackoff is 0 ms, but can only be from 1 to 300000 ms: "
		 "taking 1 ms"},
	};

	(void)state;
	for (size_t i = 0; i < UTIL_ARRAY_LEN(all); i++) {
		struct kafka_settings s;
		char warning[256];

		read_given(all[i].given, &s, warning);
		assert_string_equal(warning, all[i].warning);
		property_is(s.properties.consumer, all[i].property, all[i].value);
		kafka_settings_fini(&s);
	}
}

static void mistakes_name_the_setting(void **state)
{
	static const struct {
		const char *given[6], *want;
	} all[] = {
		{{"TLS.Enabled=true"},
		 "General.Kafka.TLS.Certificate must be set if General.Kafka.TLS.Enabled is set "
		 "to true."},
		{{"SASLPlain.Enabled=true"},
		 "General.Kafka.SASLPlain.User must be set if General.Kafka.SASLPlain.Enabled is "
		 "set to true."},
		{{"SASLPlain.Enabled=true", "SASLPlain.User=u"},
		 "General.Kafka.SASLPlain.Password must be set if General.Kafka.SASLPlain.Enabled "
		 "is set to true."},
		{{"SASLPlain.Enabled=true", "SASL.Mechanism=PLAIN"},
		 "Kafka.SASL.Mechanism and Kafka.SASLPlain.Enabled are both set: choose one"},
		{{"SASL.Mechanism=GSSAPI"},
		 "Kafka.SASL.Mechanism is \"GSSAPI\", expected PLAIN, SCRAM-SHA-256, SCRAM-SHA-512 "
		 "or OAUTHBEARER"},
		{{"SASL.User=u"}, "Kafka.SASL.User needs Kafka.SASL.Mechanism"},
		{{"SASL.Mechanism=SCRAM-SHA-256", "SASL.User=u"},
		 "Kafka.SASL.Password must be set if Kafka.SASL.Mechanism is SCRAM-SHA-256"},
		{{"SASL.Mechanism=PLAIN", "SASL.User=u", "SASL.Password=p",
		  "SASL.OAuthBearer.Scope=s"},
		 "Kafka.SASL.OAuthBearer.Scope does not go with Kafka.SASL.Mechanism PLAIN"},
		{{"Topic.ReplicationFactor=32768"},
		 "Kafka.Topic.ReplicationFactor is 32768, expected a number from 0 to 32767"},
		{{"Client=no.such=1\n"},
		 "Kafka.Client.no.such: No such configuration property: \"no.such\""},
		{{"Client=a=1\nlinger.ms=-1\n"},
		 "Kafka.Client.a: No such configuration property: \"a\""},
		{{"Client=client.id=x\nlinger.ms=-1\n"},
		 "Kafka.Client.linger.ms: Configuration property \"queue.buffering.max.ms\" value "
		 "-1 is outside allowed range 0..900000"},
		{{"Client=acks=1\n"},
		 "Kafka.Client.acks cannot be set: messages could be lost, doubled or change places"},
		{{"Client=bootstrap.servers=h:1\n"},
		 "Kafka.Client.bootstrap.servers cannot be set: the configuration of the channel "
		 "names its brokers"},
		{{"Client=group.id=g\n"},
		 "Kafka.Client.group.id cannot be set: the ledger of the channel says where to go "
		 "on"},
		{{"Client=partitioner=random\n"},
		 "Kafka.Client.partitioner cannot be set: a channel is partition 0 of its topic"},
		{{"Client=isolation.level=read_committed\n"},
		 "Kafka.Client.isolation.level cannot be set: all orderers must consume the same "
		 "messages"},
		{{"Client=debug=broker,all\n"},
		 "Kafka.Client.debug cannot have conf or all in it: secrets would stand in the "
		 "log"},
		{{"Client=dr_cb=1\n"},
		 "Kafka.Client.dr_cb: Property \"dr_cb\" must be set through dedicated .._set_..() "
		 "function"},
		{{"Client=max.in.flight=6\n"},
		 "Kafka.Client: `max.in.flight` must be set <= 5 when `enable.idempotence` is "
		 "true"},
		{{"Client=reconnect.backoff.ms=60000\n"},
		 "Kafka.Client: `reconnect.backoff.max.ms` must be >= `reconnect.max.ms`"},
	};

	(void)state;
	for (size_t i = 0; i < UTIL_ARRAY_LEN(all); i++)
		refused(all[i].given, all[i].want);
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

static void versions_are_those_that_fabric_takes(void **state)
{
	static const char *const good[] = {"",     "0.8.2",   "0.10.2.0",
					   "v2.8", "3.9.1",   "1.0.0+build.7",
					   "1",    "0.9.0.1", "0.11.0.0"};
	static const struct {
		const char *version, *want;
	} bad[] = {
		{"0.8.1", "Unsupported Kafka version: '0.8.1'"},
		{"0.8", "Unsupported Kafka version: '0.8'"},
		{"0", "Unsupported Kafka version: '0'"},
		{"0.10.2.0-rc1", "Unsupported Kafka version: '0.10.2.0-rc1'"},
		{"2.0beta", "Unsupported Kafka version: '2.0beta'"},
		{"latest", "Unable to parse Kafka version: Malformed version: latest"},
		{"1..2", "Unable to parse Kafka version: Malformed version: 1..2"},
		{"1.2.", "Unable to parse Kafka version: Malformed version: 1.2."},
		{"1.2 ", "Unable to parse Kafka version: Malformed version: 1.2 "},
	};

	(void)state;
	for (size_t i = 0; i < UTIL_ARRAY_LEN(good); i++) {
		char *given = x_printf("Version=%s", good[i]);
		struct kafka_settings s;

		read_given((const char *const[]){given, NULL}, &s, NULL);
		kafka_settings_fini(&s);
		free(given);
	}
	for (size_t i = 0; i < UTIL_ARRAY_LEN(bad); i++) {
		char *given = x_printf("Version=%s", bad[i].version);
		char *want = x_printf("Kafka.Version: %s", bad[i].want);

		refused((const char *const[]){given, NULL}, want);
		free(given);
		free(want);
	}
}

static void rebase_is_checked(void **state)
{
	(void)state;
	refused((const char *const[]){"Rebase=mychannel@12", NULL},
		"Kafka.Rebase: 'mychannel@12': want <channel>@<height>:<offset>, several with "
		"commas between");
}

/* ---- TLS ----------------------------------------------------------------------------------- */

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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_table_is_one_that_the_host_takes),
		cmocka_unit_test(defaults_are_these),
		cmocka_unit_test(the_manual_has_every_setting_and_its_default),
		cmocka_unit_test(the_manual_has_the_properties),
		cmocka_unit_test(the_sample_shows_the_defaults),
		cmocka_unit_test(settings_reach_both_clients),
		cmocka_unit_test(what_librdkafka_cannot_have_is_bounded_with_a_warning),
		cmocka_unit_test(mistakes_name_the_setting),
		cmocka_unit_test(oauthbearer_needs_openid_connect),
		cmocka_unit_test(versions_are_those_that_fabric_takes),
		cmocka_unit_test(rebase_is_checked),
		cmocka_unit_test(tls_needs_all_three),
		cmocka_unit_test(bad_pem_is_found_at_start),
	};

	return cmocka_run_group_tests(tests, read_pems, free_pems);
}
