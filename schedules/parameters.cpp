#include "schedules/parameters.h"

#include <algorithm>

namespace hardnet {

using Op = Problem::Op;

const std::vector<ParameterRange> &parameter_ranges() {
    static const std::vector<ParameterRange> all = {
        {"round", "rounds of", &Parameters::round, Op::kProduct, {0, 1, 2, 4, 8}},
        {"cut", "sums cut at", &Parameters::cut, Op::kProduct, {0, 192, 384}},
        {"rows", "rows", &Parameters::rows, Op::kConvolution, {1, 2, 4, 8, 16}},
        {"m", "m", &Parameters::m, Op::kResolution, {0, 2, 3, 4}},
    };
    return all;
}

std::vector<int> legal_values(const Machine &machine, const Problem &problem, const ParameterRange &range) {
    std::vector<int> values;
    for (const int value : range.legal) {
        const bool has_requests = machine.family == ScheduleFamily::kX86;
        if (range.value == &Parameters::round && !has_requests && value != Parameters{}.round) continue;
        // Sums of integers stay whole: they are exact before they are scaled.
        const bool has_cuts = has_requests && problem.products == Precision::kFloat32;
        if (range.value == &Parameters::cut && value && !has_cuts) continue;
        if (range.value == &Parameters::rows && problem.height < kManyRows && value > 1) continue;
        values.push_back(value);
    }
    return values;
}

Parameters model_parameters(const Machine &machine, const Problem &problem) {
    Parameters parameters{model_blocks(machine, problem)};
    // Where an addition is an instruction of its own, LLVM adds the products of several steps before it adds them to the
    // sums; of four steps there are no registers for that.
    if (problem.op == Op::kProduct && problem.products == Precision::kInt16 && !machine.dot_factor)
        parameters.round = 2;
    return parameters;
}

std::string range_fault(const Machine &machine, const Problem &problem, const Parameters &parameters,
                        const ParameterRange &range) {
    const int value = parameters.*range.value;
    const std::vector<int> legal = range.op == problem.op ? legal_values(machine, problem, range)
                                                          : std::vector<int>{Parameters{}.*range.value};
    if (std::count(legal.begin(), legal.end(), value)) return "";
    std::string expected;
    for (const int v : legal) expected += (expected.empty() ? "" : ", ") + std::to_string(v);
    return "expected one of " + expected + ", found " + std::to_string(value);
}

Status complete_parameters(const Machine &machine, const Problem &problem, Parameters &parameters) {
    for (const ParameterRange &range : parameter_ranges()) {
        const std::string fault = range_fault(machine, problem, parameters, range);
        if (!fault.empty()) return bad_input(std::string(range.name) + ": " + fault);
    }
    if (problem.op != Op::kResolution) return complete_blocks(machine, problem, parameters.blocks);
    return parameters.blocks.empty() ? ok() : bad_input("blocks: expected none of a resolution, found some");
}

std::string describe(const Parameters &parameters, Op op) {
    if (op == Op::kResolution) {
        const std::string m = std::to_string(parameters.m);
        return parameters.m ? "F(" + m + "x" + m + ")" : "direct";
    }
    std::string text = describe(parameters.blocks);
    for (const ParameterRange &range : parameter_ranges()) {
        const int value = parameters.*range.value;
        if (range.op == op && value != Parameters{}.*range.value)
            text += std::string(", ") + range.label + " " + std::to_string(value);
    }
    return text;
}

}  // namespace hardnet
