// Counts the allocations of the whole process, libc's own included.
#pragma once

namespace hardnet {

// Allocations by any thread between the two calls. Under a sanitizer its hooks count, else this file's
// malloc.
void start_counting_allocations();
int counted_allocations();

// Lets the k-th allocation from now on fail, counted from 0, or none where k is below 0. False: not in this
// build, where the sanitizer's allocator cannot.
bool fail_allocation(int k);
bool allocation_failed();  // since the last fail_allocation

}  // namespace hardnet
