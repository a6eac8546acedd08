#include "tests/gpu/memory.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <stdexcept>

namespace hardnet::ptx {
namespace {

constexpr uint64_t kApart = uint64_t{1} << 40;  // between two allocations: more than one is ever large

void fill_with_poison(uint8_t *bytes, uint64_t count) {
    for (uint64_t i = 0; i < count; i++) bytes[i] = uint8_t(kPoison >> i % kWordBytes * 8);
}

size_t words(uint64_t bytes) { return size_t((bytes + kWordBytes - 1) / kWordBytes); }

}  // namespace

Allocation &Memory::add(Allocation allocation) {
    if (allocation.writable) allocation.readers.assign(words(allocation.bytes), kNobody);
    const auto place = std::upper_bound(allocations_.begin(), allocations_.end(), allocation.address,
                                        [](uint64_t a, const Allocation &b) { return a < b.address; });
    return *allocations_.insert(place, std::move(allocation));
}

uint64_t Memory::allocate(const std::string &name, uint64_t bytes, Access access) {
    Allocation fresh;
    fresh.name = name;
    fresh.address = next_address_;
    fresh.bytes = bytes;
    fresh.writable = access == Access::kReadWrite;
    fresh.owned.resize(size_t(bytes));
    fresh.data = fresh.owned.data();
    fill_with_poison(fresh.data, bytes);
    fresh.writers.assign(words(bytes), kNobody);
    next_address_ += (bytes / kApart + 1) * kApart;
    return add(std::move(fresh)).address;
}

void Memory::adopt(const std::string &name, void *data, uint64_t bytes, Access access) {
    Allocation adopted;
    adopted.name = name;
    adopted.address = reinterpret_cast<uintptr_t>(data);
    adopted.bytes = bytes;
    adopted.writable = access == Access::kReadWrite;
    adopted.data = static_cast<uint8_t *>(data);
    adopted.writers.assign(words(bytes), kHost);
    adopted.complete = true;
    add(std::move(adopted));
}

void Memory::release(uint64_t address) {
    allocations_.erase(std::remove_if(allocations_.begin(), allocations_.end(),
                                      [&](const Allocation &a) { return a.address == address; }),
                       allocations_.end());
}

const Allocation *Memory::find(uint64_t address, uint64_t bytes) const {
    auto behind = std::upper_bound(allocations_.begin(), allocations_.end(), address,
                                   [](uint64_t a, const Allocation &b) { return a < b.address; });
    if (behind == allocations_.begin() || !(--behind)->covers(address, bytes)) return nullptr;
    return &*behind;
}

Allocation *Memory::find(uint64_t address, uint64_t bytes) {
    return const_cast<Allocation *>(std::as_const(*this).find(address, bytes));
}

uint8_t *Memory::take_over(uint64_t address, uint64_t bytes, Toucher writer) {
    Allocation *to = find(address, bytes);
    if (!to) throw std::out_of_range(fmt::format("{} bytes at {}", bytes, describe(address)));
    const uint64_t offset = address - to->address;
    std::fill(to->writers.begin() + ptrdiff_t(offset / kWordBytes),
              to->writers.begin() + ptrdiff_t(words(offset + bytes)), writer);
    to->complete = writer == kHost && (to->complete || bytes == to->bytes);
    return to->data + offset;
}

void Memory::write(uint64_t address, const void *data, uint64_t bytes) {
    std::memcpy(take_over(address, bytes, kHost), data, size_t(bytes));
}

void Memory::poison(uint64_t address, uint64_t bytes) {
    fill_with_poison(take_over(address, bytes, kNobody), bytes);
}

void Memory::read(uint64_t address, void *data, uint64_t bytes) const {
    const Allocation *from = find(address, bytes);
    if (!from) throw std::out_of_range(fmt::format("{} bytes at {}", bytes, describe(address)));
    std::memcpy(data, from->data + (address - from->address), size_t(bytes));
}

std::string Memory::describe(uint64_t address) const {
    const Allocation *nearest = nullptr;
    uint64_t least = UINT64_MAX;
    for (const Allocation &a : allocations_) {
        const uint64_t distance = address < a.address             ? a.address - address
                                  : address < a.address + a.bytes ? 0
                                                                  : address - a.address - a.bytes;
        if (distance >= least) continue;
        least = distance;
        nearest = &a;
    }
    if (!nearest) return "no allocation at all";
    const Allocation &a = *nearest;
    if (address < a.address) return fmt::format("{} bytes in front of {} ({} bytes)", least, a.name, a.bytes);
    if (address < a.address + a.bytes)
        return fmt::format("byte {} of {} ({} bytes)", address - a.address, a.name, a.bytes);
    return fmt::format("{} bytes behind the end of {} ({} bytes)", least, a.name, a.bytes);
}

uint64_t Memory::words_that_nobody_wrote(uint64_t address, uint64_t bytes) const {
    const Allocation *a = find(address, bytes);
    if (!a) throw std::out_of_range(fmt::format("{} bytes at {}", bytes, describe(address)));
    const uint64_t offset = address - a->address;
    return uint64_t(std::count(a->writers.begin() + ptrdiff_t(offset / kWordBytes),
                               a->writers.begin() + ptrdiff_t(words(offset + bytes)), kNobody));
}

Toucher Memory::take_touchers(uint64_t count) {
    if (count > UINT32_MAX - next_toucher_) throw std::out_of_range("too many blocks were launched");
    const Toucher first = next_toucher_;
    next_toucher_ += Toucher(count);
    return first;
}

}  // namespace hardnet::ptx
