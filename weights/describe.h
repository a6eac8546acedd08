// What a checkpoint says about its network beside the weights, in its metadata and by whose keys it has.
#pragma once
#include "base/result.h"
#include "models/records.h"
#include "weights/weights.h"

namespace hardnet {

// `record` with what the checkpoint says: the class count of its head, and from its metadata "class_names",
// "preprocessing", "activation" and "block_activation" (the keys that import_checkpoint writes). pytorchcv's
// keys stand for pytorchcv's activations: ReLU inside blocks without depthwise layers, ReLU6 everywhere else.
// What differs from the record is noted in `checkpoint`.
//
// A record that states "activation" in its file and contradicts the checkpoint is an error; one that states
// "block_activation" decides.
Result<ModelRecord> described_record(const ModelRecord &record, Checkpoint &checkpoint);

}  // namespace hardnet
