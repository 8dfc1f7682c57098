/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The table of local settings (spec 7.2).  Where Fabric's shipped orderer.yaml and its code differ
 * in a default, the shipped file's stands here: that is what a container has whose environment is
 * all the configuration there is.
 */
#include "localconf_priv.h"

#define INT32_MAX_U 2147483647u

#define ROW(k, t, d, h, ...)                                                                 \
	{                                                                                    \
		.key = (k), .type = LOCALCONF_##t, .fallback = (d), .help = (h), __VA_ARGS__ \
	}
/* A key that Fabric knows and this daemon has no use for. */
#define IDLE(k, t, d, h, ...) ROW(k, t, d, h, .accepted_unused = true, __VA_ARGS__)

static const struct localconf_row rows[] = {
	/* ---- General -------------------------------------------------------------- */
	ROW("General.LedgerType", STRING, "file",
	    "Kind of ledger. Only \"file\" keeps blocks here.", .choices = "file|json|ram"),
	ROW("General.ListenAddress", STRING, "127.0.0.1", "Address to listen on for clients."),
	ROW("General.ListenPort", PORT, "7050", "Port to listen on for clients.",
	    .zero_unset = true),
	ROW("General.ConnectionTimeout", DURATION, "5s",
	    "How long a client may take for its TLS and HTTP/2 handshakes.", .zero_unset = true),
	ROW("General.MaxRecvMsgSize", SIZE, "104857600",
	    "Largest message taken from a client; requests for blocks are limited to 1 MiB. When all "
	    "clients' messages that are not finished, or wait, come to twice this, 16 MiB at "
	    "least, senders are made to wait.",
	    .zero_unset = true, .max = INT32_MAX_U),
	ROW("General.MaxSendMsgSize", SIZE, "104857600", "Largest message sent to a client.",
	    .zero_unset = true, .max = INT32_MAX_U),
	ROW("General.BootstrapMethod", STRING, "file",
	    "Where the first block comes from when the ledger is empty: the file BootstrapFile, "
	    "\"provisional\" to make one from GenesisProfile of configtx.yaml, or \"none\". "
	    "configtx.yaml is looked for in FABRIC_CFG_PATH or, when that is not set, in the working "
	    "directory, then beside the configuration file and in /etc/hyperledger/fabric.",
	    .choices = "file|provisional|none"),
	ROW("General.BootstrapFile", PATH, "genesisblock", "The genesis block."),
	ROW("General.GenesisMethod", STRING, "", "BootstrapMethod's name in Fabric 1.4.",
	    .alias_of = "General.BootstrapMethod"),
	ROW("General.GenesisFile", PATH, "", "BootstrapFile's name in Fabric 1.4.",
	    .alias_of = "General.BootstrapFile"),
	ROW("General.GenesisProfile", STRING, "SampleInsecureSolo",
	    "Profile of configtx.yaml that a provisional genesis block is made from."),
	ROW("General.SystemChannel", STRING, "test-system-channel-name",
	    "Channel of a provisional genesis block."),
	ROW("General.LocalMSPDir", PATH, "msp", "The orderer's own MSP directory."),
	ROW("General.LocalMSPID", STRING, "SampleOrg",
	    "MSP ID of the orderer's organization in the channel configuration."),
	ROW("General.PluginDir", PATH, ORD_PLUGIN_DIR,
	    "Directory of the consensus plugins. Not a Fabric setting."),
	ROW("General.NetLoops", UINT, "0",
	    "Threads that serve connections; 0 lets the number of processors decide. Not a Fabric "
	    "setting.",
	    .max = 256),
	ROW("General.Workers", UINT, "0",
	    "Threads that verify signatures; 0 lets the number of processors decide. Not a Fabric "
	    "setting.",
	    .max = 1024),
	ROW("General.ShutdownTimeout", DURATION, "1s",
	    "How long streams may take to end when the daemon stops. Not a Fabric setting."),

	ROW("General.TLS.Enabled", BOOL, "false", "Serve clients over TLS."),
	ROW("General.TLS.PrivateKey", PATH, "tls/server.key", "Private key of Certificate, PEM."),
	ROW("General.TLS.Certificate", PATH, "tls/server.crt",
	    "TLS certificate of the server, PEM."),
	IDLE("General.TLS.RootCAs", PATHS, "[tls/ca.crt]", "Roots for outgoing connections."),
	ROW("General.TLS.ClientAuthRequired", BOOL, "false",
	    "Ask every client for a certificate (mutual TLS)."),
	ROW("General.TLS.ClientRootCAs", PATHS, "",
	    "CA certificates of clients, on top of those in channel configurations."),
	ROW("General.TLS.TLSHandshakeTimeShift", DURATION, "0s",
	    "Check client certificates as of this long ago."),

	ROW("General.Keepalive.ServerMinInterval", DURATION, "60s",
	    "Clients that ping more often than this are disconnected; every 10s is always fine, "
	    "since gateways do that.",
	    .zero_unset = true),
	ROW("General.Keepalive.ServerInterval", DURATION, "7200s",
	    "A client that is silent for this long is pinged.", .zero_unset = true),
	ROW("General.Keepalive.ServerTimeout", DURATION, "20s",
	    "How long the client may take to answer.", .zero_unset = true),

	ROW("General.Authentication.TimeWindow", DURATION, "15m",
	    "How far a Deliver request's time may be from the clock here.", .zero_unset = true),
	ROW("General.Authentication.NoExpirationChecks", BOOL, "false",
	    "Accept expired client identities."),

	IDLE("General.Profile.Enabled", BOOL, "false", "Go's profiling endpoint."),
	IDLE("General.Profile.Address", STRING, "0.0.0.0:6060", "Go's profiling endpoint."),

	ROW("General.BCCSP.Default", STRING, "SW", "Where private keys live: SW means files.",
	    .choices = "SW|PKCS11"),
	IDLE("General.BCCSP.SW.Hash", STRING, "SHA2", "Hash family.", .choices = "SHA2|SHA3"),
	IDLE("General.BCCSP.SW.Security", UINT, "256", "Key strength in bits.", .min = 256,
	     .max = 384),
	ROW("General.BCCSP.SW.FileKeyStore.KeyStore", PATH_CWD, "",
	    "Directory of private keys; keystore in LocalMSPDir when empty."),
	IDLE("General.BCCSP.PKCS11.Library", PATH_CWD, "", "PKCS#11 module."),
	IDLE("General.BCCSP.PKCS11.Label", STRING, "", "PKCS#11 token."),
	IDLE("General.BCCSP.PKCS11.Pin", SECRET, "", "PIN of the token."),
	IDLE("General.BCCSP.PKCS11.Hash", STRING, "", "Hash family."),
	IDLE("General.BCCSP.PKCS11.Security", UINT, "0", "Key strength in bits."),
	IDLE("General.BCCSP.PKCS11.FileKeyStore.KeyStore", PATH_CWD, "",
	     "Directory of keys outside the token."),

	IDLE("General.Cluster.ListenAddress", STRING, "", "Address for other orderers."),
	IDLE("General.Cluster.ListenPort", PORT, "0", "Port for other orderers."),
	IDLE("General.Cluster.ServerCertificate", PATH_CWD, "",
	     "TLS certificate of that listener."),
	IDLE("General.Cluster.ServerPrivateKey", PATH_CWD, "", "Private key of that listener."),
	IDLE("General.Cluster.ClientCertificate", PATH, "",
	     "TLS certificate shown to other orderers."),
	IDLE("General.Cluster.ClientPrivateKey", PATH, "", "Its private key."),
	IDLE("General.Cluster.RootCAs", PATHS, "", "Roots of other orderers."),
	IDLE("General.Cluster.DialTimeout", DURATION, "5s", "To connect to another orderer.",
	     .zero_unset = true),
	IDLE("General.Cluster.RPCTimeout", DURATION, "7s", "For a call to another orderer.",
	     .zero_unset = true),
	IDLE("General.Cluster.SendBufferSize", UINT, "100", "Messages queued for another orderer.",
	     .zero_unset = true),
	IDLE("General.Cluster.ReplicationBufferSize", SIZE, "20971520",
	     "Bytes fetched ahead from another orderer.", .zero_unset = true),
	IDLE("General.Cluster.ReplicationPullTimeout", DURATION, "5s",
	     "For a block from another orderer.", .zero_unset = true),
	IDLE("General.Cluster.ReplicationRetryTimeout", DURATION, "5s",
	     "Between two tries to fetch blocks.", .zero_unset = true),
	IDLE("General.Cluster.ReplicationBackgroundRefreshInterval", DURATION, "5m",
	     "Between two tries to find channels.", .zero_unset = true),
	IDLE("General.Cluster.ReplicationMaxRetries", UINT, "12", "Tries to fetch blocks.",
	     .zero_unset = true),
	IDLE("General.Cluster.CertExpirationWarningThreshold", DURATION, "168h",
	     "Warn this long before another orderer's certificate expires.", .zero_unset = true),
	IDLE("General.Cluster.TLSHandshakeTimeShift", DURATION, "0s",
	     "Check certificates as of this long ago."),

	/* ---- Broadcast (not Fabric's) ----------------------------------------------- */
	ROW("Broadcast.MaxInflightPerStream", UINT, "128",
	    "Messages of one Broadcast stream that may be under way at once.", .min = 1,
	    .max = 4096),
	ROW("Broadcast.MaxInflightBytes", SIZE, "64 MB",
	    "Bytes of all Broadcast streams together that may be under way at once.",
	    .min = 1 << 20),

	/* ---- ledgers ------------------------------------------------------------------ */
	ROW("FileLedger.Location", PATH, "/var/hyperledger/production/orderer",
	    "Directory of the ledgers of all channels, in Fabric's own format."),
	IDLE("FileLedger.Prefix", STRING, "hyperledger-fabric-ordererledger",
	     "Prefix of a temporary directory."),
	IDLE("RAMLedger.HistorySize", UINT, "1000", "Blocks kept by a ledger in memory."),

	/* ---- what watches and administers ------------------------------------------------ */
	ROW("Debug.BroadcastTraceDir", PATH_CWD, "",
	    "Write every Broadcast request, a signed Envelope, to a file in this directory. For a "
	    "short time: nothing is ever removed there."),
	ROW("Debug.DeliverTraceDir", PATH_CWD, "",
	    "Write every Deliver request to a file in this directory."),
	ROW("Operations.ListenAddress", STRING, "",
	    "Address and port of the operations endpoint: /healthz, /logspec, /version, /metrics. "
	    "Fabric's file says 127.0.0.1:8443; here nothing listens unless this is set, or "
	    "Metrics.Provider is prometheus: then it is that."),
	ROW("Operations.TLS.Enabled", BOOL, "false",
	    "Serve it over TLS. Then /logspec and /metrics are for clients with a certificate only."),
	ROW("Operations.TLS.Certificate", PATH_CWD, "", "Its TLS certificate."),
	ROW("Operations.TLS.PrivateKey", PATH_CWD, "", "Its private key."),
	IDLE("Operations.TLS.RootCAs", LIST, "", "Without meaning in Fabric, too."),
	ROW("Operations.TLS.ClientAuthRequired", BOOL, "false",
	    "Refuse connections without a client certificate."),
	ROW("Operations.TLS.ClientRootCAs", LIST, "",
	    "CA certificates of its clients, relative to the working directory."),
	IDLE("Operations.TLS.TLSHandshakeTimeShift", DURATION, "0s",
	     "Without meaning in Fabric, too."),
	ROW("Metrics.Provider", STRING, "disabled",
	    "\"prometheus\" has the operations endpoint serve /metrics, on 127.0.0.1:8443 if "
	    "Operations.ListenAddress is not set; \"disabled\" has it not. "
	    "Fabric's \"statsd\" counts as disabled."),
	IDLE("Metrics.Statsd.Network", STRING, "udp", "How to reach statsd.", .choices = "udp|tcp"),
	IDLE("Metrics.Statsd.Address", STRING, "127.0.0.1:8125", "Where to reach statsd."),
	IDLE("Metrics.Statsd.WriteInterval", DURATION, "30s", "Between two reports to statsd."),
	IDLE("Metrics.Statsd.Prefix", STRING, "", "Put in front of every name."),
	ROW("Admin.ListenAddress", STRING, "127.0.0.1:9443",
	    "Address and port of the channel participation API, that osnadmin speaks to. Nothing "
	    "listens unless this is set or ChannelParticipation.Enabled is true."),
	ROW("Admin.TLS.Enabled", BOOL, "false",
	    "Serve it over TLS, to clients with a certificate."),
	ROW("Admin.TLS.Certificate", PATH_CWD, "", "Its TLS certificate."),
	ROW("Admin.TLS.PrivateKey", PATH_CWD, "", "Its private key."),
	IDLE("Admin.TLS.RootCAs", LIST, "", "Without meaning in Fabric, too."),
	ROW("Admin.TLS.ClientAuthRequired", BOOL, "true",
	    "Refuse connections without a client certificate. With TLS it must be true."),
	ROW("Admin.TLS.ClientRootCAs", LIST, "",
	    "CA certificates of its clients, relative to the working directory."),
	IDLE("Admin.TLS.TLSHandshakeTimeShift", DURATION, "0s", "Without meaning in Fabric, too."),
	ROW("ChannelParticipation.Enabled", BOOL, "false",
	    "Have channels joined, listed and removed through the admin endpoint."),
	ROW("ChannelParticipation.MaxRequestBodySize", SIZE, "1 MB",
	    "Largest request to it, the block to join with and some more.", .zero_unset = true,
	    .max = UINT32_MAX),

	/* ---- etcdraft ---------------------------------------------------------------------- */
	IDLE("Consensus.WALDir", PATH_CWD, "/var/hyperledger/production/orderer/etcdraft/wal",
	     "Raft's log."),
	IDLE("Consensus.SnapDir", PATH_CWD, "/var/hyperledger/production/orderer/etcdraft/snapshot",
	     "Raft's snapshots."),
	IDLE("Consensus.EvictionSuspicion", DURATION, "10m",
	     "Without a leader for so long, suspect to be evicted."),
	IDLE("Consensus.TickIntervalOverride", STRING, "", "Raft's tick."),
	{.key = NULL},
};

const struct localconf_row *localconf_rows(void)
{
	return rows;
}
