#include "compiler/gpu/kernel.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <filesystem>
#include <sstream>

#include "Halide.h"
#include "base/files.h"
#include "compiler/emission/scheduled_kernel.h"
#include "compiler/gpu/device_code.h"
#include "compiler/gpu/multiply_adds.h"
#include "compiler/gpu/places.h"
#include "compiler/package/text_file.h"
#include "schedules/gpu.h"

namespace hardnet::gpu {
namespace {

using Halide::Internal::Call;

struct Scheduled {
    Halide::Func output;
    std::vector<Halide::ImageParam> inputs;
    std::shared_ptr<void> generator;
};

struct Scheduler {
    Written written;

    Scheduled operator()(const ConvolutionSpec &spec) const {
        auto generator = std::make_shared<SlicedConvolution>(spec);
        schedule(*generator);
        return {generator->Y, generator->inputs(), generator};
    }
    // What no GPU's plan has.
    Scheduled operator()(const InputTransformSpec &) const { return {}; }
    Scheduled operator()(const ProductSpec &) const { return {}; }
    Scheduled operator()(const OutputTransformSpec &) const { return {}; }
    Scheduled operator()(const FullyConnectedSpec &) const { return {}; }
    template <typename Spec>
    Scheduled operator()(const Spec &spec) const {
        using Generator = decltype(generator_of(spec));
        auto generator = std::make_shared<Generator>(generator_of(spec));
        schedule(*generator, written);
        return {generator->Y, generator->inputs(), generator};
    }
};

// The extents along channels, columns and rows, which a planar output has in another order.
Written written_of(const GpuKernel &kernel) {
    const std::vector<GpuView::Dim> &d = kernel.views.back().dims;
    const auto extent = [&](size_t i) { return i < d.size() ? d[i].extent : 1; };
    if (std::holds_alternative<PlanarSpec>(kernel.spec) || std::holds_alternative<NormalizeSpec>(kernel.spec))
        return {extent(2), extent(0), extent(1)};
    return {extent(0), extent(1), extent(2)};
}

template <typename Dimension>
void fix(Dimension dimension, const GpuView::Dim &to) {
    dimension.set_bounds(to.min, to.extent).set_stride(to.stride);
}

// Everything that a caller could choose is known.
void fix_views(Scheduled &scheduled, const GpuKernel &kernel) {
    for (size_t i = 0; i < scheduled.inputs.size(); i++) {
        Halide::ImageParam &input = scheduled.inputs[i];
        const GpuView &view = kernel.views[i];
        for (size_t d = 0; d < view.dims.size(); d++) fix(input.dim(int(d)), view.dims[d]);
        input.set_host_alignment(view.aligned ? 16 : input.type().bytes());
    }
    Halide::Func &Y = scheduled.output;
    const GpuView &view = kernel.views.back();
    const std::vector<Halide::Var> vars = Y.args();
    auto buffer = Y.output_buffer();
    for (size_t d = 0; d < view.dims.size(); d++) {
        fix(buffer.dim(int(d)), view.dims[d]);
        Y.bound(vars[d], view.dims[d].min, view.dims[d].extent);
    }
    buffer.set_host_alignment(view.aligned ? 16 : buffer.type().bytes());
}

// The call that would launch the kernel, in the lowered host function.
class LaunchOf : public Halide::Internal::IRVisitor {
public:
    std::vector<const Call *> found;

protected:
    using IRVisitor::visit;
    void visit(const Call *call) override {
        if (call->name == "halide_cuda_run" || call->name == "halide_opencl_run") found.push_back(call);
        IRVisitor::visit(call);
    }
};

constexpr uint64_t kMostBytes = 16 << 20;
constexpr char kLaunch[] = "//launch";

std::string first_line(const Launch &l) {
    return fmt::format("{} {} {} {} {}\n", kLaunch, fmt::join(l.grid, " "), fmt::join(l.block, " "),
                       l.shared_bytes, fmt::join(l.order, " "));
}

std::string text_of(const Call &call) {
    std::ostringstream text;
    for (const Halide::Expr &e : call.args) text << e << "; ";
    return text.str();
}

// Of a buffer, or of a number, which is a struct's only member; else empty.
std::string argument_name(const Halide::Expr &argument) {
    const Call *number = argument.as<Call>();
    const bool is_struct = number && number->is_intrinsic(Call::make_struct) && number->args.size() == 1;
    const auto *variable = (is_struct ? number->args[0] : argument).as<Halide::Internal::Variable>();
    return variable ? variable->name.substr(0, variable->name.rfind(".buffer")) : "";
}

// halide_cuda_run(state, name, 3 of the grid, 3 of the block, shared bytes, sizes, arguments, ...), and halide_opencl_run
// alike: the arguments are in the order of the kernel's.
Result<Launch> launch_of(const Call &call, const std::vector<std::string> &parameters) {
    Launch launch;
    const auto number = [&](size_t i) {
        const auto value = Halide::Internal::as_const_int(Halide::Internal::simplify(call.args[i]));
        return value ? int64_t(*value) : int64_t(-1);
    };
    const auto *name = call.args[1].as<Halide::Internal::StringImm>();
    const auto *arguments = call.args[10].as<Call>();
    bool known = name && arguments;
    for (size_t i = 0; i < 3; i++) {
        known &= number(2 + i) > 0 && number(5 + i) > 0;
        launch.grid[i] = unsigned(number(2 + i));
        launch.block[i] = unsigned(number(5 + i));
    }
    known &= number(8) >= 0;
    if (!known)
        return Error{ExitCode::kInternal,
                     fmt::format("kernel: expected a launch of known extents, found {}", text_of(call)),
                     {}};
    launch.name = name->value;
    launch.shared_bytes = unsigned(number(8));
    for (const Halide::Expr &argument : arguments->args) {
        const std::string of = argument_name(argument);
        if (of.empty()) continue;  // the list ends with a null
        const auto found = std::find(parameters.begin(), parameters.end(), of);
        if (found == parameters.end())
            return Error{ExitCode::kInternal, "kernel: expected its views as arguments, found " + of, {}};
        launch.order.push_back(int(found - parameters.begin()));
    }
    if (launch.order.size() != parameters.size())
        return Error{
            ExitCode::kInternal,
            fmt::format("kernel: expected {} arguments, found {}", parameters.size(), launch.order.size()),
            {}};
    return launch;
}

// The kernel's, in the order of the plan: its views, then their offsets, where it has them.
std::vector<std::string> parameters_of(const ScheduledKernel &kernel) {
    std::vector<std::string> views, offsets;
    for (const Halide::Argument &a : kernel.arguments) (a.is_buffer() ? views : offsets).push_back(a.name);
    views.push_back(kernel.pipeline.outputs()[0].name());
    views.insert(views.end(), offsets.begin(), offsets.end());
    return views;
}

// The assembler would give a thread more, to load further ahead, and so leave no room for a second block; threads of more sums
// need them, and those of more sources, for their addresses.
int most_registers(const KernelSpec &spec) {
    const auto *convolution = std::get_if<ConvolutionSpec>(&spec);
    const bool few = convolution && convolution->tile.channels * convolution->tile.pixels <= 32 &&
                     convolution->sources.size() <= 5;
    return few ? 128 : 0;
}

}  // namespace

std::string symbol(const GpuKernel &kernel, const Machine &machine) {
    return "hardnet_" + content_hash(kernel.key() + "\n" + machine.target + "\n" + generator_sources() +
                                     "\nHalide " + halide_version());
}

Status compile_kernel(const GpuKernel &kernel, const Machine &machine, const std::string &path) {
    auto scheduled = scheduled_kernel(kernel, machine);
    if (!scheduled) return scheduled.error();
    const std::vector<std::string> parameters = parameters_of(*scheduled);
    const bool opencl = machine.device == HARDNET_DEVICE_OPENCL;
    const std::string name = symbol(kernel, machine);
    Halide::Module module =
        scheduled->pipeline.compile_to_module(scheduled->arguments, name, bare_target(machine));
    LaunchOf launches;
    for (const auto &function : module.functions()) function.body.accept(&launches);
    if (launches.found.size() != 1)
        return Error{ExitCode::kInternal,
                     fmt::format("kernel: expected one launch, found {}", launches.found.size()),
                     {kernel.key()}};
    auto launch = launch_of(*launches.found[0], parameters);
    if (!launch) return launch.error();
    const std::string device_code = path + ".device";
    module.compile({{Halide::OutputFileType::device_code, device_code}});
    auto code = read_text(device_code);
    std::filesystem::remove(device_code);
    if (!code) return code.error();
    auto named = opencl ? named_opencl(*code, *launch, name)
                        : named_ptx(*code, *launch, name, most_registers(kernel.spec));
    if (!named) return named.error();
    return write_text(path, first_line(*launch) + *named);
}

Result<Compiled> read_kernel(const std::string &path, const std::string &name) {
    auto bytes = read_regular_file(path, kMostBytes);
    if (!bytes) return bytes.error();
    const std::string text(reinterpret_cast<const char *>(bytes->data.get()), bytes->size);
    const size_t end = text.find('\n');
    std::istringstream words(text.substr(0, end));
    Compiled compiled;
    std::string slashes, order;
    Launch &l = compiled.launch;
    l.name = name;
    words >> slashes >> l.grid[0] >> l.grid[1] >> l.grid[2] >> l.block[0] >> l.block[1] >> l.block[2] >>
        l.shared_bytes;
    for (int argument; words >> argument;) l.order.push_back(argument);
    if (slashes != kLaunch || l.order.empty())
        return environment_error(path +
                                 ": expected a GPU's kernel, found another file; hardnet doctor "
                                 "--clear-cache removes it");
    compiled.code = text.substr(end + 1);
    return compiled;
}

}  // namespace hardnet::gpu

namespace hardnet {

Result<ScheduledKernel> scheduled_kernel(const GpuKernel &kernel, const Machine &machine) {
    gpu::Scheduled scheduled = std::visit(gpu::Scheduler{gpu::written_of(kernel)}, kernel.spec);
    if (!scheduled.generator)
        return Error{
            ExitCode::kInternal, "kernel: expected one that GPUs have, found another", {kernel.key()}};
    gpu::fix_views(scheduled, kernel);
    std::vector<std::string> names;
    for (const Halide::ImageParam &input : scheduled.inputs) names.push_back(input.name());
    names.push_back(scheduled.output.name());
    const bool opencl = machine.device == HARDNET_DEVICE_OPENCL;
    Halide::Pipeline pipeline(scheduled.output);
    if (kernel.images > 1 || opencl)
        pipeline.add_custom_lowering_pass(new gpu::Places(kernel, names, opencl));
    if (opencl) pipeline.add_custom_lowering_pass(new gpu::MultiplyAdds);
    std::vector<Halide::Argument> arguments(scheduled.inputs.begin(), scheduled.inputs.end());
    for (size_t i = 0; opencl && i < names.size(); i++)
        arguments.emplace_back(gpu::offset_name(names[i]), Halide::Argument::InputScalar, Halide::Int(32), 0,
                               Halide::ArgumentEstimates{});
    return ScheduledKernel{pipeline, arguments, scheduled.generator};
}

}  // namespace hardnet
