# What the engine does with files, logs, arguments and callers that are not as they should be.
set(QUIRE_BAD_INPUT_TESTS
  bad_argument_test.cc
  bad_input_test.cc
  bad_log_test.cc
  fork_test.cc
  file_limit_test.cc
  kill_test.cc
  lock_test.cc
  read_only_test.cc)
set(QUIRE_BAD_INPUT_THREAD_TESTS closed_test.cc kill_threads_test.cc)
