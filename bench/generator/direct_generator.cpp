// A convolution of generators/ as a Halide::Generator, so that Halide's own tools take it: GenGen, whose main() this
// program has from the wheel, autoschedulers, metadata, RunGen.
//
// GeneratorParams make the specification; the struct that it makes keeps its own parameters, Funcs and contract, and the
// Generator's inputs are bound to them. Without an autoscheduler, schedules/ schedules it as it does in a package.
#include <optional>
#include <sstream>

#include "Halide.h"
#include "generators/convolution.h"
#include "schedules/arm.h"
#include "schedules/blocking.h"
#include "schedules/x86.h"

namespace {

using hardnet::round_up;

class Direct : public Halide::Generator<Direct> {
public:
    GeneratorParam<std::string> channels{"channels", "14+24+64"};  // of each source
    GeneratorParam<int> out{"out", 32};                            // channels of Y
    GeneratorParam<int> width{"width", 56}, height{"height", 56};

    Output<Buffer<float, 3>> Y{"Y"};  // (c, x, y)

    // As many inputs as there are sources: (c, x, y) with a border of one pixel. Behind them the weights (c in block, r
    // over all sources, tap, block) and the bias.
    void configure() {
        kernel_.emplace(specification());
        inputs_ = kernel_->X;
        inputs_.push_back(kernel_->U);
        inputs_.push_back(kernel_->bias);
        for (const Halide::ImageParam &input : inputs_)
            add_input<Buffer<float>>(input.name(), input.dimensions());
    }

    Halide::Pipeline build_pipeline() override {
        ensure_configure_has_been_called();
        for (const Halide::ImageParam &input : inputs_)
            bind_input(input.name(), std::vector<Halide::Parameter>{input.parameter()});
        return Generator::build_pipeline();
    }

    void generate() { Y = kernel_->Y; }

    void schedule() {
        set_estimates();
        if (using_autoscheduler()) return;
        if (machine_.family == hardnet::ScheduleFamily::kX86)
            hardnet::x86::schedule(*kernel_);
        else
            hardnet::arm::schedule(*kernel_);
    }

private:
    // The cheapest way to cut the output's channels that needs one kernel: a package may have one for each of several.
    hardnet::Blocks one_block(int in) const {
        const auto problem =
            hardnet::convolution_problem(hardnet::Window::square(3, 1, 1), width, height, out, in);
        for (const hardnet::Blocks &blocks : hardnet::candidate_blocks(machine_, problem, 1000, 100))
            if (blocks.size() == 1) return blocks;
        _halide_user_assert(false) << "out: expected channels of one register block, found " << out.value();
        return {};
    }

    hardnet::ConvolutionSpec specification() const {
        hardnet::ConvolutionSpec spec;
        std::istringstream numbers(channels.value());
        for (std::string number; std::getline(numbers, number, '+');) {
            const int c = std::stoi(number), pixel = round_up(c, hardnet::kChannelAlignment);
            spec.sources.push_back({c, pixel, pixel * (width + 2)});
        }
        spec.window = hardnet::Window::square(3, 1, 1);
        spec.width = width;
        spec.pixel_stride = round_up(out, hardnet::kChannelAlignment);
        spec.row_stride = spec.pixel_stride * width;
        spec.activation = hardnet::Activation::kRelu6;
        const hardnet::Blocks block = one_block(spec.steps());
        spec.block = block[0].block, spec.pixels = block[0].extent, spec.lanes = block[0].lanes;
        return spec;
    }

    void set_estimates() {
        const hardnet::ConvolutionSpec &s = kernel_->spec;
        for (size_t i = 0; i < s.sources.size(); i++)
            kernel_->X[i].set_estimates({{0, s.sources[i].channels}, {-1, width + 2}, {-1, height + 2}});
        kernel_->U.set_estimates({{0, s.block}, {0, s.steps()}, {0, 9}, {0, out / s.block}});
        kernel_->bias.set_estimates({{0, out}});
        kernel_->Y.set_estimates({{0, out}, {0, width}, {0, height}});
    }

    const hardnet::Machine machine_ = hardnet::machines_for({"host"})->front();
    std::optional<hardnet::Convolution> kernel_;
    std::vector<Halide::ImageParam> inputs_;
};

}  // namespace

HALIDE_REGISTER_GENERATOR(Direct, direct)
