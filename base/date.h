// The moment as records have it.
#pragma once
#include <string>

namespace hardnet {

std::string utc_date();  // "2026-11-30T02:00:00Z"

}  // namespace hardnet
