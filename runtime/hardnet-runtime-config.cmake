# find_package(hardnet-runtime): hardnet::runtime (static) and hardnet::runtime_shared.
include(CMakeFindDependencyMacro)
find_dependency(Threads)
include(${CMAKE_CURRENT_LIST_DIR}/hardnet-runtime-targets.cmake)
