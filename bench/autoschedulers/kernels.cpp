#include "bench/autoschedulers/kernels.h"

#include <fmt/format.h>
#include <unistd.h>

#include <filesystem>

#include "base/child.h"
#include "compiler/emission/kernel.h"
#include "compiler/emission/scheduled_kernel.h"
#include "generators/generators.h"

namespace hardnet {
namespace {

using Halide::Expr;
using Halide::Func;
using Halide::ImageParam;
using Halide::Var;

Func output(Product &g) { return g.M; }
template <typename Generator>
Func output(Generator &g) {
    return g.Y;
}

// A pipeline whose schedule is still to be found, and its parameters in the order of the kernel's.
struct Unscheduled {
    Func output;
    std::vector<ImageParam> inputs;
    std::shared_ptr<void> generator;
};

template <typename Spec>
Unscheduled of_generator(const Spec &spec) {
    const auto generator = std::make_shared<decltype(generator_of(spec))>(generator_of(spec));
    return {output(*generator), generator->inputs(), generator};
}

// Weights (channel, input channel, tap or position), all channels side by side.
ImageParam unblocked_weights() { return ImageParam(Halide::Float(32), 3, "U"); }

Unscheduled unblocked(const ConvolutionSpec &spec) {
    const auto g = std::make_shared<Convolution>(spec);
    const Window &w = spec.window;
    ImageParam U = unblocked_weights();
    Func sum("sum"), Y("Y");
    Var c = g->c, x = g->x, y = g->y;
    sum(c, x, y) = g->bias(c);
    int k0 = 0;
    for (size_t i = 0; i < g->X.size(); i++) {
        const Halide::RDom &r = g->r[i];
        const Expr kx = w.taps() == 1 ? Expr(0) : Expr(r[1]), ky = w.taps() == 1 ? Expr(0) : Expr(r[2]);
        sum(c, x, y) += g->X[i](r[0], w.x.stride * x + kx - w.x.before, w.y.stride * y + ky - w.y.before) *
                        U(c, k0 + r[0], ky * w.x.kernel + kx);
        k0 += spec.sources[i].channels;
    }
    Y(c, x, y) = activate(sum(c, x, y), spec.activation);
    std::vector<ImageParam> inputs = g->X;
    inputs.insert(inputs.end(), {U, g->bias});
    return {Y, inputs, g};
}

Unscheduled unblocked(const ProductSpec &spec) {
    const auto g = std::make_shared<Product>(spec);
    ImageParam U = unblocked_weights();
    Func M("M");
    M(g->c, g->ti, g->q) = 0.0f;
    int k0 = 0;
    for (size_t i = 0; i < g->V.size(); i++) {
        M(g->c, g->ti, g->q) +=
            g->V[i](g->r[i], g->first_tile + g->ti, g->position) * U(g->c, k0 + g->r[i], g->position);
        k0 += spec.sources[i].channels;
    }
    std::vector<ImageParam> inputs = g->V;
    inputs.push_back(U);
    return {M, inputs, g};
}

template <typename Spec>
Unscheduled unblocked(const Spec &spec) {
    return of_generator(spec);
}

Halide::Region region_of(const std::vector<hardnet_dim> &dims) {
    Halide::Region region;
    for (const hardnet_dim &d : dims) region.emplace_back(d.min, d.extent);
    return region;
}

Halide::Pipeline autoscheduled(const Unscheduled &maths, const std::vector<std::vector<hardnet_dim>> &buffers,
                               const Halide::Target &target, const std::string &scheduler) {
    std::string file = scheduler;
    for (char &letter : file) letter = char(std::tolower(letter));
    Halide::load_plugin(AUTOSCHEDULERS_FOLDER "/libautoschedule_" + file + ".so");
    for (size_t i = 0; i < maths.inputs.size(); i++) {
        ImageParam input = maths.inputs[i];
        input.set_estimates(region_of(buffers[i]));
    }
    Func output = maths.output;
    output.set_estimates(region_of(buffers.back()));
    Halide::Pipeline pipeline(output);
    pipeline.apply_autoscheduler(target, {scheduler, {{"parallelism", "1"}}});
    return pipeline;
}

void make_object(const PlannedKernel &kernel, const Machine &machine, const std::string &scheduler,
                 Maths maths, const std::string &path) {
    const Halide::Target target(machine.target);
    if (scheduler.empty()) {
        ScheduledKernel ours = scheduled_kernel(kernel.spec, machine);
        ours.pipeline.compile_to_object(path, ours.arguments, "kernel", target);
        return;
    }
    const Unscheduled funcs = std::visit(
        [&](const auto &spec) { return maths == Maths::kGenerator ? of_generator(spec) : unblocked(spec); },
        kernel.spec);
    Halide::Pipeline pipeline = scheduler == "none"
                                    ? Halide::Pipeline(funcs.output)
                                    : autoscheduled(funcs, buffers_of(kernel, maths), target, scheduler);
    pipeline.compile_to_object(path, {funcs.inputs.begin(), funcs.inputs.end()}, "kernel", target);
}

}  // namespace

Result<PlannedKernel> planned_kernel(const Choice &choice, const Machine &machine) {
    const auto record = find_record(choice.model);
    if (!record) return record.error();
    const auto network = build_network(*record, choice.size);
    if (!network) return network.error();
    const auto plan = make_plan(*network, machine, {choice.algorithm});
    if (!plan) return plan.error();
    for (int l = 0; l < int(network->layers.size()); l++) {
        if (network->layers[size_t(l)].name != choice.layer) continue;
        for (const LayerCall &c : calls_of(*plan, l)) {
            PlannedKernel found{plan->kernels[c.call->kernel], {}};
            if (operator_name(found.spec) != choice.op) continue;
            for (uint32_t a = 0; a < c.call->arguments; a++) {
                const hardnet_view &view = plan->views[plan->arguments[c.call->first_argument + a].view];
                found.buffers.emplace_back(view.dims, view.dims + view.rank);
            }
            if (const auto *product = std::get_if<ProductSpec>(&found.spec)) {
                // The last item of a position reads beyond its tiles.
                for (size_t v = 0; v < product->sources.size(); v++)
                    found.buffers[v][1].extent = round_up(found.buffers[v][1].extent, product->tiles);
            }
            return found;
        }
    }
    return bad_input(fmt::format("{}: expected a layer '{}' with a kernel '{}', found none", choice.model,
                                 choice.layer, choice.op));
}

bool blocked(const KernelSpec &spec) {
    return std::holds_alternative<ConvolutionSpec>(spec) || std::holds_alternative<ProductSpec>(spec);
}

std::vector<std::vector<hardnet_dim>> buffers_of(const PlannedKernel &kernel, Maths maths) {
    std::vector<std::vector<hardnet_dim>> buffers = kernel.buffers;
    if (maths == Maths::kGenerator || !blocked(kernel.spec)) return buffers;
    for (std::vector<hardnet_dim> &dims : buffers) {  // the weights are the ones with four dimensions
        if (dims.size() != 4) continue;
        const int channels = dims[0].extent * dims[3].extent, steps = dims[1].extent;
        dims = {{0, channels, 1}, {0, steps, channels}, {0, dims[2].extent, channels * steps}};
    }
    return buffers;
}

Status make_library(const PlannedKernel &kernel, const Machine &machine, const std::string &scheduler,
                    Maths maths, const std::string &path) {
    const std::string object = path + ".o";
    auto child = Child::start([&](int report) {
        report_compile_errors(report);
        make_object(kernel, machine, scheduler, maths, object);
        execlp("cc", "cc", "-shared", "-Wl,-Bsymbolic", "-o", path.c_str(), object.c_str(), "-lpthread",
               "-ldl", nullptr);
        return 1;
    });
    if (!child) return child.error();
    const std::string said = child->read_report();
    const auto end = child->wait();
    if (!end) return end.error();
    std::filesystem::remove(object);
    if (end->good()) return ok();
    return Error{
        ExitCode::kInternal, said.empty() ? fmt::format("ended by signal {}", end->signal) : said, {}};
}

}  // namespace hardnet
