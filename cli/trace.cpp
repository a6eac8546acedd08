#include "cli/trace.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <vector>

#include "base/files.h"
#include "runtime/inspect.h"

namespace hardnet {
namespace {

using Json = nlohmann::ordered_json;

struct Event {
    int32_t step;
    int64_t begin_ns, end_ns;
};
using Events = std::vector<std::vector<Event>>;  // per thread; none is added beyond what is reserved

void on_share(void *user, int32_t thread, int32_t step, int64_t begin_ns, int64_t end_ns) {
    (*static_cast<Events *>(user))[size_t(thread)].push_back({step, begin_ns, end_ns});
}

Json named_thread(const LoadedPackage &loaded, int thread) {
    const bool on_cpu = loaded.device() == "cpu";
    return {{"name", "thread_name"},
            {"ph", "M"},
            {"pid", 1},
            {"tid", thread},
            {"args", {{"name", on_cpu ? fmt::format("thread {}", thread) : loaded.device()}}}};
}

Json json_of(const LoadedPackage &loaded, const Events &events, size_t events_per_run) {
    const int64_t start = events[0].empty() ? 0 : events[0][0].begin_ns;
    Json list = Json::array();
    for (size_t thread = 0; thread < events.size(); thread++) {
        list.push_back(named_thread(loaded, int(thread)));
        for (size_t i = 0; i < events[thread].size(); i++) {
            const Event &e = events[thread][i];
            const hardnet_step *step = hardnet_step_at(loaded.context(), e.step);
            const std::string layer = loaded.network().layer_names[step->layer];
            const std::string kind = hardnet_step_kind_name(step->kind);
            list.push_back({{"name", layer + " " + kind},
                            {"cat", kind},
                            {"ph", "X"},
                            {"ts", double(e.begin_ns - start) / 1000},  // microseconds
                            {"dur", double(e.end_ns - e.begin_ns) / 1000},
                            {"pid", 1},
                            {"tid", thread},
                            {"args", {{"layer", layer}, {"step", e.step}, {"run", i / events_per_run}}}});
        }
    }
    const Manifest &m = loaded.manifest();
    return {{"traceEvents", list},
            {"displayTimeUnit", "ms"},
            {"otherData",
             {{"model", m.name},
              {"input", fmt::format("{}x{}", m.height(), m.width())},
              {"batch", m.batch},
              {"device", loaded.device()},
              {"level", loaded.level()},
              {"threads", loaded.threads()}}}};
}

}  // namespace

Status write_trace(LoadedPackage &loaded, int runs, const std::string &path) {
    hardnet_context *context = loaded.context();
    const bool per_image = loaded.device() == "cpu";  // a GPU's step is of the whole batch
    const size_t per_run = size_t(hardnet_step_count(context)) * (per_image ? size_t(loaded.batch()) : 1);
    Events events(size_t(loaded.threads()));
    for (std::vector<Event> &mine : events) mine.reserve(per_run * size_t(runs));
    hardnet_set_trace(context, on_share, &events);
    Status status = ok();
    for (int i = 0; i < runs && status; i++) status = loaded.run();
    hardnet_set_trace(context, nullptr, nullptr);
    if (!status) return status;
    const std::string text = json_of(loaded, events, per_run).dump() + "\n";
    return write_file(path, {{text.data(), text.size()}});
}

}  // namespace hardnet
