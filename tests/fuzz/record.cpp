// A network's record: what is read is written and read back the same, and builds a network or says why not.
#include "graph/network.h"
#include "models/records.h"
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    using namespace hardnet;
    const Result<ModelRecord> record =
        record_from_json(std::string(reinterpret_cast<const char *>(data), size), "x");
    if (!record) return require_error(record.error()), 0;
    const std::string text = to_json(*record);
    const Result<ModelRecord> again = record_from_json(text, "again");
    require(bool(again) && to_json(*again) == text);
    const Result<Network> network = build_network(*record, record->input);
    if (!network) return require_error(network.error()), 0;
    for (const Layer &layer : network->layers) require(layer.out.elements() > 0);
    return 0;
}
