# Installs the library, its headers, the command, a CMake config package and pkg-config files.
include(CMakePackageConfigHelpers)

install(TARGETS quire EXPORT quire_targets FILE_SET HEADERS)
install(TARGETS quire_testing EXPORT quire_targets)
install(EXPORT quire_targets NAMESPACE quire:: DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/quire)
if(QUIRE_BUILD_TOOLS)
  install(TARGETS quire_command)
endif()

configure_package_config_file(cmake/quire-config.cmake.in quire-config.cmake
  INSTALL_DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/quire)
write_basic_package_version_file(quire-config-version.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${CMAKE_CURRENT_BINARY_DIR}/quire-config.cmake
              ${CMAKE_CURRENT_BINARY_DIR}/quire-config-version.cmake
        DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/quire)

# The pkg-config files find their prefix from their own place, so that the tree can be moved.
file(RELATIVE_PATH QUIRE_PC_PREFIX "/${CMAKE_INSTALL_LIBDIR}/pkgconfig" "/")
string(REGEX REPLACE "/$" "" QUIRE_PC_PREFIX "${QUIRE_PC_PREFIX}")
if(BUILD_SHARED_LIBS)
  set(QUIRE_PC_REQUIRES "Requires.private: libxxhash libzstd liblz4 snappy")
  set(QUIRE_PC_CFLAGS "")
else()
  set(QUIRE_PC_REQUIRES "Requires: libxxhash libzstd liblz4 snappy")
  set(QUIRE_PC_CFLAGS " -DQUIRE_STATIC")
endif()
configure_file(cmake/quire.pc.in quire.pc @ONLY)
configure_file(cmake/quire-testing.pc.in quire-testing.pc @ONLY)
install(FILES ${CMAKE_CURRENT_BINARY_DIR}/quire.pc ${CMAKE_CURRENT_BINARY_DIR}/quire-testing.pc
        DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
