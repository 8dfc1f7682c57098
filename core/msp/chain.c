/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Chains, found the way Go's x509.Verify finds them.
 *
 * Fabric demands that there be exactly one chain, so it matters how they are counted; OpenSSL's
 * X509_verify_cert() stops at the first.  Hence Go's own search, over OpenSSL's primitives: every
 * path along equal names and good signatures from the certificate over intermediates to a root; a
 * certificate that is itself a root is its only chain; each certificate is checked when the path
 * reaches it; a path whose extended key usages exclude servers is dropped at the end.
 *
 * Knowingly different from Go: a path has at most 16 certificates; constraints on directory names
 * are enforced (Go ignores them, or refuses the certificate when the extension is critical).
 */
#include <msp/msp_priv.h>

#define MAX_SIGNATURES 100 /* checks in one search: Go's limit */

enum why {
	FINE,
	UNHANDLED,
	TOO_EARLY,
	TOO_LATE,
	NO_SAN,
	BAD_NAME,
	NOT_CA,
	TOO_DEEP,
	TOO_LONG,
	UNKNOWN,
	TOO_MANY_CHECKS,
};

struct reason {
	enum why why;
	const struct msp_cert *cert; /* that fails, for the times */
	const char *hint;            /* of the first CA that seemed to fit */
	const struct msp_cert *hint_cert;
};

struct search {
	const struct msp_pool *roots, *intermediates;
	int64_t now;
	unsigned checks;
	struct msp_chain path;
	size_t n_found, n_fit; /* chains; those for servers */
	struct msp_chain *out; /* the first that fits */
};

struct msp_cert *msp_pool_find(const struct msp_pool *p, struct ord_bytes der)
{
	for (size_t i = 0; i < p->n; i++)
		if (bytes_eq(buf_bytes(&p->certs[i]->der), der))
			return p->certs[i];
	return NULL;
}

void msp_pool_add(struct msp_pool *p, struct msp_cert *c)
{
	if (msp_pool_find(p, buf_bytes(&c->der))) {
		msp_cert_free(c);
		return;
	}
	p->certs = x_realloc(p->certs, (p->n + 1) * sizeof(struct msp_cert *));
	p->certs[p->n++] = c;
}

void msp_pool_fini(struct msp_pool *p)
{
	for (size_t i = 0; i < p->n; i++)
		msp_cert_free(p->certs[i]);
	free(p->certs);
	*p = (struct msp_pool){0, NULL};
}

/* Would a TLS client take this common name for a host name?  Fabric 2.5 still asks, as Go once did.
 */
static bool is_hostname(struct ord_bytes name)
{
	size_t label = 0; /* where the current one begins */

	if (name.len && name.data[name.len - 1] == '.')
		name.len--;
	if (name.len == 0)
		return false;
	for (size_t i = 0; i <= name.len; i++) {
		uint8_t c = i < name.len ? name.data[i] : '.';

		if (c == '.') {
			if (i == label)
				return false;
			label = i + 1;
		} else if (c == '*' && i == 0 && (name.len == 1 || name.data[1] == '.')) {
			continue;
		} else if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
			     (c >= '0' && c <= '9') || c == '_' || c == ':' ||
			     (c == '-' && i != label))) {
			return false;
		}
	}
	return true;
}

/* Do the name constraints of @ca allow every certificate of the path? */
static enum why check_names(const struct search *s, const struct msp_cert *ca)
{
	struct buf cn = BUF_INIT;
	bool bare;

	if (!ca->names || s->path.len == 0)
		return FINE;
	bare = !msp_cert_has_san(s->path.cert[0]) && msp_cert_common_name(s->path.cert[0], &cn) &&
	       is_hostname(buf_bytes(&cn));
	buf_fini(&cn);
	if (bare)
		return NO_SAN;
	for (size_t i = 0; i < s->path.len; i++)
		if (NAME_CONSTRAINTS_check(s->path.cert[i]->x, ca->names) != X509_V_OK)
			return BAD_NAME;
	return FINE;
}

/* May @c stand at the end of the path as it is? */
static enum why check_at_end(const struct search *s, const struct msp_cert *c, bool intermediate)
{
	enum why why;

	if (c->unhandled)
		return UNHANDLED;
	if (s->now < c->not_before)
		return TOO_EARLY;
	if (s->now > c->not_after)
		return TOO_LATE;
	why = check_names(s, c);
	if (why)
		return why;
	if (intermediate && !c->is_ca)
		return NOT_CA;
	if (c->path_len >= 0 && (long)s->path.len - 1 > c->path_len)
		return TOO_DEEP;
	return FINE;
}

/* The same CA in another certificate counts as being there, too. */
static bool in_path(const struct search *s, const struct msp_cert *c)
{
	for (size_t i = 0; i < s->path.len; i++) {
		const struct msp_cert *o = s->path.cert[i];

		if (bytes_eq(o->subject, c->subject) &&
		    EVP_PKEY_eq(X509_get0_pubkey(o->x), X509_get0_pubkey(c->x)) == 1 &&
		    msp_cert_has_san(o) == msp_cert_has_san(c))
			return true;
	}
	return false;
}

static void found(struct search *s)
{
	s->n_found++;
	for (size_t i = 0; i < s->path.len; i++)
		if (!s->path.cert[i]->eku_fits)
			return;
	if (s->n_fit++ == 0)
		*s->out = s->path;
}

static void extend(struct search *s, struct reason *r);

static void consider(struct search *s, const struct msp_cert *c, bool root, struct reason *r)
{
	const char *hint;

	if (in_path(s, c))
		return;
	if (++s->checks > MAX_SIGNATURES) {
		r->why = TOO_MANY_CHECKS;
		return;
	}
	hint = msp_cert_signed_by(s->path.cert[s->path.len - 1], c);
	if (hint) {
		if (!r->hint) {
			r->hint = hint;
			r->hint_cert = c;
		}
		return;
	}
	r->why = check_at_end(s, c, !root);
	r->cert = c;
	if (!r->why && s->path.len == MSP_CHAIN_MAX)
		r->why = TOO_LONG;
	if (r->why)
		return;
	s->path.cert[s->path.len++] = c;
	if (root)
		found(s);
	else
		extend(s, r);
	s->path.len--;
}

/* Every way on from the end of the path; @r says why there is none. */
static void extend(struct search *s, struct reason *r)
{
	const struct msp_cert *child = s->path.cert[s->path.len - 1];
	struct reason here = {FINE, NULL, NULL, NULL};
	size_t before = s->n_found;

	for (size_t i = 0; i < s->roots->n; i++)
		if (bytes_eq(s->roots->certs[i]->subject, child->issuer))
			consider(s, s->roots->certs[i], true, &here);
	for (size_t i = 0; i < s->intermediates->n; i++)
		if (bytes_eq(s->intermediates->certs[i]->subject, child->issuer))
			consider(s, s->intermediates->certs[i], false, &here);
	if (s->n_found > before)
		here.why = FINE;
	else if (!here.why)
		here.why = UNKNOWN;
	*r = here;
}

/* ---- the words ----------------------------------------------------------- */

static void add_times(struct buf *b, const struct reason *r, int64_t now)
{
	bool early = r->why == TOO_EARLY;

	buf_add_str(b, "x509: certificate has expired or is not yet valid: current time ");
	clock_rfc3339(b, now * (int64_t)CLOCK_SEC_NS);
	buf_add_str(b, early ? " is before " : " is after ");
	clock_rfc3339(b,
		      (early ? r->cert->not_before : r->cert->not_after) * (int64_t)CLOCK_SEC_NS);
}

static void add_unknown(struct buf *b, const struct reason *r)
{
	struct buf cn = BUF_INIT;

	buf_add_str(b, "x509: certificate signed by unknown authority");
	if (!r->hint)
		return;
	if (!msp_cert_common_name(r->hint_cert, &cn)) {
		char *serial = msp_cert_serial_dec(r->hint_cert);

		buf_printf(&cn, "serial:%s", serial);
		free(serial);
	}
	buf_printf(b,
		   " (possibly because of \"%s\" while trying to verify candidate authority "
		   "certificate \"%s\")",
		   r->hint, buf_cstr(&cn));
	buf_fini(&cn);
}

static int refuse(const struct reason *r, int64_t now, struct ord_err *e)
{
	static const char *const words[] = {
		[UNHANDLED] = "x509: unhandled critical extension",
		[NO_SAN] = "x509: issuer has name constraints but leaf doesn't have a SAN "
			   "extension",
		[BAD_NAME] = "x509: a root or intermediate certificate is not authorized to sign "
			     "for this name",
		[NOT_CA] = "x509: certificate is not authorized to sign other certificates",
		[TOO_DEEP] = "x509: too many intermediates for path length constraint",
		[TOO_LONG] = "the certificate chain is too long",
		[TOO_MANY_CHECKS] = "x509: signature check attempts limit reached while verifying "
				    "certificate chain",
	};
	struct buf b = BUF_INIT;
	int rc;

	if (r->why == TOO_EARLY || r->why == TOO_LATE)
		add_times(&b, r, now);
	else if (r->why == UNKNOWN)
		add_unknown(&b, r);
	else
		buf_add_str(&b, words[r->why]);
	rc = err_set(e, ORD_EPERM, "the supplied identity is not valid: %s", buf_cstr(&b));
	buf_fini(&b);
	return rc;
}

int msp_chain_find(const struct msp_cert *cert, const struct msp_pool *roots,
		   const struct msp_pool *intermediates, struct msp_chain *out, struct ord_err *e)
{
	struct search s = {.roots = roots,
			   .intermediates = intermediates,
			   .now = cert->not_before + 1,
			   .out = out};
	struct reason r = {FINE, cert, NULL, NULL};

	r.why = check_at_end(&s, cert, false);
	if (r.why)
		return refuse(&r, s.now, e);
	s.path.cert[s.path.len++] = cert;
	if (msp_pool_find(roots, buf_bytes(&cert->der)))
		found(&s);
	else
		extend(&s, &r);
	if (s.n_found == 0)
		return refuse(&r, s.now, e);
	if (s.n_fit == 0)
		return err_set(e, ORD_EPERM,
			       "the supplied identity is not valid: x509: certificate specifies an "
			       "incompatible key usage");
	if (s.n_fit != 1)
		return err_set(e, ORD_EPERM,
			       "this MSP only supports a single validation chain, got %zu",
			       s.n_fit);
	return 0;
}
