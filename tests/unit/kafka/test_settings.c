/* SPDX-License-Identifier: Apache-2.0 */
/* kafka: from what the operator writes to what librdkafka is told, over a fake host. */
#include "fake_host.h"

/* ---- what always holds --------------------------------------------------- */

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
		{"allow.auto.create.topics", "false", "false"},
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

/* ---- what the operator sets ---------------------------------------------- */

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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_table_is_one_that_the_host_takes),
		cmocka_unit_test(defaults_are_these),
		cmocka_unit_test(settings_reach_both_clients),
		cmocka_unit_test(what_librdkafka_cannot_have_is_bounded_with_a_warning),
		cmocka_unit_test(mistakes_name_the_setting),
		cmocka_unit_test(versions_are_those_that_fabric_takes),
		cmocka_unit_test(rebase_is_checked),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
