#include "compiler/package/cmake_files.h"

namespace hardnet {

std::string cmake_config(const std::string &name, bool cpu, const std::vector<std::string> &sources) {
    std::string text =
        R"cmake(# find_package(@NAME@) gives @NAME@::@NAME@: the plan, compiled with the project's own compiler, and
# the kernels of the platform that is built for.
include(CMakeFindDependencyMacro)
find_dependency(hardnet-runtime)
if(NOT TARGET @NAME@::@NAME@)
  get_property(_languages GLOBAL PROPERTY ENABLED_LANGUAGES)
  if(NOT "C" IN_LIST _languages)
    enable_language(C) # of the plan, for a project that is all C++
  endif()
  string(TOLOWER ${CMAKE_SYSTEM_PROCESSOR} _processor)
  if(_processor MATCHES "aarch64|arm64")
    set(_platform aarch64-linux)
  else()
    set(_platform x86_64-linux)
  endif()
  set(_kernels ${CMAKE_CURRENT_LIST_DIR}/lib/${_platform}/lib@NAME@.a)
  if(NOT EXISTS ${_kernels})
    set(@NAME@_NOT_FOUND_MESSAGE "expected kernels for ${_platform}, found none in ${CMAKE_CURRENT_LIST_DIR}/lib")
    set(@NAME@_FOUND FALSE)
    return()
  endif()
  add_library(@NAME@ STATIC EXCLUDE_FROM_ALL @SOURCES@)
  add_library(@NAME@::@NAME@ ALIAS @NAME@)
  set_target_properties(@NAME@ PROPERTIES POSITION_INDEPENDENT_CODE ON)
  target_include_directories(@NAME@ PUBLIC ${CMAKE_CURRENT_LIST_DIR})
  target_link_libraries(@NAME@ PUBLIC hardnet::runtime ${_kernels})
endif()
)cmake";
    const auto without = [&](const std::string &first, const std::string &end) {
        const size_t from = text.find(first);
        text.erase(from, text.find(end, from) - from);
    };
    if (!cpu) {
        without("  string(TOLOWER", "  add_library(@NAME@ STATIC");
        without(" ${_kernels}", ")");
    }
    std::string files;
    for (const std::string &source : sources) files += " ${CMAKE_CURRENT_LIST_DIR}/" + source;
    const std::string plan = " @SOURCES@";
    text.replace(text.find(plan), plan.size(), files);
    const std::string mark = "@NAME@";
    for (size_t at; (at = text.find(mark)) != std::string::npos;) text.replace(at, mark.size(), name);
    return text;
}

}  // namespace hardnet
