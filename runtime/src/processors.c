/* How many processors this process may keep busy: the affinity mask, cut by the CPU quota of its control
 * groups. A container's quota does not show in the mask; more threads than the quota pays for stall at every
 * barrier. */
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "inspect.h"

enum { kMost = 64, kPath = 512 };

/* The file's beginning as text; false where it cannot be read. */
static int read_text(char *text, size_t size, const char *root, const char *folder, const char *group,
                     const char *name) {
    char path[3 * kPath];
    if (snprintf(path, sizeof path, "%s%s%s%s", root, folder, group, name) >= (int)sizeof path) return 0;
    const int file = open(path, O_RDONLY | O_CLOEXEC);
    if (file < 0) return 0;
    const ssize_t got = read(file, text, size - 1);
    close(file);
    text[got > 0 ? got : 0] = 0;
    return got > 0;
}

static long long whole_processors(long long quota, long long period) {
    if (quota <= 0 || period <= 0) return kMost;
    const long long count = quota / period + (quota % period != 0);
    return count < 1 ? 1 : count < kMost ? count : kMost;
}

/* The smallest quota from `group` up to the root of its hierarchy at `folder`. `group` is cut on the way. */
static long long quota_of(const char *root, const char *folder, char *group, int version) {
    long long least = kMost;
    for (;;) {
        char text[128], period[128];
        long long count = kMost;
        if (version == 2 && read_text(text, sizeof text, root, folder, group, "/cpu.max")) {
            long long quota = 0, length = 100000;
            if (sscanf(text, "%lld %lld", &quota, &length) >= 1) count = whole_processors(quota, length);
        } else if (version == 1 && read_text(text, sizeof text, root, folder, group, "/cpu.cfs_quota_us") &&
                   read_text(period, sizeof period, root, folder, group, "/cpu.cfs_period_us")) {
            count = whole_processors(atoll(text), atoll(period));
        }
        if (count < least) least = count;
        char *slash = strrchr(group, '/');
        if (!slash) return least;
        *slash = 0;
    }
}

static int lists_cpu(const char *controllers, size_t size) {
    for (const char *at = controllers, *end = controllers + size; at < end;) {
        const char *comma = memchr(at, ',', (size_t)(end - at));
        const size_t length = (size_t)((comma ? comma : end) - at);
        if (length == 3 && memcmp(at, "cpu", 3) == 0) return 1;
        at += length + 1;
    }
    return 0;
}

/* /proc/self/cgroup: lines "number:controllers:/group", version 2 with no controllers. */
static long long group_quota(const char *root) {
    char text[4096], group[kPath];
    long long least = kMost;
    if (!read_text(text, sizeof text, root, "/proc/self/cgroup", "", "")) return least;
    char *next = NULL;
    for (char *line = strtok_r(text, "\n", &next); line; line = strtok_r(NULL, "\n", &next)) {
        char *controllers = strchr(line, ':');
        char *path = controllers ? strchr(controllers + 1, ':') : NULL;
        if (!path || snprintf(group, sizeof group, "%s", path + 1) >= (int)sizeof group) continue;
        if (strcmp(group, "/") == 0) group[0] = 0;
        const size_t length = (size_t)(path - controllers - 1);
        long long count = kMost;
        if (length == 0) {
            count = quota_of(root, "/sys/fs/cgroup", group, 2);
        } else if (lists_cpu(controllers + 1, length)) {
            count = quota_of(root, "/sys/fs/cgroup/cpu", group, 1);
        }
        if (count < least) least = count;
    }
    return least;
}

int32_t hardnet_processors(const char *root) {
    cpu_set_t mask;
    long long count =
        sched_getaffinity(0, sizeof mask, &mask) == 0 ? CPU_COUNT(&mask) : sysconf(_SC_NPROCESSORS_ONLN);
    const long long quota = group_quota(root);
    if (quota < count) count = quota;
    return count < 1 ? 1 : count < kMost ? (int32_t)count : kMost;
}
