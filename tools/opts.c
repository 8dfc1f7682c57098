/* SPDX-License-Identifier: Apache-2.0 */
/* Options from tables: getopt_long underneath, typed values, the help text. */
#include "ctl.h"

#include <errno.h>
#include <getopt.h>
#include <limits.h>
#include <stdlib.h>

enum { OPT_HELP = 'h', OPT_FIRST = 256, OPT_MAX = 64 };

static size_t opt_count(const struct ctl_cmd *cmd)
{
	size_t n = 0;

	while (cmd->opts && cmd->opts[n].name)
		n++;
	util_assert(n < OPT_MAX);
	return n;
}

static int parse_uint(const char *text, uint64_t *out, const char **rest)
{
	char *end;

	if (*text < '0' || *text > '9')
		return -1;
	errno = 0;
	*out = strtoull(text, &end, 10);
	if (errno)
		return -1;
	*rest = end;
	return 0;
}

int ctl_parse_size(const char *text, uint64_t *out)
{
	static const char units[] = "KMG";
	const char *rest, *unit;
	unsigned shift = 0;

	if (parse_uint(text, out, &rest) < 0)
		return -1;
	if (*rest == ' ')
		rest++;
	if (*rest && *rest != 'B' && *rest != 'b') {
		unit = strchr(units, *rest & ~0x20);
		if (!unit)
			return -1;
		shift = 10u * (unsigned)(unit - units + 1);
		rest++;
	}
	if (*rest == 'B' || *rest == 'b')
		rest++;
	if (*rest || *out > UINT64_MAX >> shift)
		return -1;
	*out <<= shift;
	return 0;
}

static int wrong_value(const struct ctl_opt *o, const char *text, const char *want,
		       struct ord_err *e)
{
	return err_set(e, ORD_EINVAL, "--%s %s: want %s", o->name, text, want);
}

static int set_value(const struct ctl_opt *o, void *at, const char *text, struct ord_err *e)
{
	struct ctl_list *list = at;
	const char *rest;
	int64_t ns;

	switch (o->type) {
	case CTL_FLAG:
		*(bool *)at = true;
		return 0;
	case CTL_STRING:
		*(const char **)at = text;
		return 0;
	case CTL_UINT:
		if (parse_uint(text, at, &rest) < 0 || *rest)
			return wrong_value(o, text, "a number", e);
		return 0;
	case CTL_SIZE:
		if (ctl_parse_size(text, at) < 0)
			return wrong_value(o, text, "a size such as 1024, 64k or 2MB", e);
		return 0;
	case CTL_DURATION:
		if (duration_parse(text, &ns, NULL) < 0 || ns <= 0)
			return wrong_value(o, text, "a duration such as 10s or 1m30s", e);
		*(int64_t *)at = ns;
		return 0;
	case CTL_LIST:
		list->items = x_realloc(list->items, (list->n + 1) * sizeof(*list->items));
		list->items[list->n++] = text;
		return 0;
	}
	util_assert(!"an option's type");
	return 0;
}

static void make_long(const struct ctl_cmd *cmd, struct option *out)
{
	size_t n = opt_count(cmd);

	for (size_t i = 0; i < n; i++)
		out[i] = (struct option){cmd->opts[i].name,
					 cmd->opts[i].type == CTL_FLAG ? no_argument
								       : required_argument,
					 NULL, OPT_FIRST + (int)i};
	out[n] = (struct option){"help", no_argument, NULL, OPT_HELP};
	out[n + 1] = (struct option){NULL, 0, NULL, 0};
}

/* What getopt_long refused, in our words. */
static int bad_option(const struct ctl_cmd *cmd, int c, char **argv, struct ord_err *e)
{
	const char *names[OPT_MAX + 2] = {NULL}, *near, *given = argv[optind - 1];
	size_t n = opt_count(cmd);

	if (c == ':')
		return err_set(e, ORD_EINVAL, "option '%s' needs a value", given);
	if (optopt && optopt < OPT_FIRST)
		return err_set(e, ORD_EINVAL, "unknown option '-%c'", optopt);
	for (size_t i = 0; i < n; i++)
		names[i] = cmd->opts[i].name;
	names[n] = "help";
	if (optopt >= OPT_FIRST)
		return err_set(e, ORD_EINVAL, "option '%s' takes no value", given);
	near = strncmp(given, "--", 2) == 0 ? err_nearest(given + 2, names) : NULL;
	if (near)
		return err_set(e, ORD_EINVAL, "unknown option '%s': did you mean '--%s'?", given,
			       near);
	return err_set(e, ORD_EINVAL, "unknown option '%s'", given);
}

static int check_complete(const struct ctl_cmd *cmd, const bool *given, const struct ctl_args *args,
			  struct ord_err *e)
{
	size_t n = opt_count(cmd);

	for (size_t i = 0; i < n; i++) {
		if (cmd->opts[i].required && !given[i])
			return err_set(e, ORD_EINVAL, "option --%s is missing", cmd->opts[i].name);
	}
	if (args->n > cmd->max_operands)
		return err_set(e, ORD_EINVAL, "one argument too many: '%s'",
			       args->item[cmd->max_operands]);
	if (args->n < cmd->min_operands)
		return err_set(e, ORD_EINVAL, "%s is missing", cmd->operands);
	return 0;
}

int ctl_parse(const struct ctl_cmd *cmd, int argc, char **argv, void *opts, struct ctl_args *args,
	      bool *help, struct ord_err *e)
{
	struct option table[OPT_MAX + 2];
	bool given[OPT_MAX] = {false};
	int c, rc;

	make_long(cmd, table);
	opterr = 0;
	optind = 0;
	*help = false;
	while ((c = getopt_long(argc, argv, ":h", table, NULL)) != -1) {
		const struct ctl_opt *o = &cmd->opts[c - OPT_FIRST];

		if (c == OPT_HELP) {
			*help = true;
			return 0;
		}
		if (c < OPT_FIRST)
			return bad_option(cmd, c, argv, e);
		given[c - OPT_FIRST] = true;
		rc = set_value(o, (char *)opts + o->at, optarg, e);
		if (rc < 0)
			return rc;
	}
	*args = (struct ctl_args){argv + optind, (size_t)(argc - optind)};
	return check_complete(cmd, given, args, e);
}

void ctl_opts_free(const struct ctl_cmd *cmd, void *opts)
{
	for (const struct ctl_opt *o = cmd->opts; o && o->name; o++) {
		if (o->type == CTL_LIST)
			free(((struct ctl_list *)((char *)opts + o->at))->items);
	}
	free(opts);
}

static int opt_width(const struct ctl_opt *o)
{
	return (int)(strlen(o->name) + (o->arg ? 1 + strlen(o->arg) : 0));
}

/* Text in lines of at most 80 columns, each behind @indent blanks but the first. */
static void print_wrapped(FILE *to, const char *text, int indent)
{
	int at = indent;

	while (*text) {
		size_t n = strcspn(text, " \n");

		if (at > indent && at + (int)n + 1 > 80) {
			fprintf(to, "\n%*s", indent, "");
			at = indent;
		}
		at += fprintf(to, "%s%.*s", at > indent ? " " : "", (int)n, text);
		text += n;
		for (; *text == ' ' || *text == '\n'; text++) {
			if (*text == '\n') {
				fprintf(to, "\n%*s", indent, "");
				at = indent;
			}
		}
	}
	fputc('\n', to);
}

static void print_opt(FILE *to, const struct ctl_opt *o, int width)
{
	char *name = x_printf("%s%s%s", o->name, o->arg ? " " : "", o->arg ? o->arg : "");

	fprintf(to, "  --%-*s  ", width, name);
	print_wrapped(to, o->help, width + 6);
	free(name);
}

void ctl_help(const struct ctl_cmd *cmd, FILE *to)
{
	static const struct ctl_opt help = {"help", CTL_FLAG, 0, false, NULL, "print this text"};
	int width = opt_width(&help);

	fprintf(to, "Usage: ordererctl %s", cmd->name);
	for (const struct ctl_opt *o = cmd->opts; o && o->name; o++) {
		if (opt_width(o) > width)
			width = opt_width(o);
		if (o->required)
			fprintf(to, " --%s %s", o->name, o->arg);
	}
	fprintf(to, " [OPTION…]%s%s\n\n", cmd->operands ? " " : "",
		cmd->operands ? cmd->operands : "");
	print_wrapped(to, cmd->summary, 0);
	if (cmd->details) {
		fputc('\n', to);
		print_wrapped(to, cmd->details, 0);
	}
	fputc('\n', to);
	for (const struct ctl_opt *o = cmd->opts; o && o->name; o++)
		print_opt(to, o, width);
	print_opt(to, &help, width);
}
