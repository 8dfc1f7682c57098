/* SPDX-License-Identifier: Apache-2.0 */
/* ordererctl: finds the command, runs it, turns its answer into an exit code. */
#include "cmds.h"
#include "ctl.h"

#include <stdlib.h>

static const struct ctl_cmd *const commands[] = {
	/* files and keys */
	&cmd_crypto,
	&cmd_genesis,
	&cmd_block_import,
	&cmd_block_show,
	&cmd_block_verify,
	/* an orderer */
	&cmd_send,
	&cmd_fetch,
	&cmd_ledger_catch_up,
	&cmd_bench,
	&cmd_channel_list,
	&cmd_channel_join,
	&cmd_channel_remove,
	&cmd_channel_create,
	&cmd_channel_update,
	/* settings and policies */
	&cmd_config_explain,
	&cmd_policy_explain,
	/* configurations */
	&cmd_channel_tx,
	&cmd_anchor_peers,
	&cmd_decode,
	&cmd_encode,
	&cmd_update_compute,
	&cmd_config_update_check,
	&cmd_config_get,
	&cmd_config_set,
	&cmd_config_add_org,
	&cmd_config_remove_org,
	&cmd_sign,
};

static size_t word_len(const char *name)
{
	return strcspn(name, " ");
}

static bool same_word(const char *name, const char *word)
{
	return strlen(word) == word_len(name) && strncmp(name, word, word_len(name)) == 0;
}

/* The verb of "block show"; NULL for a command of one word. */
static const char *verb_of(const struct ctl_cmd *c)
{
	return c->name[word_len(c->name)] ? c->name + word_len(c->name) + 1 : NULL;
}

static void print_commands(FILE *to, const char *group)
{
	size_t width = 0;

	for (size_t i = 0; i < UTIL_ARRAY_LEN(commands); i++) {
		if (strlen(commands[i]->name) > width)
			width = strlen(commands[i]->name);
	}
	fputs("Usage: ordererctl COMMAND [OPTION…]\n\nCommands:\n", to);
	for (size_t i = 0; i < UTIL_ARRAY_LEN(commands); i++) {
		if (!group || same_word(commands[i]->name, group))
			fprintf(to, "  %-*s  %s\n", (int)width, commands[i]->name,
				commands[i]->summary);
	}
	fputs("\n'ordererctl COMMAND --help' tells more of one; 'ordererctl --version' is the "
	      "version.\n",
	      to);
}

/* The command that argv names; *words: of how many words.  NULL: none, and *group tells whether
 * the first word was at least a group's name. */
static const struct ctl_cmd *find(int argc, char **argv, int *words, bool *group)
{
	*group = false;
	for (size_t i = 0; i < UTIL_ARRAY_LEN(commands); i++) {
		const char *verb = verb_of(commands[i]);

		if (!same_word(commands[i]->name, argv[1]))
			continue;
		*group = true;
		*words = verb ? 2 : 1;
		if (!verb || (argc > 2 && strcmp(argv[2], verb) == 0))
			return commands[i];
	}
	return NULL;
}

/* "unknown command 'blok': did you mean 'block show'?" */
static int unknown(int argc, char **argv, bool group)
{
	const char *names[2 * UTIL_ARRAY_LEN(commands) + 1] = {NULL}, *near;
	char *given = group && argc > 2 ? x_printf("%s %s", argv[1], argv[2]) : x_strdup(argv[1]);
	char *firsts[UTIL_ARRAY_LEN(commands)];

	for (size_t i = 0; i < UTIL_ARRAY_LEN(commands); i++) {
		firsts[i] = x_strndup(commands[i]->name, word_len(commands[i]->name));
		names[2 * i] = commands[i]->name;
		names[2 * i + 1] = firsts[i];
	}
	near = err_nearest(given, names);
	if (group && argc <= 2)
		fprintf(stderr,
			"ordererctl: '%s' needs one more word: see 'ordererctl %s --help'\n", given,
			given);
	else if (near)
		fprintf(stderr, "ordererctl: unknown command '%s': did you mean '%s'?\n", given,
			near);
	else
		fprintf(stderr, "ordererctl: unknown command '%s': see 'ordererctl --help'\n",
			given);
	for (size_t i = 0; i < UTIL_ARRAY_LEN(commands); i++)
		free(firsts[i]);
	free(given);
	return CTL_EXIT_USAGE;
}

/* Standard output may be a full disk: then the answer was not given. */
static int finish(const char *name, int code)
{
	if (fflush(stdout) == 0 && !ferror(stdout))
		return code;
	fprintf(stderr, "ordererctl %s: cannot write to standard output\n", name);
	return CTL_EXIT_FAILED;
}

static int run(const struct ctl_cmd *cmd, int argc, char **argv)
{
	void *opts = x_alloc(cmd->opts_size + 1);
	struct ord_err e = ERR_INIT;
	struct ctl_args args = {NULL, 0};
	bool help;
	int rc, code = CTL_EXIT_OK;

	if (cmd->opts_size > 0)
		memcpy(opts, cmd->defaults, cmd->opts_size);
	rc = ctl_parse(cmd, argc, argv, opts, &args, &help, &e);
	if (rc < 0) {
		fprintf(stderr, "ordererctl %s: %s; see 'ordererctl %s --help'\n", cmd->name, e.msg,
			cmd->name);
		code = CTL_EXIT_USAGE;
	} else if (help) {
		ctl_help(cmd, stdout);
	} else if (cmd->run(opts, &args, &e) < 0) {
		fprintf(stderr, "ordererctl %s: %s\n", cmd->name, e.msg);
		code = CTL_EXIT_FAILED;
	}
	ctl_opts_free(cmd, opts);
	return finish(cmd->name, code);
}

static bool is_help(const char *word)
{
	return strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0 || strcmp(word, "help") == 0;
}

int main(int argc, char **argv)
{
	const struct ctl_cmd *cmd;
	int words = 0;
	bool group;

	if (argc < 2) {
		print_commands(stderr, NULL);
		return CTL_EXIT_USAGE;
	}
	if (is_help(argv[1])) {
		print_commands(stdout, NULL);
		return finish("help", CTL_EXIT_OK);
	}
	if (strcmp(argv[1], "--version") == 0) {
		printf("ordererctl %s\n", PACKAGE_VERSION);
		return finish("--version", CTL_EXIT_OK);
	}
	cmd = find(argc, argv, &words, &group);
	if (cmd)
		return run(cmd, argc - words, argv + words);
	if (group && argc > 2 && is_help(argv[2])) {
		print_commands(stdout, argv[1]);
		return finish(argv[1], CTL_EXIT_OK);
	}
	return unknown(argc, argv, group);
}
