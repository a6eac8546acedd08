#include "cli/calibration.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <filesystem>

#include "base/folders.h"
#include "cli/calibration_inputs.h"
#include "cli/console.h"
#include "cli/layer_values.h"
#include "cli/sensitivity.h"
#include "graph/network_json.h"
#include "kernels/tiling.h"

namespace hardnet {
namespace {

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

// Takes a layer's output, or what a norm makes of it, into what was seen of that.
Status widen(TensorRange &range, const Layer &layer, const std::set<int> &transforms,
             const std::vector<float> &values) {
    const auto [least, most] = std::minmax_element(values.begin(), values.end());
    if (!std::isfinite(*least) || !std::isfinite(*most))
        return bad_input(layer.name + ": expected finite numbers of the float32 network, found others");
    range.interval = {std::min(range.interval.least, *least), std::max(range.interval.most, *most)};
    for (int m : transforms) {
        const Tiling tiling = Tiling::cover(m, layer.out.height, layer.out.width);
        std::vector<float> &greatest = range.transformed[m];
        greatest.resize(size_t(tiling.positions()));
        widen(greatest, tiling, layer.out, values);
    }
    return ok();
}

TensorRange &seen_of(Ranges &ranges, size_t layer) {
    return ranges[layer] ? *ranges[layer] : ranges[layer].emplace();
}

// What the norm in front of `reader` makes of channels that are its input's from `first` on.
std::vector<float> normed(const FoldedLayer &reader, int first, const Shape &shape,
                          std::vector<float> values) {
    const size_t pixels = size_t(shape.height) * shape.width;
    for (size_t i = 0; i < values.size(); i++) {
        const size_t c = size_t(first) + i / pixels;
        values[i] = std::max(values[i] * reader.front_scale.values[c] + reader.front_shift.values[c], 0.0f);
    }
    return values;
}

// Takes a layer's output into what was seen of it and of what norms in front of its readers make of it.
Status widen(Ranges &ranges, const Model &model, size_t layer, const std::set<int> &transforms,
             const std::vector<float> &values) {
    const std::vector<Layer> &layers = model.network.layers;
    if (const Status s = widen(seen_of(ranges, layer), layers[layer], transforms, values); !s) return s;
    for (size_t r = layer + 1; r < layers.size(); r++) {
        if (layers[r].front_norm.empty()) continue;
        int first = 0;
        for (int source : layers[r].sources()) {
            if (source == int(layer)) {
                std::vector<TensorRange> &behind = seen_of(ranges, r).behind_norm;
                behind.resize(1);
                const Status s = widen(behind[0], layers[layer], transforms,
                                       normed(model.weights.layers[r], first, layers[layer].out, values));
                if (!s) return s;
            }
            first += layers[size_t(source)].out.channels;
        }
    }
    return ok();
}

// The greatest and the least of everything that is wanted, over all inputs.
Result<Ranges> ranges_on(LoadedPackage &loaded, const Model &model, const std::vector<std::set<int>> &wanted,
                         const Inputs &inputs, ProgressLine &progress) {
    Ranges ranges(model.network.layers.size());
    int done = 0;
    for (const Input &input : inputs) {
        progress.show(done++, int(inputs.size()), input.name);
        if (const Status put = input.put(loaded); !put) return put.error();
        if (const Status fit = check_input(loaded, input.name); !fit) return fit.error();
        const Status run = run_by_layers(loaded, [&](size_t l, const std::vector<float> &values) {
            return widen(ranges, model, l, wanted[l], values);
        });
        if (!run) return run.error();
    }
    return ranges;
}

Result<Calibration> measure(const Model &model, const std::vector<std::set<int>> &wanted,
                            const Inputs &inputs, const CalibrationSettings &settings) {
    const TemporaryFolder scratch("hardnet-calibrate-");
    if (!scratch.fault().empty()) return environment_error(scratch.fault());
    const Result<std::vector<Machine>> machines = machines_for({"host"});
    if (!machines) return machines.error();
    ProgressLine progress("calibrate");
    CompileOptions options;
    options.targets = {machines->front().level};
    options.name = "calibration";
    options.jobs = settings.compile.jobs;
    options.folder = scratch.path() + "/float32";
    options.progress = [&](int done, int total, const std::string &what) {
        progress.show(done, total, what);
    };
    if (const auto compiled = compile_model(model, options); !compiled) return compiled.error();
    auto loaded = LoadedPackage::load(options.folder, {});
    if (!loaded) return loaded.error();
    Result<Ranges> ranges = ranges_on(**loaded, model, wanted, inputs, progress);
    if (!ranges) return ranges.error();
    const bool random = std::all_of(settings.paths.begin(), settings.paths.end(), is_seed);
    Calibration calibration{std::move(*ranges),
                            fmt::format("{} {}", inputs.size(), random ? "random inputs" : "pictures")};
    if (settings.roughly) return calibration;
    CompileOptions trial = settings.compile;
    trial.folder = scratch.path() + "/rounded";
    trial.progress = options.progress;
    return with_errors(model, trial, **loaded, inputs, settings.most_error, std::move(calibration));
}

Result<Calibration> of_package(const std::string &folder, const Network &network) {
    const Result<Package> package = open_package(folder);
    if (!package) return package.error();
    const Manifest &m = package->manifest;
    if (m.ranges_source.empty())
        return bad_input(folder + ": expected a package that was compiled with --calibrate, found another");
    if (!same_layers(m.network, network))
        return bad_input(
            fmt::format("{}: expected a package of the same network and input, found {} of {}x{}", folder,
                        m.network.name, m.height(), m.width()));
    return Calibration{m.ranges, m.ranges_source};
}

}  // namespace

Calibrator calibrator(CalibrationSettings settings) {
    return [settings](const Model &model, const std::vector<std::set<int>> &wanted) -> Result<Calibration> {
        const std::vector<std::string> &paths = settings.paths;
        if (paths.size() == 1 && holds_package(paths[0])) return of_package(paths[0], model.network);
        Result<Inputs> inputs = inputs_of(paths, model.network);
        if (inputs && settings.roughly) inputs->resize(kFewestInputs);
        return inputs ? measure(model, wanted, *inputs, settings) : inputs.error();
    };
}

}  // namespace hardnet
