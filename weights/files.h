// Moved to base/files.h; for those who still ask for it here.
#pragma once
#include "base/files.h"
