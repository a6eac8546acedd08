/* A context's threads: they walk the same list of work together, with a barrier between its steps.
 *
 * The caller is thread 0; the others are workers that live from open to close. A run is one start signal,
 * then barriers: workers are woken once per run, not once per step. Waiting spins for a bounded time, then
 * sleeps in the kernel, so an idle context takes no CPU.
 */
#ifndef HARDNET_THREADS_H
#define HARDNET_THREADS_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

enum { HARDNET_MAX_THREADS = 256 };

/* What thread `thread` does of a run. `phase` is its place among the barriers, for hardnet_barrier. */
typedef void (*hardnet_body)(void *argument, int32_t thread, uint32_t *phase);

typedef struct hardnet_runner hardnet_runner;

typedef struct hardnet_worker {
    hardnet_runner *runner;
    int32_t thread;
    pthread_t handle;
} hardnet_worker;

struct hardnet_runner {
    int32_t threads; /* taking part, the caller included */
    int64_t spin_ns; /* before a wait goes to sleep; 0 where threads outnumber processors */
    hardnet_body body;
    void *argument;
    bool stop;
    pid_t process;            /* that created the workers: they do not survive a fork */
    hardnet_worker *workers;  /* NULL: no worker was ever started */
    uint32_t rest;            /* the phase between two runs */
    atomic_llong patience_ns; /* what a wait at a barrier spins: spin_ns, less while others need processors */
    _Alignas(64) atomic_uint phase; /* counts starts and completed barriers */
    atomic_uint sleepers;
    _Alignas(64) atomic_uint arrived; /* at the barrier in progress */
};

typedef int (*hardnet_create_thread)(pthread_t *, const pthread_attr_t *, void *(*)(void *), void *);

/* Starts threads - 1 workers in `workers` (room for that many). Where the system refuses one, the runner goes
 * on with those there are: see runner->threads. */
void hardnet_runner_start(hardnet_runner *runner, int32_t threads, int32_t processors,
                          hardnet_worker *workers, hardnet_create_thread create);
void hardnet_runner_stop(hardnet_runner *runner);

/* Calls body on every thread and returns when all have returned. */
void hardnet_runner_run(hardnet_runner *runner, hardnet_body body, void *argument);
/* Inside a body: returns when every thread has come here. */
void hardnet_barrier(hardnet_runner *runner, uint32_t *phase);
int64_t hardnet_now_ns(void); /* since some moment in the past, never backwards */
/* Whether this process is a fork of the one that has the workers. */
bool hardnet_runner_orphaned(const hardnet_runner *runner);

#endif
