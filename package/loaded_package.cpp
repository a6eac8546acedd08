#include "package/loaded_package.h"

#include <dlfcn.h>
#include <fmt/format.h>

#include <filesystem>

#include "runtime/inspect.h"

namespace hardnet {
namespace {

ExitCode exit_code_of(hardnet_status status) {
    switch (status) {
        case HARDNET_OK:
            return ExitCode::kOk;
        case HARDNET_INVALID_ARGUMENT:
            return ExitCode::kUsage;
        case HARDNET_BAD_WEIGHTS:
            return ExitCode::kBadInput;
        case HARDNET_INTERNAL:
            return ExitCode::kInternal;
        default:
            return ExitCode::kEnvironment;
    }
}

std::string shape_text(const std::vector<int64_t> &shape) { return fmt::format("{}", fmt::join(shape, "x")); }

// "2x1000"; of several outputs with their names: "loc 1x32756x4, conf 1x32756x81".
std::string shapes_text(const std::vector<PackageOutput> &outputs) {
    if (outputs.size() == 1) return shape_text(outputs[0].shape);
    std::vector<std::string> texts;
    for (const PackageOutput &output : outputs) texts.push_back(output.name + " " + shape_text(output.shape));
    return fmt::format("{}", fmt::join(texts, ", "));
}

}  // namespace

Result<std::unique_ptr<LoadedPackage>> LoadedPackage::load(const std::string &folder,
                                                           const LoadOptions &options) {
    const Result<Package> package = open_package(folder);
    if (!package) return package.error();
    std::unique_ptr<LoadedPackage> loaded(new LoadedPackage);
    loaded->package_ = *package;
    if (const Status status = loaded->open_library(); !status) return status.error();
    if (const Status status = loaded->open_context(options); !status) return status.error();
    if (const Status status = loaded->check_shapes(); !status) return status.error();
    return loaded;
}

LoadedPackage::~LoadedPackage() {
    hardnet_close(context_);
    if (library_) dlclose(library_);
}

Status LoadedPackage::open_library() {
    // An absolute path: dlopen would look up one without a slash elsewhere.
    std::error_code unknown;  // of the current folder; then the path stays as it is
    const std::string path = std::filesystem::absolute(package_.library_path(), unknown).string();
    std::error_code failed;
    if (!std::filesystem::exists(path, failed))
        return environment_error(
            package_.library_path() +
            ": expected this host's kernels, found none (compile for --target host, here)");
    library_ = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
    if (!library_)
        return environment_error(fmt::format("{}: expected a library, found: {}", path, dlerror()));
    network_ = static_cast<const hardnet_network *>(dlsym(library_, manifest().name.c_str()));
    if (!network_)
        return environment_error(
            fmt::format("{}: expected the network {}, found no such symbol", path, manifest().name));
    return ok();
}

Status LoadedPackage::open_context(const LoadOptions &options) {
    const std::string weights = options.weights_path.empty() ? package_.weights_path() : options.weights_path;
    hardnet_options open = HARDNET_OPTIONS_DEFAULT;
    open.weights_path = options.weights_data ? nullptr : weights.c_str();
    open.weights_data = options.weights_data;
    open.weights_size = options.weights_size;
    open.packed_folder = package_.folder.c_str();
    open.threads = options.threads;
    open.level = options.level.empty() ? nullptr : options.level.c_str();
    open.device = options.device.empty() ? nullptr : options.device.c_str();
    open.log = options.log;
    open.user = options.log_user;
    const hardnet_status status = hardnet_open(network_, &open, &context_);
    if (options.status) *options.status = status;
    if (status != HARDNET_OK) return failure(status);
    return ok();
}

// What the code returns.
Status LoadedPackage::describe_outputs() {
    for (uint32_t i = 0; i < network_->output_count; i++) {
        hardnet_tensor tensor = {};
        if (const hardnet_status status = hardnet_output(context_, int32_t(i), &tensor); status != HARDNET_OK)
            return failure(status);
        PackageOutput output{network_->outputs[i].name, {tensor.shape, tensor.shape + tensor.rank}, 1};
        for (int d = 1; d < tensor.rank; d++) output.elems *= size_t(tensor.shape[d]);
        outputs_.push_back(std::move(output));
        output_data_.push_back(static_cast<const float *>(tensor.data));
    }
    return ok();
}

// The manifest and the code were written together; one that was edited must not make a write past the code's
// buffers.
Status LoadedPackage::check_shapes() {
    const Manifest &m = manifest();
    hardnet_tensor input = {};
    if (const hardnet_status status = hardnet_input(context_, 0, &input); status != HARDNET_OK)
        return failure(status);
    input_ = static_cast<float *>(input.data);
    if (Status status = describe_outputs(); !status) return status;
    std::vector<PackageOutput> described;
    for (const Output &output : m.network.outputs) {
        described.push_back({output.name, output_shape(m.network, output)});
        described.back().shape.insert(described.back().shape.begin(), m.batch);
    }
    const std::string expected =
        shape_text({m.batch, m.planes(), m.height(), m.width()}) + " to " + shapes_text(described);
    const std::string found =
        shape_text({input.shape, input.shape + input.rank}) + " to " + shapes_text(outputs_);
    if (expected != found)
        return bad_input(
            fmt::format("{}: expected a network of {}, found {}", package_.manifest_path(), expected, found));
    return ok();
}

int LoadedPackage::threads() const { return hardnet_context_memory(context_).threads; }

std::string LoadedPackage::device() const {
    hardnet_device_info info;
    if (!hardnet_context_device(context_, &info)) return "cpu";
    return fmt::format("{}:{}", info.kind == HARDNET_DEVICE_CUDA ? "cuda" : "opencl", info.number);
}

Status LoadedPackage::run() {
    const hardnet_status status = hardnet_run(context_);
    if (status != HARDNET_OK) return failure(status);
    return ok();
}

Error LoadedPackage::failure(hardnet_status status) const {
    const std::string text = context_ ? hardnet_last_error(context_) : "";
    const std::string what = text.empty() ? hardnet_status_text(status) : text;
    return {exit_code_of(status), manifest().name + ": " + what, {}};
}

}  // namespace hardnet
