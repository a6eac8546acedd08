// A network's tables, built piece by piece: what the compiler writes as constants.
#pragma once
#include <array>
#include <cstdint>
#include <deque>
#include <map>
#include <string>
#include <vector>

#include "hardnet/plan.h"
#include "runtime/inspect.h"
#include "runtime/src/buffers.h"

namespace hardnet {

class TinyPlan {
public:
    struct Argument {
        uint32_t view;
        hardnet_split split = HARDNET_WHOLE;
        uint8_t dim = 0;
        int32_t unit = 0;
    };
    struct Call {
        hardnet_kernel kernel;
        std::vector<Argument> arguments;
        std::string name{};            // on a GPU
        std::vector<uint8_t> order{};  // of its parameters there; {}: the arguments'
    };
    struct Part {
        uint32_t units, chunk;
        float cost;
        std::vector<Call> calls;
    };

    TinyPlan();
    TinyPlan(const TinyPlan &) = delete;

    uint32_t read(hardnet_base base, int64_t offset, const std::vector<hardnet_dim> &dims,
                  hardnet_type type = HARDNET_FLOAT32);
    uint32_t write(hardnet_base base, int64_t offset, const std::vector<hardnet_dim> &dims);
    uint32_t write_output(uint8_t port, int64_t offset, const std::vector<hardnet_dim> &dims,
                          hardnet_type type = HARDNET_FLOAT32);
    void step(hardnet_step_kind kind, const std::string &layer, const std::vector<Part> &parts);
    uint32_t weight(const std::string &name, const std::vector<int64_t> &shape);
    // Of each position its row and column; equal ones become one point.
    int32_t transform(const std::vector<std::vector<double>> &rows,
                      const std::vector<std::vector<double>> &columns);
    int32_t transform(const std::vector<std::vector<double>> &row_points,
                      const std::vector<std::vector<double>> &column_points,
                      const std::vector<std::array<uint8_t, 2>> &points);
    struct Source {  // whose units are factor * 2^-exponent
        int32_t channels;
        std::vector<int8_t> exponents;
        float factor = 1;
        int32_t shift = 0;
    };
    int32_t rounding(int32_t most, const std::vector<Source> &sources, int32_t in_step = 2,
                     bool summed = true);
    void pack(const hardnet_packing &packing) { packings_.push_back(packing); }
    // A GPU's level has the same steps as the others, so that these must be fit for it.
    void level(const std::string &name, uint32_t features, hardnet_device_kind device = HARDNET_DEVICE_CPU) {
        levels_.push_back({name, features, device});
    }
    void input(const std::vector<int64_t> &nchw, const std::vector<int64_t> &nhwc = {});
    void output(const std::vector<int64_t> &shape, hardnet_type type = HARDNET_FLOAT32);

    // The tables; they stay valid while the plan lives and nothing is added.
    const hardnet_network *network();

    int32_t batch = 1;
    int64_t arena_elems = 0, scratch_elems = 0, weight_elems = 0;
    uint32_t plan_version = HARDNET_PLAN_VERSION;
    // A GPU's level's: one for each call, of the batch that was set before.
    std::vector<hardnet_launch> launches;
    hardnet_module module{"module", 7};

private:
    struct Level {
        std::string name;
        uint32_t features;
        hardnet_device_kind device;
    };
    struct Transform {
        std::vector<double> rows, columns;
        std::vector<std::array<uint8_t, 2>> points;
    };
    struct Rounding {
        std::vector<std::vector<float>> units;  // per source
        std::vector<hardnet_source> tables;
    };
    uint32_t view(hardnet_base base, int64_t offset, const std::vector<hardnet_dim> &dims, hardnet_type type,
                  bool written);
    hardnet_level level_table(const Level &level) const;

    void add_launch(const Call &call);

    std::deque<std::string> names_;
    std::deque<std::vector<uint8_t>> orders_;
    std::vector<hardnet_kernel> kernels_;
    std::vector<hardnet_view> views_;
    std::vector<hardnet_argument> arguments_;
    std::vector<hardnet_call> calls_;
    std::vector<hardnet_part> parts_;
    std::vector<hardnet_step> steps_;
    std::vector<hardnet_packing> packings_;
    std::deque<Transform> transform_values_;
    std::vector<hardnet_transform> transforms_;
    std::deque<Rounding> rounding_values_;
    std::vector<hardnet_rounding> roundings_;
    std::vector<hardnet_weight> weights_;
    std::vector<Level> levels_;
    std::vector<hardnet_level> level_tables_;
    std::vector<hardnet_port> outputs_;
    std::vector<const char *> layer_names_;
    hardnet_network network_{};
};

// A safetensors file in memory, its data at a multiple of 64.
struct FileTensor {
    std::string name, type;
    std::vector<int64_t> shape;
    std::vector<float> values;
};
std::string safetensors(const std::vector<FileTensor> &tensors,
                        const std::map<std::string, std::string> &metadata = {});
std::vector<float> ramp(size_t count);  // multiples of 1/8 between -4 and 4, no short period

// A context that closes itself.
class Opened {
public:
    Opened(const hardnet_network *network, const hardnet_options &options,
           const hardnet_host *host = nullptr);
    ~Opened() { hardnet_close(context); }
    Opened(const Opened &) = delete;
    const char *error() const { return hardnet_last_error(context); }
    hardnet_tensor input() const;
    hardnet_tensor output(int32_t index = 0) const;

    hardnet_context *context = nullptr;
    hardnet_status status;
};
hardnet_options default_options();

// Element (x) or (x, y) of a buffer, by coordinates.
inline float &at(const hardnet_halide_buffer *b, int x) {
    return reinterpret_cast<float *>(b->host)[(x - b->dim[0].min) * b->dim[0].stride];
}
inline float &at(const hardnet_halide_buffer *b, int x, int y) {
    return reinterpret_cast<float *>(
        b->host)[(x - b->dim[0].min) * b->dim[0].stride + (y - b->dim[1].min) * b->dim[1].stride];
}
inline hardnet_halide_buffer *buffer(void **arguments, int i) {
    return static_cast<hardnet_halide_buffer *>(arguments[i]);
}

}  // namespace hardnet
