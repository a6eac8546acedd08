# cmake -DOUTPUT=header -DSOURCES="a;b" -P HashSources.cmake: the SHA-256 over the sources' own, as a C++ constant; -DPINNED=text is
# that constant instead.
set(all "")
list(SORT SOURCES)
foreach(source ${SOURCES})
  file(SHA256 ${source} hash)
  get_filename_component(name ${source} NAME)
  string(APPEND all "${name} ${hash}\n")
endforeach()
string(SHA256 hash "${all}")
if(PINNED)
  set(hash ${PINNED})
endif()
file(WRITE ${OUTPUT} "#pragma once\n\nnamespace hardnet {\nconstexpr char kGeneratorSources[] = \"${hash}\";\n}\n")
