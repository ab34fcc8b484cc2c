message(FATAL_ERROR
  "the fuzzers need clang++ with libFuzzer: clang-14 and libclang-rt-14-dev")
