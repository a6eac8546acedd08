#include "scaler.h"

#include <algorithm>
#include <chrono>
#include <map>
#include <thread>

namespace hardnet {
namespace {

constexpr float kScales[kScalerValues] = {2, -0.5f, 4};
constexpr int kArena = 8;  // elements of an image

int normalize(void **arguments) {
    const auto *in = reinterpret_cast<const uint8_t *>(buffer(arguments, 0)->host);
    for (int i = 0; i < kScalerValues; i++) at(buffer(arguments, 1), i) = float(in[i]) / 4;
    return 0;
}
int scale(void **arguments) {
    for (int i = 0; i < kScalerValues; i++)
        at(buffer(arguments, 2), i) = at(buffer(arguments, 0), i) * at(buffer(arguments, 1), i);
    return 0;
}
int add(void **arguments) {
    for (int i = 0; i < kScalerValues; i++) at(buffer(arguments, 1), i) = at(buffer(arguments, 0), i) + 1;
    return 0;
}

}  // namespace

Scaler::Scaler(hardnet_device_kind device) {
    const bool opencl = device == HARDNET_DEVICE_OPENCL;
    batch = kScalerImages;
    arena_elems = kArena, weight_elems = 4;
    input({kScalerImages, 1, 1, kScalerValues}, {kScalerImages, 1, kScalerValues, 1});
    output({kScalerImages, kScalerValues});
    const std::vector<hardnet_dim> values = {{0, kScalerValues, 1}};
    const uint32_t bytes = read(HARDNET_INPUT_U8, 0, values, HARDNET_UINT8),
                   normal = write(HARDNET_INPUT, 0, values), image = read(HARDNET_INPUT, 0, values),
                   scales = read(HARDNET_WEIGHTS, 0, values), scaled = write(HARDNET_ARENA, 4, values),
                   out = write_output(0, 0, values);
    sums = read(HARDNET_ARENA, 4, values);
    pack({HARDNET_PACK_VECTOR, weight("scale", {kScalerValues}), -1, 0, kScalerValues, 4, 0, -1});
    // OpenCL's parameters are buffers and, behind them in another order, offsets.
    using Order = std::vector<uint8_t>;
    const Order of_two = opencl ? Order{0, 1, 3, 2} : Order{0, 1},
                of_three = opencl ? Order{2, 0, 1, 3, 4, 5} : Order{2, 0, 1};
    step(HARDNET_STEP_NORMALIZE, "image",
         {{1, 0, 1, {{normalize, {{bytes}, {normal}}, "normalize", of_two}}}});
    step(HARDNET_STEP_DEPTHWISE, "scale",
         {{1, 0, 1, {{scale, {{image}, {scales}, {scaled}}, "scale", of_three}}}});
    step(HARDNET_STEP_OUTPUT, "out", {{1, 0, 1, {{add, {{sums}, {out}}, "add", of_two}}}});
    level("plain", 0);
    level(opencl ? "opencl" : "cuda", 0, device);
    file_ = safetensors({{"scale", "F32", {kScalerValues}, {kScales, kScales + kScalerValues}}});
}

hardnet_options Scaler::options(const char *device) const {
    hardnet_options options = default_options();
    options.weights_data = file_.data(), options.weights_size = file_.size();
    options.threads = 1;
    options.device = device;
    return options;
}

std::vector<float> scaler_expected(const std::vector<float> &image) {
    std::vector<float> out;
    for (size_t i = 0; i < image.size(); i++) out.push_back(image[i] * kScales[i % kScalerValues] + 1);
    return out;
}

int ScalerKernels::load(const char *image) {
    return load_result ? load_result : std::string(image) == "module" ? 0 : 200;
}

int ScalerKernels::parameters(const std::string &name) {
    static const std::map<std::string, int> kCounts = {{"normalize", 2}, {"scale", 3}, {"add", 2}};
    const auto found = kCounts.find(name);
    return found == kCounts.end() ? -1 : found->second;
}

void ScalerKernels::launch(const std::string &name, const unsigned grid[3], const unsigned[3], unsigned,
                           void **parameters) {
    const auto address = [&](int p) { return *static_cast<float **>(parameters[p]); };
    if (name == "scale") std::this_thread::sleep_for(std::chrono::milliseconds(scale_ms));
    for (unsigned image = 0; image < grid[2]; image++) {
        for (int i = 0; i < kScalerValues; i++) {
            const size_t dense = image * kScalerValues + size_t(i), mine = image * kArena + size_t(i);
            if (name == "normalize")
                address(1)[dense] = float(reinterpret_cast<uint8_t *>(address(0))[dense]) / 4;
            if (name == "scale") address(0)[mine] = address(1)[dense] * address(2)[i];
            if (name == "add") address(1)[dense] = address(0)[mine] + 1;
        }
    }
}

std::vector<float> scaler_image() { return {1, 2, 3, -4, 5.5f, 0.125f}; }

void set_input(const Opened &opened, const std::vector<float> &values) {
    std::copy(values.begin(), values.end(), static_cast<float *>(opened.input().data));
}

std::vector<float> get_output(const Opened &opened) {
    const auto *out = static_cast<const float *>(opened.output().data);
    return {out, out + kScalerImages * kScalerValues};
}

void expect_sums(const Opened &opened, const Scaler &scaler, const std::vector<float> &output) {
    for (int32_t image = 0; image < kScalerImages; image++) {
        float sums[kScalerValues];
        ASSERT_EQ(hardnet_read_view(opened.context, static_cast<int32_t>(scaler.sums), image, sums),
                  HARDNET_OK);
        for (int i = 0; i < kScalerValues; i++)
            EXPECT_EQ(sums[i] + 1, output[size_t(image * kScalerValues + i)]);
    }
}

CudaTest::CudaTest() {
    stand_in::reset();
    stand_in::use(&kernels);
}

CudaTest::~CudaTest() {
    EXPECT_EQ(stand_in::live(), 0);
    EXPECT_EQ(stand_in::pushed(), 0);
    EXPECT_EQ(stand_in::violations(), std::vector<std::string>{});
}

void CudaTest::expect_cpu_works() {
    const Opened opened(scaler.network(), scaler.options("cpu"));
    ASSERT_EQ(opened.status, HARDNET_OK) << opened.error();
    set_input(opened, scaler_image());
    ASSERT_EQ(hardnet_run(opened.context), HARDNET_OK) << opened.error();
    EXPECT_EQ(get_output(opened), scaler_expected(scaler_image()));
}

}  // namespace hardnet
