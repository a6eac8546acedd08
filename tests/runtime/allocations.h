// Counts the allocations of the whole process, libc's own included.
#pragma once

namespace hardnet {

// Allocations by any thread between the two calls. Under a sanitizer its hooks count, else this file's
// malloc.
void start_counting_allocations();
int counted_allocations();

}  // namespace hardnet
