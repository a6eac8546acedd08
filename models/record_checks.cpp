// The bounds of a record's fields. Within them no channel count, weight count or index of the builder can
// overflow.
#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <cmath>
#include <tuple>

#include "base/text.h"
#include "models/architectures.h"

namespace hardnet {
namespace {

constexpr int kMaxChannels = 1 << 14;
constexpr int kMaxGrowthRate = 1 << 12;
constexpr double kMaxMultiplier = 4;
constexpr int kMaxBlocks = 32;
constexpr int kMaxBlockLayers = 64;  // six multiplications at most: 4096 * 4^6 = 2^24 channels
constexpr int kMaxExtent = 1 << 15;
constexpr size_t kMaxNameBytes = 64;
constexpr size_t kMaxClassNameBytes = 200;

// Collects the first field out of bounds.
struct Checks {
    std::string error;

    void integer(const std::string &field, int value, int low, int high) {
        if (value < low || value > high)
            say(field, fmt::format("expected {} to {}, found {}", low, high, value));
    }
    void number(const std::string &field, double value, double low, double high) {
        if (!(value >= low && value <= high))
            say(field, fmt::format("expected {} to {}, found {}", low, high, value));
    }
    void say(const std::string &field, const std::string &text) {
        if (error.empty()) error = field + ": " + text;
    }
};

// Names become file names and C symbols.
bool is_identifier(const std::string &name) {
    const auto allowed = [](unsigned char c) { return std::isalnum(c) != 0 || c == '_'; };
    return !name.empty() && name.size() <= kMaxNameBytes &&
           std::isdigit(static_cast<unsigned char>(name[0])) == 0 &&
           std::all_of(name.begin(), name.end(), allowed);
}

void check_blocks(const std::vector<BlockRecord> &blocks, bool transitions, Checks &checks) {
    checks.integer("number of blocks", static_cast<int>(std::min<size_t>(blocks.size(), kMaxBlocks + 1)), 1,
                   kMaxBlocks);
    for (size_t b = 0; b < blocks.size(); b++) {
        const std::string prefix = fmt::format("blocks/{}/", b);
        checks.integer(prefix + "growth_rate", blocks[b].growth_rate, 1, kMaxGrowthRate);
        checks.integer(prefix + "layers", blocks[b].layers, 1, kMaxBlockLayers);
        checks.integer(prefix + "transition", blocks[b].transition, transitions ? 1 : 0,
                       transitions ? kMaxChannels : 0);
    }
}

void check_layers(const ModelRecord &record, Checks &checks) {
    const Architecture *architecture = find_architecture(record.architecture);
    if (architecture == nullptr) {
        std::vector<std::string> names;
        for (const Architecture &known : architectures()) names.push_back(known.name);
        checks.say("architecture",
                   fmt::format("expected one of {}, found {}{}", fmt::join(names, ", "),
                               shown(record.architecture), did_you_mean(record.architecture, names)));
        return;
    }
    if (record.stem.size() != architecture->stem)
        checks.say("stem",
                   fmt::format("expected {} numbers, found {}", architecture->stem, record.stem.size()));
    for (size_t i = 0; i < record.stem.size(); i++)
        checks.integer(fmt::format("stem/{}", i), record.stem[i], 1, kMaxChannels);
    if (architecture->stem > 0)
        check_blocks(record.blocks, architecture->transitions, checks);
    else if (!record.blocks.empty())
        checks.say("blocks", fmt::format("expected none in a record of {}, found {}", record.architecture,
                                         record.blocks.size()));
}

void check_class_names(const ModelRecord &record, Checks &checks) {
    if (record.class_names.empty()) return;
    if (record.class_names.size() != static_cast<size_t>(record.classes)) {
        checks.say("class_names", fmt::format("expected {} names, one per class, or none, found {}",
                                              record.classes, record.class_names.size()));
    }
    for (const std::string &name : record.class_names) {
        const bool printable =
            std::none_of(name.begin(), name.end(), [](unsigned char c) { return c < 0x20 || c == 0x7f; });
        if (name.empty() || name.size() > kMaxClassNameBytes || !printable) {
            checks.say("class_names",
                       fmt::format("expected 1 to {} bytes without control characters, found {}",
                                   kMaxClassNameBytes, shown(name)));
        }
    }
}

void check_preprocessing(const ModelRecord &record, Checks &checks) {
    const Preprocessing &p = record.preprocessing;
    checks.integer("preprocessing/resize_short", p.resize_short, 0, kMaxExtent);
    for (const auto &[field, numbers, low] : {std::tuple("preprocessing/mean", &p.mean, -1000.0),
                                              std::tuple("preprocessing/deviation", &p.deviation, 1e-6)}) {
        if (numbers->size() != static_cast<size_t>(record.input_planes))
            checks.say(field, fmt::format("expected {}, one per input plane, found {}", record.input_planes,
                                          numbers->size()));
        for (float number : *numbers) checks.number(field, number, low, 1000);
    }
    if (p.bgr && record.input_planes != 3)
        checks.say("preprocessing/bgr",
                   fmt::format("expected false with {} input planes, found true", record.input_planes));
}

}  // namespace

Status check_record(const ModelRecord &record) {
    Checks checks;
    if (!is_identifier(record.name)) {
        checks.say("name",
                   fmt::format("expected 1 to {} letters, digits and underscores, no digit first, found {}",
                               kMaxNameBytes, shown(record.name)));
    }
    check_layers(record, checks);
    if (record.stem_kernel != 1 && record.stem_kernel != 3) {
        checks.say("stem_kernel", fmt::format("expected 1 or 3, found {}", record.stem_kernel));
    }
    checks.number("multiplier", record.multiplier, 1, kMaxMultiplier);
    checks.integer("bridge", record.bridge, 0, kMaxChannels);
    checks.integer("sources", record.sources, 2, kSsdSources);
    checks.integer("classes", record.classes, 1, kMaxChannels);
    if (!(record.threshold > 0 && record.threshold < 1))
        checks.say("threshold",
                   fmt::format("expected more than 0 and less than 1, found {}", record.threshold));
    checks.integer("input/0", record.input.height, 1, kMaxExtent);
    checks.integer("input/1", record.input.width, 1, kMaxExtent);
    checks.integer("input_planes", record.input_planes, 1, kMostInputPlanes);
    check_preprocessing(record, checks);
    check_class_names(record, checks);
    if (!checks.error.empty()) return bad_input(checks.error);
    return ok();
}

}  // namespace hardnet
