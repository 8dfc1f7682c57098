/* SPDX-License-Identifier: Apache-2.0 */
/* The genesis block of a profile (spec 2.5): block 0 with one unsigned CONFIG envelope. */
#include "configtx_priv.h"
#include <stdlib.h>

#define MAX_PROFILES 64 /* that a "did you mean" looks at */

static struct log_logger logger = LOG_LOGGER("common.tools.configtxgen");

/* ---- the profile ---------------------------------------------------------------------------- */

static int fail_profile(const char *path, const struct yaml *profiles, const char *name,
			struct ord_err *e)
{
	const char *names[MAX_PROFILES + 1], *nearest;
	size_t n = 0;

	for (size_t i = 0; profiles && i < profiles->n && n < MAX_PROFILES; i++)
		names[n++] = profiles->items[i]->key;
	names[n] = NULL;
	nearest = err_nearest(name, names);
	return err_set(e, ORD_ENOENT, "%s: Could not find profile: %s%s%s%s", path, name,
		       nearest ? ", did you mean " : "", nearest ? nearest : "",
		       nearest ? "?" : "");
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
	return 0;
}

/* The /Channel group of the profile @name of the file. */
static int profile_group(const char *path, const char *name, char *const *environment,
			 Common__ConfigGroup **out, struct ord_err *e)
{
	const char *slash = strrchr(path, '/');
	char *dir = slash ? x_strndup(path, (size_t)(slash - path) + 1) : x_strdup(".");
	struct yaml *root = NULL, *profile;
	const struct yaml *profiles;
	int rc = yaml_load(path, &root, e);

	if (rc == 0)
		rc = configtx_check(root, e);
	if (rc < 0)
		goto out;
	profiles = yaml_get(root, "Profiles");
	profile = (struct yaml *)yaml_get(profiles, name);
	if (!profile) {
		rc = fail_profile(path, profiles, name, e);
		goto out;
	}
	rc = configtx_override(profile, environment, e);
	if (rc == 0)
		rc = check_profile(path, name, profile, e);
	if (rc == 0)
		rc = configtx_channel_group(profile, dir, out, e);
out:
	yaml_free(root);
	free(dir);
	return rc;
}

/* ---- the block ------------------------------------------------------------------------------- */

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
	struct buf data = BUF_INIT, payload = BUF_INIT, tx_id = BUF_INIT;
	struct wire_header_spec h = {.type = WIRE_CONFIG, .version = 1, .channel_id = channel_id};
	struct ord_env *env;
	uint8_t nonce[24];

	crypto_random(nonce, sizeof(nonce));
	h.nonce = bytes_of(nonce, sizeof(nonce));
	h.timestamp_sec = clock_wall_ns() / (int64_t)CLOCK_SEC_NS;
	set_tx_id(&h, &tx_id);
	msg.config = (Common__Config *)config;
	wire_pack(&msg, &data);
	wire_build_payload(&h, buf_bytes(&data), &payload);
	env = env_make(buf_bytes(&payload), bytes_of(NULL, 0));
	buf_fini(&tx_id);
	buf_fini(&payload);
	buf_fini(&data);
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
