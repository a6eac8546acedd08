// All generators. Each has an overload of generator_of() for its specification.
#pragma once
#include "generators/combine.h"
#include "generators/convolution.h"
#include "generators/dense.h"
#include "generators/elementwise.h"
#include "generators/pooling.h"
#include "generators/resample.h"
#include "generators/softmax.h"
#include "generators/winograd.h"
