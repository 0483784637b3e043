# Options, compiler flags, and quire_layer(), which declares one layer of the engine.

option(QUIRE_BUILD_TOOLS "Build the quire command" ${PROJECT_IS_TOP_LEVEL})
option(QUIRE_BUILD_FORMATS "Build what reads foreign files, also without the command" OFF)
option(QUIRE_BUILD_TESTS "Build the tests and examples" ${PROJECT_IS_TOP_LEVEL})
option(QUIRE_TEST_PACKAGING "Install the build and use it from outside, as one of the tests" OFF)
option(QUIRE_TEST_LARGE "Build the tests that write gigabytes" OFF)
option(QUIRE_BUILD_FUZZERS "Build the fuzz targets, and all layers with the coverage that they follow; clang only" OFF)
option(QUIRE_WARNINGS_AS_ERRORS "Treat compiler warnings as errors" OFF)
set(QUIRE_SANITIZE "" CACHE STRING "Value of -fsanitize= for every target, or empty")

set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
set(CMAKE_CXX_VISIBILITY_PRESET hidden)
set(CMAKE_VISIBILITY_INLINES_HIDDEN ON)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)

if(PROJECT_IS_TOP_LEVEL AND NOT CMAKE_BUILD_TYPE AND NOT CMAKE_CONFIGURATION_TYPES)
  set(CMAKE_BUILD_TYPE Release CACHE STRING "Build type" FORCE)
endif()

find_package(Threads REQUIRED)
find_package(PkgConfig REQUIRED)
pkg_check_modules(xxhash REQUIRED IMPORTED_TARGET libxxhash>=0.8)
pkg_check_modules(zstd REQUIRED IMPORTED_TARGET libzstd>=1.5)
pkg_check_modules(lz4 REQUIRED IMPORTED_TARGET liblz4>=1.9)
pkg_check_modules(snappy REQUIRED IMPORTED_TARGET snappy>=1.1)

find_program(QUIRE_CCACHE ccache)
if(PROJECT_IS_TOP_LEVEL AND QUIRE_CCACHE)
  # The sloppiness lets ccache keep files that use a precompiled header.
  set(CMAKE_CXX_COMPILER_LAUNCHER ${CMAKE_COMMAND} -E env
      CCACHE_SLOPPINESS=pch_defines,time_macros,include_file_mtime,include_file_ctime ${QUIRE_CCACHE})
endif()

add_library(quire_flags INTERFACE)
target_compile_options(quire_flags INTERFACE
  -Wall -Wextra -Wpedantic -Wshadow -Wnon-virtual-dtor -Woverloaded-virtual -Wcast-qual -Wundef
  $<$<CXX_COMPILER_ID:Clang>:-Wthread-safety>
  $<$<BOOL:${QUIRE_WARNINGS_AS_ERRORS}>:-Werror>)
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  # It takes a source file that another includes for a header, whose classes others might see.
  target_compile_options(quire_flags INTERFACE $<$<BOOL:$<TARGET_PROPERTY:UNITY_BUILD>>:-Wno-subobject-linkage>)
endif()
if(QUIRE_SANITIZE)
  target_compile_options(quire_flags INTERFACE
    -fsanitize=${QUIRE_SANITIZE} -fno-omit-frame-pointer -fno-sanitize-recover=all)
  target_link_options(quire_flags INTERFACE -fsanitize=${QUIRE_SANITIZE})
endif()

# quire_layer(NAME source...): the object library quire_NAME, part of quire::quire.
function(quire_layer name)
  add_library(quire_${name} OBJECT ${ARGN})
  target_include_directories(quire_${name} PRIVATE ${PROJECT_SOURCE_DIR} ${PROJECT_SOURCE_DIR}/include)
  target_link_libraries(quire_${name} PRIVATE quire_flags PkgConfig::xxhash Threads::Threads)
  if(QUIRE_BUILD_FUZZERS)
    # What libFuzzer follows, less its traces of comparisons, which only its own mutations would use.
    target_compile_options(quire_${name} PRIVATE -fsanitize-coverage=inline-8bit-counters,pc-table)
  endif()
  target_compile_definitions(quire_${name} PRIVATE QUIRE_BUILDING
    QUIRE_VERSION_STRING="${PROJECT_VERSION}")
  if(NOT QUIRE_SANITIZE)
    # As users compile it, each file for itself.
    set_target_properties(quire_${name} PROPERTIES UNITY_BUILD OFF)
  endif()
  set_property(GLOBAL APPEND PROPERTY QUIRE_LAYERS quire_${name})
endfunction()
