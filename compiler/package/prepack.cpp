#include "compiler/package/prepack.h"

#include <cstdlib>
#include <cstring>
#include <memory>

#include "compiler/plan.h"
#include "runtime/inspect.h"
#include "weights/safetensors_writer.h"
#include "weights/weights.h"

namespace hardnet {
namespace {

// A network that consists of a plan's weights: it can be opened, on any machine, and runs nothing.
class WeightsOnly {
public:
    WeightsOnly(const std::string &name, const Network &network, const Plan &plan) {
        for (const Layer &l : network.layers) {
            for (const FoldedTensor &t : folded_tensors(l)) add_weight(t.name, t.shape);
        }
        for (size_t i = 0; i < names_.size(); i++) weights_[i].name = names_[i].c_str();
        for (const WeightTransform &t : plan.transforms)
            transforms_.push_back({uint32_t(t.rows.size()), uint32_t(t.columns.size()), rows_of(t.rows),
                                   rows_of(t.columns), uint32_t(t.positions()),
                                   reinterpret_cast<const uint8_t(*)[2]>(t.points.data())});
        for (const WeightRounding &r : plan.roundings) {
            std::vector<hardnet_source> &of = sources_.emplace_back();
            for (const WeightRounding::Source &s : r.sources)
                of.push_back({s.channels, s.units.data(), s.shift});
            roundings_.push_back(
                {r.most, uint32_t(of.size()), of.data(), channels_in_step(r.products), r.summed});
        }
        level_.name = plan.machine->level.c_str();
        level_.packings = plan.packings.data();
        level_.packing_count = uint32_t(plan.packings.size());
        level_.transforms = transforms_.data();
        level_.transform_count = uint32_t(transforms_.size());
        level_.roundings = roundings_.data();
        level_.rounding_count = uint32_t(roundings_.size());
        level_.weight_elems = plan.weight_bytes / 4;
        network_.plan_version = HARDNET_PLAN_VERSION;
        network_.name = name.c_str();
        network_.batch = 1;
        network_.input_float = {"image", HARDNET_FLOAT32, 4, {1, 1, 1, 1}};
        network_.weights = weights_.data();
        network_.weight_count = uint32_t(weights_.size());
        network_.levels = &level_;
        network_.level_count = 1;
    }
    WeightsOnly(const WeightsOnly &) = delete;

    const hardnet_network *network() const { return &network_; }
    std::string identity() const {
        char text[17];
        hardnet_packing_identity(&network_, &level_, text);
        return text;
    }

private:
    using Row = const double (*)[3];
    static Row rows_of(const std::vector<std::array<double, 3>> &rows) {
        return reinterpret_cast<Row>(rows.data());
    }
    void add_weight(const std::string &name, const std::vector<int64_t> &shape) {
        names_.push_back(name);
        hardnet_weight weight{nullptr, int32_t(shape.size()), {}};
        std::copy(shape.begin(), shape.end(), weight.shape);
        weights_.push_back(weight);
    }

    std::vector<std::string> names_;
    std::vector<hardnet_weight> weights_;
    std::vector<hardnet_transform> transforms_;
    std::vector<std::vector<hardnet_source>> sources_;
    std::vector<hardnet_rounding> roundings_;
    hardnet_level level_{};
    hardnet_network network_{};
};

// Packings lie on cache lines; what is left between them must be the same in every file.
void *allocate_zeros(void *, size_t bytes, size_t alignment) {
    void *memory = std::aligned_alloc(alignment, (bytes + alignment - 1) / alignment * alignment);
    return memory ? std::memset(memory, 0, bytes) : nullptr;
}

void release(void *, void *memory, size_t) { std::free(memory); }

}  // namespace

Status write_prepacked(const std::string &path, const std::string &name, const Network &network,
                       const Plan &plan, const std::string &weights, const std::string &content) {
    const WeightsOnly only(name, network, plan);
    hardnet_options options = HARDNET_OPTIONS_DEFAULT;
    options.weights_path = weights.c_str();
    options.level = plan.machine->level.c_str();
    options.allocate = allocate_zeros;
    options.release = release;
    hardnet_context *context = nullptr;
    const hardnet_status status = hardnet_open(only.network(), &options, &context);
    const std::unique_ptr<hardnet_context, void (*)(hardnet_context *)> closed(context, hardnet_close);
    if (status != HARDNET_OK)
        return environment_error(path + ": expected to pack the weights, found: " +
                                 (context ? hardnet_last_error(context) : hardnet_status_text(status)));
    const float *values = hardnet_context_memory(context).packed;
    const FloatTensor packed{{plan.weight_bytes / 4}, {values, values + plan.weight_bytes / 4}};
    return write_tensors(path, {{"packed", &packed}},
                         {{"content", content},
                          {"level", plan.machine->level},
                          {"network", name},
                          {"packing", only.identity()}});
}

}  // namespace hardnet
