# Fails if the first program in README.md is not examples/shop.cc, byte for byte, or if the page is too long.
# Run as: cmake -D SOURCE_DIR=... -P check_readme.cmake
cmake_minimum_required(VERSION 3.25)

file(READ ${SOURCE_DIR}/README.md readme)
file(READ ${SOURCE_DIR}/examples/shop.cc program)
string(FIND "${readme}" "```cpp\n${program}```" place)
if(place EQUAL -1)
  message(FATAL_ERROR "README.md does not show examples/shop.cc as it is; copy it there")
endif()

string(REGEX MATCHALL "\n" line_ends "${readme}")
list(LENGTH line_ends lines)
if(lines GREATER 150)
  message(FATAL_ERROR "README.md has ${lines} lines; at most 150")
endif()
