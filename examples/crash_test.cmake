# Runs crash_test, then once more with the line that it has printed, which must tell the same story; then with a line that
# is none. Run as: cmake -D PROGRAM=... -P crash_test.cmake
cmake_minimum_required(VERSION 3.25)

execute_process(COMMAND ${PROGRAM} RESULT_VARIABLE result OUTPUT_VARIABLE output)
if(NOT result EQUAL 0)
  message(FATAL_ERROR "the sound variant fails, or the broken one does not:\n${output}")
endif()
if(NOT output MATCHES "(FAILED: a lamp too many or too few\nreproduce with: ([^\n]+)\n.*)")
  message(FATAL_ERROR "no line to replay:\n${output}")
endif()
set(failure "${CMAKE_MATCH_1}")
set(line "${CMAKE_MATCH_2}")
execute_process(COMMAND ${PROGRAM} "${line}" RESULT_VARIABLE result OUTPUT_VARIABLE output)
string(FIND "${output}" "${failure}" place)
if(NOT result EQUAL 1 OR place EQUAL -1 OR NOT output MATCHES "^two transactions, this case alone: ")
  message(FATAL_ERROR "'${line}' does not fail again (${result}) as it did:\n${failure}\nbut:\n${output}")
endif()

execute_process(COMMAND ${PROGRAM} junk RESULT_VARIABLE result ERROR_VARIABLE errors)
if(NOT result EQUAL 2 OR NOT errors MATCHES "^crash_test: .*'junk' is no line of a CrashFailure; it looks like 1@46:1\n$")
  message(FATAL_ERROR "a line that is none ends with ${result}:\n${errors}")
endif()
