#include "kernels/pooling.h"

#include "kernels/key.h"

namespace hardnet {

std::string PoolSpec::key() const {
    Key k(kind == PoolKind::kMax ? "max_pool" : "average_pool");
    k.add(window).add("in", {in_height, in_width, in_pixel_stride, in_row_stride, excludes_padding});
    return k.add("out", {width, height, pixel_stride, row_stride})
        .add("lanes", {lanes})
        .add("x_stored", in_storage)
        .add("stored", storage)
        .text;
}

std::vector<KernelParameter> PoolSpec::parameters() const {
    return {plane("X", in_pixel_stride, in_row_stride, 0, false, in_storage),
            plane("Y", pixel_stride, row_stride, width, true, storage)};
}

std::string GlobalPoolSpec::key() const {
    Key k("global_pool");
    if (norm) k.add("norm", {1});
    if (exact) k.add("exact", {1});
    if (sum) k.add("sum", {1});
    return k.add("in", {height, width, pixel_stride, row_stride})
        .add("lanes", {lanes})
        .add("x_stored", in_storage)
        .text;
}

std::vector<KernelParameter> GlobalPoolSpec::parameters() const {
    std::vector<KernelParameter> all{
        {"X", {{1, 0}, {pixel_stride, width}, {row_stride, height}}, false, in_storage.element_bytes()}};
    if (norm) all.insert(all.end(), {vector_of("scale"), vector_of("shift")});
    all.push_back(vector_of("Y", 0, true));
    return all;
}

}  // namespace hardnet
