// A kernel of any kind: the one list of specifications that exist.
#pragma once
#include <string>
#include <variant>
#include <vector>

#include "kernels/combine.h"
#include "kernels/convolution.h"
#include "kernels/dense.h"
#include "kernels/elementwise.h"
#include "kernels/parameter.h"
#include "kernels/pooling.h"
#include "kernels/resample.h"
#include "kernels/softmax.h"
#include "kernels/winograd.h"

namespace hardnet {

using KernelSpec = std::variant<InputTransformSpec, ProductSpec, OutputTransformSpec, ConvolutionSpec,
                                StemSpec, DepthwiseSpec, PoolSpec, GlobalPoolSpec, FullyConnectedSpec,
                                NormalizeSpec, NormSpec, ResizeSpec, PlanarSpec, RowsSpec, L2NormSpec,
                                SpatialNormSpec, CombineSpec, SoftmaxSpec, ResampleSpec>;

// All numbers of the specification, named: equal keys are equal kernels.
std::string key(const KernelSpec &spec);
std::string operator_name(const KernelSpec &spec);  // the key's first word: "product"

// Of its arguments in their order, the output last.
std::vector<KernelParameter> parameters(const KernelSpec &spec);

}  // namespace hardnet
