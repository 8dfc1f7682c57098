/* SPDX-License-Identifier: Apache-2.0 */
/* Run the built ordererctl as a user would and keep what it says. */
#ifndef CTL_RUN_H
#define CTL_RUN_H

#include "../files.h"

#include <sys/wait.h>

struct ctl_run {
	int code; /* exit code, -1 when it was killed */
	char *out, *err;
};

static inline char *ctl_slurp(FILE *f)
{
	struct buf b = BUF_INIT;
	size_t n;

	rewind(f);
	do {
		buf_reserve(&b, 65536);
		n = fread(b.data + b.len, 1, b.cap - b.len, f);
		b.len += n;
	} while (n > 0);
	fclose(f);
	return buf_cstr(&b);
}

/* The path of the program under test. */
static inline char *ctl_program(void)
{
	return test_build_path("ordererctl");
}

static inline struct ctl_run ctl_run_argv(char *const argv[])
{
	FILE *out = tmpfile(), *err = tmpfile();
	struct ctl_run r = {-1, NULL, NULL};
	char *program = ctl_program();
	int status;
	pid_t pid;

	assert_true(out && err);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		dup2(fileno(out), STDOUT_FILENO);
		dup2(fileno(err), STDERR_FILENO);
		execv(program, argv);
		_exit(127);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	r.code = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
	r.out = ctl_slurp(out);
	r.err = ctl_slurp(err);
	free(program);
	return r;
}
#define ctl_run(...) ctl_run_argv((char *[]){"ordererctl", __VA_ARGS__, NULL})

static inline void ctl_run_free(struct ctl_run *r)
{
	free(r->out);
	free(r->err);
}

/* It must end with @code, say exactly nothing on the other stream, and this on its own. */
#define ctl_expect(r, want_code, want_out, want_err)                                     \
	do {                                                                             \
		if ((r)->code != (want_code))                                            \
			fail_msg("exit %d, not %d: %s", (r)->code, want_code, (r)->err); \
		assert_string_equal((r)->out, want_out);                                 \
		assert_string_equal((r)->err, want_err);                                 \
		ctl_run_free(r);                                                         \
	} while (0)

/* It must succeed in silence but for its answer, which is returned. */
static inline char *ctl_answer(struct ctl_run r)
{
	if (r.code != 0 || *r.err)
		fail_msg("exit %d: %s", r.code, r.err);
	free(r.err);
	return r.out;
}

#endif /* CTL_RUN_H */
