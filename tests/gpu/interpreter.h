// What the stand-in for a driver launches, interpreted: a package's kernels on the memory that the runtime gave the device.
//
// It follows the plan. Of each launch it knows which call of which step it is, poisons what the call's views say is written, and
// behind it counts: every word of these is written, and no other word. A call that reads what it read the last time is not
// interpreted again: it leaves what it left then.
#pragma once
#include <map>
#include <string>
#include <vector>

#include "hardnet/plan.h"
#include "tests/gpu/interpreted_kernels.h"

namespace hardnet::testing {

class Interpreter : public InterpretedKernels {
public:
    struct Launched {  // a call's last launch
        const hardnet_step *step;
        const hardnet_launch *launch;
        ptx::Counters counters;
        uint64_t covered_words = 0;  // by the views that it says it writes
        uint64_t read = 0;           // a hash of what it read, weights apart
        std::vector<uint8_t> left;   // what it wrote, as the views have it
    };

    // From now on the steps of this level are launched, in their order and again and again; `plan` outlives the interpreter.
    void follow(const hardnet_network &network, const hardnet_level &level, hardnet_type input);

    const std::vector<Launched> &launched() const { return launched_; }  // in the plan's order

private:
    struct Span {  // of memory, in bytes
        uint64_t address, bytes;
    };
    struct Base {
        uint64_t address = 0, image_bytes = 0;  // of the first image, from one to the next
    };

    const hardnet_network *network_ = nullptr;
    const hardnet_level *level_ = nullptr;
    std::vector<Launched> launched_;
    std::vector<const hardnet_call *> calls_;
    std::map<int, Base> bases_;  // by hardnet_base and port
    size_t next_ = 0;

    void interpret(const ptx::Kernel &kernel, const ptx::Launch &launch) override;
    const hardnet_call *call_of(const std::string &name);
    bool find_bases(const hardnet_call &call, const std::vector<uint64_t> &parameters);
    void poison_at_first(int space);
    std::vector<Span> spans_of(const hardnet_call &call, bool written) const;  // of no weights
    uint64_t hash_of(const std::vector<Span> &spans) const;
    std::vector<Span> spans_of(uint32_t view) const;
};

}  // namespace hardnet::testing
