#include "threads.h"

#include <limits.h>
#include <signal.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

/* Steps of a network take 20 to 500 us; waking a sleeper costs 30 to 60 us. Spinning longer than this only
 * warms an idle core. */
enum { kSpinNs = 100000, kLeastSpinNs = 1000 };

/* Of the kernel's interface. Its header, linux/futex.h, does not come with every libc. */
enum { kFutexWaitPrivate = 128, kFutexWakePrivate = 129 };

int64_t hardnet_now_ns(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static void relax(void) {
#if defined(__x86_64__) || defined(__i386__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    __asm__ volatile("yield");
#endif
}

/* Whether the phase moved on while this thread spun for `ns`. */
static bool spin_while(hardnet_runner *r, uint32_t old, int64_t ns) {
    if (ns > 0) {
        const int64_t end = hardnet_now_ns() + ns;
        do {
            for (int i = 0; i < 64; i++) {
                if (atomic_load_explicit(&r->phase, memory_order_acquire) != old) return true;
                relax();
            }
        } while (hardnet_now_ns() < end);
    }
    return false;
}

static void sleep_while(hardnet_runner *r, uint32_t old) {
    /* Sequentially consistent against advance(): either it sees this sleeper, or this thread sees its phase.
     */
    atomic_fetch_add(&r->sleepers, 1);
    while (atomic_load(&r->phase) == old) {
        syscall(SYS_futex, &r->phase, kFutexWaitPrivate, old, NULL, NULL, 0);
    }
    atomic_fetch_sub(&r->sleepers, 1);
}

/* Where spinning was in vain, another process has the processor that the awaited thread needs: then the next
 * waits spin for less, until one succeeds again. */
static void wait_at_barrier(hardnet_runner *r, uint32_t old) {
    const int64_t ns = atomic_load_explicit(&r->patience_ns, memory_order_relaxed);
    const bool moved = spin_while(r, old, ns);
    int64_t next = moved ? 2 * ns : ns / 2;
    if (next < kLeastSpinNs) next = kLeastSpinNs;
    if (next > r->spin_ns) next = r->spin_ns;
    if (next != ns) atomic_store_explicit(&r->patience_ns, next, memory_order_relaxed);
    if (!moved) sleep_while(r, old);
}

static void advance(hardnet_runner *r) {
    atomic_fetch_add(&r->phase, 1);
    if (atomic_load(&r->sleepers) > 0) {
        syscall(SYS_futex, &r->phase, kFutexWakePrivate, INT_MAX, NULL, NULL, 0);
    }
}

void hardnet_barrier(hardnet_runner *r, uint32_t *phase) {
    const uint32_t old = (*phase)++;
    if (r->threads == 1) return;
    if (atomic_fetch_add_explicit(&r->arrived, 1, memory_order_acq_rel) + 1 == (uint32_t)r->threads) {
        atomic_store_explicit(&r->arrived, 0, memory_order_relaxed);
        advance(r);
    } else {
        wait_at_barrier(r, old);
    }
}

static void *work(void *argument) {
    hardnet_worker *worker = argument;
    hardnet_runner *r = worker->runner;
    uint32_t phase = 0;
    for (;;) {
        const uint32_t rest = phase++;
        if (!spin_while(r, rest, r->spin_ns)) sleep_while(r, rest);
        if (r->stop) return NULL;
        r->body(r->argument, worker->thread, &phase);
        hardnet_barrier(r, &phase);
    }
}

void hardnet_runner_start(hardnet_runner *r, int32_t threads, int32_t processors, hardnet_worker *workers,
                          hardnet_create_thread create) {
    r->threads = 1;
    r->spin_ns = threads <= processors ? kSpinNs : 0;
    r->body = NULL;
    r->argument = NULL;
    r->stop = false;
    r->process = getpid();
    r->workers = workers;
    r->rest = 0;
    atomic_init(&r->phase, 0);
    atomic_init(&r->patience_ns, r->spin_ns);
    atomic_init(&r->sleepers, 0);
    atomic_init(&r->arrived, 0);

    sigset_t all, before; /* the application's signals are not for workers */
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int32_t started = 1;
    for (; started < threads; started++) {
        hardnet_worker *worker = &workers[started - 1];
        *worker = (hardnet_worker){.runner = r, .thread = started};
        if (create(&worker->handle, NULL, work, worker) != 0) break;
    }
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    r->threads = started; /* workers read it behind the first start signal */
}

bool hardnet_runner_orphaned(const hardnet_runner *r) { return r->workers && r->process != getpid(); }

void hardnet_runner_stop(hardnet_runner *r) {
    if (r->workers && !hardnet_runner_orphaned(r)) {
        r->stop = true;
        advance(r);
        for (int32_t i = 0; i + 1 < r->threads; i++) pthread_join(r->workers[i].handle, NULL);
    }
    r->threads = 1;
    r->workers = NULL;
}

void hardnet_runner_run(hardnet_runner *r, hardnet_body body, void *argument) {
    uint32_t phase = r->rest + 1;
    r->body = body;
    r->argument = argument;
    if (r->threads > 1) advance(r);
    body(argument, 0, &phase);
    hardnet_barrier(r, &phase);
    r->rest = phase;
}
