#include "cli/devices.h"

#include <fmt/format.h>

namespace hardnet {
namespace {

constexpr int kMostDevices = 16;

std::string device_line(const nlohmann::ordered_json &device, const std::string &what) {
    return fmt::format("  {:<22}  {}, {}, {:.1f} GiB\n", device["device"].get<std::string>(),
                       device["name"].get<std::string>(), what,
                       device["memory_bytes"].get<double>() / (1 << 30));
}

std::string missing_text(const char *kind, const nlohmann::ordered_json &json) {
    return fmt::format("\n{}: {}: {}\n", kind, json["missing"].get<std::string>(),
                       json["install"].get<std::string>());
}

}  // namespace

nlohmann::ordered_json cuda_devices(const hardnet_host &host) {
    hardnet_device_info devices[kMostDevices];
    int32_t version = 0;
    char why[320];
    const int32_t count = hardnet_cuda_devices(&host, devices, kMostDevices, &version, why, sizeof why);
    nlohmann::ordered_json json = {{"works", count > 0}, {"devices", nlohmann::ordered_json::array()}};
    if (count >= 0) json["version"] = fmt::format("{}.{}", version / 1000, version % 1000 / 10);
    if (count <= 0) {
        json["missing"] = count < 0 ? why : "expected an NVIDIA GPU, found a driver for none";
        json["install"] = "apt-get install nvidia-driver, on a machine with an NVIDIA GPU";
    }
    for (int32_t i = 0; i < count; i++)
        json["devices"].push_back(
            {{"device", fmt::format("cuda:{}", devices[i].number)},
             {"name", devices[i].name},
             {"compute_capability", fmt::format("{}.{}", devices[i].major, devices[i].minor)},
             {"memory_bytes", devices[i].memory_bytes}});
    return json;
}

nlohmann::ordered_json opencl_devices(const hardnet_host &host) {
    hardnet_device_info devices[kMostDevices];
    char why[320];
    const int32_t count = hardnet_opencl_devices(&host, devices, kMostDevices, why, sizeof why);
    nlohmann::ordered_json json = {{"works", count > 0}, {"devices", nlohmann::ordered_json::array()}};
    if (count < 0) {
        json["missing"] = why;
        json["install"] = "apt-get install ocl-icd-libopencl1";
    } else if (count == 0) {
        json["missing"] = "expected a platform, found the library alone";
        json["install"] =
            "the GPU's driver with OpenCL, or apt-get install pocl-opencl-icd, which runs on the CPU";
    }
    for (int32_t i = 0; i < count; i++)
        json["devices"].push_back({{"device", fmt::format("opencl:{}", devices[i].number)},
                                   {"name", devices[i].name},
                                   {"platform", devices[i].platform},
                                   {"version", fmt::format("{}.{}", devices[i].major, devices[i].minor)},
                                   {"gpu", devices[i].is_gpu},
                                   {"memory_bytes", devices[i].memory_bytes}});
    return json;
}

std::string cuda_text(const nlohmann::ordered_json &cuda) {
    if (!cuda["works"].get<bool>()) return missing_text("cuda", cuda);
    std::string text = fmt::format("\ncuda: a driver for CUDA {}\n", cuda["version"].get<std::string>());
    for (const auto &device : cuda["devices"])
        text += device_line(device, "compute capability " + device["compute_capability"].get<std::string>());
    return text;
}

std::string opencl_text(const nlohmann::ordered_json &opencl) {
    if (!opencl["works"].get<bool>()) return missing_text("opencl", opencl);
    std::string text = "\nopencl:\n";
    for (const auto &device : opencl["devices"])
        text += device_line(
            device, fmt::format("{}, OpenCL {} of {}", device["gpu"].get<bool>() ? "a GPU" : "no GPU",
                                device["version"].get<std::string>(), device["platform"].get<std::string>()));
    return text;
}

}  // namespace hardnet
