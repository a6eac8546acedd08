# Finds Halide inside the PyPI wheel `halide`, without the wheel's own CMake config (which needs CMake 3.28, Python's
# development files and an active environment).
#
# Looked at, the first that is set or exists: -DHALIDE_PREFIX=<folder that holds include/ and lib64/ or lib/>,
# -DHalide_VENV=<Python environment with the wheel>, <source tree>/.venv.
#
# Defines Halide::Halide and Halide_VERSION.
include(FindPackageHandleStandardArgs)

set(HALIDE_PREFIX "" CACHE PATH "Folder that holds Halide's include/ and lib64/")
set(Halide_VENV "" CACHE PATH "Python environment into which the wheel was installed")

set(_halide_prefix "${HALIDE_PREFIX}")
if(NOT _halide_prefix)
  set(_halide_venv "${Halide_VENV}")
  if(NOT _halide_venv)
    set(_halide_venv "${PROJECT_SOURCE_DIR}/.venv")
  endif()
  file(GLOB _halide_prefix LIST_DIRECTORIES true "${_halide_venv}/lib/python3*/site-packages/halide")
endif()

# A changed hint must not be answered from the cache of an earlier configuration.
if(NOT "${_halide_prefix}" STREQUAL "${_Halide_FOUND_IN}")
  unset(Halide_INCLUDE_DIR CACHE)
  unset(Halide_LIBRARY CACHE)
  set(_Halide_FOUND_IN "${_halide_prefix}" CACHE INTERNAL "prefix of the cached Halide paths")
endif()
if(_halide_prefix)
  find_path(Halide_INCLUDE_DIR Halide.h PATHS ${_halide_prefix} PATH_SUFFIXES include NO_DEFAULT_PATH)
  find_library(Halide_LIBRARY Halide PATHS ${_halide_prefix} PATH_SUFFIXES lib64 lib NO_DEFAULT_PATH)
endif()
mark_as_advanced(Halide_INCLUDE_DIR Halide_LIBRARY)

unset(Halide_VERSION)
if(Halide_INCLUDE_DIR)
  file(STRINGS "${Halide_INCLUDE_DIR}/HalideRuntime.h" _halide_lines
       REGEX "^#define HALIDE_VERSION_(MAJOR|MINOR|PATCH) [0-9]+")
  string(REGEX REPLACE "[^0-9;]" "" _halide_numbers "${_halide_lines}")
  list(JOIN _halide_numbers "." Halide_VERSION)
endif()

find_package_handle_standard_args(Halide
  REQUIRED_VARS Halide_LIBRARY Halide_INCLUDE_DIR
  VERSION_VAR Halide_VERSION
  REASON_FAILURE_MESSAGE "run scripts/setup.sh, or pass -DHalide_VENV=<environment with halide 21.0.0>")

if(Halide_FOUND AND NOT TARGET Halide::Halide)
  add_library(Halide::Halide SHARED IMPORTED)
  set_target_properties(Halide::Halide PROPERTIES
    IMPORTED_LOCATION "${Halide_LIBRARY}"
    INTERFACE_INCLUDE_DIRECTORIES "${Halide_INCLUDE_DIR}"  # SYSTEM, as of every imported target
    INTERFACE_COMPILE_FEATURES cxx_std_17)
endif()
