#include "tests/networks/package.h"

#include <dlfcn.h>

#include <cerrno>  // program_invocation_short_name
#include <cstdlib>
#include <cstring>
#include <map>

#include "compiler/compile.h"
#include "package/manifest.h"
#include "runtime/inspect.h"
#include "schedules/machine.h"

namespace hardnet::testing {
namespace {

#if defined(__aarch64__)
constexpr char kTarget[] = "arm64", kPlatform[] = "aarch64-linux";
#else
constexpr char kTarget[] = "x86-64", kPlatform[] = "x86_64-linux";
#endif

std::string symbol_of(const PackageRequest &request) {  // "hardnet68_224x224_3"
    std::string text = label(request);
    text = text.substr(text.find_last_of('/', text.find_last_of('/') - 1) + 1);
    for (char &c : text) {
        if (!isalnum(static_cast<unsigned char>(c))) c = '_';
    }
    for (char c : request.target) text += isalnum(static_cast<unsigned char>(c)) ? c : '_';
    return text + "_" + std::to_string(request.batch) + (request.mask ? "_mask" : "");
}

TestPackage failed(std::string why) {
    TestPackage package;
    package.error = std::move(why);
    return package;
}

TestPackage make(const PackageRequest &request) {
    setenv("HARDNET_CACHE", HARDNET_TEST_CACHE, 0);
    CompileRequest compile;
    Result<ModelRecord> record = find_record(request.record);
    if (!record) return failed(record.error().what);
    record->mask = request.mask;
    compile.record = *record;
    compile.weights = request.weights;
    compile.size = request.size;
    compile.batch = request.batch;
    compile.targets = {request.target.empty() ? kTarget : request.target};
    compile.name = symbol_of(request);
    compile.cubins = "none";  // tests read PTX
    // A folder per program: CTest runs them side by side.
    compile.folder =
        std::string(HARDNET_TEST_PACKAGES) + "/" + program_invocation_short_name + "/" + compile.name;
    const Result<CompileReport> report = compile_package(compile);
    if (!report) return failed(report.error().what);

    const Result<Package> package = open_package(report->folder);
    if (!package) return failed(package.error().what);
    const Result<Network> network = build_network(*record, request.size);
    if (!network) return failed(network.error().what);
    void *library = dlopen(package->library_path().c_str(), RTLD_NOW | RTLD_LOCAL);  // stays to the end
    if (!library) return failed(dlerror());

    TestPackage result;
    result.layers = *network;
    result.network = static_cast<const hardnet_network *>(dlsym(library, compile.name.c_str()));
    result.folder = compile.folder;
    result.weights_path = package->weights_path();
    result.images = request.batch;
    result.classes = package->manifest.classes();
    result.image_elems = size_t(network->input.elements());
    if (!result.network) return failed("no symbol " + compile.name);
    return result;
}

}  // namespace

std::string label(const PackageRequest &request) {
    return request.record + "/" + std::to_string(request.size.height) + "x" +
           std::to_string(request.size.width);
}

const TestPackage &compiled(const PackageRequest &request) {
    static std::map<std::string, TestPackage> made;
    const std::string name = symbol_of(request);
    auto found = made.find(name);
    if (found == made.end()) found = made.emplace(name, make(request)).first;
    return found->second;
}

std::vector<std::string> level_names() {
    std::vector<std::string> names;
    for (const Machine &machine : machines()) {
        if (machine.platform == kPlatform) names.push_back(machine.level);
    }
    return names;
}

std::string level_at(int place) {
    const std::vector<std::string> names = level_names();
    return names[size_t(place) % names.size()];
}

std::string missing_features(const std::string &level) {
    for (const Machine &machine : machines()) {
        const uint32_t missing = machine.features & ~hardnet_cpu_features();
        if (machine.level != level || !missing) continue;
        char text[256];
        hardnet_feature_names(missing, text, sizeof text);
        return text;
    }
    return "";
}

Session::Session(const TestPackage &package, const SessionOptions &options) {
    hardnet_options open = HARDNET_OPTIONS_DEFAULT;
    open.weights_path = package.weights_path.c_str();
    open.threads = options.threads;
    open.level = options.level.empty() ? nullptr : options.level.c_str();
    open.input_type = options.input;
    status_ = hardnet_open(package.network, &open, &context_);
    hardnet_tensor input{};
    if (status_ == HARDNET_OK) status_ = hardnet_input(context_, 0, &input);
    input_ = input.data;
}

std::vector<float> Session::logits() const { return output(0); }

std::vector<float> Session::output(int index) const {
    hardnet_tensor tensor{};
    if (hardnet_output(context_, index, &tensor) != HARDNET_OK) return {};
    size_t elems = 1;
    for (int32_t d = 0; d < tensor.rank; d++) elems *= size_t(tensor.shape[d]);
    const float *values = static_cast<const float *>(tensor.data);
    return {values, values + elems};
}

std::vector<float> Session::run() {
    if (status_ == HARDNET_OK) status_ = hardnet_run(context_);
    return status_ == HARDNET_OK ? logits() : std::vector<float>();
}

bool same_bits(const std::vector<float> &a, const std::vector<float> &b) {
    return a.size() == b.size() && std::memcmp(a.data(), b.data(), a.size() * sizeof(float)) == 0;
}

}  // namespace hardnet::testing
