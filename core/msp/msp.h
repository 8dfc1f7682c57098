/* SPDX-License-Identifier: Apache-2.0 */
/*
 * msp - identities: who signed, may they be believed, what are they.  Source: spec 3.
 *
 * An msp_set is all MSPs of one channel configuration: built once, then immutable but for its
 * cache.  A repeated identity costs one look-up: certificates are parsed, chained and checked
 * against principals once per set.
 */
#ifndef MSP_H
#define MSP_H

#include <crypto/crypto.h>
#include <wire/wire.h>

/* MSP semantics by channel capability (spec 3.6). */
enum msp_version { MSP_V1_0, MSP_V1_1, MSP_V1_3, MSP_V1_4_3 };

struct msp_set;
struct msp_identity; /* counted; valid while referenced, also after its set is gone */

/** An empty set at @version. */
struct msp_set *msp_set_new(enum msp_version version);
/** Set up one MSP from an MSPConfig (spec 3.6).  Its id is returned in *mspid, owned by the set.
 *  An equal definition is shared with every set of the process that has it, and costs nothing.
 *  Thread: one, before the set is shared.
 *  Errors: ORD_EINVAL "setting up the MSP manager failed: …", "Setup error: unsupported msp type
 * %d", "Attempted to define two different versions of MSP: %s". */
int msp_set_add(struct msp_set *s, const Msp__MSPConfig *config, const char **mspid,
		struct ord_err *e);
void msp_set_free(struct msp_set *s);
/** TLS root and intermediate certificates (PEM) of an MSP: called once per certificate. */
void msp_set_tls_cas(const struct msp_set *s, const char *mspid,
		     void (*each)(void *arg, struct ord_bytes pem), void *arg);

/** The identity behind a SerializedIdentity, from the cache when seen before (spec 3.4).
 *  Thread: any.   Locks: a shard of the cache, never while parsing.
 *  Errors: ORD_EPERM with Fabric's text; failures are cached, too. */
int msp_identify(struct msp_set *s, struct ord_bytes serialized, struct msp_identity **out,
		 struct ord_err *e);
struct msp_identity *msp_identity_ref(struct msp_identity *id);
void msp_identity_unref(struct msp_identity *id);
/** Full validation (spec 3.5), worked out when the identity was made.   Errors: ORD_EPERM. */
int msp_validate(struct msp_identity *id, struct ord_err *e);
/** Identity keys: equal when mspid and certificate are equal. */
struct ord_bytes msp_identity_key(const struct msp_identity *id);
const char *msp_identity_mspid(const struct msp_identity *id);
/** NotAfter in seconds since 1970; INT64_MAX when there is none (Idemix). */
int64_t msp_identity_not_after(const struct msp_identity *id);
/** For people: "Org1MSP 'CN=User1@org1.example.com,OU=client'" of a SerializedIdentity, whether or
 *  not it is valid; appended. */
void msp_describe_serialized(struct ord_bytes serialized, struct buf *out);
/** A UTC date in strftime() format, appended; any year, where nanoseconds end in 2262. */
void msp_date(int64_t sec, const char *format, struct buf *out);
/** Verify a signature over a SHA-256 digest; costs what crypto_verify_digest() does.
 *  Thread: any.   Errors: ORD_EPERM as crypto_verify_digest(). */
int msp_verify_digest(struct msp_identity *id, const uint8_t digest[static 32],
		      struct ord_bytes sig, struct ord_err *e);

/* A principal, compiled into a set: asked often, so each identity remembers its answers by index.
 */
struct msp_principal {
	unsigned index; /* dense, per set */
	struct msp_set *set;
	Msp__MSPPrincipal *proto;
};
/** Compile a principal for a set; equal principals share one.  Thread: one, before sharing.
 *  Never fails: a malformed principal is one that nobody satisfies, for its own reason. */
const struct msp_principal *msp_principal(struct msp_set *s, const Msp__MSPPrincipal *p);
/** For people: "Org1MSP.admin", "Org1MSP OU 'paris'", "only Org1MSP 'CN=…'"; appended. */
void msp_principal_describe(const struct msp_principal *p, struct buf *out);
/** Does @id, of the same set, satisfy @p (spec 3.8)?  The answer is remembered with the identity;
 * its reason is not, so pass NULL for @e unless somebody will read it. Thread: any.   Errors:
 * ORD_EPERM with the reason. */
int msp_satisfies(struct msp_identity *id, const struct msp_principal *p, struct ord_err *e);

/** NotAfter of the certificate in a SerializedIdentity, whether or not it is valid; INT64_MAX when
 *  it cannot be told (spec 5.2, filter 3).  Uses and fills the set's cache. */
int64_t msp_expiry(struct msp_set *s, struct ord_bytes serialized);

/* ---- the local MSP: our own signing identity ----------------------------- */

struct msp_local;
/** Read an MSP directory (spec 3.1) and find its signing key in @keystore_dir (NULL:
 * <dir>/keystore). Nothing is written. Blocks: disk.   Errors: the text names the file and the
 * remedy. */
int msp_local_open(const char *dir, const char *mspid, const char *keystore_dir,
		   struct msp_local **out, struct ord_err *e);
void msp_local_close(struct msp_local *m);
/** The SerializedIdentity to put into signature headers; the local's, for its life. */
struct ord_bytes msp_local_identity(const struct msp_local *m);
/** ECDSA over SHA-256 of the parts in order; low-S DER appended to @sig.
 *  Thread: any.   Blocks: no (CPU: one signature).   Errors: ORD_EINTERNAL. */
int msp_local_sign(struct msp_local *m, const struct ord_bytes *parts, size_t n, struct buf *sig,
		   struct ord_err *e);
int64_t msp_local_not_after(const struct msp_local *m);
/** The directory as an MSPConfig, as configtx tools put it into a channel configuration (public
 *  material only); free with wire_free().
 *  Blocks: disk.   Errors: the text names the file and the remedy. */
int msp_dir_config(const char *dir, const char *mspid, Msp__MSPConfig **out, struct ord_err *e);

/** What the log says of a certificate's expiry at start (spec 3.11): @role "enrollment",
 *  "server TLS" …; returns the seconds until the one-week warning is due, or -1. */
int64_t msp_warn_expiry(const char *role, int64_t not_after, int64_t now_sec);

#endif /* MSP_H */
