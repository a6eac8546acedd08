// hardnet tune --report: what a tune found, as one page of HTML that needs nothing beside it.
#pragma once
#include <map>
#include <string>

#include "autotune/tune.h"

namespace hardnet {

// What a page says beside the tune itself.
struct TunedNetwork {
    std::string name, input;  // "224x224"
    int threads = 1;
    std::map<std::string, double>
        least_ms;  // per layer, of the steps that blocks have a part in; none: not known
};

std::string tune_report_page(const TuneReport &report, const TunedNetwork &network);

// Measures the machine's limits, finds each layer's least time in the package, and writes the page.
Status write_tune_report(const std::string &path, const TuneReport &report, TunedNetwork network,
                         const std::string &package);

}  // namespace hardnet
