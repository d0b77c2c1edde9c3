/* A suite is a list of tests, run by main. */
#ifndef TEST_SUITE_H
#define TEST_SUITE_H

#include <check.h>
#include <stdlib.h>

#define COUNT(rows) ((int)(sizeof(rows) / sizeof *(rows)))

/* {test} runs once, {test, n} for each _i below n, {test, n, 1} from 1 on; {test, NONE} never. */
typedef struct suite_test {
    const TTest *test;
    int end, begin;
} suite_test;
enum { NONE = -1 };

static inline int run_suite(const char *name, SFun set_up, SFun tear_down, enum fork_status fork,
                            int n, const suite_test *tests) {
    TCase *all = tcase_create(name);
    /* A busy machine is slow, not wrong: Check's own limit of 4 s a test is for idle ones. */
    if (!getenv("CK_DEFAULT_TIMEOUT")) tcase_set_timeout(all, 300);
    tcase_add_checked_fixture(all, set_up, tear_down);
    for (int i = 0; i < n; i++)
        tcase_add_loop_test(all, tests[i].test, tests[i].begin, tests[i].end ? tests[i].end : 1);
    Suite *suite = suite_create(name);
    suite_add_tcase(suite, all);
    SRunner *runner = srunner_create(suite);
    if (fork != CK_FORK_GETENV) srunner_set_fork_status(runner, fork);
    srunner_run_all(runner, CK_ENV);
    const int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
#define SUITE_TESTS(...)                                                                           \
    COUNT(((const suite_test[]){__VA_ARGS__})), (const suite_test[]) {                             \
        __VA_ARGS__                                                                                \
    }

/* main's result: RUN_SUITE("name", set_up or NULL, tear_down or NULL, {test}, {test, n}, ...), each
 * test in a process of its own between the two; or all in this process. */
#define RUN_SUITE(name, set_up, tear_down, ...)                                                    \
    run_suite(name, set_up, tear_down, CK_FORK_GETENV, SUITE_TESTS(__VA_ARGS__))
#define RUN_SUITE_HERE(name, ...) run_suite(name, NULL, NULL, CK_NOFORK, SUITE_TESTS(__VA_ARGS__))

#endif
