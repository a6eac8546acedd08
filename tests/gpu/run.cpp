// Launches of the interpreter: blocks one after another, in each its warps from barrier to barrier, in each its lanes in lockstep.
#include <fmt/format.h>

#include <algorithm>
#include <numeric>

#include "tests/gpu/operations.h"

namespace hardnet::ptx {
namespace {

uint64_t product(const Extent &e) { return uint64_t{e.x} * e.y * e.z; }

uint32_t special(const std::string &name, const Block &block, uint32_t thread) {
    const Extent &size = block.launch->block, &grid = block.launch->grid, &at = block.at;
    const Extent lane{thread % size.x, thread / size.x % size.y, thread / size.x / size.y};
    if (name == "%laneid") return thread % kLanes;
    const Extent &of = name.compare(0, 4, "%tid") == 0     ? lane
                       : name.compare(0, 6, "%ctaid") == 0 ? at
                       : name.compare(0, 5, "%ntid") == 0  ? size
                                                           : grid;
    return name.back() == 'x' ? of.x : name.back() == 'y' ? of.y : of.z;
}

class Run {
public:
    Run(const Kernel &kernel, const Launch &launch, Memory &memory, const Checks &checks)
        : name_(kernel.name), program_(*kernel.program), launch_(launch), checks_(checks) {
        const uint64_t blocks = product(launch.grid);
        block_.launch = &launch;
        block_.checks = checks;
        block_.memory = &memory;
        block_.counters = &counters_;
        block_.first = memory.take_touchers(blocks + 1);
        block_.several = block_.first + Toucher(blocks);
        executed_.resize(program_.code.size());
        block_.code = program_.code.data();
        block_.last.resize(program_.code.size());
        const uint64_t threads = product(launch.block);
        block_.local.resize(size_t(threads));
        warps_.resize(size_t((threads + kLanes - 1) / kLanes));
        for (size_t w = 0; w < warps_.size(); w++) prepare(warps_[w], int(w) * kLanes);
    }

    Result<Counters> counters() {
        for (Allocation &a : block_.memory->allocations()) a.written_in_launch = 0;
        const Extent &grid = launch_.grid;
        block_.self = block_.first;
        for (block_.at.z = 0; block_.at.z < grid.z; block_.at.z++) {
            for (block_.at.y = 0; block_.at.y < grid.y; block_.at.y++) {
                for (block_.at.x = 0; block_.at.x < grid.x; block_.at.x++, block_.self++) {
                    run_block();
                    if (!fault_.empty()) return bad_input(name_ + ": " + fault_);
                }
            }
        }
        for (size_t i = 0; i < executed_.size(); i++) count(program_.code[i], executed_[i]);
        for (const Allocation &a : block_.memory->allocations()) {
            if (a.written_in_launch) counters_.bytes_written[a.name] += a.written_in_launch;
        }
        return counters_;
    }

private:
    const std::string &name_;
    const Program &program_;
    const Launch &launch_;
    const Checks &checks_;
    Counters counters_;
    Block block_;
    std::vector<Warp> warps_;
    std::vector<uint64_t> executed_;  // per instruction, lanes
    uint64_t total_ = 0;
    std::string fault_;

    void prepare(Warp &warp, int first_thread) {
        warp.block = &block_;
        warp.first_thread = first_thread;
        warp.file.assign(program_.register_bytes / 8, uint64_t{kPoison} << 32 | kPoison);
        warp.written.resize(program_.registers);
        for (const Program::Constant &c : program_.constants) {
            uint8_t *lanes = warp.bytes() + c.place.offset;
            if (c.lane_bytes == 0) {
                const uint32_t mask = c.value ? UINT32_MAX : 0;
                std::memcpy(lanes, &mask, sizeof mask);
            }
            for (int lane = 0; lane < kLanes; lane++)
                std::memcpy(lanes + lane * c.lane_bytes, &c.value, size_t(c.lane_bytes));
        }
    }

    void start(Warp &warp) {
        std::fill(warp.written.begin(), warp.written.end(), checks_.uninitialised ? 0u : UINT32_MAX);
        for (const Program::Constant &c : program_.constants) warp.written[c.place.index] = UINT32_MAX;
        for (const Program::Special &s : program_.specials) {
            warp.written[s.place.index] = UINT32_MAX;
            for (int lane = 0; lane < kLanes; lane++) {
                const uint32_t value = special(s.name, block_, uint32_t(warp.first_thread + lane));
                std::memcpy(warp.bytes() + s.place.offset + lane * 4, &value, 4);
            }
        }
        const uint64_t threads =
            std::min<uint64_t>(product(launch_.block) - uint64_t(warp.first_thread), kLanes);
        warp.running = threads == kLanes ? UINT32_MAX : (1u << threads) - 1;
        warp.waiting = 0;
        std::fill(std::begin(warp.pc), std::end(warp.pc), 0);
    }

    void run_block() {
        block_.shared.reset(program_.shared_bytes + launch_.shared_bytes);
        for (SmallMemory &local : block_.local) local.reset(program_.local_bytes);
        block_.interval = 1;
        for (Warp &warp : warps_) start(warp);
        for (;;) {
            bool running = false;
            for (Warp &warp : warps_) {
                run_to_barrier(warp);
                if (!fault_.empty()) return;
                running |= warp.running != 0;
            }
            if (!running) return;
            open_barrier();
            if (!fault_.empty()) return;
        }
    }

    // All threads wait, or have ended: all must wait, and at one instruction.
    void open_barrier() {
        const Warp *waiting = nullptr, *ended = nullptr;
        int waiting_lane = 0, ended_lane = 0, other = -1;
        for (const Warp &warp : warps_) {
            for (int lane = 0; lane < kLanes && warp.first_thread + lane < int(product(launch_.block));
                 lane++) {
                if (!(warp.waiting >> lane & 1)) {
                    if (!ended) ended_lane = lane;
                    if (!ended) ended = &warp;
                } else if (!waiting) {
                    waiting = &warp;
                    waiting_lane = lane;
                } else if (warp.pc[lane] != waiting->pc[waiting_lane]) {
                    other = warp.pc[lane];
                }
            }
        }
        const Instruction &barrier = program_.code[size_t(waiting->pc[waiting_lane])];
        if (ended) {
            set_fault(*waiting, barrier, waiting_lane,
                      fmt::format("expected all threads at the barrier, found that thread {} ended",
                                  ended->first_thread + ended_lane));
            return;
        }
        if (other >= 0) {
            set_fault(*waiting, barrier, waiting_lane,
                      fmt::format("expected all threads at the barrier, found some at that of line {}",
                                  program_.code[size_t(other)].line));
            return;
        }
        block_.interval++;
        counters_.barriers++;
        for (Warp &warp : warps_) {
            warp.waiting = 0;
            for (int &pc : warp.pc) pc++;
        }
    }

    // Lanes that are furthest behind run until they come to where others are, or branch apart.
    void run_to_barrier(Warp &warp) {
        for (;;) {
            const uint32_t able = warp.running & ~warp.waiting;
            if (!able) return;
            int pc = INT32_MAX, limit = INT32_MAX;
            for (uint32_t rest = able; rest; rest &= rest - 1) pc = std::min(pc, warp.pc[lowest_lane(rest)]);
            uint32_t together = 0;
            for (uint32_t rest = able; rest; rest &= rest - 1) {
                const int lane = lowest_lane(rest);
                if (warp.pc[lane] == pc)
                    together |= 1u << lane;
                else
                    limit = std::min(limit, warp.pc[lane]);
            }
            run_together(warp, together, pc, limit);
            if (!fault_.empty()) return;
        }
    }

    static void set_pc(Warp &warp, uint32_t lanes, int pc) {
        for (uint32_t rest = lanes; rest; rest &= rest - 1) warp.pc[lowest_lane(rest)] = pc;
    }

    void run_together(Warp &warp, uint32_t together, int pc, int limit) {
        const int end = int(program_.code.size());
        while (pc < limit) {
            if (pc == end) {
                warp.running &= ~together;
                return;
            }
            const Instruction &instruction = program_.code[size_t(pc)];
            if (!has_value(warp, instruction, instruction.guard, together)) return;
            const uint32_t guard = warp.predicate(instruction.guard);
            warp.mask = together & (instruction.guard_negated ? ~guard : guard);
            const int executing = __builtin_popcount(warp.mask);
            executed_[size_t(pc)] += uint64_t(executing);
            total_ += uint64_t(executing);
            if (total_ > checks_.most_instructions) {
                set_fault(warp, instruction, lowest_lane(together),
                          fmt::format("expected the kernel to end within {} instructions",
                                      checks_.most_instructions));
                return;
            }
            switch (instruction.flow) {
                case Flow::kStep:
                    if (warp.mask && !execute(warp, instruction)) return;
                    pc++;
                    break;
                case Flow::kBranch:
                    if (warp.mask != together && warp.mask) {
                        set_pc(warp, warp.mask, instruction.target);
                        set_pc(warp, together & ~warp.mask, pc + 1);
                        return;
                    }
                    pc = warp.mask ? instruction.target : pc + 1;
                    break;
                case Flow::kBarrier:
                    set_pc(warp, warp.mask, pc);
                    set_pc(warp, together & ~warp.mask, pc + 1);
                    warp.waiting |= warp.mask;
                    return;
                case Flow::kExit:
                    warp.running &= ~warp.mask;
                    set_pc(warp, together & ~warp.mask, pc + 1);
                    return;
            }
        }
        set_pc(warp, together, pc);
    }

    bool has_value(const Warp &warp, const Instruction &instruction, Operand operand, uint32_t lanes) {
        const uint32_t missing = lanes & ~warp.written[operand.index];
        if (!missing) return true;
        set_fault(warp, instruction, lowest_lane(missing),
                  "expected registers with values, found one that nobody wrote");
        return false;
    }

    bool execute(Warp &warp, const Instruction &instruction) {
        for (int i = instruction.destinations; i < instruction.operand_count; i++) {
            if (!has_value(warp, instruction, instruction.operands[i], warp.mask)) return false;
        }
        try {
            instruction.step(warp, instruction);
        } catch (const Fault &fault) {
            set_fault(warp, instruction, fault.lane, fault.text);
            return false;
        }
        for (int i = 0; i < instruction.destinations; i++)
            warp.written[instruction.operands[i].index] |= warp.mask;
        return true;
    }

    void set_fault(const Warp &warp, const Instruction &instruction, int lane, const std::string &text) {
        const uint32_t thread = uint32_t(warp.first_thread + lane);
        const Extent &size = launch_.block;
        fault_ = fmt::format("line {}: {}: block {} {} {}, thread {} {} {}: {}", instruction.line,
                             instruction.text, block_.at.x, block_.at.y, block_.at.z, thread % size.x,
                             thread / size.x % size.y, thread / size.x / size.y, text);
    }

    void count(const Instruction &instruction, uint64_t lanes) {
        counters_.instructions[int(instruction.kind)] += lanes;
        if (instruction.kind == Kind::kGlobalLoad && lanes)
            counters_.loads[instruction.access_bytes] += lanes;
        if (instruction.kind == Kind::kGlobalStore && lanes)
            counters_.stores[instruction.access_bytes] += lanes;
    }
};

// What a driver refuses to launch.
Status check(const Kernel &kernel, const Launch &launch) {
    const auto wrong = [&](const std::string &text) { return bad_input(kernel.name + ": " + text); };
    if (launch.parameters.size() != kernel.parameter_bytes.size())
        return wrong(fmt::format("parameters: expected {}, found {}", kernel.parameter_bytes.size(),
                                 launch.parameters.size()));
    const uint64_t threads = product(launch.block);
    if (threads == 0 || threads > kernel.program->most_threads)
        return wrong(fmt::format("threads of a block: expected 1 to {}, found {}",
                                 kernel.program->most_threads, threads));
    if (launch.block.z > 64)
        return wrong(fmt::format("block's z: expected 1 to 64, found {}", launch.block.z));
    const Extent &grid = launch.grid;
    if (product(grid) == 0 || grid.x > INT32_MAX || grid.y > 65535 || grid.z > 65535)
        return wrong(fmt::format("grid: expected 1 to 2147483647 x 65535 x 65535 blocks, found {} x {} x {}",
                                 grid.x, grid.y, grid.z));
    constexpr uint64_t kMostShared = 227 * 1024;  // of sm_90; others have less
    if (kernel.program->shared_bytes + launch.shared_bytes > kMostShared)
        return wrong(fmt::format("shared memory: expected at most {} bytes, found {}", kMostShared,
                                 kernel.program->shared_bytes + launch.shared_bytes));
    return ok();
}

}  // namespace

void SmallMemory::reset(uint64_t size) {
    bytes.resize(size_t(size));
    for (size_t i = 0; i < bytes.size(); i++) bytes[i] = uint8_t(kPoison >> i % kWordBytes * 8);
    words.assign(size_t((size + kWordBytes - 1) / kWordBytes), Word());
}

const Kernel *Module::find(const std::string &name) const {
    for (const Kernel &kernel : kernels) {
        if (kernel.name == name) return &kernel;
    }
    return nullptr;
}

uint64_t Counters::total() const {
    return std::accumulate(std::begin(instructions), std::end(instructions), uint64_t{0});
}

Result<Counters> run(const Kernel &kernel, const Launch &launch, Memory &memory, const Checks &checks) {
    const Status good = check(kernel, launch);
    if (!good) return good.error();
    return Run(kernel, launch, memory, checks).counters();
}

}  // namespace hardnet::ptx
