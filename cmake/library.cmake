# quire::quire, the library that users link; the tests of a layer link its objects directly.

get_property(layers GLOBAL PROPERTY QUIRE_LAYERS)
set(objects)
foreach(layer IN LISTS layers)
  list(APPEND objects $<TARGET_OBJECTS:${layer}>)
endforeach()

add_library(quire ${objects})
add_library(quire::quire ALIAS quire)
set_target_properties(quire PROPERTIES VERSION ${PROJECT_VERSION} SOVERSION ${PROJECT_VERSION_MAJOR}
                      LINKER_LANGUAGE CXX)
file(GLOB public_headers CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/include/quire/*.h)
target_sources(quire PUBLIC FILE_SET HEADERS BASE_DIRS ${PROJECT_SOURCE_DIR}/include FILES ${public_headers})
target_compile_features(quire PUBLIC cxx_std_20)
target_link_libraries(quire PRIVATE
  $<BUILD_INTERFACE:quire_flags> PkgConfig::xxhash PkgConfig::zstd PkgConfig::lz4 PkgConfig::snappy Threads::Threads)
if(NOT BUILD_SHARED_LIBS)
  target_compile_definitions(quire PUBLIC QUIRE_STATIC)
endif()
