#include "cli/calibration_inputs.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <memory>

#include "cli/batch_run.h"
#include "cli/console.h"
#include "cli/find_pictures.h"
#include "cli/npy.h"
#include "graph/task.h"
#include "weights/weights.h"

namespace hardnet {
namespace {

Inputs seeded_inputs(uint64_t seed) {
    Inputs inputs;
    for (int i = 0; i < kSeededInputs; i++) {
        const uint64_t own = seed * kSeededInputs + uint64_t(i);
        inputs.push_back({"seed", [own](LoadedPackage &loaded) {
                              const std::vector<float> values =
                                  seeded_input(int64_t(loaded.input_elems()), own);
                              std::copy(values.begin(), values.end(), loaded.input(0));
                              return ok();
                          }});
    }
    return inputs;
}

Result<Inputs> inputs_of_npy(const std::string &path, const Shape &shape) {
    Result<NpyTensor> read = read_npy(path);
    if (!read) return read.error();
    const std::vector<int64_t> &dims = read->shape;
    if (dims.size() != 4 || dims[1] != shape.channels || dims[2] != shape.height || dims[3] != shape.width)
        return bad_input(fmt::format("{}: expected the shape [N, {}, {}, {}], found [{}]", path,
                                     shape.channels, shape.height, shape.width, fmt::join(dims, ", ")));
    const auto tensor = std::make_shared<NpyTensor>(std::move(*read));
    Inputs inputs;
    for (int64_t i = 0; i < tensor->shape[0]; i++) {
        inputs.push_back({fmt::format("{}: image {}", path, i), [tensor, i](LoadedPackage &loaded) {
                              const size_t elems = loaded.input_elems();
                              std::copy_n(&tensor->values[size_t(i) * elems], elems, loaded.input(0));
                              return ok();
                          }});
    }
    return inputs;
}

Input input_of_picture(const std::string &path) {
    return {path, [path](LoadedPackage &loaded) -> Status {
                const Result<PictureResult> put = put_picture(loaded, path, 0);
                return put ? ok() : Status(put.error());
            }};
}

Status expect_pictures_fit(const Network &network, const std::string &path) {
    const bool raw = network.task == Task::kTensor || !are_of_pictures(network.input.channels);
    if (!raw) return ok();
    return usage_error(path +
                       ": expected .npy files for a network that does not say how pictures become its "
                       "input, found something else");
}

}  // namespace

Result<Inputs> inputs_of(const std::vector<std::string> &paths, const Network &network) {
    Inputs inputs;
    std::vector<std::string> pictures;
    for (const std::string &path : paths) {
        if (is_seed(path)) {
            const Inputs seeded = seeded_inputs(std::stoull(path.substr(path.find(':') + 1)));
            inputs.insert(inputs.end(), seeded.begin(), seeded.end());
        } else if (std::filesystem::path(path).extension() == ".npy") {
            Result<Inputs> read = inputs_of_npy(path, network.input);
            if (!read) return read.error();
            inputs.insert(inputs.end(), read->begin(), read->end());
        } else {
            std::error_code failed;
            if (!std::filesystem::exists(path, failed))
                return bad_input(path + ": expected pictures, .npy files, seed:N or a package, found none");
            if (const Status fit = expect_pictures_fit(network, path); !fit) return fit.error();
            pictures.push_back(path);
        }
    }
    if (!pictures.empty()) {
        const Result<FoundPictures> found = find_pictures(pictures);
        if (!found) return found.error();
        for (const std::string &line : found->skipped) note(line);
        for (const std::string &file : found->files) inputs.push_back(input_of_picture(file));
    }
    if (int(inputs.size()) < kFewestInputs)
        return bad_input(fmt::format("{}: expected {} pictures or more to calibrate with, found {}",
                                     fmt::join(paths, " "), kFewestInputs, inputs.size()));
    return inputs;
}

Status check_input(const LoadedPackage &loaded, const std::string &name) {
    const float *begin = loaded.input(0), *end = begin + loaded.input_elems();
    for (const float *at = begin; at != end; at++)
        if (!std::isfinite(*at))
            return bad_input(
                fmt::format("{}: expected finite numbers, found {} at {}", name, *at, at - begin));
    const size_t plane = loaded.input_elems() / size_t(loaded.manifest().planes());
    for (const float *at = begin; at != end; at += plane)
        if (std::any_of(at, at + plane, [&](float v) { return v != *at; })) return ok();
    return bad_input(name + ": expected a picture to calibrate with, found the same value at every pixel");
}

}  // namespace hardnet
