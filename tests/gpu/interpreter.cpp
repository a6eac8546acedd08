#include "tests/gpu/interpreter.h"

#include <fmt/format.h>

#include <algorithm>
#include <functional>

#include "tests/compiler/regions.h"

namespace hardnet::testing {
namespace {

int64_t image_elements(const hardnet_port &port) {
    int64_t elements = 1;
    for (int d = 1; d < port.rank; d++) elements *= port.shape[d];
    return elements;
}

}  // namespace

void Interpreter::follow(const hardnet_network &network, const hardnet_level &level, hardnet_type input) {
    network_ = &network;
    level_ = &level;
    launched_.clear();
    calls_.clear();
    bases_.clear();
    next_ = 0;
    for (uint32_t s = 0; s < level.step_count; s++) {
        const hardnet_step &step = level.steps[s];
        if (step.kind == HARDNET_STEP_NORMALIZE && input != HARDNET_UINT8) continue;
        for (uint32_t p = 0; p < step.parts; p++) {
            const hardnet_part &part = level.parts[step.first_part + p];
            for (uint32_t c = 0; c < part.calls; c++) {
                calls_.push_back(&level.calls[part.first_call + c]);
                launched_.push_back({&step, &level.launches[calls_.back()->kernel], {}, 0, 0, {}});
            }
        }
    }
}

void Interpreter::interpret(const ptx::Kernel &kernel, const ptx::Launch &launch) {
    const hardnet_call *call = call_of(kernel.name);
    if (!call || !find_bases(*call, launch.parameters)) return;
    const std::vector<Span> written = spans_of(*call, true);
    Launched &now = launched_[(next_ + calls_.size() - 1) % calls_.size()];
    const uint64_t read = hash_of(spans_of(*call, false));
    if (!now.left.empty() && read == now.read) {
        const uint8_t *from = now.left.data();
        for (const Span &span : written) {
            memory_.write(span.address, from, span.bytes);
            from += span.bytes;
        }
        return;
    }
    now.read = read;
    now.covered_words = 0;
    for (const Span &span : written) {
        memory_.poison(span.address, span.bytes);
        now.covered_words += span.bytes / ptx::kWordBytes;
    }
    const Result<ptx::Counters> counters = ptx::run(kernel, launch, memory_);
    if (!counters) {
        errors_.push_back(counters.error().what);
        return;
    }
    now.counters = *counters;
    uint64_t left = 0;
    now.left.clear();
    for (const Span &span : written) {
        left += memory_.words_that_nobody_wrote(span.address, span.bytes);
        now.left.resize(now.left.size() + span.bytes);
        memory_.read(span.address, now.left.data() + now.left.size() - span.bytes, span.bytes);
    }
    if (left || counters->words_written != now.covered_words || counters->words_rewritten)
        errors_.push_back(fmt::format(
            "{}: expected each of {} words that its views cover to be written once, found {} "
            "words written, {} of them again, {} left as they were",
            kernel.name, now.covered_words, counters->words_written, counters->words_rewritten, left));
}

const hardnet_call *Interpreter::call_of(const std::string &name) {
    const std::string expected = calls_.empty() ? "none" : launched_[next_].launch->name;
    if (name != expected) {
        errors_.push_back(fmt::format("launch: expected {}, found {}", expected, name));
        return nullptr;
    }
    const hardnet_call *call = calls_[next_];
    next_ = (next_ + 1) % calls_.size();
    return call;
}

// Where the call's arguments lie says where their bases do, the same for all calls.
bool Interpreter::find_bases(const hardnet_call &call, const std::vector<uint64_t> &parameters) {
    const hardnet_launch &launch = level_->launches[call.kernel];
    for (uint32_t p = 0; p < launch.parameters; p++) {
        const Region region =
            whole_view(*level_, level_->arguments[call.first_argument + launch.order[p]].view);
        const uint64_t element_bytes = hardnet_element_bytes(level_->views[region.view].type);
        const uint64_t address = parameters[p] - uint64_t(region.offset) * element_bytes;
        const auto [place, fresh] = bases_.try_emplace(region.space());
        Base &base = place->second;
        if (!fresh && base.address != address) {
            errors_.push_back(fmt::format("{}: expected argument {} at {:#x} of its base, found {:#x}",
                                          launch.name, launch.order[p], base.address, address));
            return false;
        }
        if (!fresh) continue;
        base.address = address;
        if (region.base == HARDNET_ARENA) base.image_bytes = uint64_t(level_->arena_elems) * 4;
        if (region.base == HARDNET_OUTPUT)
            base.image_bytes = uint64_t(image_elements(network_->outputs[region.port])) * element_bytes;
        ptx::Allocation *allocation = memory_.find(address, 1);
        if (allocation && region.base == HARDNET_WEIGHTS) allocation->writable = false;
        if (region.base == HARDNET_ARENA || region.base == HARDNET_OUTPUT) poison_at_first(region.space());
    }
    return true;
}

// What a step will write nobody may read before.
void Interpreter::poison_at_first(int space) {
    for (const hardnet_call *call : calls_) {
        for (uint32_t a = 0; a < call->arguments; a++) {
            const Region region = whole_view(*level_, level_->arguments[call->first_argument + a].view);
            if (!region.written || region.space() != space) continue;
            for (const Span &span : spans_of(region.view)) memory_.poison(span.address, span.bytes);
        }
    }
}

std::vector<Interpreter::Span> Interpreter::spans_of(const hardnet_call &call, bool written) const {
    std::vector<Span> all;
    for (uint32_t a = 0; a < call.arguments; a++) {
        const uint32_t view = level_->arguments[call.first_argument + a].view;
        if ((level_->views[view].written != 0) != written || level_->views[view].base == HARDNET_WEIGHTS)
            continue;
        for (const Span &span : spans_of(view)) all.push_back(span);
    }
    return all;
}

uint64_t Interpreter::hash_of(const std::vector<Span> &spans) const {
    std::string bytes;
    for (const Span &span : spans) {
        bytes.resize(bytes.size() + span.bytes);
        memory_.read(span.address, bytes.data() + bytes.size() - span.bytes, span.bytes);
    }
    return std::hash<std::string>()(bytes);
}

std::vector<Interpreter::Span> Interpreter::spans_of(uint32_t view) const {
    const Region region = whole_view(*level_, view);
    const uint64_t element_bytes = hardnet_element_bytes(level_->views[view].type);
    const Base &base = bases_.at(region.space());
    std::vector<Span> spans;
    for (int image = 0; image < network_->batch; image++) {
        for_each_run(region, [&](int64_t first, int64_t count) {
            spans.push_back(
                {base.address + uint64_t(image) * base.image_bytes + uint64_t(first) * element_bytes,
                 uint64_t(count) * element_bytes});
        });
    }
    return spans;
}

}  // namespace hardnet::testing
