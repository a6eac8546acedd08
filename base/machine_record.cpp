#include "base/machine_record.h"

#include <algorithm>
#include <cmath>
#include <optional>

#include "base/files.h"
#include "base/folders.h"
#include "base/json_reader.h"

namespace hardnet {
namespace {

using Json = nlohmann::ordered_json;

constexpr int kFormat = 1;
constexpr uint64_t kMostBytes = 1 << 16;
constexpr double kMostRate = 1e7;
constexpr std::pair<const char *, double MachineRates::*> kRates[] = {
    {"l1_gb_s", &MachineRates::l1_gb_s},
    {"l2_gb_s", &MachineRates::l2_gb_s},
    {"l3_gb_s", &MachineRates::l3_gb_s},
    {"memory_gb_s", &MachineRates::memory_gb_s}};
constexpr std::pair<const char *, int64_t MachineRecord::*> kCaches[] = {
    {"l1_bytes", &MachineRecord::l1_bytes},
    {"l2_bytes", &MachineRecord::l2_bytes},
    {"l3_bytes", &MachineRecord::l3_bytes}};

double rounded(double value) { return std::round(value * 100) / 100; }

Json json_of(const MachineRates &rates) {
    Json json = {{"gflops", Json::object()}};
    for (const auto &[level, gflops] : rates.gflops) json["gflops"][level] = rounded(gflops);
    for (const auto &[key, rate] : kRates) json[key] = rounded(rates.*rate);
    return json;
}

class RecordReader {
public:
    RecordReader(const JsonText &json, std::optional<Error> &error) : json_(json), error_(error) {}

    MachineRecord read() {
        MachineRecord record;
        JsonObjectReader reader(json_, "", error_);
        const double format = positive(reader, "format");
        if (!error_ && format != kFormat)
            reader.fail("/format", "expected 1, found " + std::to_string(int64_t(format)));
        for (auto [key, text] :
             {std::pair{"cpu", &record.cpu}, {"version", &record.version}, {"date", &record.date}})
            if (reader.has(key, true)) reader.read(key, *text);
        record.threads = int(std::min(positive(reader, "threads"), 1024.0));
        record.clock_ghz = positive(reader, "clock_ghz");
        for (const auto &[key, bytes] : kCaches)
            record.*bytes = int64_t(positive(reader, key, double(int64_t{1} << 40)));
        for (auto [key, rates] : {std::pair{"one_core", &record.one}, {"all_cores", &record.all}})
            if (reader.has(key, true)) *rates = read_rates(std::string("/") + key);
        if (reader.has("barrier_us", true)) reader.read("barrier_us", record.barrier_us);
        reader.finish();
        return record;
    }

private:
    MachineRates read_rates(const std::string &at) {
        MachineRates rates;
        JsonObjectReader reader(json_, at, error_);
        if (reader.has("gflops", true) && !error_) {
            JsonObjectReader levels(json_, at + "/gflops", error_);
            for (const char *level : {"zen4", "avx512", "avx2", "sse41", "neon"})
                if (levels.has(level)) rates.gflops[level] = positive(levels, level);
            levels.finish();
        }
        for (const auto &[key, rate] : kRates) rates.*rate = positive(reader, key);
        reader.finish();
        return rates;
    }

    double positive(JsonObjectReader &reader, const std::string &key, double most = kMostRate) {
        double value = 0;
        if (!reader.has(key, true)) return 1;
        reader.read(key, value);
        if (!error_ && !(value > 0 && value <= most))
            reader.fail(reader.member(key), "expected a positive number, found another");
        return value;
    }

    const JsonText &json_;
    std::optional<Error> &error_;
};

}  // namespace

std::string machine_record_path() { return data_folder() + "/machine.json"; }

std::string machine_record_text(const MachineRecord &record) {
    Json json = {{"format", kFormat},         {"cpu", record.cpu},
                 {"version", record.version}, {"date", record.date},
                 {"threads", record.threads}, {"clock_ghz", rounded(record.clock_ghz)}};
    for (const auto &[key, bytes] : kCaches) json[key] = record.*bytes;
    json["one_core"] = json_of(record.one);
    json["all_cores"] = json_of(record.all);
    json["barrier_us"] = rounded(record.barrier_us);
    return json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

Result<MachineRecord> read_machine_record(const std::string &path) {
    const Result<FileBytes> bytes = read_regular_file(path, kMostBytes);
    if (!bytes) return bytes.error();
    const auto json =
        parse_json(std::string(reinterpret_cast<const char *>(bytes->data.get()), bytes->size), path);
    if (!json) return json.error();
    std::optional<Error> error;
    MachineRecord record = RecordReader(*json, error).read();
    if (error) return *error;
    return record;
}

}  // namespace hardnet
