/* SPDX-License-Identifier: Apache-2.0 */
/* ordererctl send, fetch and bench against an orderer that is honest, and ones that are not. */
#include "ctl_run.h"
#include "fake_orderer.h"

#include <wire/wire.h>

/* The program is forked while the server's thread runs: it only calls exec. */
struct fixture {
	struct fake_orderer *f;
	char *address, *identity;
};

static struct fixture start_with(enum fake_sin sin, enum fake_tls tls)
{
	char *msp = test_golden_path(
		"crypto-config/peerOrganizations/org1.example.com/users/User1@org1.example.com/msp");
	struct fixture x = {.f = fake_orderer_start(sin, tls)};

	x.address = x_printf("127.0.0.1:%u", fake_orderer_port(x.f));
	x.identity = x_printf("Org1MSP:%s", msp);
	free(msp);
	return x;
}

static struct fixture start(enum fake_sin sin)
{
	return start_with(sin, FAKE_PLAIN);
}

static void stop(struct fixture *x)
{
	fake_orderer_stop(x->f);
	free(x->address);
	free(x->identity);
}

#define remote_timed(x, timeout, cmd, ...)                                              \
	ctl_run(cmd, "--channel", "mychannel", "--orderer", (x)->address, "--identity", \
		(x)->identity, "--timeout", timeout, __VA_ARGS__)
#define remote(x, ...) remote_timed(x, "60s", __VA_ARGS__)

static size_t count_lines(const char *text, const char *ending)
{
	size_t n = 0, len = strlen(ending);

	for (const char *nl; (nl = strchr(text, '\n')); text = nl + 1) {
		if ((size_t)(nl - text) >= len && strncmp(nl - len, ending, len) == 0)
			n++;
	}
	return n;
}

/* ---- send, fetch --------------------------------------------------------- */

static void what_is_sent_comes_back(void **state)
{
	struct fixture x = start(FAKE_HONEST);
	char *dir = test_dir(), *file = file_join(dir, "payload"), *block, *out;
	struct ord_err e = ERR_INIT;
	struct ord_block *b;
	struct ord_env *env;
	struct buf bytes = BUF_INIT;

	(void)state;
	test_write(file, bytes_str("hello"));
	out = ctl_answer(remote(&x, "send", "--count", "9"));
	assert_int_equal(count_lines(out, " 200 SUCCESS"), 9);
	free(out);
	out = ctl_answer(remote(&x, "send", file));
	assert_int_equal(count_lines(out, " 200 SUCCESS"), 1);

	free(ctl_answer(remote(&x, "fetch", "--output", dir, "1")));
	block = file_join(dir, "mychannel_1.block");
	test_ok(file_read(block, 1 << 20, &bytes, &e), &e);
	test_ok(block_parse(&bytes, &b, &e), &e);
	assert_int_equal(b->n_data, 10);
	test_ok(env_parse(b->data[9], &env, &e), &e);
	assert_true(bytes_eq_str(env->data, "hello"));
	assert_int_equal(env->type, WIRE_ENDORSER_TRANSACTION);
	assert_memory_equal(out, env->tx_id.data, env->tx_id.len);
	env_unref(env);
	block_unref(b);
	free(out);
	free(block);
	free(file);
	test_rmdir(dir);
	stop(&x);
}

static void ranges_are_fetched_in_order(void **state)
{
	struct fixture x = start(FAKE_HONEST);
	char *dir = test_dir(), *out, *first, *second, *third;
	struct ctl_run r;

	(void)state;
	free(ctl_answer(remote(&x, "send", "--count", "30")));
	out = ctl_answer(remote(&x, "fetch", "--json", "1-"));
	first = strstr(out, "\t\t\"number\": \"1\"");
	second = strstr(out, "\t\t\"number\": \"2\"");
	third = strstr(out, "\t\t\"number\": \"3\"");
	assert_true(first && second && third && first < second && second < third);
	free(out);
	out = ctl_answer(remote(&x, "fetch", "--json", "newest"));
	assert_non_null(strstr(out, "\t\t\"number\": \"3\""));
	free(out);
	out = ctl_answer(remote(&x, "fetch", "--json", "oldest"));
	assert_non_null(strstr(out, "\t\t\"number\": \"0\""));
	free(out);
	r = remote(&x, "fetch", "--json", "4");
	ctl_expect(&r, 1, "", "ordererctl fetch: the orderer answered 404 NOT_FOUND\n");
	r = remote(&x, "fetch", "--json", "4-3");
	ctl_expect(&r, 1, "",
		   "ordererctl fetch: '4-3': want newest, oldest, config, N, N-M or N-\n");
	test_rmdir(dir);
	stop(&x);
}

/* The orderer agrees to everything and has one block: it is taken for the new channel's. */
static void a_created_channels_genesis_block_is_fetched(void **state)
{
	struct fixture x = start(FAKE_HONEST);
	char *dir = test_dir(), *path = file_join(dir, "new.block");
	char *tx = test_golden_path("tx/mychannel.signed-org1admin.tx");
	struct ord_err e = ERR_INIT;
	struct buf bytes = BUF_INIT;
	struct ord_block *b;

	(void)state;
	free(ctl_answer(ctl_run("channel", "create", tx, "--orderer", x.address, "--identity",
				x.identity, "--output", path)));
	test_ok(file_read(path, 1 << 20, &bytes, &e), &e);
	test_ok(block_parse(&bytes, &b, &e), &e);
	assert_int_equal(b->number, 0);
	block_unref(b);
	free(tx);
	free(path);
	test_rmdir(dir);
	stop(&x);
}

static void only_updates_are_signed_as_updates(void **state)
{
	struct fixture x = start(FAKE_HONEST);
	char *tx = test_golden_path("tx/endorser.tx"), *want;
	struct ctl_run r =
		ctl_run("channel", "update", tx, "--orderer", x.address, "--identity", x.identity);

	(void)state;
	want = x_printf("ordererctl channel update: %s: it is of type ENDORSER_TRANSACTION, not "
			"CONFIG_UPDATE\n",
			tx);
	ctl_expect(&r, 1, "", want);
	free(want);
	free(tx);
	stop(&x);
}

static void a_refusal_is_printed_and_ends_it(void **state)
{
	struct fixture x = start(FAKE_REFUSES);
	struct ctl_run r = remote(&x, "send", "--count", "20");

	(void)state;
	assert_int_equal(r.code, 1);
	assert_int_equal(count_lines(r.out, " 200 SUCCESS"), 14);
	assert_int_equal(count_lines(r.out, " 403 FORBIDDEN: permission denied"), 1);
	assert_non_null(strstr(r.err, "ordererctl send: the orderer refused "));
	ctl_run_free(&r);
	stop(&x);
}

static void a_lost_orderer_is_named(void **state)
{
	struct fixture x = start(FAKE_HONEST);
	char *want = x_printf("ordererctl send: orderer %s: Unavailable: Connection refused\n",
			      x.address);
	struct ctl_run r;

	(void)state;
	fake_orderer_stop(x.f);
	r = remote(&x, "send", "--count", "1");
	ctl_expect(&r, 1, "", want);
	free(want);
	free(x.address);
	free(x.identity);
}

/* ---- TLS ----------------------------------------------------------------- */

#define ORG1 "crypto-config/peerOrganizations/org1.example.com/"
static char *orderer_ca, *org1_ca, *client_cert, *client_key;

static int find_pems(void **state)
{
	(void)state;
	orderer_ca = test_golden_path("crypto-config/ordererOrganizations/example.com/tlsca/"
				      "tlsca.example.com-cert.pem");
	org1_ca = test_golden_path(ORG1 "tlsca/tlsca.org1.example.com-cert.pem");
	client_cert = test_golden_path(ORG1 "users/User1@org1.example.com/tls/client.crt");
	client_key = test_golden_path(ORG1 "users/User1@org1.example.com/tls/client.key");
	return 0;
}

static int forget_pems(void **state)
{
	(void)state;
	free(orderer_ca);
	free(org1_ca);
	free(client_cert);
	free(client_key);
	return 0;
}

static void tls_checks_the_orderer(void **state)
{
	struct fixture x = start_with(FAKE_HONEST, FAKE_TLS);
	struct ctl_run r;
	char *out;

	(void)state;
	out = ctl_answer(remote(&x, "send", "--count", "2", "--tls-ca", orderer_ca));
	assert_int_equal(count_lines(out, " 200 SUCCESS"), 2);
	free(out);
	r = remote(&x, "send", "--tls-ca", org1_ca);
	assert_int_equal(r.code, 1);
	assert_non_null(strstr(r.err, "unable to get local issuer certificate"));
	ctl_run_free(&r);
	r = remote(&x, "send", "--tls-ca", orderer_ca, "--tls-name", "other.example.com");
	assert_int_equal(r.code, 1);
	assert_non_null(strstr(r.err, "hostname mismatch"));
	ctl_run_free(&r);
	stop(&x);
}

static void mutual_tls_is_bound_to_the_headers(void **state)
{
	struct fixture x = start_with(FAKE_HONEST, FAKE_MUTUAL_TLS);
	struct ctl_run r;
	char *out;

	(void)state;
	out = ctl_answer(remote(&x, "send", "--count", "10", "--tls-ca", orderer_ca, "--tls-cert",
				client_cert, "--tls-key", client_key));
	assert_int_equal(count_lines(out, " 200 SUCCESS"), 10);
	free(out);
	out = ctl_answer(remote(&x, "fetch", "--json", "newest", "--tls-ca", orderer_ca,
				"--tls-cert", client_cert, "--tls-key", client_key));
	assert_non_null(strstr(out, "\t\t\"number\": \"1\""));
	free(out);
	r = remote(&x, "send", "--tls-ca", orderer_ca);
	assert_int_equal(r.code, 1);
	assert_string_equal(r.out, "");
	ctl_run_free(&r);
	r = remote(&x, "send", "--tls-ca", orderer_ca, "--tls-cert", client_cert);
	ctl_expect(&r, 1, "", "ordererctl send: --tls-cert and --tls-key go together\n");
	r = remote(&x, "send", "--tls-cert", client_cert);
	ctl_expect(&r, 1, "", "ordererctl send: TLS options need --tls-ca\n");
	stop(&x);
}

/* ---- bench --------------------------------------------------------------- */

#define bench(x, ...) remote(x, "bench", "--streams", "4", "--outstanding", "8", __VA_ARGS__)

/* The number behind "key": in one of our reports. */
static double number(const char *json, const char *key)
{
	char *quoted = x_printf("\"%s\": ", key);
	const char *at = strstr(json, quoted);

	if (!at)
		fail_msg("no %s in %s", key, json);
	at += strlen(quoted);
	free(quoted);
	return strtod(at, NULL);
}

static void bench_counts_what_it_did(void **state)
{
	struct fixture x = start(FAKE_HONEST);
	char *pid = x_printf("%d", (int)getpid());
	char *out = ctl_answer(
		bench(&x, "--count", "500", "--size", "200", "--json", "--server-pid", pid));

	(void)state;
	assert_true(number(out, "transactions") == 500);
	assert_true(number(out, "blocks") == 50);
	assert_true(number(out, "payload_bytes") == 200);
	assert_true(number(out, "acknowledged_per_s") > 0);
	assert_true(number(out, "p50") <= number(out, "p95"));
	assert_true(number(out, "p95") <= number(out, "p99"));
	assert_true(number(out, "p99") <= number(out, "max"));
	assert_true(number(out, "v_us") > 0);
	assert_true(number(out, "server_cpu_us") >= 0);
	assert_true(number(out, "server_peak_rss_bytes") > 1e6);
	free(out);
	out = ctl_answer(bench(&x, "--deliver", "--rounds", "3", "--json"));
	assert_true(number(out, "blocks") == 4 * 3 * 51);
	assert_true(number(out, "bytes") > 4 * 3 * 500 * 200);
	free(out);
	free(pid);
	stop(&x);
}

static void bench_keeps_to_a_rate(void **state)
{
	struct fixture x = start(FAKE_HONEST);
	char *out = ctl_answer(
		bench(&x, "--rate", "500", "--count", "100", "--connections", "2", "--json"));

	(void)state;
	assert_true(number(out, "transactions") == 100);
	assert_true(number(out, "seconds") >= 99 / 500.0);
	free(out);
	stop(&x);
}

static void finds_out(enum fake_sin sin, const char *why)
{
	struct fixture x = start(sin);
	struct ctl_run r = remote_timed(&x, sin == FAKE_LOSES ? "2s" : "60s", "bench", "--streams",
					"4", "--outstanding", "8", "--count", "60", "--size", "10");

	assert_int_equal(r.code, 1);
	assert_string_equal(r.out, "");
	if (!strstr(r.err, why))
		fail_msg("%s, not %s", r.err, why);
	ctl_run_free(&r);
	stop(&x);
}

static void bench_finds_out_what_went_wrong(void **state)
{
	(void)state;
	finds_out(FAKE_REFUSES, "the orderer answered 403 FORBIDDEN: permission denied");
	finds_out(FAKE_LOSES, "the orderer fell silent: 60 transactions sent, ");
	finds_out(FAKE_REPEATS, "block 2 holds a transaction that came back before");
	finds_out(FAKE_FORKS, "block 2 does not carry the hash of the block before it");
	finds_out(FAKE_CHANGES_DATA, "block 2: its data hash is not that of its data");
	finds_out(FAKE_HANGS_UP, ": Unavailable: gone fishing");
}

static void an_unknown_channel_is_an_error(void **state)
{
	struct fixture x = start(FAKE_HONEST);
	struct ctl_run r = ctl_run("bench", "--channel", "other", "--orderer", x.address,
				   "--identity", x.identity, "--count", "10");

	(void)state;
	ctl_expect(&r, 1, "", "ordererctl bench: the orderer answered 404 NOT_FOUND\n");
	stop(&x);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_sent_comes_back),
		cmocka_unit_test(ranges_are_fetched_in_order),
		cmocka_unit_test(a_created_channels_genesis_block_is_fetched),
		cmocka_unit_test(only_updates_are_signed_as_updates),
		cmocka_unit_test(a_refusal_is_printed_and_ends_it),
		cmocka_unit_test(a_lost_orderer_is_named),
		cmocka_unit_test(tls_checks_the_orderer),
		cmocka_unit_test(mutual_tls_is_bound_to_the_headers),
		cmocka_unit_test(bench_counts_what_it_did),
		cmocka_unit_test(bench_keeps_to_a_rate),
		cmocka_unit_test(bench_finds_out_what_went_wrong),
		cmocka_unit_test(an_unknown_channel_is_an_error),
	};

	return cmocka_run_group_tests(tests, find_pems, forget_pems);
}
