#include "allocations.h"

#include <atomic>
#include <cerrno>
#include <cstddef>

namespace {

std::atomic<int> allocations{0};
void count() { allocations.fetch_add(1, std::memory_order_relaxed); }

std::atomic<int> until_failure{-1};  // allocations that succeed before one fails; below 0: all do
std::atomic<bool> failed{false};

}  // namespace

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)

extern "C" int __sanitizer_install_malloc_and_free_hooks(void (*on_malloc)(const volatile void *, size_t),
                                                         void (*on_free)(const volatile void *));

namespace hardnet {
void start_counting_allocations() {
    static const int installed = __sanitizer_install_malloc_and_free_hooks(
        [](const volatile void *, size_t) { count(); }, [](const volatile void *) {});
    allocations = installed > 0 ? 0 : 1000000;
}
bool fail_allocation(int) { return false; }
}  // namespace hardnet

#else

namespace {

// Counts an allocation; false where it is the one that is to fail.
bool granted() {
    count();
    if (until_failure.load(std::memory_order_relaxed) < 0 || until_failure.fetch_sub(1) != 0) return true;
    failed = true;
    errno = ENOMEM;  // as the C library sets it
    return false;
}

}  // namespace

extern "C" {
// glibc's allocator under its own names
void *__libc_malloc(size_t bytes);
void *__libc_calloc(size_t count, size_t bytes);
void *__libc_realloc(void *memory, size_t bytes);
void *__libc_memalign(size_t alignment, size_t bytes);
void __libc_free(void *memory);

void *malloc(size_t bytes) { return granted() ? __libc_malloc(bytes) : nullptr; }
void *calloc(size_t number, size_t bytes) { return granted() ? __libc_calloc(number, bytes) : nullptr; }
void *realloc(void *memory, size_t bytes) { return granted() ? __libc_realloc(memory, bytes) : nullptr; }
void *memalign(size_t alignment, size_t bytes) {
    return granted() ? __libc_memalign(alignment, bytes) : nullptr;
}
void *aligned_alloc(size_t alignment, size_t bytes) { return memalign(alignment, bytes); }
int posix_memalign(void **memory, size_t alignment, size_t bytes) {
    *memory = memalign(alignment, bytes);
    return *memory ? 0 : ENOMEM;
}
void free(void *memory) { __libc_free(memory); }
}

namespace hardnet {
void start_counting_allocations() { allocations = 0; }
bool fail_allocation(int k) {
    failed = false;
    until_failure = k;
    return true;
}
}  // namespace hardnet

#endif

namespace hardnet {
int counted_allocations() { return allocations; }
bool allocation_failed() { return failed; }
}  // namespace hardnet
