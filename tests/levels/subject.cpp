#include "tests/levels/subject.h"

#include <algorithm>
#include <cerrno>  // program_invocation_short_name
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>

#include "compiler/compile.h"
#include "reference/run_network.h"
#include "tests/golden/golden.h"

namespace hardnet::testing {
namespace {

namespace fs = std::filesystem;

std::vector<float> read_floats(const std::string &path) {
    std::ifstream file(path, std::ios::binary | std::ios::ate);
    std::vector<float> values(file ? size_t(file.tellg()) / sizeof(float) : 0);
    file.seekg(0);
    file.read(reinterpret_cast<char *>(values.data()), std::streamsize(values.size() * sizeof(float)));
    return file ? values : std::vector<float>();
}

Ranges ranges_of(const std::vector<std::vector<double>> &layers) {
    Ranges ranges;
    for (const std::vector<double> &values : layers) {
        const auto [least, most] = std::minmax_element(values.begin(), values.end());
        ranges.push_back(TensorRange{{float(std::min(0.0, *least)), float(std::max(0.0, *most))}});
    }
    return ranges;
}

}  // namespace

std::string short_name(const std::string &network) { return fs::path(network).stem(); }

Subject::Subject(const std::string &network, InputSize size, Precision precision)
    : name_(short_name(network) + "/" + std::to_string(size.height) + "x" + std::to_string(size.width)) {
    std::string file = name_ + ".json";
    file[file.find('/')] = '_';
    const std::string golden_path = HARDNET_SOURCE_DIR "/tests/golden/logits/" + file;
    uint64_t seed = 1;
    if (fs::exists(golden_path)) {
        const Golden golden = read_golden(golden_path);
        seed = golden.seed;
        expected_ = golden.logits;
        oracle_ = "PyTorch";
    }
    if (precision != Precision::kFloat32) name_ += std::string("-") + name_of(precision);
    error_ = compile(network, size, precision, seed);
}

std::string Subject::compile(const std::string &network, InputSize size, Precision precision, uint64_t seed) {
    setenv("HARDNET_CACHE", HARDNET_TEST_CACHE, 0);
    CompileRequest request;
    const hardnet::Result<ModelRecord> record = find_record(network);
    if (!record) return record.error().what;
    request.record = *record;
    request.weights = "seed:" + std::to_string(seed);
    request.size = size;
    request.targets = {"arm64", "x86-64"};
    request.name = "tested";
    request.jobs = 2;
    folder_ = std::string(HARDNET_TEST_PACKAGES) + "/" + program_invocation_short_name + "/" + name_;
    std::error_code error;
    fs::remove_all(folder_, error);  // a runner in it would make it no package's folder
    fs::create_directories(fs::path(folder_).parent_path(), error);
    request.folder = folder_;
    const hardnet::Result<Network> built = build_network(*record, size);
    if (!built) return built.error().what;
    const std::vector<float> input = seeded_input(built->input.elements(), seed);
    std::vector<std::vector<double>> layers;
    if (expected_.empty() || precision != Precision::kFloat32) {
        const hardnet::Result<FoldedWeights> weights = fold(*built, seeded_checkpoint(*built, seed));
        if (!weights) return weights.error().what;
        auto found = run_network(*built, *weights, input);
        if (!found) return found.error().what;
        layers = std::move(*found);
    }
    if (precision != Precision::kFloat32) {
        request.precision = name_of(precision);
        request.calibrate = [&](const Model &, const auto &) -> hardnet::Result<Calibration> {
            return Calibration{ranges_of(layers), "the input"};
        };
    }
    const hardnet::Result<CompileReport> report = compile_package(request);
    if (!report) return report.error().what;

    input_path_ = folder_ + "/input.f32";
    std::ofstream file(input_path_, std::ios::binary);
    file.write(reinterpret_cast<const char *>(input.data()), std::streamsize(input.size() * sizeof(float)));
    file.close();
    if (!file) return input_path_ + ": not written";
    if (!expected_.empty()) return "";

    oracle_ = "reference";
    expected_ = layers.back();
    return "";
}

const Program &Subject::program(const std::string &platform) {
    for (const auto &[built_for, program] : programs_) {
        if (built_for == platform) return program;
    }
    return programs_.emplace_back(platform, build_runner(folder_, platform)).second;
}

Subject::Result Subject::run(const TestMachine &machine, const std::string &level, int threads) {
    Result result;
    const Program &runner = program(machine.platform);
    if (!runner.error.empty()) {
        result.outcome.err = runner.error;
        return result;
    }
    const std::string output = folder_ + "/logits.f32";
    std::error_code ignored;
    fs::remove(output, ignored);
    std::vector<std::string> arguments = {folder_ + "/tested.safetensors", input_path_, output,
                                          std::to_string(threads)};
    if (!level.empty()) arguments.push_back(level);
    result.outcome = run_on(machine, runner, arguments);
    if (result.outcome.code != 0) return result;
    result.logits = read_floats(output);
    if (result.logits.size() != expected_.size()) {
        result.outcome.err = "expected " + std::to_string(expected_.size()) + " logits, found " +
                             std::to_string(result.logits.size());
        result.logits.clear();
    } else {
        result.difference = compare(result.logits, expected_);
    }
    return result;
}

Subject &subject(const std::string &network, InputSize size, Precision precision) {
    static std::map<std::string, Subject> made;
    const std::string key =
        network + std::to_string(size.height) + "x" + std::to_string(size.width) + name_of(precision);
    auto found = made.find(key);
    if (found == made.end()) found = made.emplace(key, Subject(network, size, precision)).first;
    return found->second;
}

}  // namespace hardnet::testing
