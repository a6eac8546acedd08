// hardnet list: the built-in networks and their measures.
#include <cstdio>
#include <memory>

#include "cli/verbs.h"
#include "models/inspect_text.h"
#include "models/records.h"

namespace hardnet {

void add_list(CLI::App &program, Action &chosen) {
    CLI::App *verb =
        add_verb(program, "list", "The networks: name, input, parameters, MACs, CIO", "hardnet list");
    const auto json = std::make_shared<bool>(false);
    verb->add_flag("--json", *json, "a JSON array instead of the table");
    verb->callback([&chosen, json] {
        chosen = [json]() -> Result<ExitCode> {
            std::vector<Network> networks;
            for (const ModelRecord &record : builtin_records()) {
                Result<Network> network = build_network(record, record.input);
                if (!network) return network.error();
                networks.push_back(std::move(*network));
            }
            std::fputs((*json ? list_json(networks) : list_text(networks)).c_str(), stdout);
            return ExitCode::kOk;
        };
    });
}

}  // namespace hardnet
