# cmake -DNM=nm -DSIZE=size -DLIBRARY=libhardnet_runtime.a -P symbols.cmake
# The runtime is thin: at most 100 KB of code, and it needs libc and pthread, nothing of C++, Halide or OpenMP.
execute_process(COMMAND ${SIZE} -t ${LIBRARY} OUTPUT_VARIABLE sizes COMMAND_ERROR_IS_FATAL ANY)
string(REGEX MATCH "([0-9]+)[ \t]+[0-9]+[ \t]+[0-9]+[ \t]+[0-9]+[ \t]+[0-9a-f]+[ \t]+\\(TOTALS\\)" found "${sizes}")
if(NOT found OR CMAKE_MATCH_1 GREATER 102400)
  message(FATAL_ERROR "code of ${LIBRARY}: expected at most 102400 bytes, found ${CMAKE_MATCH_1}")
endif()
message("code: ${CMAKE_MATCH_1} bytes")

execute_process(COMMAND ${NM} -u ${LIBRARY} OUTPUT_VARIABLE undefined COMMAND_ERROR_IS_FATAL ANY)
string(REGEX MATCHALL "U [^\n]+" undefined "${undefined}")
foreach(symbol ${undefined})
  string(SUBSTRING ${symbol} 2 -1 symbol)
  if(symbol MATCHES "halide|^_Z|^GOMP|^__cxa|^__gxx|^(printf|puts|fprintf|stderr|stdout|abort|exit|_exit|__assert_fail)$")
    message(FATAL_ERROR "symbol that ${LIBRARY} needs: expected libc's or pthread's, found ${symbol}")
  endif()
endforeach()
