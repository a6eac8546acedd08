#include "allocations.h"

#include <atomic>
#include <cerrno>
#include <cstddef>

namespace {

std::atomic<int> allocations{0};
void count() { allocations.fetch_add(1, std::memory_order_relaxed); }

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
}  // namespace hardnet

#else

extern "C" {
// glibc's allocator under its own names
void *__libc_malloc(size_t bytes);
void *__libc_calloc(size_t count, size_t bytes);
void *__libc_realloc(void *memory, size_t bytes);
void *__libc_memalign(size_t alignment, size_t bytes);
void __libc_free(void *memory);

void *malloc(size_t bytes) { return count(), __libc_malloc(bytes); }
void *calloc(size_t number, size_t bytes) { return count(), __libc_calloc(number, bytes); }
void *realloc(void *memory, size_t bytes) { return count(), __libc_realloc(memory, bytes); }
void *memalign(size_t alignment, size_t bytes) { return count(), __libc_memalign(alignment, bytes); }
void *aligned_alloc(size_t alignment, size_t bytes) { return count(), __libc_memalign(alignment, bytes); }
int posix_memalign(void **memory, size_t alignment, size_t bytes) {
    *memory = (count(), __libc_memalign(alignment, bytes));
    return *memory ? 0 : ENOMEM;
}
void free(void *memory) { __libc_free(memory); }
}

namespace hardnet {
void start_counting_allocations() { allocations = 0; }
}  // namespace hardnet

#endif

namespace hardnet {
int counted_allocations() { return allocations; }
}  // namespace hardnet
