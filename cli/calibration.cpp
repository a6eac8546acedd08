#include "cli/calibration.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <functional>

#include "base/folders.h"
#include "cli/batch_run.h"
#include "cli/console.h"
#include "cli/find_pictures.h"
#include "cli/layer_values.h"
#include "cli/npy.h"
#include "graph/network_json.h"
#include "graph/task.h"
#include "kernels/tiling.h"

namespace hardnet {
namespace {

// One input: how errors name it, and what puts it into the place of the package's first image.
struct Input {
    std::string name;
    std::function<Status(LoadedPackage &)> put;
};
using Inputs = std::vector<Input>;

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
                const Transparency transparency = transparency_for(loaded.manifest().planes());
                const Result<Image> image =
                    read_image(path, ImageLimits(), Orientation::kUpright, transparency);
                if (!image) return image.error();
                const Result<PictureResult> put = put_picture(loaded, *image, 0, path);
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

// V of a tensor with values CHW: takes the greatest magnitude of each position into `most`.
void widen(std::vector<float> &most, const Tiling &tiling, const Shape &shape,
           const std::vector<float> &values) {
    for (const Quadrant &q : tiling.quadrants()) {
        const Matrix rows = tiling.input_transform(q.small_rows),
                     columns = tiling.input_transform(q.small_columns);
        const int height = int(rows[0].size()), width = int(columns[0].size());  // of a tile's input
        std::vector<float> tile(size_t(height) * width), half(rows.size() * width);
        const auto transform_tile = [&](const float *plane, int y0, int x0) {
            for (int y = 0; y < height; y++) {
                for (int x = 0; x < width; x++) {
                    const bool inside =
                        y0 + y >= 0 && y0 + y < shape.height && x0 + x >= 0 && x0 + x < shape.width;
                    tile[size_t(y * width + x)] = inside ? plane[(y0 + y) * shape.width + x0 + x] : 0;
                }
            }
            for (size_t i = 0; i < rows.size(); i++) {
                for (int x = 0; x < width; x++) {
                    float sum = 0;
                    for (int y = 0; y < height; y++) sum += float(rows[i][y]) * tile[size_t(y * width + x)];
                    half[i * width + x] = sum;
                }
                for (size_t j = 0; j < columns.size(); j++) {
                    float sum = 0;
                    for (int x = 0; x < width; x++) sum += float(columns[j][x]) * half[i * width + x];
                    float &greatest = most[size_t(tiling.position(int(i), int(j)))];
                    greatest = std::max(greatest, std::abs(sum));
                }
            }
        };
        for (int c = 0; c < shape.channels; c++) {
            const float *plane = &values[size_t(c) * shape.height * shape.width];
            for (int ty = 0; ty < tiling.quadrant_rows(q); ty++) {
                for (int tx = 0; tx < tiling.quadrant_columns(q); tx++)
                    transform_tile(plane, tiling.first_row(q) + ty * tiling.tile_size(q.small_rows) - 1,
                                   tiling.first_column(q) + tx * tiling.tile_size(q.small_columns) - 1);
            }
        }
    }
}

// Takes a layer's output into what was seen of it.
Status widen(std::optional<TensorRange> &range, const Layer &layer, const std::set<int> &transforms,
             const std::vector<float> &values) {
    if (!range) range.emplace();
    const auto [least, most] = std::minmax_element(values.begin(), values.end());
    if (!std::isfinite(*least) || !std::isfinite(*most))
        return bad_input(layer.name + ": expected finite numbers of the float32 network, found others");
    range->interval = {std::min(range->interval.least, *least), std::max(range->interval.most, *most)};
    for (int m : transforms) {
        const Tiling tiling = Tiling::cover(m, layer.out.height, layer.out.width);
        std::vector<float> &greatest = range->transformed[m];
        greatest.resize(size_t(tiling.positions()));
        widen(greatest, tiling, layer.out, values);
    }
    return ok();
}

Result<Calibration> measure(const Model &model, const std::vector<std::set<int>> &wanted,
                            const Inputs &inputs, int jobs) {
    const TemporaryFolder scratch("hardnet-calibrate-");
    if (!scratch.fault().empty()) return environment_error(scratch.fault());
    const Result<std::vector<Machine>> machines = machines_for({"host"});
    if (!machines) return machines.error();
    ProgressLine progress("calibrate");
    CompileOptions options;
    options.targets = {machines->front().level};
    options.name = "calibration";
    options.jobs = jobs;
    options.folder = scratch.path() + "/float32";
    options.progress = [&](int done, int total, const std::string &what) {
        progress.show(done, total, what);
    };
    if (const auto compiled = compile_model(model, options); !compiled) return compiled.error();
    auto loaded = LoadedPackage::load(options.folder, {});
    if (!loaded) return loaded.error();

    Calibration calibration{Ranges(model.network.layers.size()), ""};
    int done = 0;
    for (const Input &input : inputs) {
        progress.show(done++, int(inputs.size()), input.name);
        if (const Status put = input.put(**loaded); !put) return put.error();
        if (const Status fit = check_input(**loaded, input.name); !fit) return fit.error();
        const Status run = run_by_layers(**loaded, [&](size_t l, const std::vector<float> &values) {
            return widen(calibration.ranges[l], model.network.layers[l], wanted[l], values);
        });
        if (!run) return run.error();
    }
    return calibration;
}

Result<Calibration> of_package(const std::string &folder, const Network &network) {
    const Result<Package> package = open_package(folder);
    if (!package) return package.error();
    const Manifest &m = package->manifest;
    if (m.ranges_source.empty())
        return bad_input(folder + ": expected a package that was compiled with --calibrate, found another");
    if (graph_json(m.network)["layers"] != graph_json(network)["layers"])
        return bad_input(
            fmt::format("{}: expected a package of the same network and input, found {} of {}x{}", folder,
                        m.network.name, m.height(), m.width()));
    return Calibration{m.ranges, m.ranges_source};
}

}  // namespace

Calibrator calibrator(std::vector<std::string> paths, int jobs) {
    return [paths, jobs](const Model &model,
                         const std::vector<std::set<int>> &wanted) -> Result<Calibration> {
        if (paths.size() == 1 && holds_package(paths[0])) return of_package(paths[0], model.network);
        const Result<Inputs> inputs = inputs_of(paths, model.network);
        if (!inputs) return inputs.error();
        Result<Calibration> measured = measure(model, wanted, *inputs, jobs);
        const bool random = std::all_of(paths.begin(), paths.end(), is_seed);
        if (measured)
            measured->source = fmt::format("{} {}", inputs->size(), random ? "random inputs" : "pictures");
        return measured;
    };
}

}  // namespace hardnet
