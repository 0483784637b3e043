# Fails if docs/guarantees.md names a test that does not exist.
# Run as: cmake -D SOURCE_DIR=... -P check_guarantees.cmake
cmake_minimum_required(VERSION 3.25)

file(GLOB_RECURSE paths ${SOURCE_DIR}/tests/*_test.cc)
set(tests "")
foreach(path IN LISTS paths)
  file(STRINGS ${path} lines REGEX "^(TEST|RC_GTEST)")
  string(APPEND tests "${lines}")
endforeach()

file(READ ${SOURCE_DIR}/docs/guarantees.md page)
string(REGEX MATCHALL "`[A-Z][A-Za-z]*\\.[A-Z][A-Za-z0-9]*`" names "${page}")
list(REMOVE_DUPLICATES names)
list(LENGTH names count)
if(count LESS 50)
  message(FATAL_ERROR "docs/guarantees.md names ${count} tests; have they another form now?")
endif()

foreach(name IN LISTS names)
  string(REGEX REPLACE "`(.*)\\.(.*)`" "[(]\\1, \\2[,)]" declaration "${name}")
  if(NOT tests MATCHES "${declaration}")
    message(SEND_ERROR "docs/guarantees.md names ${name}, and there is no such test")
  endif()
endforeach()
