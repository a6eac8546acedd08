#include "compiler/assembly.h"

#include <algorithm>
#include <map>
#include <sstream>

namespace hardnet {
namespace {

struct Instruction {
    std::string name, operands;
};

bool starts_with(const std::string &text, const std::string &start) { return text.rfind(start, 0) == 0; }

// None of a label, a directive or a comment.
Instruction instruction_of(const std::string &line) {
    std::istringstream words(line);
    Instruction i;
    words >> i.name;
    if (i.name.empty() || i.name[0] == '.' || i.name[0] == '#' || i.name[0] == '/' || i.name.back() == ':')
        return {};
    std::getline(words >> std::ws, i.operands);
    i.operands = i.operands.substr(0, i.operands.find('#'));
    while (!i.operands.empty() && std::isspace((unsigned char)i.operands.back())) i.operands.pop_back();
    return i;
}

// Where a jump leads: the last operand, a local label.
std::string target_of(const Instruction &i) {
    const size_t at = i.operands.rfind(".L");
    return at == std::string::npos ? "" : i.operands.substr(at);
}

void count_x86(const Instruction &i, InstructionMix &mix) {
    const std::string operands = i.operands.substr(0, i.operands.find(" {%k"));  // without a mask
    const bool memory = operands.find('(') != std::string::npos,
               writes = memory && operands.back() == ')';  // the destination comes last
    const bool moves = starts_with(i.name, "mov") || starts_with(i.name, "vmov");
    const std::string name = i.name[0] == 'v' ? i.name.substr(1) : i.name;
    if (starts_with(name, "prefetch")) {
        mix.prefetches++;
        return;
    }
    if (memory && !starts_with(name, "lea"))
        (writes && (moves || starts_with(name, "extract")) ? mix.stores : mix.loads)++;
    const bool packed =
        name.size() > 2 && (name.substr(name.size() - 2) == "ps" || name.substr(name.size() - 2) == "pd");
    const bool integers = starts_with(name, "pdp") || starts_with(name, "pmaddwd");
    if (integers || starts_with(name, "fm") || starts_with(name, "fnm") ||
        (packed && starts_with(name, "mul")))
        mix.multiply_adds++;
    else if (starts_with(name, "paddd") || starts_with(name, "pxor"))
        mix.arithmetic++;
    else if (packed && (starts_with(name, "add") || starts_with(name, "sub") || starts_with(name, "max") ||
                        starts_with(name, "min") || starts_with(name, "div")))
        mix.arithmetic++;
}

void count_arm(const Instruction &i, InstructionMix &mix) {
    const std::string &name = i.name;
    const bool vectors = i.operands[0] == 'v';
    if (starts_with(name, "prfm")) {
        mix.prefetches++;
    } else if (starts_with(name, "ld")) {
        mix.loads++;
    } else if (starts_with(name, "st")) {
        mix.stores++;
    } else if (vectors && (starts_with(name, "fmla") || starts_with(name, "fmls") ||
                           starts_with(name, "fmul") || starts_with(name, "sdot"))) {
        mix.multiply_adds++;
    } else if (vectors && name[0] == 'f' && name != "fmov") {
        mix.arithmetic++;
    }
}

void set_cycles(const Machine &machine, InnerLoop &loop) {
    constexpr double kLoads = 2, kStores = 1, kInstructions = 6;  // a cycle
    const double products = machine.flops_per_cycle / 2 / machine.lanes;
    const InstructionMix &m = loop.mix;
    for (const auto &[count, rate, name] :
         {std::tuple<int, double, const char *>{m.multiply_adds + m.arithmetic, products, "multiply-adds"},
          {m.loads, kLoads, "loads"},
          {m.stores, kStores, "stores"},
          {m.total, kInstructions, "instructions"}}) {
        if (count / rate <= loop.cycles) continue;
        loop.cycles = count / rate;
        loop.bound = name;
    }
}

}  // namespace

std::vector<InnerLoop> inner_loops(const std::string &text, const Machine &machine) {
    std::vector<std::string> lines;
    std::istringstream stream(text);
    for (std::string line; std::getline(stream, line);) lines.push_back(line);

    // A jump to a label above it closes a loop; one that holds the end of another is no inner one.
    std::map<std::string, size_t> labels;
    std::vector<InnerLoop> loops;
    size_t last_end = 0;  // of a loop
    for (size_t l = 0; l < lines.size(); l++) {
        const size_t colon = lines[l].find(':');
        if (starts_with(lines[l], ".L") && colon != std::string::npos) labels[lines[l].substr(0, colon)] = l;
        const Instruction jump = instruction_of(lines[l]);
        const auto label = labels.find(target_of(jump));
        const bool jumps = starts_with(jump.name, "j") || starts_with(jump.name, "b") ||
                           starts_with(jump.name, "cb") || starts_with(jump.name, "tb");
        if (!jumps || label == labels.end() || label->second < last_end) continue;
        InnerLoop loop;
        last_end = l;
        for (size_t i = label->second; i <= l; i++) {
            loop.lines.push_back(lines[i]);
            const Instruction instruction = instruction_of(lines[i]);
            if (instruction.name.empty()) continue;
            loop.mix.total++;
            if (instruction.operands.empty()) continue;
            (machine.family == ScheduleFamily::kArm ? count_arm : count_x86)(instruction, loop.mix);
        }
        set_cycles(machine, loop);
        loops.push_back(std::move(loop));
    }
    std::stable_sort(loops.begin(), loops.end(), [](const InnerLoop &a, const InnerLoop &b) {
        return a.mix.multiply_adds > b.mix.multiply_adds;
    });
    return loops;
}

}  // namespace hardnet
