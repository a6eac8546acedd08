// Records as they come from a file: every member is held to its range.
#include <algorithm>
#include <optional>
#include <sstream>

#include "base/json_reader.h"
#include "schedules/record_fields.h"
#include "schedules/records.h"

namespace hardnet {
namespace {

constexpr int kMostTaps = 64;
constexpr int kMostTiles = 1 << 11, kMostPixels = 1 << 16, kMostChannels = 1 << 16;
constexpr size_t kMostLayers = 1 << 12;  // of a resolution

// A line's members, required but for those that optional() reads.
class RecordReader {
public:
    RecordReader(const JsonText &json, std::optional<Error> &error)
        : json_(json), error_(error), reader_(json, "", error) {}

    // `level`: of the records before, or empty.
    TuningRecord read(RecordKind kind, const std::string &level) {
        TuningRecord r;
        get("level", r.level);
        const Machine *machine = nullptr;
        for (const Machine &m : machines(Precision::kInt8)) {
            if (m.level == r.level) machine = &m;
        }
        if (!machine) fail("level", "expected a known level, found '" + r.level + "'");
        if (!level.empty() && r.level != level)
            fail("level", "expected " + level + ", found '" + r.level + "'");
        read_problem(r.problem);
        read_parameters(r);
        for (auto [key, value] : {std::pair{"ms", &r.ms}, {"model_ms", &r.model_ms}}) get(key, *value);
        get("cpu", r.cpu);
        between("threads", r.threads, 1, 1024);
        get("version", r.version);
        get("sources", r.sources);
        for (auto [key, value] : {std::pair{"low", &r.low}, {"high", &r.high}}) optional(key, *value);
        optional("date", r.date);
        if (kind == RecordKind::kAll) {
            optional("trial", r.trial);
            optional("failed", r.failed);
        }
        reader_.finish();
        if (error_) return r;
        const Precision products = r.problem.products;
        if ((products == Precision::kInt16 && !machine->int16) ||
            (products == Precision::kInt8 && !machine->dot_factor))
            fail("products",
                 std::string("expected what level ") + r.level + " multiplies, found " + name_of(products));
        for (const ParameterRange &range : parameter_ranges()) {
            const std::string fault = range_fault(*machine, r.problem, r.parameters, range);
            if (!fault.empty()) fail(range.name, fault);
        }
        if (error_) return r;
        if (Status s = complete_parameters(*machine, r.problem, r.parameters); !s)
            fail("blocks", s.error().what);
        return r;
    }

    void fail(const std::string &key, const std::string &text) { reader_.fail(reader_.member(key), text); }

private:
    void read_problem(Problem &p) {
        std::string name;
        get("op", name);
        auto op = std::find_if(std::begin(kOps), std::end(kOps),
                               [&](const auto &known) { return known.second == name; });
        if (op == std::end(kOps))
            return fail("op", "expected product, convolution or resolution, found '" + name + "'");
        p.op = op->first;
        std::string products = name_of(p.products);
        optional("products", products);
        const auto known = precision_from_name(products);
        if (!known) return fail("products", "expected fp32, int16 or int8, found '" + products + "'");
        p.products = *known;
        if (p.op == Op::kProduct) {
            int m = 0;
            between("tile", m, 2, 4);
            const TileAxis rows = axis("tile_rows"), columns = axis("tile_columns");
            if (!error_) p.tiling = Tiling(m, rows, columns);
        } else {
            between("width", p.width, 1, kMostPixels);
            between("height", p.height, 1, kMostPixels);
            if (p.op == Op::kResolution) return read_layers(p);
            for (const auto &[name, field] : kWindowFields) window_field(name, field, p.window);
            get("residual", p.residual);
        }
        between("out", p.out, 1, kMostChannels);
        between("in", p.in, 1, kMostChannels);
    }

    void read_parameters(TuningRecord &r) {
        const bool resolution = r.problem.op == Op::kResolution;
        if (!resolution && reader_.has("blocks", true)) {
            for (const std::string &at : reader_.elements("blocks"))
                r.parameters.blocks.push_back(read_part(at));
        }
        for (const ParameterRange &range : parameter_ranges()) {
            if (range.op == r.problem.op && reader_.has(range.name, resolution))
                reader_.read(range.name, r.parameters.*range.value);
        }
    }

    // Of a resolution: channels of every layer.
    void read_layers(Problem &p) {
        std::vector<int> in, out;
        get("in", in);
        get("out", out);
        const auto wrong = [](int channels) { return channels < 1 || channels > kMostChannels; };
        if (in.empty() || in.size() > kMostLayers || std::any_of(in.begin(), in.end(), wrong))
            return fail("in",
                        "expected channels of 1 to " + std::to_string(kMostLayers) + " layers, found others");
        if (out.size() != in.size() || std::any_of(out.begin(), out.end(), wrong))
            return fail("out", "expected channels of " + std::to_string(in.size()) + " layers, found others");
        for (size_t i = 0; i < in.size(); i++) p.layers.push_back({in[i], out[i]});
    }

    void window_field(const std::string &key, int WindowAxis::*field, Window &window) {
        int values[2] = {};
        if (reader_.has(key, true)) reader_.read(key, values);
        if (std::min(values[0], values[1]) < 1 || std::max(values[0], values[1]) > kMostTaps)
            return fail(key, "expected two numbers of 1 to " + std::to_string(kMostTaps) + ", found others");
        window.y.*field = values[0];
        window.x.*field = values[1];
    }

    TileAxis axis(const std::string &key) {
        int counts[2] = {};
        if (reader_.has(key, true)) reader_.read(key, counts);
        const bool right = counts[0] >= 0 && counts[1] >= 0 && counts[0] <= kMostTiles &&
                           counts[1] <= kMostTiles && counts[0] + counts[1] > 0;
        if (!right) fail(key, "expected numbers of large and small tiles, found others");
        return {counts[0], counts[1]};
    }

    ChannelPart read_part(const std::string &at) {
        ChannelPart part;
        JsonObjectReader reader(json_, at, error_);
        for (auto [key, value] : {std::pair{"channels", &part.channels},
                                  {"block", &part.block},
                                  {"lanes", &part.lanes},
                                  {"extent", &part.extent}}) {
            if (reader.has(key, true)) reader.read(key, *value);
        }
        reader.finish();
        return part;
    }

    template <typename T>
    void get(const std::string &key, T &value) {
        if (reader_.has(key, true)) reader_.read(key, value);
    }
    template <typename T>
    void optional(const std::string &key, T &value) {
        if (reader_.has(key)) reader_.read(key, value);
    }
    void between(const std::string &key, int &value, int least, int most) {
        get(key, value);
        if (value >= least && value <= most) return;
        fail(key, "expected " + std::to_string(least) + " to " + std::to_string(most) + ", found " +
                      std::to_string(value));
    }

    const JsonText &json_;
    std::optional<Error> &error_;
    JsonObjectReader reader_;
};

}  // namespace

Result<std::vector<TuningRecord>> read_records(const std::string &text, const std::string &file_name,
                                               RecordKind kind) {
    std::vector<TuningRecord> records;
    std::istringstream lines(text);
    std::string line;
    for (int number = 0; std::getline(lines, line); number++) {
        const auto json =
            parse_json(std::string(size_t(number), '\n') + line, file_name);  // errors name the line
        if (!json) return json.error();
        std::optional<Error> error;
        RecordReader reader(*json, error);
        const bool one_level = kind == RecordKind::kChosen && !records.empty();
        TuningRecord record = reader.read(kind, one_level ? records.front().level : "");
        if (!error && kind == RecordKind::kChosen && find_record(records, record.level, record.problem))
            reader.fail("op", "expected one record of a problem, found a second");
        if (error && error->what.rfind(file_name + ": ", 0) == 0)  // of the line's object itself
            error->what.insert(file_name.size(), ":" + std::to_string(number + 1));
        if (error) return *error;
        records.push_back(std::move(record));
    }
    return records;
}

}  // namespace hardnet
