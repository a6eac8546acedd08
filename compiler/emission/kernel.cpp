#include "compiler/emission/kernel.h"

#define XXH_INLINE_ALL
#include <unistd.h>
#include <xxhash.h>

#include "compiler/emission/generator_sources.h"
#include "compiler/emission/scheduled_kernel.h"
#include "schedules/arm.h"
#include "schedules/positions.h"
#include "schedules/prefetch.h"
#include "schedules/x86.h"

namespace hardnet {
namespace {

Halide::Func output(InputTransform &g) { return g.V; }
Halide::Func output(Product &g) { return g.M; }
template <typename G>
Halide::Func output(G &g) {
    return g.Y;
}

// A lowering pass that finds what would be allocated on the heap, by Halide's rule: there is no allocator.
class HeapAllocations : public Halide::Internal::IRMutator {
public:
    explicit HeapAllocations(std::string &found) : found_(found) {}

protected:
    using IRMutator::visit;
    Halide::Internal::Stmt visit(const Halide::Internal::Allocate *a) override {
        constexpr int64_t kStackBytes = 16 << 10;
        const int64_t bytes = int64_t{a->constant_allocation_size()} * a->type.bytes();
        if (a->memory_type != Halide::MemoryType::Register && (bytes == 0 || bytes > kStackBytes))
            found_ = a->name + " of " + (bytes ? std::to_string(bytes) : "unknown") + " bytes";
        return IRMutator::visit(a);
    }

private:
    std::string &found_;
};

// The generator of each specification, with the schedule of the machine's family applied.
struct Scheduler {
    ScheduleFamily family;

    template <typename Spec>
    ScheduledKernel operator()(const Spec &spec) const {
        using Generator = decltype(generator_of(spec));
        auto generator = std::make_shared<Generator>(generator_of(spec));
        switch (family) {
            case ScheduleFamily::kX86:
                x86::schedule(*generator);
                break;
            case ScheduleFamily::kArm:
                arm::schedule(*generator);
                break;
            case ScheduleFamily::kGpu:  // compiler/gpu/kernel.cpp
                break;
        }
        Halide::Pipeline pipeline(output(*generator));
        if constexpr (std::is_same_v<Generator, Product>) {
            if (spec.cut > 0) pipeline.add_custom_lowering_pass(new PositionsOutermost(*generator));
        }
        if (family == ScheduleFamily::kX86) add_requests(spec, *generator, pipeline);
        const std::vector<Halide::ImageParam> inputs = generator->inputs();
        return {pipeline, {inputs.begin(), inputs.end()}, generator};
    }

private:
    // For what the kernel reads or writes next.
    template <typename Spec, typename Generator>
    static void add_requests(const Spec &spec, const Generator &generator, Halide::Pipeline &pipeline) {
        if constexpr (std::is_same_v<Generator, Product>) {
            if (spec.round > 0) pipeline.add_custom_lowering_pass(new PrefetchNextItems(generator));
        } else if constexpr (std::is_same_v<Generator, InputTransform>) {
            pipeline.add_custom_lowering_pass(new PrefetchNextTile(generator.V.name(), spec.tile_stride));
        } else if constexpr (std::is_same_v<Generator, OutputTransform>) {
            const int pixels = spec.tiling.tile_size(spec.quadrant.small_columns);
            pipeline.add_custom_lowering_pass(
                new PrefetchNextTile(generator.Y.name(), spec.pixel_stride * pixels));
        } else if constexpr (std::is_same_v<Generator, Convolution>) {
            if (spec.passes > 0) pipeline.add_custom_lowering_pass(new PrefetchNextWeights(generator));
        }
    }
};

// Sends Halide's error to the parent and ends the child. The wheel cannot throw its errors through its own
// frames.
class ErrorToPipe : public Halide::CompileTimeErrorReporter {
public:
    explicit ErrorToPipe(int pipe) : pipe_(pipe) {}
    void warning(const char *) override {}
    void error(const char *message) override {
        const std::string text = message;
        const std::string line = text.substr(0, text.find('\n'));
        _exit(write(pipe_, line.data(), line.size()) < 0 ? 2 : 1);
    }

private:
    int pipe_;
};

}  // namespace

std::string content_hash(const std::string &content) {
    const XXH128_hash_t hash = XXH3_128bits(content.data(), content.size());
    char text[33];
    std::snprintf(text, sizeof text, "%016llx%016llx", (unsigned long long)hash.high64,
                  (unsigned long long)hash.low64);
    return text;
}

std::string halide_version() {
    return std::to_string(HALIDE_VERSION_MAJOR) + "." + std::to_string(HALIDE_VERSION_MINOR) + "." +
           std::to_string(HALIDE_VERSION_PATCH);
}

std::string generator_sources() { return kGeneratorSources; }

std::string symbol(const KernelSpec &spec, const Machine &machine) {
    return "hardnet_" + content_hash(key(spec) + "\n" + machine.target + "\n" + kGeneratorSources +
                                     "\nHalide " + halide_version());
}

ScheduledKernel scheduled_kernel(const KernelSpec &spec, const Machine &machine) {
    return std::visit(Scheduler{machine.family}, spec);
}

// No runtime: memory, threads and checks are the caller's; the objects refer to nothing.
Halide::Target bare_target(const Machine &machine) {
    Halide::Target target(machine.target);
    for (auto feature :
         {Halide::Target::NoRuntime, Halide::Target::NoAsserts, Halide::Target::NoBoundsQuery}) {
        target.set_feature(feature);
    }
    return target;
}

Status compile_kernel(const KernelSpec &spec, const Machine &machine, const std::string &object_path) {
    ScheduledKernel kernel = scheduled_kernel(spec, machine);
    std::string on_heap;
    kernel.pipeline.add_custom_lowering_pass(new HeapAllocations(on_heap));
    kernel.pipeline.compile_to_object(object_path, kernel.arguments, symbol(spec, machine),
                                      bare_target(machine));
    if (on_heap.empty()) return ok();
    return Error{ExitCode::kInternal, "memory: expected at most 16 KiB on the stack, found " + on_heap, {}};
}

void report_compile_errors(int report) {
    static ErrorToPipe reporter(report);
    Halide::set_custom_compile_time_error_reporter(&reporter);
}

void create_archive(const std::vector<std::string> &objects, const Machine &machine,
                    const std::string &path) {
    Halide::create_static_library(objects, Halide::Target(machine.target), path, true);
}

}  // namespace hardnet
