#include "schedules/records.h"

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <tuple>

#include "base/files.h"
#include "schedules/record_fields.h"
#include "schedules/shipped_records.h"

namespace hardnet {
namespace {

using Json = nlohmann::ordered_json;

Json json_of(const Problem &p) {
    Json json;
    for (const auto &[op, name] : kOps) {
        if (op == p.op) json["op"] = name;
    }
    if (p.products != Precision::kFloat32) json["products"] = name_of(p.products);
    if (p.op == Op::kProduct) {
        json["tile"] = p.tiling.m();
        json["tile_rows"] = {p.tiling.rows().big, p.tiling.rows().small};
        json["tile_columns"] = {p.tiling.columns().big, p.tiling.columns().small};
    } else if (p.op == Op::kResolution) {
        json["width"] = p.width;
        json["height"] = p.height;
        for (const auto &[in, out] : p.layers) {
            json["out"].push_back(out);
            json["in"].push_back(in);
        }
        return json;
    } else {
        for (const auto &[name, field] : kWindowFields) json[name] = {p.window.y.*field, p.window.x.*field};
        json["width"] = p.width;
        json["height"] = p.height;
        json["residual"] = p.residual;
    }
    json["out"] = p.out;
    json["in"] = p.in;
    return json;
}

Json json_of(const Blocks &blocks) {
    Json json = Json::array();
    for (const ChannelPart &part : blocks) {
        json.push_back({{"channels", part.channels},
                        {"block", part.block},
                        {"lanes", part.lanes},
                        {"extent", part.extent}});
    }
    return json;
}

// Blocks, and what is not as it usually is; of a resolution its m.
Json json_of(const Parameters &parameters, Op op) {
    Json json = Json::object();
    if (op != Op::kResolution) json["blocks"] = json_of(parameters.blocks);
    for (const ParameterRange &range : parameter_ranges()) {
        const int value = parameters.*range.value;
        if (range.op == op && (op == Op::kResolution || value != Parameters{}.*range.value))
            json[range.name] = value;
    }
    return json;
}

Json json_of(const TuningRecord &r) {
    Json json = {{"level", r.level}};
    json.update(json_of(r.problem));
    json.update(json_of(r.parameters, r.problem.op));
    auto rounded = [](double value) { return std::round(value * 1e6) / 1e6; };  // to nanoseconds
    json["ms"] = rounded(r.ms);
    json["model_ms"] = rounded(r.model_ms);
    if (r.high > 0) json["low"] = rounded(r.low), json["high"] = rounded(r.high);
    json["cpu"] = r.cpu;
    json["threads"] = r.threads;
    json["version"] = r.version;
    json["sources"] = r.sources;
    if (!r.date.empty()) json["date"] = r.date;
    if (r.trial) json["trial"] = r.trial;
    if (!r.failed.empty()) json["failed"] = r.failed;
    return json;
}

auto order(const Problem &p) {
    const auto axis = [](const WindowAxis &a) { return std::make_tuple(a.kernel, a.stride, a.dilation); };
    return std::make_tuple(p.products, p.op, axis(p.window.y), axis(p.window.x), p.residual, p.tiling.m(),
                           p.height, p.width, p.tiling.rows().tiles(), p.tiling.columns().tiles(),
                           p.tiling.rows().big, p.tiling.columns().big, p.out, p.in, p.layers);
}

}  // namespace

std::string records_text(std::vector<TuningRecord> records) {
    std::stable_sort(records.begin(), records.end(), [](const TuningRecord &a, const TuningRecord &b) {
        return std::make_tuple(a.level, order(a.problem)) < std::make_tuple(b.level, order(b.problem));
    });
    std::string text;
    for (const TuningRecord &record : records)
        text += json_of(record).dump(-1, ' ', false, Json::error_handler_t::replace) + "\n";
    return text;
}

Status write_records(const std::string &path, const std::vector<TuningRecord> &records) {
    const std::string text = records_text(records);
    return write_file(path, {{text.data(), text.size()}});
}

std::string problem_text(const Problem &problem) { return json_of(problem).dump(); }

std::string parameters_text(const TuningRecord &record) {
    return json_of(record.parameters, record.problem.op).dump();
}

const TuningRecord *find_record(const std::vector<TuningRecord> &records, const std::string &level,
                                const Problem &problem) {
    const auto found = std::find_if(records.begin(), records.end(), [&](const TuningRecord &r) {
        return r.level == level && r.problem == problem;
    });
    return found == records.end() ? nullptr : &*found;
}

const TuningRecord *find_record(const std::vector<TuningRecord> &records, const Machine &machine,
                                const Problem &problem) {
    const TuningRecord *own = find_record(records, machine.level, problem);
    const bool others = !own && problem.products == Precision::kFloat32 && !machine.float32_level.empty();
    return others ? find_record(records, machine.float32_level, problem) : own;
}

Result<std::vector<TuningRecord>> shipped_records() {
    std::vector<TuningRecord> all;
    for (const ShippedRecords &shipped : kShippedRecords) {
        auto records =
            read_records(shipped.text, std::string("schedules/tuned/") + shipped.file, RecordKind::kChosen);
        if (!records) return records.error();
        all.insert(all.end(), records->begin(), records->end());
    }
    return all;
}

}  // namespace hardnet
