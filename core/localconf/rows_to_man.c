/* SPDX-License-Identifier: Apache-2.0 */
/* Prints the manual page template it is given, with the table of settings in place of @ROWS@. */
#include <localconf/localconf.h>
#include <stdlib.h>

#define MARK "@ROWS@\n"

/* @text with what roff would take for its own escaped. */
static void add_roff(struct buf *out, const char *text)
{
	for (; *text; text++)
		if (*text == '-')
			buf_add_str(out, "\\-");
		else if (*text == '\\')
			buf_add_str(out, "\\e");
		else
			buf_add_u8(out, (uint8_t)*text);
}

static const char *type_name(const struct localconf_row *r)
{
	static const char *const names[] = {
		[LOCALCONF_STRING] = "text",
		[LOCALCONF_BOOL] = "true or false",
		[LOCALCONF_UINT] = "number",
		[LOCALCONF_PORT] = "port",
		[LOCALCONF_SIZE] = "size",
		[LOCALCONF_DURATION] = "duration",
		[LOCALCONF_PATH] = "path",
		[LOCALCONF_PATH_CWD] = "path from the working directory",
		[LOCALCONF_PATHS] = "list of paths",
		[LOCALCONF_LIST] = "list",
		[LOCALCONF_PEM] = "PEM",
		[LOCALCONF_SECRET] = "secret",
		[LOCALCONF_MAP] = "section",
	};

	return names[r->type];
}

static void add_choices(struct buf *out, const char *choices)
{
	buf_add_str(out, "One of\n.BR ");
	for (; *choices; choices++)
		buf_printf(out, *choices == '|' ? " \", \" " : "%c", *choices);
	buf_add_str(out, " .\n");
}

static void add_range(struct buf *out, const struct localconf_row *r)
{
	if (r->max)
		buf_printf(out, "From %llu to %llu.\n", (unsigned long long)r->min,
			   (unsigned long long)r->max);
	else if (r->min)
		buf_printf(out, "At least %llu.\n", (unsigned long long)r->min);
}

static void add_row(struct buf *out, const struct localconf_row *r)
{
	buf_printf(out, ".TP\n.BR %s \" (%s", strrchr(r->key, '.') + 1, type_name(r));
	if (*r->fallback) {
		buf_add_str(out, "; ");
		add_roff(out, r->fallback);
	}
	buf_add_str(out, ")\"\n");
	add_roff(out, r->help);
	buf_add_u8(out, '\n');
	if (r->choices)
		add_choices(out, r->choices);
	if (r->min || r->max)
		add_range(out, r);
	if (r->zero_unset)
		buf_add_str(out, "Zero stands for the default.\n");
	if (r->accepted_unused)
		buf_add_str(out, ".I Accepted for Fabric\\(aqs sake; without effect here.\n");
}

static void add_rows(struct buf *out)
{
	const char *section = "";
	size_t len = 0;

	for (const struct localconf_row *r = localconf_rows(); r->key; r++) {
		size_t n = (size_t)(strrchr(r->key, '.') - r->key);

		if (n != len || memcmp(r->key, section, n) != 0)
			buf_printf(out, ".SS [%.*s]\n", (int)n, r->key);
		section = r->key;
		len = n;
		add_row(out, r);
	}
}

int main(int argc, char **argv)
{
	struct buf template = BUF_INIT, out = BUF_INIT;
	struct ord_err e = ERR_INIT;
	char *mark;
	int rc = 1;

	if (argc != 2 || file_read(argv[1], 1 << 20, &template, &e) < 0) {
		fprintf(stderr, "rows_to_man: %s\n", argc == 2 ? e.msg : "expected a template");
		goto out;
	}
	mark = strstr(buf_cstr(&template), MARK);
	if (!mark) {
		fprintf(stderr, "rows_to_man: %s has no line %s", argv[1], MARK);
		goto out;
	}
	buf_add(&out, template.data, (size_t)(mark - (char *)template.data));
	add_rows(&out);
	buf_add_str(&out, mark + strlen(MARK));
	rc = fwrite(out.data, 1, out.len, stdout) == out.len && fflush(stdout) == 0 ? 0 : 1;
out:
	buf_fini(&template);
	buf_fini(&out);
	return rc;
}
