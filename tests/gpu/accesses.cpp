// Loads and stores of the interpreter, and what they check: that the address is an allocation's and a multiple of the access,
// that somebody wrote what is read, and that no two threads meet at a word without a barrier between them, nor two blocks.
#include <fmt/format.h>

#include <algorithm>

#include "tests/gpu/operations.h"

namespace hardnet::ptx {
namespace {

std::string block_name(const Block &block, Toucher toucher) {
    if (toucher == block.several) return "several blocks";
    const uint64_t index = toucher - block.first;
    const Extent &grid = block.launch->grid;
    return fmt::format("block {} {} {}", index % grid.x, index / grid.x % grid.y, index / grid.x / grid.y);
}

struct Global {
    static constexpr bool kSameForLanes = true;  // what one lane may read another may, too

    static Allocation &allocation(Warp &warp, const Instruction &instruction, uint64_t address,
                                  uint64_t bytes, int lane) {
        Block &block = *warp.block;
        Allocation *&last = block.last[size_t(&instruction - block.code)];
        if (!last || !last->covers(address, bytes)) {
            last = block.memory->find(address, bytes);
            if (!last)
                throw Fault{fmt::format("{} bytes at {:#x}: expected to lie in an allocation, found {}",
                                        bytes, address, block.memory->describe(address)),
                            lane};
        }
        return *last;
    }

    static const uint8_t *read(Warp &warp, const Instruction &instruction, uint64_t address, uint64_t bytes,
                               int lane) {
        const Block &block = *warp.block;
        Allocation &from = allocation(warp, instruction, address, bytes, lane);
        const uint64_t offset = address - from.address;
        if (from.complete && !from.writable) return from.data + offset;
        for (uint64_t word = offset / kWordBytes; word * kWordBytes < offset + bytes; word++) {
            const Toucher writer = from.writers[word];
            if (writer == kNobody && block.checks.uninitialised)
                throw Fault{fmt::format("byte {} of {}: expected a value, found memory that nobody wrote",
                                        word * kWordBytes, from.name),
                            lane};
            if (writer >= block.first && (writer != block.self || instruction.constant_memory))
                throw Fault{
                    fmt::format("byte {} of {}: expected what was there before the launch, found what {} "
                                "wrote in it",
                                word * kWordBytes, from.name, block_name(block, writer)),
                    lane};
            if (!from.writable) continue;
            Toucher &reader = from.readers[word];
            reader = reader < block.first || reader == block.self ? block.self : block.several;
        }
        return from.data + offset;
    }

    static void write(Warp &warp, const Instruction &instruction, uint64_t address, const uint8_t *value,
                      uint64_t bytes, int lane) {
        Block &block = *warp.block;
        Allocation &to = allocation(warp, instruction, address, bytes, lane);
        if (!to.writable)
            throw Fault{fmt::format("{}: expected memory that may be written, found read-only", to.name),
                        lane};
        const uint64_t offset = address - to.address;
        for (uint64_t word = offset / kWordBytes; word * kWordBytes < offset + bytes; word++) {
            Toucher &writer = to.writers[word];
            const Toucher reader = to.readers[word];
            const bool again = writer >= block.first;
            if (again && writer != block.self)
                throw Fault{fmt::format("byte {} of {}: expected one block to write it, found {}, too",
                                        word * kWordBytes, to.name, block_name(block, writer)),
                            lane};
            if (reader >= block.first && reader != block.self)
                throw Fault{
                    fmt::format("byte {} of {}: expected no other block to use it, found that {} read it",
                                word * kWordBytes, to.name, block_name(block, reader)),
                    lane};
            writer = block.self;
            (again ? block.counters->words_rewritten : block.counters->words_written)++;
        }
        std::memcpy(to.data + offset, value, size_t(bytes));
        to.written_in_launch += bytes;
    }
};

// Memory from address 0, of `thread` alone where it has its own.
uint64_t checked_offset(const SmallMemory &memory, const char *name, uint64_t address, uint64_t bytes,
                        int lane) {
    if (address > memory.bytes.size() || bytes > memory.bytes.size() - address)
        throw Fault{fmt::format("{} bytes at {}: expected to lie in {} bytes of {} memory", bytes,
                                int64_t(address), memory.bytes.size(), name),
                    lane};
    return address;
}

[[noreturn]] void throw_unwritten(const char *name, uint64_t word, int lane) {
    throw Fault{fmt::format("byte {} of {} memory: expected a value, found memory that nobody wrote",
                            word * kWordBytes, name),
                lane};
}

struct Shared {
    static constexpr bool kSameForLanes = false;

    [[noreturn]] static void throw_race(uint64_t word, const char *did, int32_t other, int lane) {
        throw Fault{
            fmt::format(
                "byte {} of shared memory: expected a barrier behind the thread that {} it, found none "
                "since {}",
                word * kWordBytes, did,
                other == SmallMemory::kSeveral ? "several threads" : fmt::format("thread {}", other)),
            lane};
    }

    static const uint8_t *read(Warp &warp, const Instruction &, uint64_t address, uint64_t bytes, int lane) {
        Block &block = *warp.block;
        const uint64_t offset = checked_offset(block.shared, "shared", address, bytes, lane);
        const int32_t self = warp.first_thread + lane;
        for (uint64_t w = offset / kWordBytes; w * kWordBytes < offset + bytes; w++) {
            SmallMemory::Word &word = block.shared.words[w];
            if (word.written_in == 0 && block.checks.uninitialised) throw_unwritten("shared", w, lane);
            if (word.written_in == block.interval && word.writer != self)
                throw_race(w, "wrote", word.writer, lane);
            word.reader =
                word.read_in != block.interval || word.reader == self ? self : SmallMemory::kSeveral;
            word.read_in = block.interval;
        }
        return block.shared.bytes.data() + offset;
    }

    static void write(Warp &warp, const Instruction &, uint64_t address, const uint8_t *value, uint64_t bytes,
                      int lane) {
        Block &block = *warp.block;
        const uint64_t offset = checked_offset(block.shared, "shared", address, bytes, lane);
        const int32_t self = warp.first_thread + lane;
        for (uint64_t w = offset / kWordBytes; w * kWordBytes < offset + bytes; w++) {
            SmallMemory::Word &word = block.shared.words[w];
            if (word.written_in == block.interval && word.writer != self)
                throw_race(w, "wrote", word.writer, lane);
            if (word.read_in == block.interval && word.reader != self)
                throw_race(w, "read", word.reader, lane);
            word.writer = self;
            word.written_in = block.interval;
        }
        std::memcpy(block.shared.bytes.data() + offset, value, size_t(bytes));
    }
};

struct Local {
    static constexpr bool kSameForLanes = false;

    static SmallMemory &memory(Warp &warp, int lane) { return warp.block->local[warp.first_thread + lane]; }

    static const uint8_t *read(Warp &warp, const Instruction &, uint64_t address, uint64_t bytes, int lane) {
        const SmallMemory &local = memory(warp, lane);
        const uint64_t offset = checked_offset(local, "local", address, bytes, lane);
        for (uint64_t w = offset / kWordBytes; w * kWordBytes < offset + bytes; w++) {
            if (local.words[w].written_in == 0 && warp.block->checks.uninitialised)
                throw_unwritten("local", w, lane);
        }
        return local.bytes.data() + offset;
    }

    static void write(Warp &warp, const Instruction &, uint64_t address, const uint8_t *value, uint64_t bytes,
                      int lane) {
        SmallMemory &local = memory(warp, lane);
        const uint64_t offset = checked_offset(local, "local", address, bytes, lane);
        for (uint64_t w = offset / kWordBytes; w * kWordBytes < offset + bytes; w++)
            local.words[w].written_in = 1;
        std::memcpy(local.bytes.data() + offset, value, size_t(bytes));
    }
};

// Parameters lie one behind the other in 8 bytes each; the parser checked the address.
struct Parameter {
    static constexpr bool kSameForLanes = true;

    static const uint8_t *read(Warp &warp, const Instruction &, uint64_t address, uint64_t, int) {
        return reinterpret_cast<const uint8_t *>(warp.block->launch->parameters.data()) + address;
    }
};

uint64_t address_of(Warp &warp, const Instruction &instruction, Operand operand, int lane, uint64_t bytes) {
    const uint8_t *lanes = warp.bytes() + operand.offset;
    const uint64_t base = instruction.address_bytes == 8 ? lane_value<uint64_t>(lanes, lane)
                                                         : lane_value<uint32_t>(lanes, lane);
    const uint64_t address = base + uint64_t(instruction.offset);
    if (address % bytes)
        throw Fault{fmt::format("{:#x}: expected an address that is a multiple of {}", address, bytes), lane};
    return address;
}

template <typename T>
void store_loaded(uint8_t *lanes, int lane, int lane_bytes, const uint8_t *from) {
    T value;
    std::memcpy(&value, from, sizeof value);
    const auto wide = std::conditional_t<std::is_signed_v<T>, int64_t, uint64_t>(value);  // with its sign
    std::memcpy(lanes + lane * lane_bytes, &wide, size_t(lane_bytes));
}

template <typename Space, typename T, int kElements>
void load_step(Warp &warp, const Instruction &instruction) {
    constexpr uint64_t kBytes = sizeof(T) * kElements;
    const uint8_t *from = nullptr;
    uint64_t before = 0;
    for (uint32_t rest = warp.mask; rest; rest &= rest - 1) {
        const int lane = lowest_lane(rest);
        const uint64_t address = address_of(warp, instruction, instruction.operands[kElements], lane, kBytes);
        if (!Space::kSameForLanes || !from || address != before)
            from = Space::read(warp, instruction, address, kBytes, lane);
        before = address;
        for (int e = 0; e < kElements; e++)
            store_loaded<T>(warp.bytes() + instruction.operands[e].offset, lane, instruction.lane_bytes,
                            from + e * sizeof(T));
    }
}

template <typename Space, typename T, int kElements>
void store_step(Warp &warp, const Instruction &instruction) {
    for (uint32_t rest = warp.mask; rest; rest &= rest - 1) {
        const int lane = lowest_lane(rest);
        constexpr uint64_t kBytes = sizeof(T) * kElements;
        uint8_t value[kBytes];
        const uint64_t address = address_of(warp, instruction, instruction.operands[0], lane, kBytes);
        for (int e = 0; e < kElements; e++)
            std::memcpy(value + e * sizeof(T),
                        warp.bytes() + instruction.operands[1 + e].offset + lane * instruction.lane_bytes,
                        sizeof(T));
        Space::write(warp, instruction, address, value, kBytes, lane);
    }
}

// Where the address is among the operands: behind what is loaded, in front of what is stored.
template <typename T, int kElements>
Operation access(Step step, Kind kind, int destinations) {
    Operation operation;
    operation.step = step;
    operation.kind = kind;
    operation.destinations = destinations;
    operation.bits.assign(kElements + 1, kRegisterBits<T>);
    operation.bits[size_t(destinations)] = 0;
    operation.wider = true;
    operation.access_bytes = sizeof(T) * kElements;
    return operation;
}

template <typename Space, typename T, int kElements>
Operation load(Kind kind) {
    return access<T, kElements>(load_step<Space, T, kElements>, kind, kElements);
}

template <typename Space, typename T, int kElements>
Operation store(Kind kind) {
    return access<T, kElements>(store_step<Space, T, kElements>, kind, 0);
}

template <typename T, int kElements>
void add_vector(Operations &table, const std::string &type) {
    const std::string suffix = (kElements == 1 ? "" : ".v" + std::to_string(kElements)) + type;
    table["ld.global" + suffix] = load<Global, T, kElements>(Kind::kGlobalLoad);
    table["ld.global.nc" + suffix] = load<Global, T, kElements>(Kind::kGlobalLoad);
    table["ld.global.nc" + suffix].constant_memory = true;
    table["ld.shared" + suffix] = load<Shared, T, kElements>(Kind::kSharedLoad);
    table["ld.local" + suffix] = load<Local, T, kElements>(Kind::kLocalLoad);
    table["st.global" + suffix] = store<Global, T, kElements>(Kind::kGlobalStore);
    table["st.shared" + suffix] = store<Shared, T, kElements>(Kind::kSharedStore);
    table["st.local" + suffix] = store<Local, T, kElements>(Kind::kLocalStore);
}

template <typename T>
void add_type(Operations &table, const std::string &type) {
    add_vector<T, 1>(table, type);
    add_vector<T, 2>(table, type);
    if constexpr (sizeof(T) <= 4) add_vector<T, 4>(table, type);
    table["ld.param" + type] = load<Parameter, T, 1>(Kind::kMove);
}

}  // namespace

void add_memory(Operations &table) {
    for (const char *letter : {".b", ".u"}) {
        const std::string name = letter;
        add_type<uint8_t>(table, name + "8");
        add_type<uint16_t>(table, name + "16");
        add_type<uint32_t>(table, name + "32");
        add_type<uint64_t>(table, name + "64");
    }
    add_type<int8_t>(table, ".s8");
    add_type<int16_t>(table, ".s16");
    add_type<int32_t>(table, ".s32");
    add_type<int64_t>(table, ".s64");
    add_type<uint32_t>(table, ".f32");
    add_type<uint64_t>(table, ".f64");
}

}  // namespace hardnet::ptx
