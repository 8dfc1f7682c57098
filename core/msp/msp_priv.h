/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MSP_PRIV_H
#define MSP_PRIV_H

#include <msp/msp.h>
#include <openssl/x509v3.h>

#define MSP_MAX_PEM   (64u * 1024) /* of an identity; Fabric's are below 2 KiB */
#define MSP_CHAIN_MAX 16           /* certificates in a chain, the identity's own included */
#define MSP_HASH_MAX  48           /* SHA-384 */

/* ---- certificates (cert.c) ----------------------------------------------- */

/* A parsed certificate and what chain building asks of it.  Immutable but for internal, which only
 * setup writes. */
struct msp_cert {
	X509 *x;
	struct buf der;
	struct ord_bytes subject, issuer; /* DER, as they stand in the certificate */
	int64_t not_before, not_after;
	bool v3, basic, is_ca; /* basic: has basic constraints */
	bool may_sign;         /* key usage, if any, includes certificate signing */
	bool eku_fits;         /* no extended key usage, or one for servers or for any purpose */
	bool unhandled;        /* has a critical extension that Go does not know */
	bool ecdsa_signed;
	long path_len; /* -1: unlimited */
	NAME_CONSTRAINTS *names;
	bool internal; /* a CA that has a CA below it */
};

/** Takes @x over, also on failure. */
struct msp_cert *msp_cert_new(X509 *x);
void msp_cert_free(struct msp_cert *c);
/** The first PEM block of @pem.  Errors: ORD_EINVAL "getCertFromPem error: …". */
int msp_cert_from_conf(struct ord_bytes pem, struct msp_cert **out, struct ord_err *e);
/** NULL when @child's signature was made by @parent; else why not, in Go's words. */
const char *msp_cert_signed_by(const struct msp_cert *child, const struct msp_cert *parent);
bool msp_cert_has_san(const struct msp_cert *c);
/** The common name as UTF-8, appended; false when there is none. */
bool msp_cert_common_name(const struct msp_cert *c, struct buf *out);
/** The serial number as Go's %x and %d print it; heap. */
char *msp_cert_serial_hex(const struct msp_cert *c);
char *msp_cert_serial_dec(const struct msp_cert *c);
/** The serial number as DER, appended. */
void msp_serial_der(const ASN1_INTEGER *serial, struct buf *out);
/** A name as Go prints it, "CN=…,OU=…,C=US", appended. */
void msp_name_text(const X509_NAME *name, struct buf *out);

/* ---- chains (chain.c) ---------------------------------------------------- */

struct msp_pool {
	size_t n;
	struct msp_cert **certs;
};
/** Add @c unless it is there; takes it over. */
void msp_pool_add(struct msp_pool *p, struct msp_cert *c);
struct msp_cert *msp_pool_find(const struct msp_pool *p, struct ord_bytes der);
void msp_pool_fini(struct msp_pool *p);

struct msp_chain {
	size_t len;
	const struct msp_cert *cert[MSP_CHAIN_MAX]; /* [0]: the one asked for; last: a root */
};
/** The only chain of @cert, as Go's x509.Verify finds it one second after the certificate's own
 *  NotBefore, with no key usages given.
 *  Errors: ORD_EPERM "the supplied identity is not valid: …", "this MSP only supports a single
 *  validation chain, got %d". */
int msp_chain_find(const struct msp_cert *cert, const struct msp_pool *roots,
		   const struct msp_pool *intermediates, struct msp_chain *out, struct ord_err *e);

/* ---- revocation (crl.c) -------------------------------------------------- */

struct msp_crl;
/** PEM or DER.  Errors: ORD_EINVAL "could not parse RevocationList: …". */
int msp_crl_parse(struct ord_bytes text, struct msp_crl **out, struct ord_err *e);
void msp_crl_free(struct msp_crl *c);

/* ---- one MSP (setup.c, ou.c) --------------------------------------------- */

struct msp_digest { /* by the MSP's hash function */
	size_t len;
	uint8_t bytes[MSP_HASH_MAX];
};

/* An organizational unit and, when certifiers.len, the chain that must have issued it. */
struct msp_ou {
	char *name;
	struct msp_digest certifiers;
};

enum msp_node_ou { NODE_CLIENT, NODE_PEER, NODE_ADMIN, NODE_ORDERER, NODE_OUS };

struct msp {
	atomic_uint refs;
	bool idemix;
	enum msp_version version;
	char *name;
	bool shared; /* by shared.c, under this key */
	uint8_t definition[SHA256_LEN];

	const EVP_MD *hash;
	char *hash_family; /* of signatures */
	struct msp_pool roots, intermediates;
	size_t n_crls;
	struct msp_crl **crls;
	size_t n_admins;
	struct msp_cert **admins;
	size_t n_tls, n_tls_roots; /* roots come first */
	struct buf *tls;           /* PEM, as configured */
	size_t n_ous;
	struct msp_ou *ous;
	bool node_ous;                   /* enforced */
	struct msp_ou node_ou[NODE_OUS]; /* name NULL: not classified */

	bool local;              /* who signs is known, the key is not ours to find */
	struct msp_cert *signer; /* NULL: none is configured */
};

/** Set up one MSP (spec 3.6).   Errors: ORD_EINVAL with Fabric's text. */
int msp_new(const Msp__MSPConfig *config, enum msp_version version, bool local, struct msp **out,
	    struct ord_err *e);
/** Errors: ORD_EINVAL "signing identity expired %v ago". */
int msp_check_expired(const struct msp_cert *signer, struct ord_err *e);
/** As msp_new() for a channel's MSP, or the one that another set has of the same definition; +1.
 *  Locks: a short one, never while parsing. */
int msp_obtain(const Msp__MSPConfig *config, enum msp_version version, struct msp **out,
	       struct ord_err *e);
/** Before a shared @m is freed. */
void msp_forget(struct msp *m);
struct msp *msp_ref(struct msp *m);
void msp_unref(struct msp *m);
/** Give *cert its low-S signature.  Errors: as msp_chain_find(). */
int msp_sanitise(const struct msp *m, struct msp_cert **cert, struct ord_err *e);

int msp_setup_ous(struct msp *m, const Msp__FabricMSPConfig *conf, struct ord_err *e);
int msp_setup_node_ous(struct msp *m, const Msp__FabricNodeOUs *conf, struct ord_err *e);
/** SHA-256 or whatever the MSP says over the certificates from @from to the root. */
void msp_chain_digest(const struct msp *m, const struct msp_chain *chain, size_t from,
		      struct msp_digest *out);

/* ---- validation (validate.c) --------------------------------------------- */

/* What an identity says of itself. */
struct msp_units {
	size_t n;
	struct ord_bytes *name; /* into text */
	struct buf text;
	struct msp_digest certifiers;
};
void msp_units_fini(struct msp_units *u);
/** Was @cert, whose chain this is, revoked?  Errors: ORD_EPERM. */
int msp_check_revoked(const struct msp *m, const struct msp_cert *cert,
		      const struct msp_chain *chain, struct ord_err *e);
/** Everything of spec 3.5.  @u gets the organizational units, none when the chain is not valid;
 *  msp_units_fini() it in any case.   Errors: ORD_EPERM. */
int msp_check_identity(const struct msp *m, const struct msp_cert *cert, struct msp_units *u,
		       struct ord_err *e);
/** Organizational units alone (spec 3.7). */
int msp_check_units(const struct msp *m, const struct msp_units *u, struct ord_err *e);
const char *msp_role_name(int role); /* "CLIENT" …; NULL: no role */
/** Has @u the unit that stands for @role, which is not MEMBER?  Its certifiers are validation's
 *  business. */
int msp_has_role(const struct msp *m, const struct msp_units *u, int role, struct ord_err *e);

/* ---- identities (identity.c) --------------------------------------------- */

struct msp_identity {
	atomic_uint refs;
	struct msp *msp;
	uint64_t set; /* the serial of the set that made it */
	struct buf der;
	struct buf key;            /* mspid, 0, SHA-256 of der */
	struct crypto_pubkey *pub; /* NULL: cannot verify */
	int64_t not_after;
	struct msp_units units;
	char *invalid; /* NULL: valid */
	bool admin;    /* its certificate is a configured admin's */
	size_t n_answers;
	atomic_uchar answers[]; /* by principal index: enum msp_answer */
};

enum msp_answer { ANSWER_UNKNOWN, ANSWER_YES, ANSWER_NO };

/** Make an identity of the bytes in a SerializedIdentity.  *not_after is set also on failure, when
 *  there is a certificate.   Errors: ORD_EPERM. */
int msp_identity_make(struct msp *m, struct ord_bytes id_bytes, uint64_t set, size_t n_answers,
		      struct msp_identity **out, int64_t *not_after, struct ord_err *e);

/* ---- the cache (cache.c) ------------------------------------------------- */

struct msp_cache;
struct msp_found {               /* what is known of a serialized identity */
	struct msp_identity *id; /* NULL: refused */
	int code;
	const char *text;
	int64_t not_after;
};
struct msp_cache *msp_cache_new(void);
void msp_cache_free(struct msp_cache *c);
/** Look @key up; found->id has a reference for the caller, found->text is copied to @e. */
bool msp_cache_get(struct msp_cache *c, struct ord_bytes key, struct msp_found *found,
		   struct ord_err *e);
void msp_cache_put(struct msp_cache *c, struct ord_bytes key, const struct msp_found *found);

/* ---- sets (set.c) -------------------------------------------------------- */

struct msp_set {
	uint64_t serial; /* tells sets apart for as long as the process lives */
	enum msp_version version;
	struct map *msps;       /* id to struct msp */
	struct map *principals; /* by their encoding; principal.c knows what they are */
	size_t n_principals;
	struct msp_cache *cache;
};
void msp_compiled_free(void *compiled);

/* ---- directories (dir.c, dir_yaml.c) ------------------------------------- */

/** Read an MSP directory; @signer_path, when not NULL, asks for a signing identity and gets the
 *  path of its certificate (heap).  Everything in @conf is on the heap: free with wire_free(). */
int msp_dir_read(const char *dir, const char *mspid, char **signer_path,
		 Msp__FabricMSPConfig **conf, struct ord_err *e);
/** @conf as the MSPConfig of an X.509 MSP; free with wire_free(). */
Msp__MSPConfig *msp_config_of(const Msp__FabricMSPConfig *conf);
/** The OU identifiers and NodeOUs of <dir>/config.yaml, if there is one. */
int msp_dir_yaml(const char *dir, Msp__FabricMSPConfig *conf, struct ord_err *e);

#endif /* MSP_PRIV_H */
