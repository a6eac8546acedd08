// Classifies frames on two streams of a GPU: while one frame is computed the next one is copied.
//
//     two_streams hardnet_digits.safetensors frame.f32...
//
// Each stream has a context of the runtime and device memory of its own. A frame is raw float32, as for on_device.
#include <cuda.h>

#include <algorithm>
#include <array>
#include <exception>
#include <fstream>
#include <hardnet/hardnet.hpp>
#include <iostream>
#include <stdexcept>
#include <string>

#include "hardnet_digits.h"

namespace {

constexpr std::size_t kPixels = 3 * HARDNET_DIGITS_HEIGHT * HARDNET_DIGITS_WIDTH, kClasses = 10;

void check(CUresult result, const char *what) {
    if (result != CUDA_SUCCESS)
        throw std::runtime_error(std::string(what) + ": expected success, found CUDA's error " +
                                 std::to_string(result));
}

struct PrimaryContext {
    PrimaryContext() {
        check(cuInit(0), "cuInit");
        check(cuDeviceGet(&device, 0), "cuDeviceGet");
        check(cuDevicePrimaryCtxRetain(&context, device), "cuDevicePrimaryCtxRetain");
        check(cuCtxPushCurrent(context), "cuCtxPushCurrent");
    }
    ~PrimaryContext() { cuDevicePrimaryCtxRelease(device); }
    CUdevice device = 0;
    CUcontext context = nullptr;
};

struct Stream {
    Stream() { check(cuStreamCreate(&stream, CU_STREAM_NON_BLOCKING), "cuStreamCreate"); }
    ~Stream() { cuStreamDestroy(stream); }
    CUstream stream = nullptr;
};

struct DeviceFloats {
    explicit DeviceFloats(std::size_t count) {
        check(cuMemAlloc(&address, count * sizeof(float)), "cuMemAlloc");
    }
    ~DeviceFloats() { cuMemFree(address); }
    void *pointer() const { return reinterpret_cast<void *>(address); }
    CUdeviceptr address = 0;
};

hardnet::Options options_for(const std::string &weights, CUcontext context, CUstream stream) {
    hardnet::Options options;
    options.weights_path = weights;
    options.device = "cuda";
    options.hooks.cuda_context = context;
    options.hooks.cuda_stream = stream;
    return options;
}

// A stream's network, and the frame that is in it. Members are given back in the reverse order: the network first.
class Lane {
public:
    Lane(const std::string &weights, CUcontext context)
        : network_(hardnet_digits, options_for(weights, context, stream_.stream)) {
        network_.bind_input_device(frame_.pointer());
        network_.bind_output_device(logits_.pointer());
    }

    void start(const std::string &path) {
        std::ifstream file(path, std::ios::binary);
        file.read(reinterpret_cast<char *>(pixels_.data()), sizeof pixels_);
        if (!file)
            throw std::runtime_error(path + ": expected " + std::to_string(kPixels) + " floats, found fewer");
        path_ = path;
        check(cuMemcpyHtoDAsync(frame_.address, pixels_.data(), sizeof pixels_, stream_.stream),
              path.c_str());
        network_.enqueue();
        check(cuMemcpyDtoHAsync(results_.data(), logits_.address, sizeof results_, stream_.stream),
              path.c_str());
    }

    // Waits for the frame that was started, if any, and prints its class.
    void finish() {
        if (path_.empty()) return;
        check(cuStreamSynchronize(stream_.stream), path_.c_str());
        network_.wait();
        std::cout << path_ << ": " << std::max_element(results_.begin(), results_.end()) - results_.begin()
                  << '\n';
        path_.clear();
    }

private:
    Stream stream_;
    DeviceFloats frame_{kPixels}, logits_{kClasses};
    std::array<float, kPixels> pixels_{};
    std::array<float, kClasses> results_{};
    std::string path_;
    hardnet::Context network_;
};

void classify(const std::string &weights, char **paths, int count) {
    const PrimaryContext primary;
    Lane lanes[] = {{weights, primary.context}, {weights, primary.context}};
    for (int i = 0; i < count; i++) {
        Lane &lane = lanes[i % 2];
        lane.finish();
        lane.start(paths[i]);
    }
    for (int i = count; i < count + 2; i++) lanes[i % 2].finish();
}

}  // namespace

int main(int argc, char **argv) {
    if (argc < 3) {
        std::cerr << "usage: two_streams WEIGHTS.safetensors FRAME.f32...\n";
        return 2;
    }
    try {
        classify(argv[1], argv + 2, argc - 2);
    } catch (const std::exception &error) {
        std::cerr << "two_streams: " << error.what() << '\n';
        return 1;
    }
    return 0;
}
