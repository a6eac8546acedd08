#include "tests/gpu/gpu_network.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "cli/verification.h"
#include "runtime/inspect.h"
#include "tests/gpu/interpreter.h"

namespace hardnet::testing {
namespace {

void add_checks(const std::vector<LayerCheck> &checks, GpuNetwork &result) {
    for (const LayerCheck &check : checks) {
        if (!check.holds())
            result.faults.push_back(
                fmt::format("{} ({}): expected a relative RMS error of at most {:.2e}, found {:.2e}",
                            check.layer, check.algorithm, check.bound, check.difference.relative_rms));
    }
}

const LayerCheck *check_of(const Verification &verification, const std::string &layer) {
    for (const LayerCheck &check : verification.layers) {
        if (check.layer == layer) return &check;
    }
    return nullptr;
}

void add_rows(const Interpreter &interpreter, const hardnet_network &network,
              const Verification &verification, GpuNetwork &result) {
    std::set<std::string> seen;
    for (const Interpreter::Launched &one : interpreter.launched()) {
        const hardnet_launch &launch = *one.launch;
        if (!seen.insert(launch.name).second) continue;
        GpuKernelRow row;
        row.layer = network.layer_names[one.step->layer];
        row.step = hardnet_step_kind_name(one.step->kind);
        row.kernel = launch.name;
        std::copy(launch.grid, launch.grid + 3, row.grid);
        std::copy(launch.block, launch.block + 3, row.block);
        row.shared_bytes = launch.shared_bytes;
        if (const LayerCheck *check = check_of(verification, row.layer)) {
            row.error = check->difference.relative_rms;
            row.bound = check->bound;
        }
        row.instructions = one.counters.total();
        row.fma = one.counters.of(ptx::Kind::kFma);
        row.bytes_written = one.counters.words_written * ptx::kWordBytes;
        result.kernels.push_back(row);
    }
}

}  // namespace

GpuNetwork check_on_gpu(const PackageRequest &request) {
    GpuNetwork result;
    const TestPackage &package = compiled(request);
    if (!package.error.empty()) {
        result.faults.push_back(package.error);
        return result;
    }
    Interpreter interpreter;
    stand_in::reset();
    stand_in::use(&interpreter);
    LoadOptions options;
    options.device = "cuda";
    options.threads = 1;
    auto loaded = LoadedPackage::load(package.folder, options);
    if (!loaded) {
        result.faults = interpreter.errors();
        result.faults.push_back(loaded.error().what);
        return result;
    }
    const hardnet_level &level = *hardnet_context_level((*loaded)->context());
    interpreter.follow((*loaded)->network(), level, HARDNET_FLOAT32);
    VerifySettings settings;
    settings.per_layer = true;
    const Result<Verification> verification = verify_package(**loaded, settings);
    result.faults = interpreter.errors();
    for (const std::string &violation : stand_in::violations()) result.faults.push_back(violation);
    if (!verification) {
        result.faults.push_back(verification.error().what);
        return result;
    }
    if (!result.faults.empty()) return result;
    add_checks(verification->outputs, result);
    add_checks(verification->layers, result);
    result.layers = verification->layers.size();
    result.launches = interpreter.launched().size();
    add_rows(interpreter, (*loaded)->network(), *verification, result);
    return result;
}

}  // namespace hardnet::testing
