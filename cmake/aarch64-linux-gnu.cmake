# cmake --toolchain cmake/aarch64-linux-gnu.cmake: builds for ARM64 Linux on Debian x86-64 with g++-aarch64-linux-gnu, and
# runs what it builds (ctest) under qemu-user. Libraries come from Debian's own arm64 packages, docs/arm64.md names them.
set(CMAKE_SYSTEM_NAME Linux)
set(CMAKE_SYSTEM_PROCESSOR aarch64)
set(CMAKE_C_COMPILER aarch64-linux-gnu-gcc)
set(CMAKE_CXX_COMPILER aarch64-linux-gnu-g++)
set(CMAKE_LIBRARY_ARCHITECTURE aarch64-linux-gnu)

# The host's programs; libraries of this architecture, or what has none (headers, CMake files of header-only libraries).
set(CMAKE_FIND_ROOT_PATH_MODE_PROGRAM NEVER)
set(CMAKE_IGNORE_PATH /usr/lib/x86_64-linux-gnu /usr/lib/x86_64-linux-gnu/cmake /lib/x86_64-linux-gnu)
set(ENV{PKG_CONFIG_LIBDIR} /usr/lib/aarch64-linux-gnu/pkgconfig:/usr/share/pkgconfig)

# Debian's arm64 C library where it is installed, else the cross compiler's. Never a loader of one with a library of the
# other: between two builds of glibc pthread_create then loops for ever.
find_program(HARDNET_QEMU_AARCH64 qemu-aarch64)
if(HARDNET_QEMU_AARCH64)
  set(CMAKE_CROSSCOMPILING_EMULATOR ${HARDNET_QEMU_AARCH64})
  if(NOT EXISTS /lib/ld-linux-aarch64.so.1)
    list(APPEND CMAKE_CROSSCOMPILING_EMULATOR -L /usr/aarch64-linux-gnu)
  endif()
endif()
