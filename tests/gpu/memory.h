// A GPU's global memory as the interpreter of PTX sees it: named ranges of addresses, and who wrote each word of them.
//
// Addresses are made up and far apart, so that no wrong one reaches another allocation by chance. Fresh memory holds a
// signalling NaN and counts as written by nobody.
#pragma once
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace hardnet::ptx {

enum class Access { kReadOnly, kReadWrite };

// Who last touched a word: nobody, the host, or a block of a launch. Blocks are numbered on from launch to launch.
using Toucher = uint32_t;
constexpr Toucher kNobody = 0, kHost = 1;

constexpr uint32_t kPoison = 0x7fa0dead;  // a signalling NaN

constexpr int kWordBytes = 4;

struct Allocation {
    std::string name;
    uint64_t address = 0, bytes = 0;
    bool writable = true;
    uint8_t *data = nullptr;
    std::vector<uint8_t> owned;             // empty where the memory is somebody else's
    std::vector<Toucher> writers, readers;  // per word; readers of writable memory alone
    uint64_t written_in_launch = 0;         // bytes, of the last one

    bool complete = false;  // nobody has to ask who wrote it: all of it is the host's

    bool covers(uint64_t first, uint64_t size) const {
        return first - address < bytes && size <= bytes - (first - address);
    }
};

class Memory {
public:
    // Addresses are multiples of 256, as a driver's are.
    uint64_t allocate(const std::string &name, uint64_t bytes, Access access = Access::kReadWrite);

    // Memory that somebody else owns, at its own address; counts as written by the host.
    void adopt(const std::string &name, void *data, uint64_t bytes, Access access = Access::kReadWrite);

    void release(uint64_t address);  // an allocation's first

    // What a host copies in and out. Throw std::out_of_range where they leave an allocation.
    void write(uint64_t address, const void *data, uint64_t bytes);
    void read(uint64_t address, void *data, uint64_t bytes) const;

    // Makes it as it was when it was fresh.
    void poison(uint64_t address, uint64_t bytes);

    // Null where no allocation covers all of it.
    Allocation *find(uint64_t address, uint64_t bytes);
    const Allocation *find(uint64_t address, uint64_t bytes) const;

    // What lies at an address, in words: "4 bytes behind the end of input (256 bytes)".
    std::string describe(uint64_t address) const;

    uint64_t words_that_nobody_wrote(uint64_t address, uint64_t bytes) const;

    // Numbers for the blocks of a launch; the last one stands for several of them.
    Toucher take_touchers(uint64_t count);

    std::vector<Allocation> &allocations() { return allocations_; }

private:
    std::vector<Allocation> allocations_;  // by address
    uint64_t next_address_ = uint64_t{1} << 40;
    Toucher next_toucher_ = kHost + 1;

    Allocation &add(Allocation allocation);
    uint8_t *take_over(uint64_t address, uint64_t bytes, Toucher writer);  // where they lie
};

}  // namespace hardnet::ptx
