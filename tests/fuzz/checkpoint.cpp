// What import and compile make of a checkpoint: decoded, described, renamed, compared with a network, folded.
#include "models/records.h"
#include "tests/fuzz/fuzz.h"
#include "weights/describe.h"
#include "weights/weights.h"

namespace hardnet {
namespace {

// The least that has every kind of parameter but the depthwise ones.
const ModelRecord &smallest() {
    static const ModelRecord record = [] {
        ModelRecord r;
        r.name = "smallest";
        r.stem = {1, 1};
        r.blocks = {{2, 1, 1, false}};
        r.input = {32, 32};
        return r;
    }();
    return record;
}

void use(Checkpoint checkpoint) {
    const Result<ModelRecord> record = described_record(smallest(), checkpoint);
    if (!record) return require_error(record.error());
    const Result<Network> network = build_network(*record, record->input);
    if (!network) return require_error(network.error());
    const Result<Checkpoint> renamed = with_author_keys(*network, std::move(checkpoint));
    if (!renamed) return require_error(renamed.error());
    const Result<FoldedWeights> folded = fold(*network, *renamed);
    if (!folded) return require_error(folded.error());
    require(folded->layers.size() == network->layers.size());
}

}  // namespace
}  // namespace hardnet

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    hardnet::Result<hardnet::Checkpoint> checkpoint = hardnet::decode_checkpoint({data, size}, "x");
    if (checkpoint)
        hardnet::use(std::move(*checkpoint));
    else
        hardnet::require_error(checkpoint.error());
    return 0;
}
