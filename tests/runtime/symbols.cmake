# cmake -DNM=nm -DSIZE=size -DLIBRARY=libhardnet_runtime.a -P symbols.cmake
# The runtime is thin: at most 112 KB of code, and it needs libc, pthread and dlopen, nothing of C++, Halide, OpenMP, CUDA or
# OpenCL.
execute_process(COMMAND ${NM} -u ${LIBRARY} OUTPUT_VARIABLE undefined COMMAND_ERROR_IS_FATAL ANY)
if(undefined MATCHES "__(asan|tsan|ubsan)_")
  message("skipped: the library is instrumented by a sanitizer")
  return()
endif()
string(REGEX MATCHALL "U [^\n]+" undefined "${undefined}")
foreach(symbol ${undefined})
  string(SUBSTRING ${symbol} 2 -1 symbol)
  if(symbol MATCHES "halide|^c[lu][A-Z]|^_Z|^GOMP|^__cxa|^__gxx|^(printf|puts|fprintf|stderr|stdout|abort|exit|_exit|__assert_fail)$")
    message(FATAL_ERROR "symbol that ${LIBRARY} needs: expected libc's or pthread's, found ${symbol}")
  endif()
endforeach()

execute_process(COMMAND ${SIZE} -t ${LIBRARY} OUTPUT_VARIABLE sizes COMMAND_ERROR_IS_FATAL ANY)
string(REGEX MATCH "([0-9]+)[ \t]+[0-9]+[ \t]+[0-9]+[ \t]+[0-9]+[ \t]+[0-9a-f]+[ \t]+\\(TOTALS\\)" found "${sizes}")
if(NOT found OR CMAKE_MATCH_1 GREATER 114688)
  message(FATAL_ERROR "code of ${LIBRARY}: expected at most 114688 bytes, found ${CMAKE_MATCH_1}")
endif()
message("code: ${CMAKE_MATCH_1} bytes")
