// Raw tensors: as many values as the shape says.
#include "cli/npy.h"

#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    using namespace hardnet;
    const Result<NpyTensor> tensor = decode_npy({data, size}, "x");
    if (!tensor) return require_error(tensor.error()), 0;
    size_t elements = 1;
    for (const int64_t extent : tensor->shape) elements *= size_t(extent);
    require(elements == tensor->values.size());
    return 0;
}
