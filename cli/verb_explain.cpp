// hardnet explain: why a layer of a package is as it is.
#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <memory>

#include "cli/console.h"
#include "cli/verbs.h"
#ifdef HARDNET_WITH_COMPILER
#include "autotune/tune_for.h"
#include "base/files.h"
#include "cli/layer_figures.h"
#include "compiler/assembly.h"
#include "compiler/emission/kernel_text.h"
#include "compiler/explain.h"
#include "runtime/inspect.h"
#endif

namespace hardnet {
namespace {

struct ExplainOptions {
    std::string package, layer, level, blocks, tune_for, statement;
    int kernel = 0;
    bool assembly = false;
};

#ifdef HARDNET_WITH_COMPILER

constexpr size_t kLoopsShown = 2;

void put(const std::string &text) { std::fputs(text.c_str(), stdout); }

// The first that this CPU runs, else the first.
std::string usual_level(const Manifest &manifest) {
    for (const LevelInfo &info : manifest.levels)
        for (const Machine &machine : machines(Precision::kInt8))
            if (machine.level == info.name && (machine.features & ~hardnet_cpu_features()) == 0)
                return info.name;
    return manifest.levels.empty() ? "" : manifest.levels.front().name;
}

std::string text_of(const Shape &shape) {
    return fmt::format("{}x{}x{}", shape.channels, shape.height, shape.width);
}

void print_layer(const Network &network, const LayerExplanation &e) {
    const Layer &layer = network.layers[size_t(e.layer)];
    std::vector<std::string> sources;
    for (int source : layer.sources())
        sources.push_back(source == kNetworkInput
                              ? "the image"
                              : fmt::format("{} ({})", network.layers[size_t(source)].name,
                                            network.layers[size_t(source)].out.channels));
    put(fmt::format("{} of {} at level {}: {} -> {}\nreads       {}\nalgorithm   {}\n", layer.name,
                    network.name, e.machine->level, text_of(layer.in), text_of(layer.out),
                    fmt::join(sources, ", "), e.choice.algorithm));
}

void print_record(const TuningRecord &r) {
    put(fmt::format("            a record of {}, {} thread{}: {:.4f} ms, the cost model's {:.4f} ms\n", r.cpu,
                    r.threads, r.threads == 1 ? "" : "s", r.ms, r.model_ms));
}

void print_algorithms(const LayerExplanation &e) {
    if (e.algorithms.empty()) return;
    put("            thousand cycles of all layers of this resolution, by the cost model:\n");
    for (const AlgorithmCost &cost : e.algorithms) {
        const std::string name = cost.tiling ? "winograd " + cost.tiling->name() : "direct";
        put(fmt::format("            {:<28}{:>10.1f}   weights {:>7.2f} MiB{}\n", name, cost.cycles / 1e3,
                        cost.bytes / (1 << 20), e.choice.algorithm.rfind(name, 0) == 0 ? "   chosen" : ""));
    }
    if (e.algorithm_record) print_record(*e.algorithm_record);
}

void print_blocks(const LayerExplanation &e) {
    if (e.choice.blocks.empty()) return;
    if (e.machine->gpu())
        return put(fmt::format(
            "tile        {}   channels x pixels of a thread by threads of a block: across channels, along a "
            "row, down, slices of the sums\n",
            e.choice.blocks));
    put(fmt::format("blocks      {}   channels:channels of a block x {}\n", e.choice.blocks,
                    e.choice.algorithm.rfind("winograd", 0) == 0 ? "tiles" : "pixels"));
    if (e.record) print_record(*e.record);
    for (const Blocks &blocks : e.blocks) {
        double cycles = 0;
        for (const ChannelPart &part : blocks) cycles += part.cycles;
        put(fmt::format("            the cost model: {:<28}{:>10.1f} thousand cycles\n", describe(blocks),
                        cycles / 1e3));
    }
}

// Reached and least time, where this machine can run the level.
void print_times(const ExplainOptions &options, const LayerExplanation &e) {
    constexpr double kSeconds = 1;
    const Result<std::unique_ptr<LoadedPackage>> loaded =
        LoadedPackage::load(options.package, {1, e.machine->level, nullptr});
    Result<std::vector<StepTiming>> steps =
        loaded ? time_steps(**loaded, {0, kSeconds}) : Result<std::vector<StepTiming>>(loaded.error());
    if (!steps) return put("time        not measured: " + steps.error().what + "\n");
    for (const LayerFigures &f : layer_figures(**loaded, *steps, limits_for(**loaded)))
        if (f.layer == options.layer)
            put(fmt::format(
                "time        {:.4f} ms on one thread here; at least {:.4f} of arithmetic, {:.4f} of memory: "
                "{:.0f} % reached\n",
                f.ms, f.compute_ms, f.memory_ms, f.reached() * 100));
}

void print_kernels(const LayerExplanation &e, size_t shown_kernel) {
    if (e.kernels.empty()) return put("kernels     none of its own\n");
    for (size_t k = 0; k < e.kernels.size(); k++) {
        const LayerKernel &kernel = e.kernels[k];
        put(fmt::format("{:<12}{}{} {}: {}, {} call{}\n{:<14}{}\n", k ? "" : "kernels",
                        k == shown_kernel ? "*" : " ", k + 1, kernel.step, kernel.symbol, kernel.calls,
                        kernel.calls == 1 ? "" : "s", "", key(kernel.spec)));
    }
}

void print_loop(const InnerLoop &loop) {
    const InstructionMix &m = loop.mix;
    put(fmt::format(
        "\ninner loop: {} instructions: {} multiply-adds, {} other arithmetic, {} loads, {} stores, "
        "{} prefetches; at least {:.1f} cycles, by {}\n",
        m.total, m.multiply_adds, m.arithmetic, m.loads, m.stores, m.prefetches, loop.cycles, loop.bound));
    for (const std::string &line : loop.lines) put(line + "\n");
}

// The product, which is most of a Winograd layer's work; else the first.
size_t usual_kernel(const std::vector<LayerKernel> &kernels) {
    for (size_t k = 0; k < kernels.size(); k++)
        if (std::holds_alternative<ProductSpec>(kernels[k].spec)) return k;
    return 0;
}

// Of one kernel, as far as they are asked for.
struct Texts {
    std::string nest, assembly, statement;
};

Result<Texts> texts_of(const ExplainOptions &options, const LayerKernel &kernel, const Machine &machine) {
    Texts texts;
    for (const auto &[what, text, asked] :
         {std::tuple(KernelText::kLoopNest, &Texts::nest, true),
          {KernelText::kAssembly, &Texts::assembly, options.assembly},
          {KernelText::kStatement, &Texts::statement, !options.statement.empty()}}) {
        if (!asked) continue;
        Result<std::string> made =
            kernel.gpu ? kernel_text(*kernel.gpu, machine, what) : kernel_text(kernel.spec, machine, what);
        if (!made) return made.error();
        texts.*text = std::move(*made);
    }
    if (!options.statement.empty())
        if (Status written =
                write_file(options.statement, {{texts.statement.data(), texts.statement.size()}});
            !written)
            return written.error();
    return texts;
}

// What Halide's loop nest does not show, since a lowering pass of ours does it.
const char *behind_nest(const KernelSpec &spec) {
    const ProductSpec *product = std::get_if<ProductSpec>(&spec);
    if (!product || !product->cut) return "";
    return "\nlowered to: for position: for c.co: for each partial sum: for q of the position\n";
}

void print_texts(const ExplainOptions &options, const Machine &machine, const LayerKernel &kernel,
                 const Texts &texts, size_t number) {
    put(fmt::format("\nloop nest of kernel {}:\n{}{}", number, texts.nest, behind_nest(kernel.spec)));
    if (options.assembly && machine.gpu()) {
        put("\n" + texts.assembly);
    } else if (options.assembly) {
        std::vector<InnerLoop> loops = inner_loops(texts.assembly, machine);
        if (loops.empty()) put("\nno inner loop: all of it is unrolled\n");
        loops.resize(std::min(loops.size(), kLoopsShown));
        for (const InnerLoop &loop : loops) print_loop(loop);
    }
    if (!options.statement.empty())
        put(fmt::format("\n{}: the lowered statement of kernel {}\n", options.statement, number));
}

Result<ExitCode> explain(const ExplainOptions &options) {
    const Result<Package> package = open_package(options.package);
    if (!package) return package.error();
    const std::string level = options.level.empty() ? usual_level(package->manifest) : options.level;
    TuneFor machine;
    if (!options.tune_for.empty()) {
        Result<TuneFor> asked = tune_for(options.tune_for);
        if (!asked) return asked.error();
        machine = std::move(*asked);
    }
    const Result<LayerExplanation> e =
        explain_layer(*package, options.layer, level, options.blocks, machine.records,
                      machine.measured ? &*machine.measured : nullptr);
    if (!e) return e.error();
    const int count = int(e->kernels.size());
    if (options.kernel > count)
        return usage_error(
            fmt::format("explain: --kernel: expected at most {}, found {}", count, options.kernel));
    const size_t shown_kernel = options.kernel ? size_t(options.kernel - 1) : usual_kernel(e->kernels);
    Texts texts;  // before anything is printed: a child that made them would print it again
    if (count) {
        Result<Texts> made = texts_of(options, e->kernels[shown_kernel], *e->machine);
        if (!made) return made.error();
        texts = std::move(*made);
    }
    print_layer(package->manifest.network, *e);
    print_algorithms(*e);
    print_blocks(*e);
    put(fmt::format("compiled    {}\n", e->options));
    if (count && !e->machine->gpu()) print_times(options, *e);
    print_kernels(*e, shown_kernel);
    if (count) print_texts(options, *e->machine, e->kernels[shown_kernel], texts, shown_kernel + 1);
    return ExitCode::kOk;
}

#else

Result<ExitCode> explain(const ExplainOptions &) { return no_compiler("explain"); }

#endif

}  // namespace

void add_explain(CLI::App &program, Action &chosen) {
    CLI::App *verb =
        add_verb(program, "explain",
                 "Say why a layer of a package is as it is: algorithm, blocks, time, loop nest, assembly",
                 "hardnet explain packages/hardnet68 base.4.layers.0 --asm\n"
                 "  hardnet explain packages/hardnet68 base.4.layers.0 --stmt base4.html");
    const auto options = std::make_shared<ExplainOptions>();
    verb->add_option("PACKAGE", options->package, "a package's folder")->required();
    verb->add_option("LAYER", options->layer, "as hardnet inspect PACKAGE --layers names it")->required();
    verb->add_option("--level", options->level,
                     "such as avx2; default: the package's best that this CPU runs");
    verb->add_option("--blocks", options->blocks,
                     "the file of records that the package was compiled with, if any");
    verb->add_option("--tune-for", options->tune_for, "what the package was compiled with, if anything");
    verb->add_option("--kernel", options->kernel,
                     "of the layer's, as they are counted; default: its product, else the first")
        ->check(CLI::Validator(between(1, 1000), ""));
    verb->add_flag(
        "--asm", options->assembly,
        "the inner loops' assembly, what it consists of and its least cycles; of a GPU's kernel its PTX "
        "or OpenCL C");
    verb->add_option("--stmt", options->statement, "a file for Halide's lowered statement, as HTML");
    verb->callback([&chosen, options] { chosen = [options] { return explain(*options); }; });
}

}  // namespace hardnet
