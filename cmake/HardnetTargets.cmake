# hardnet_library(NAME [SOURCES ...] [DEPENDS ...]): a static C++17 library whose headers are included from the root of
# the repository ("graph/network.h").
function(hardnet_library name)
  cmake_parse_arguments(arg "" "" "SOURCES;DEPENDS" ${ARGN})
  add_library(${name} STATIC ${arg_SOURCES})
  target_compile_features(${name} PUBLIC cxx_std_17)
  target_include_directories(${name} PUBLIC ${PROJECT_SOURCE_DIR})
  target_compile_options(${name} PRIVATE -Wall -Wextra)
  target_link_libraries(${name} PUBLIC ${arg_DEPENDS})
endfunction()

# hardnet_seldom_runs(NAME...): targets that parse, print and plan, or test. A release optimises them little, since that of their
# headers' code is most of the build; other builds as they do the rest.
function(hardnet_seldom_runs)
  foreach(name IN LISTS ARGN)
    target_compile_options(${name} PRIVATE $<$<CONFIG:Release>:-O1>)
  endforeach()
endfunction()

# hardnet_test(NAME LABEL label [SECONDS seconds] [SOURCES ...] [DEPENDS ...]): a GoogleTest program that is one CTest test.
# SECONDS of one core that a long one takes with an empty cache: CTest starts the longest first, so that none is left alone.
function(hardnet_test name)
  cmake_parse_arguments(arg "" "LABEL;SECONDS" "SOURCES;DEPENDS" ${ARGN})
  add_executable(${name} ${arg_SOURCES})
  target_compile_features(${name} PRIVATE cxx_std_17)
  target_compile_options(${name} PRIVATE -Wall -Wextra)
  target_link_libraries(${name} PRIVATE ${arg_DEPENDS} GTest::gtest GTest::gmock GTest::gtest_main)
  hardnet_seldom_runs(${name})
  set_target_properties(${name} PROPERTIES UNITY_BUILD ON)  # most of a file's time is GoogleTest's headers
  add_test(NAME ${name} COMMAND ${name})
  set_tests_properties(${name} PROPERTIES LABELS ${arg_LABEL})
  if(arg_SECONDS)
    set_tests_properties(${name} PROPERTIES COST ${arg_SECONDS})
  endif()
endfunction()
