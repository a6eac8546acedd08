# What `cpack` makes of a build folder: -G TGZ one archive of all that is installed and, of a build with -DHARDNET_DEBIAN=ON and
# -DCMAKE_INSTALL_PREFIX=/usr, -G DEB three Debian packages. scripts/packages.sh makes and tries them.
if(NOT PROJECT_IS_TOP_LEVEL)
  return()
endif()
set(CPACK_PACKAGE_NAME hardnet)
set(CPACK_PACKAGE_VENDOR "The hardnet authors")
set(CPACK_RESOURCE_FILE_LICENSE ${PROJECT_SOURCE_DIR}/LICENSE)
string(TOLOWER hardnet-${PROJECT_VERSION}-${CMAKE_SYSTEM_NAME}-${CMAKE_SYSTEM_PROCESSOR} CPACK_PACKAGE_FILE_NAME)
set(CPACK_STRIP_FILES ON)

# debian_package(COMPONENT NAME SECTION DEPENDS SUMMARY DESCRIPTION): sets CPack's variables, installs what every package has.
macro(debian_package component name section depends summary description)
  string(TOUPPER ${component} key)
  set(CPACK_DEBIAN_${key}_PACKAGE_NAME ${name})
  set(CPACK_DEBIAN_${key}_PACKAGE_SECTION ${section})
  set(CPACK_DEBIAN_${key}_PACKAGE_DEPENDS "${depends}")
  set(CPACK_DEBIAN_${key}_DESCRIPTION "${summary}\n${description}")
  install(FILES ${PROJECT_SOURCE_DIR}/cmake/debian/copyright ${PROJECT_BINARY_DIR}/changelog.gz
    DESTINATION share/doc/${name} COMPONENT ${component})
endmacro()

if(HARDNET_DEBIAN)
  set(HARDNET_MAINTAINER "The hardnet authors <hardnet@hardnet.invalid>" CACHE STRING "Of Debian's packages")
  configure_file(${PROJECT_SOURCE_DIR}/cmake/debian/changelog.in changelog @ONLY)
  execute_process(COMMAND gzip -9nkf changelog WORKING_DIRECTORY ${PROJECT_BINARY_DIR} COMMAND_ERROR_IS_FATAL ANY)
  set(CPACK_PACKAGE_CONTACT ${HARDNET_MAINTAINER})
  set(CPACK_COMPONENTS_ALL program library runtime)
  set(CPACK_DEB_COMPONENT_INSTALL ON)
  set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
  set(CPACK_DEBIAN_COMPRESSION_TYPE xz)
  set(CPACK_DEBIAN_PACKAGE_GENERATE_SHLIBS ON)
  set(CPACK_DEBIAN_PACKAGE_GENERATE_SHLIBS_POLICY ">=")
  set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION ON)
  set(CPACK_INSTALL_DEFAULT_DIRECTORY_PERMISSIONS
    OWNER_READ OWNER_WRITE OWNER_EXECUTE GROUP_READ GROUP_EXECUTE WORLD_READ WORLD_EXECUTE)
  debian_package(program hardnet science ""
    "runs, checks and times compiled HarDNet networks"
    "The program hardnet without its compiler, which needs a Halide that Debian\n\
does not have: it runs networks that were compiled elsewhere on pictures,\n\
compares them with reference operators, times them and converts checkpoints.")
  set(CPACK_DEBIAN_PROGRAM_PACKAGE_SHLIBDEPS ON)
  set(CPACK_DEBIAN_PROGRAM_PACKAGE_SUGGESTS "python3-torch")
  debian_package(library libhardnet0 libs ""
    "runs compiled HarDNet networks - shared library"
    "The C library that opens and runs networks which hardnet has compiled, for\n\
callers that load it.")
  set(CPACK_DEBIAN_LIBRARY_PACKAGE_SHLIBDEPS ON)
  file(WRITE ${PROJECT_BINARY_DIR}/triggers "activate-noawait ldconfig\n")
  set(CPACK_DEBIAN_LIBRARY_PACKAGE_CONTROL_EXTRA ${PROJECT_BINARY_DIR}/triggers)
  debian_package(runtime libhardnet-dev libdevel "libhardnet0 (= ${PROJECT_VERSION})"
    "runs compiled HarDNet networks - development files"
    "Headers, static libraries, CMake's and pkg-config's files for programs that\n\
link networks which hardnet has compiled.")
else()
  install(FILES LICENSE DESTINATION share/doc/hardnet COMPONENT runtime)
endif()
include(CPack)
