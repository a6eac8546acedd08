# hardnet_add_package(NAME MODEL model [WEIGHTS weights] [INPUT HEIGHTxWIDTH] [BATCH count] [TARGETS target...]
#                     [OPTIONS flag...] [DEPENDS file...])
#
# A package that the build makes: the library NAME, which a program links (NAME.h, the plan, the kernels, the runtime). It is
# compiled again when the model, the weights, a flag or the program has changed.
#
#   MODEL     a network's name, a record (.json) or an ONNX file
#   WEIGHTS   a checkpoint, or seed:N; an ONNX file has its own
#   TARGETS   as `hardnet compile --target`; default: all levels of the platform that is built for
#   OPTIONS   further flags of `hardnet compile`, as words
#   DEPENDS   further files that it depends on, such as those that OPTIONS name
#
# Files are relative to the current source folder. NAME's property HARDNET_FOLDER is the package's folder, whose NAME.safetensors
# the program reads at run time.
function(hardnet_add_package name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "MODEL;WEIGHTS;INPUT;BATCH" "TARGETS;OPTIONS;DEPENDS")
  if(arg_UNPARSED_ARGUMENTS)
    list(JOIN arg_UNPARSED_ARGUMENTS " " found)
    message(FATAL_ERROR
      "hardnet_add_package(${name}): expected MODEL, WEIGHTS, INPUT, BATCH, TARGETS, OPTIONS or DEPENDS, found ${found}")
  elseif(NOT arg_MODEL)
    message(FATAL_ERROR "hardnet_add_package(${name}): expected MODEL, found none")
  endif()

  string(TOLOWER "${CMAKE_SYSTEM_PROCESSOR}" processor)
  if(processor MATCHES "aarch64|arm64")
    set(platform aarch64-linux)
    set(targets arm64)
  else()
    set(platform x86_64-linux)
    set(targets x86-64)
  endif()
  if(arg_TARGETS)
    set(targets ${arg_TARGETS})
  endif()

  set(files ${arg_DEPENDS})
  if(arg_MODEL MATCHES "\\.(json|onnx)$")
    cmake_path(ABSOLUTE_PATH arg_MODEL BASE_DIRECTORY ${CMAKE_CURRENT_SOURCE_DIR} NORMALIZE)
    list(APPEND files ${arg_MODEL})
    if(EXISTS ${arg_MODEL}.data) # an ONNX file's tensors
      list(APPEND files ${arg_MODEL}.data)
    endif()
  endif()
  set(words compile ${arg_MODEL} --name ${name})
  if(arg_WEIGHTS)
    if(NOT arg_WEIGHTS MATCHES "^seed:")
      cmake_path(ABSOLUTE_PATH arg_WEIGHTS BASE_DIRECTORY ${CMAKE_CURRENT_SOURCE_DIR} NORMALIZE)
      list(APPEND files ${arg_WEIGHTS})
    endif()
    list(APPEND words --weights ${arg_WEIGHTS})
  endif()
  if(arg_INPUT)
    list(APPEND words --input ${arg_INPUT})
  endif()
  if(arg_BATCH)
    list(APPEND words --batch ${arg_BATCH})
  endif()
  foreach(target ${targets})
    list(APPEND words --target ${target})
  endforeach()
  list(APPEND words ${arg_OPTIONS})

  set(folder ${CMAKE_CURRENT_BINARY_DIR}/${name})
  set(plan ${folder}/${name}.c)
  set(cpus ${targets})
  foreach(gpu cuda opencl) # whose kernels are code like the plan
    if(gpu IN_LIST targets)
      list(APPEND plan ${folder}/${name}_${gpu}.c)
      list(REMOVE_ITEM cpus ${gpu})
    endif()
  endforeach()
  set(kernels "")
  if(cpus)
    set(kernels ${folder}/lib/${platform}/lib${name}.a)
  endif()
  add_custom_command(OUTPUT ${plan} ${folder}/${name}.h ${folder}/${name}.safetensors ${kernels}
    COMMAND ${CMAKE_COMMAND} -E rm -rf ${folder} # the folders of outputs are there before any command
    COMMAND hardnet::program ${words} --output ${folder}
    DEPENDS hardnet::program ${files}
    COMMENT "Compiling the network ${name}" USES_TERMINAL VERBATIM)
  add_library(${name} STATIC ${plan})
  add_library(${name}::${name} ALIAS ${name})
  set_target_properties(${name} PROPERTIES POSITION_INDEPENDENT_CODE ON HARDNET_FOLDER ${folder})
  target_include_directories(${name} PUBLIC ${folder})
  target_link_libraries(${name} PUBLIC hardnet::runtime ${kernels})
endfunction()
