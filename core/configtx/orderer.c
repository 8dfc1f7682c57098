/* SPDX-License-Identifier: Apache-2.0 */
/* The Orderer section of a profile as /Channel/Orderer: batches, the consensus type and what it
 * wants to know. */
#include "configtx_priv.h"
#include <stdlib.h>

#define MAX_CERT_FILE (1u << 20)

static struct log_logger logger = LOG_LOGGER("common.tools.configtxgen.encoder");

/* ---- batches ------------------------------------------------------------- */

static void add_batch_size(Common__ConfigGroup *g, const struct yaml *size)
{
	Orderer__BatchSize msg = ORDERER__BATCH_SIZE__INIT;

	msg.max_message_count = (uint32_t)configtx_number(size, "MaxMessageCount", 500);
	msg.absolute_max_bytes = (uint32_t)configtx_number(size, "AbsoluteMaxBytes", 10 << 20);
	msg.preferred_max_bytes = (uint32_t)configtx_number(size, "PreferredMaxBytes", 2 << 20);
	configtx_add_value(g, "BatchSize", &msg, "Admins");
}

/* Written as Go prints it: "2s", "1m30s". */
static void add_batch_timeout(Common__ConfigGroup *g, const struct yaml *orderer)
{
	Orderer__BatchTimeout msg = ORDERER__BATCH_TIMEOUT__INIT;
	struct buf text = BUF_INIT;
	int64_t ns = 0;

	duration_parse(configtx_text(orderer, "BatchTimeout", "0"), &ns, NULL);
	duration_format(&text, ns ? ns : (int64_t)(2 * CLOCK_SEC_NS));
	msg.timeout = buf_cstr(&text);
	configtx_add_value(g, "BatchTimeout", &msg, "Admins");
	buf_fini(&text);
}

static void add_restrictions(Common__ConfigGroup *g, const struct yaml *orderer)
{
	Orderer__ChannelRestrictions msg = ORDERER__CHANNEL_RESTRICTIONS__INIT;

	msg.max_count = configtx_number(orderer, "MaxChannels", 0);
	configtx_add_value(g, "ChannelRestrictions", &msg, "Admins");
}

static void add_kafka_brokers(Common__ConfigGroup *g, const struct yaml *brokers)
{
	static char *usual[] = {"127.0.0.1:9092"};
	Orderer__KafkaBrokers msg = ORDERER__KAFKA_BROKERS__INIT;
	char **own = NULL;

	msg.n_brokers = 1;
	msg.brokers = usual;
	if (brokers)
		msg.brokers = own = configtx_texts(brokers, &msg.n_brokers);
	configtx_add_value(g, "KafkaBrokers", &msg, "Admins");
	free(own);
}

/* Ours; without it there is no metadata at all, as configtxgen has it. */
static void kafka_metadata(const struct yaml *kafka, struct buf *out)
{
	Orderer__KafkaConfigMetadata msg = ORDERER__KAFKA_CONFIG_METADATA__INIT;

	msg.exactly_once = bool_parse(configtx_text(kafka, "ExactlyOnce", "false")) == 1;
	wire_pack(&msg, out);
}

/* ---- etcdraft ------------------------------------------------------------ */

static int read_options(const struct yaml *raft, Etcdraft__Options *out, struct ord_err *e)
{
	const struct yaml *options = yaml_get(raft, "Options");
	int64_t ns;

	out->tick_interval = (char *)configtx_text(options, "TickInterval", "500ms");
	out->election_tick = (uint32_t)configtx_number(options, "ElectionTick", 10);
	out->heartbeat_tick = (uint32_t)configtx_number(options, "HeartbeatTick", 1);
	out->max_inflight_blocks = (uint32_t)configtx_number(options, "MaxInflightBlocks", 5);
	out->snapshot_interval_size =
		(uint32_t)configtx_number(options, "SnapshotIntervalSize", 20 << 20);
	if (duration_parse(out->tick_interval, &ns, NULL) < 0)
		return yaml_fail(options, e,
				 "Etcdraft TickInterval (%s) must be in time duration format",
				 out->tick_interval);
	if (out->election_tick <= out->heartbeat_tick)
		return yaml_fail(options, e, "election tick must be greater than heartbeat tick");
	return 0;
}

static int read_cert(const struct yaml *consenter, const char *key, const char *what,
		     const char *dir, ProtobufCBinaryData *out, struct ord_err *e)
{
	const char *name = configtx_text(consenter, key, NULL);
	struct buf b = BUF_INIT;
	char *path;
	int rc;

	if (!name)
		return yaml_fail(consenter, e,
				 "consenter info in etcdraft configuration did not specify %s "
				 "TLS cert",
				 what);
	path = file_join(dir, name);
	rc = file_read(path, MAX_CERT_FILE, &b, e);
	free(path);
	if (rc < 0)
		err_wrap(e, "cannot load %s cert for consenter %s:%s", what,
			 configtx_text(consenter, "Host", ""),
			 configtx_text(consenter, "Port", ""));
	*out = wire_binary(buf_bytes(&b));
	return rc;
}

static int read_consenter(const struct yaml *in, const char *dir, Etcdraft__Consenter *out,
			  struct ord_err *e)
{
	int rc;

	out->host = (char *)configtx_text(in, "Host", "");
	out->port = (uint32_t)configtx_number(in, "Port", 0);
	if (!out->host[0] || out->port == 0)
		return yaml_fail(in, e,
				 "consenter info in etcdraft configuration did not specify %s",
				 out->host[0] ? "port" : "host");
	rc = read_cert(in, "ClientTLSCert", "client", dir, &out->client_tls_cert, e);
	if (rc == 0)
		rc = read_cert(in, "ServerTLSCert", "server", dir, &out->server_tls_cert, e);
	return rc;
}

/* The metadata, packed and appended to @out. */
static int raft_metadata(const struct yaml *orderer, const char *dir, struct buf *out,
			 struct ord_err *e)
{
	const struct yaml *raft = yaml_get(orderer, "EtcdRaft"),
			  *list = yaml_get(raft, "Consenters");
	Etcdraft__ConfigMetadata msg = ETCDRAFT__CONFIG_METADATA__INIT;
	Etcdraft__Options options = ETCDRAFT__OPTIONS__INIT;
	Etcdraft__Consenter *consenters;
	int rc;

	if (!raft)
		return yaml_fail(orderer, e, "etcdraft raft configuration missing");
	if (!list || list->n == 0)
		return yaml_fail(raft, e, "etcdraft configuration did not specify any consenter");
	rc = read_options(raft, &options, e);
	msg.options = &options;
	consenters = x_alloc(list->n * sizeof(*consenters));
	msg.consenters = x_alloc(list->n * sizeof(*msg.consenters));
	for (size_t i = 0; i < list->n; i++) {
		etcdraft__consenter__init(&consenters[i]);
		msg.consenters[i] = &consenters[i];
	}
	for (; msg.n_consenters < list->n && rc == 0; msg.n_consenters++)
		rc = read_consenter(list->items[msg.n_consenters], dir,
				    &consenters[msg.n_consenters], e);
	if (rc == 0)
		wire_pack(&msg, out);
	for (size_t i = 0; i < list->n; i++) {
		free(consenters[i].client_tls_cert.data);
		free(consenters[i].server_tls_cert.data);
	}
	free(consenters);
	free(msg.consenters);
	return rc;
}

/* ---- the group ----------------------------------------------------------- */

static int add_consensus_type(Common__ConfigGroup *g, const struct yaml *orderer, const char *dir,
			      struct ord_err *e)
{
	Orderer__ConsensusType msg = ORDERER__CONSENSUS_TYPE__INIT;
	const struct yaml *kafka = yaml_get(orderer, "Kafka");
	struct buf metadata = BUF_INIT;
	int rc = 0;

	msg.type = (char *)configtx_text(orderer, "OrdererType", "solo");
	if (strcmp(msg.type, "kafka") == 0) {
		add_kafka_brokers(g, yaml_get(kafka, "Brokers"));
		kafka_metadata(kafka, &metadata);
	} else if (strcmp(msg.type, "etcdraft") == 0)
		rc = raft_metadata(orderer, dir, &metadata, e);
	else if (strcmp(msg.type, "solo") != 0)
		log_warn(
			&logger,
			"orderer type %s is not one of Fabric's: every orderer needs a plugin of that name",
			msg.type);
	msg.metadata = wire_binary(buf_bytes(&metadata));
	if (rc == 0)
		configtx_add_value(g, "ConsensusType", &msg, "Admins");
	buf_fini(&metadata);
	return rc;
}

static int add_policies(Common__ConfigGroup *g, const struct yaml *policies, struct ord_err *e)
{
	if (policies && policies->n > 0)
		return configtx_add_policies(g, policies, e);
	log_warn(&logger, "Default policy emission is deprecated, please include policy "
			  "specifications for the orderer group in configtx.yaml");
	configtx_add_implicit(g, "BlockValidation", "ANY Writers");
	configtx_add_implicit(g, "Admins", "MAJORITY Admins");
	configtx_add_implicit(g, "Readers", "ANY Readers");
	configtx_add_implicit(g, "Writers", "ANY Writers");
	return 0;
}

int configtx_orderer_group(const struct yaml *orderer, const char *dir, Common__ConfigGroup **out,
			   struct ord_err *e)
{
	Common__ConfigGroup *g = configtx_group_new();
	int rc = add_policies(g, yaml_get(orderer, "Policies"), e);

	add_batch_size(g, yaml_get(orderer, "BatchSize"));
	add_batch_timeout(g, orderer);
	add_restrictions(g, orderer);
	configtx_add_capabilities(g, yaml_get(orderer, "Capabilities"));
	if (rc == 0)
		rc = add_consensus_type(g, orderer, dir, e);
	if (rc == 0)
		rc = configtx_add_orgs(g, yaml_get(orderer, "Organizations"), CONFIGTX_ORDERER_ORG,
				       dir, e);
	if (rc == 0)
		*out = g;
	else
		wire_free(g);
	return rc;
}
