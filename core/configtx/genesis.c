/* SPDX-License-Identifier: Apache-2.0 */
/* The genesis block of a profile (spec 2.5): block 0 with one unsigned CONFIG envelope. */
#include "configtx_priv.h"
#include <stdlib.h>

static struct log_logger logger = LOG_LOGGER("common.tools.configtxgen");

static int refuse_foreign(const struct yaml *section, struct ord_err *e)
{
	const struct yaml *orgs = yaml_get(section, "Organizations");

	for (size_t i = 0; orgs && i < orgs->n; i++)
		if (configtx_is_foreign(orgs->items[i]))
			return yaml_fail(orgs->items[i], e,
					 "all org definitions must be local during bootstrapping: "
					 "organization '%s' is marked to be skipped as foreign",
					 configtx_text(orgs->items[i], "Name", ""));
	return 0;
}

static int refuse_foreign_orgs(const struct yaml *profile, struct ord_err *e)
{
	const struct yaml *consortiums = yaml_get(profile, "Consortiums");
	int rc = refuse_foreign(yaml_get(profile, "Orderer"), e);

	if (rc == 0)
		rc = refuse_foreign(yaml_get(profile, "Application"), e);
	for (size_t i = 0; consortiums && i < consortiums->n && rc == 0; i++)
		rc = refuse_foreign(consortiums->items[i], e);
	return rc;
}

static int check_profile(const char *path, const char *name, const struct yaml *profile,
			 struct ord_err *e)
{
	if (!yaml_get(profile, "Orderer"))
		return err_set(e, ORD_EINVAL,
			       "%s: profile %s: refusing to generate block which is missing "
			       "orderer section",
			       path, name);
	/* with an Application it is a channel of its own, and that is what was meant */
	if (!yaml_get(profile, "Consortiums") && !yaml_get(profile, "Application"))
		log_warn(&logger,
			 "Genesis block does not contain a consortiums group definition.  This "
			 "block cannot be used for orderer bootstrap.");
	return refuse_foreign_orgs(profile, e);
}

/* The /Channel group of the profile @name of the file. */
static int profile_group(const char *path, const char *name, char *const *environment,
			 Common__ConfigGroup **out, struct ord_err *e)
{
	struct configtx_profile p;
	int rc = configtx_profile_load(path, name, environment, &p, e);

	if (rc == 0)
		rc = check_profile(path, name, p.node, e);
	if (rc == 0)
		rc = configtx_channel_group(p.node, p.dir, out, e);
	configtx_profile_free(&p);
	return rc;
}

/* hex(SHA-256(nonce and creator)), the creator of a genesis block being nobody. */
static void set_tx_id(struct wire_header_spec *h, struct buf *out)
{
	uint8_t hash[SHA256_LEN];

	sha256(h->nonce, hash);
	hex_encode(out, bytes_of(hash, sizeof(hash)));
	h->tx_id = buf_cstr(out);
}

static struct ord_env *config_envelope(const char *channel_id, const Common__Config *config)
{
	Common__ConfigEnvelope msg = COMMON__CONFIG_ENVELOPE__INIT;
	struct buf tx_id = BUF_INIT;
	struct wire_header_spec h = {.type = WIRE_CONFIG, .version = 1, .channel_id = channel_id};
	struct ord_env *env;
	uint8_t nonce[WIRE_NONCE_LEN];

	crypto_random(nonce, sizeof(nonce));
	h.nonce = bytes_of(nonce, sizeof(nonce));
	h.timestamp_sec = clock_wall_ns() / (int64_t)CLOCK_SEC_NS;
	set_tx_id(&h, &tx_id);
	msg.config = (Common__Config *)config;
	env = env_unsigned_msg(&h, &msg);
	buf_fini(&tx_id);
	return env;
}

static struct ord_block *genesis_block(const char *channel_id, const Common__Config *config)
{
	Common__LastConfig last = COMMON__LAST_CONFIG__INIT;
	Common__Metadata meta = COMMON__METADATA__INIT;
	struct buf value = BUF_INIT, packed = BUF_INIT;
	struct ord_env *env = config_envelope(channel_id, config);
	struct ord_block *b = block_new(0, bytes_of(NULL, 0), &env, 1);

	wire_pack(&last, &value);
	meta.value = wire_binary(buf_bytes(&value));
	wire_pack(&meta, &packed);
	block_set_meta(b, BLOCK_META_LAST_CONFIG, buf_bytes(&packed));
	block_seal(b);
	env_unref(env);
	buf_fini(&packed);
	buf_fini(&value);
	return b;
}

int configtx_genesis(const char *yaml_path, const char *profile, const char *channel_id,
		     char *const *environment, struct ord_block **out, struct ord_err *e)
{
	Common__Config config = COMMON__CONFIG__INIT;
	struct chanconf *checked = NULL;
	int rc = chanconf_check_channel_id(channel_id, e);

	if (rc == 0)
		rc = profile_group(yaml_path, profile, environment, &config.channel_group, e);
	if (rc == 0) {
		rc = chanconf_new(channel_id, &config, &checked, e);
		if (rc < 0)
			err_wrap(e, "%s: no orderer would take profile %s", yaml_path, profile);
	}
	if (rc == 0)
		*out = genesis_block(channel_id, &config);
	chanconf_unref(checked);
	wire_free(config.channel_group);
	return rc;
}
