// The runtime's reader of weights: the parser's promises on every tensor, then a small network opened and run
// on the same bytes.
#include "runtime/safetensors.h"

#include <vector>

#include "tests/fuzz/fuzz.h"
#include "tests/runtime/tiny_plan.h"

namespace hardnet {
namespace {

struct Seen {
    const uint8_t *begin, *end;  // of the file
    uint64_t bytes = 0;          // of all tensors
};

void check_inside(const Seen &seen, const void *data, size_t size) {
    const auto *at = static_cast<const uint8_t *>(data);
    require(at >= seen.begin && at <= seen.end && size <= size_t(seen.end - at));
}

void on_tensor(void *user, const hardnet_safetensor *tensor) {
    Seen &seen = *static_cast<Seen *>(user);
    check_inside(seen, tensor->name, tensor->name_size);
    check_inside(seen, tensor->type, tensor->type_size);
    check_inside(seen, tensor->data, tensor->bytes);
    require(tensor->rank >= 0 && tensor->rank <= HARDNET_SAFETENSORS_MAX_RANK);
    for (int32_t d = 0; d < tensor->rank; d++) require(tensor->shape[d] >= 0);
    seen.bytes += tensor->bytes;
}

void on_metadata(void *user, const char *key, size_t key_size, const char *value, size_t value_size) {
    check_inside(*static_cast<Seen *>(user), key, key_size);
    check_inside(*static_cast<Seen *>(user), value, value_size);
}

void parse(const uint8_t *data, size_t size) {
    const size_t scratch_bytes = hardnet_safetensors_scratch(data, size);
    require(scratch_bytes <= 4 * size + 64);
    std::vector<uint64_t> scratch((scratch_bytes + 7) / 8);
    Seen seen{data, data + size};
    const hardnet_safetensors_visitor visitor{&seen, on_tensor, on_metadata};
    char error[512];
    const int failed = hardnet_safetensors_parse(data, size, scratch.data(), &visitor, error, sizeof error);
    if (failed) require_error_line(error);
    require(failed ? seen.bytes == 0 : seen.bytes <= size);
}

// Two weights that are copied to where runs would read them.
struct Network : TinyPlan {
    Network() {
        input({1, 1, 1, 1});
        weight_elems = 8 + 4 * 9;
        pack({HARDNET_PACK_VECTOR, weight("bias", {3}), -1, 0, 3, 8, 0, -1});
        pack({HARDNET_PACK_BLOCKED, weight("scale", {3, 1, 3, 3}), -1, 0, 3, 4, 8, -1});
    }
};

void open(const uint8_t *data, size_t size) {
    static Network plan;
    static const hardnet_network *const network = plan.network();
    static const hardnet_host host{0, nullptr, 1, pthread_create, nullptr};
    hardnet_options options = default_options();
    options.weights_data = data;
    options.weights_size = size;
    const Opened opened(network, options, &host);
    if (opened.status == HARDNET_OK) return require(hardnet_run(opened.context) == HARDNET_OK);
    require(opened.status == HARDNET_BAD_WEIGHTS);
    require_error_line(opened.error());
}

}  // namespace
}  // namespace hardnet

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    hardnet::parse(data, size);
    if (size > 0) hardnet::open(data, size);  // no bytes at all are no weights at all
    return 0;
}
