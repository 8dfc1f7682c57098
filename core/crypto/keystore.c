/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The key store of files (spec 3.2): first by name, then by trying every file.
 *
 * Fabric makes a missing key directory.  An empty one helps nobody, and a start that fails changes
 * nothing on disk, so here it stays missing.
 */
#include <crypto/crypto_priv.h>
#include <openssl/crypto.h>
#include <sys/stat.h>

#define MAX_KEY_FILE 65536

static struct log_logger logger = LOG_LOGGER("bccsp_sw");

struct files {
	struct crypto_keystore base;
	char *dir;
};

static bool is_candidate(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && S_ISREG(st.st_mode) && st.st_size <= MAX_KEY_FILE;
}

/* The key in @path if it is the wanted one.  Key directories hold other files, too: what cannot be
 * used is passed over, but what cannot be read is worth a word. */
static struct crypto_key *try_file(const char *path, const uint8_t ski[static 32])
{
	struct crypto_key *k = NULL;
	struct buf pem = BUF_INIT;
	struct ord_err e = ERR_INIT;
	uint8_t got[32];

	if (!is_candidate(path))
		return NULL;
	if (file_read(path, MAX_KEY_FILE, &pem, &e) < 0)
		log_warn(&logger, "Failed reading file %s: %s", path, e.msg);
	else if (crypto_key_from_pem(buf_bytes(&pem), &k, &e) < 0)
		log_debug(&logger, "%s: %s", path, e.msg);
	if (pem.len)
		OPENSSL_cleanse(pem.data, pem.len);
	buf_fini(&pem);
	if (!k)
		return NULL;
	crypto_key_ski(k, got);
	if (memcmp(got, ski, sizeof(got)) == 0)
		return k;
	crypto_key_free(k);
	return NULL;
}

static bool named_for(const char *name, const char *hex)
{
	size_t len = strlen(name);

	return strncmp(name, hex, strlen(hex)) == 0 && len >= 2 &&
	       strcmp(name + len - 2, "sk") == 0;
}

/* Try the files that are, or are not, named for the key. */
static struct crypto_key *try_files(struct files *fs, char *const *names, const char *hex,
				    bool named, const uint8_t ski[static 32])
{
	struct crypto_key *k = NULL;

	for (size_t i = 0; !k && names[i]; i++) {
		char *path;

		if (named_for(names[i], hex) != named)
			continue;
		path = file_join(fs->dir, names[i]);
		k = try_file(path, ski);
		if (named && !k)
			log_warn(&logger, "%s does not hold the private key that it is named for",
				 path);
		free(path);
	}
	return k;
}

static int files_find(struct crypto_keystore *ks, const uint8_t ski[static 32],
		      struct crypto_key **out, struct ord_err *e)
{
	struct files *fs = UTIL_CONTAINER(ks, struct files, base);
	struct buf hex = BUF_INIT;
	char **names = NULL;
	size_t n;
	int rc = file_list(fs->dir, &names, &n, e);

	if (rc == ORD_ENOENT)
		return err_set(e, ORD_ENOENT, "KeyMaterial not found in SigningIdentityInfo");
	if (rc < 0)
		return rc;
	hex_encode(&hex, bytes_of(ski, 32));
	*out = try_files(fs, names, buf_cstr(&hex), true, ski);
	if (!*out)
		*out = try_files(fs, names, buf_cstr(&hex), false, ski);
	buf_fini(&hex);
	file_list_free(names);
	return *out ? 0 : err_set(e, ORD_ENOENT, "KeyMaterial not found in SigningIdentityInfo");
}

static void files_close(struct crypto_keystore *ks)
{
	struct files *fs = UTIL_CONTAINER(ks, struct files, base);

	free(fs->dir);
	free(fs);
}

int crypto_keystore_files(const char *dir, struct crypto_keystore **out, struct ord_err *e)
{
	static const struct crypto_keystore_ops ops = {
		.name = "files", .find = files_find, .close = files_close};
	struct files *fs;

	if (!dir[0])
		return err_set(
			e, ORD_EINVAL,
			"An invalid KeyStore path provided. Path cannot be an empty string.");
	fs = x_alloc(sizeof(*fs));
	fs->base.ops = &ops;
	fs->dir = x_strdup(dir);
	*out = &fs->base;
	return 0;
}
