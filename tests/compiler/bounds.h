// Holds a plan's calls to what Halide says that their kernels read and write: kernel_bounds.h.
//
// A call is looked at as the runtime makes it (runtime/src/schedule.c), for the chunks of units that a thread may get. Of
// each argument
//   - all that is read or written lies within the view's minimum and extent in every dimension, as CROP, SLIDE or SHIFT
//     leave them. Halos and what tiles reach beyond an image are within views of them, padded channels too;
//   - but for V of a product, whose blocks may read some tiles behind the last one (kReadBeyond): dimension 1; and
//     but for the inputs of ARM's sums over channels, which are loaded four at a time (schedules/arm.cpp): dimension 0;
//   - and every element, by 64-bit arithmetic from minimum, extent and stride, lies within what the view's memory is of: its
//     own buffer in the arena (and not the cache line's rest behind it), its own packing of the weights, a thread's scratch,
//     one image of the input or of an output.
//
// Halide answers with a box. Which tiles of V an item of a product reads is no box of a range of items: there every item is
// asked for by itself.
#pragma once
#include <algorithm>
#include <limits>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <tuple>
#include <vector>

#include "tests/compiler/kernel_bounds.h"
#include "tests/compiler/plans.h"

namespace hardnet::testing {

struct Chunk {  // of a part's units
    int64_t begin = 0, end = 0;
    bool operator<(const Chunk &o) const { return std::tie(begin, end) < std::tie(o.begin, o.end); }
};

// Of a thread that takes all units the first chunk, a middle one and the last; the first and the last unit alone; and
// a chunk that begins in the middle, as of a thread among several.
inline std::set<Chunk> chunks_of(const hardnet_part &part) {
    const int64_t units = part.units, chunk = part.chunk ? std::min(part.chunk, part.units) : units;
    const int64_t last = (units - 1) / chunk * chunk, middle = last / chunk / 2 * chunk, half = units / 2;
    return {{0, chunk},         {middle, std::min(middle + chunk, units)},
            {last, units},      {0, 1},
            {units - 1, units}, {half, std::min(half + std::min(chunk, (units + 2) / 3), units)}};
}

// An argument as a chunk's kernel is given it.
struct Given {
    int64_t offset = 0;  // of the element at every minimum, in its base
    Box box;
};

inline Given given(const hardnet_view &view, const hardnet_argument &a, const Chunk &chunk) {
    Given g{view.offset, {}};
    for (int d = 0; d < view.rank; d++) g.box.push_back({view.dims[d].min, view.dims[d].extent});
    const int64_t from = chunk.begin * a.unit, to = chunk.end * a.unit;
    Interval &along = g.box[a.dim];
    switch (a.split) {
        case HARDNET_CROP:
            g.offset += (from - along.min) * view.dims[a.dim].stride;
            along = {from, std::min(to, along.end()) - from};
            break;
        case HARDNET_SLIDE:
            along = {from, to - from};
            break;
        case HARDNET_SHIFT:
            g.offset += from;
            break;
        default:
            break;
    }
    return g;
}

// Remembers kernels from one plan to the next.
class BoundsChecker {
public:
    // A line for every argument that reaches beyond, once per kernel and argument.
    std::vector<std::string> check(const Network &network, const Plan &plan) {
        network_ = &network;
        plan_ = &plan;
        complaints_.clear();
        complained_.clear();
        for (auto &[id, known] : kernels_) known.answers.clear();
        for (const hardnet_step &step : plan.steps) {
            step_ = &step;
            for (uint32_t p = 0; p < step.parts; p++) {
                const hardnet_part &part = plan.parts[step.first_part + p];
                for (uint32_t c = 0; c < part.calls; c++) {
                    for (const Chunk &chunk : chunks_of(part))
                        check_call(plan.calls[part.first_call + c], chunk);
                }
            }
        }
        return complaints_;
    }

    size_t kernels() const { return kernels_.size(); }

private:
    struct Known {
        std::unique_ptr<KernelBounds> bounds;
        std::map<std::vector<int64_t>, std::vector<std::vector<Box>>> answers;  // by the output's numbers
    };

    // Every box of every argument for a region of the output: one answer, or one per item of a product.
    const std::vector<std::vector<Box>> &answers(const KernelSpec &spec, const Box &output) {
        const bool x86 = plan_->machine->family == ScheduleFamily::kX86;
        Known &known = kernels_[(x86 ? "x86 " : "arm ") + key(spec)];  // a schedule asks no more of a machine
        if (!known.bounds) known.bounds = std::make_unique<KernelBounds>(spec, *plan_->machine);
        std::vector<int64_t> numbers;
        for (const Interval &i : output) numbers.insert(numbers.end(), {i.min, i.extent});
        const auto [found, added] = known.answers.try_emplace(numbers);
        if (!added) return found->second;
        if (!std::holds_alternative<ProductSpec>(spec)) {
            found->second.push_back(known.bounds->of(output));
            return found->second;
        }
        Box item = output;
        for (int64_t q = output[2].min; q < output[2].end(); q++) {
            item[2] = {q, 1};
            found->second.push_back(known.bounds->of(item));
        }
        return found->second;
    }

    // Elements of the view's base that are its own.
    Interval room_of(uint32_t number) const {
        const hardnet_view &view = plan_->views[number];
        switch (view.base) {
            case HARDNET_ARENA: {
                const Buffer &b = plan_->buffers[size_t(plan_->view_buffers[number].value())];
                return {b.offset / 4, b.bytes / 4};
            }
            case HARDNET_SCRATCH:
                return {0, plan_->scratch_bytes / 4};
            case HARDNET_WEIGHTS: {
                const std::vector<hardnet_packing> &all = plan_->packings;
                const auto next = std::upper_bound(
                    all.begin(), all.end(), view.offset,
                    [](int64_t offset, const hardnet_packing &p) { return offset < p.offset; });
                const int64_t begin = next == all.begin() ? 0 : std::prev(next)->offset;
                return {begin, (next == all.end() ? plan_->weight_bytes / 4 : next->offset) - begin};
            }
            case HARDNET_OUTPUT: {
                int64_t elems = 1;
                for (int64_t extent : output_shape(*network_, network_->outputs.at(view.port)))
                    elems *= extent;
                return {0, elems};
            }
            default:
                return {0, network_->input.elements()};
        }
    }

    void check_call(const hardnet_call &call, const Chunk &chunk) {
        const KernelSpec &spec = plan_->kernels[call.kernel];
        const std::vector<KernelParameter> expected = parameters(spec);
        std::vector<Given> arguments;
        for (uint32_t a = 0; a < call.arguments; a++) {
            const hardnet_argument &argument = plan_->arguments[call.first_argument + a];
            arguments.push_back(given(plan_->views[argument.view], argument, chunk));
        }
        for (const std::vector<Box> &boxes : answers(spec, arguments.back().box)) {
            for (uint32_t a = 0; a < call.arguments; a++) {
                const Box allowed = allowed_of(spec, expected[a].name, arguments[a].box);
                const uint32_t view = plan_->arguments[call.first_argument + a].view;
                const std::string text = beyond(view, arguments[a], allowed, boxes[a]);
                if (text.empty() || !complained_.insert({call.kernel, a}).second) continue;
                complaints_.push_back(network_->layers[size_t(step_->layer)].name + ": " + key(spec) + ": " +
                                      expected[a].name + " (argument " + std::to_string(a) + ") of units " +
                                      text_of({chunk.begin, chunk.end - chunk.begin}) + ": " + text);
            }
        }
    }

    static std::string text_of(const Interval &i) {
        return "[" + std::to_string(i.min) + ", " + std::to_string(i.end()) + ")";
    }
    static bool inside(const Interval &a, const Interval &b) { return a.min >= b.min && a.end() <= b.end(); }

    Box allowed_of(const KernelSpec &spec, const std::string &argument, Box box) const {
        const bool product = std::holds_alternative<ProductSpec>(spec) && argument == "V",
                   sum = product || (std::holds_alternative<ConvolutionSpec>(spec) && argument == "X");
        if (product) box[1].extent = std::numeric_limits<int32_t>::max();
        if (sum && plan_->machine->family == ScheduleFamily::kArm)
            box[0].extent = round_up(int(box[0].extent), 4);
        return box;
    }

    // What of a box is not where it may be; empty: nothing.
    std::string beyond(uint32_t number, const Given &to, const Box &allowed, const Box &box) const {
        const hardnet_view &view = plan_->views[number];
        if (box.size() != view.rank) return "expected rank " + std::to_string(view.rank);
        int64_t first = to.offset, last = to.offset;
        for (int d = 0; d < view.rank; d++) {
            if (!inside(box[d], allowed[d]))
                return "dimension " + std::to_string(d) + ": expected " + text_of(allowed[d]) + ", found " +
                       text_of(box[d]);
            const int64_t stride = view.dims[d].stride;
            first += (box[d].min - to.box[d].min) * stride;
            last += (box[d].end() - 1 - to.box[d].min) * stride;
        }
        const Interval room = room_of(number), reached{first, last + 1 - first};
        if (inside(reached, room)) return "";
        return "elements of base " + std::to_string(view.base) + ": expected " + text_of(room) + ", found " +
               text_of(reached);
    }

    const Network *network_ = nullptr;
    const Plan *plan_ = nullptr;
    const hardnet_step *step_ = nullptr;
    std::map<std::string, Known> kernels_;
    std::vector<std::string> complaints_;
    std::set<std::pair<uint32_t, uint32_t>> complained_;  // kernel, argument
};

}  // namespace hardnet::testing
