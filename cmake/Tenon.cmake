# The few functions that the folders' CMakeLists use: one library a folder with its sources listed,
# its tests and its fuzzers.

find_program(TENON_LD mold)
add_library(tenon_flags INTERFACE)
target_include_directories(tenon_flags INTERFACE ${PROJECT_SOURCE_DIR}/src)
target_compile_options(tenon_flags INTERFACE
  -Wall -Wextra -Wpedantic -Wconversion -Werror -fno-omit-frame-pointer)
target_compile_definitions(tenon_flags INTERFACE
  TENON_VERSION="${PROJECT_VERSION}" BOOST_ASIO_NO_DEPRECATED BOOST_ASIO_DISABLE_BOOST_COROUTINE)
target_link_libraries(tenon_flags INTERFACE Threads::Threads)
if(TENON_LD)
  target_link_options(tenon_flags INTERFACE -fuse-ld=mold)
endif()
if(TENON_SANITIZE)
  target_compile_options(tenon_flags INTERFACE -fsanitize=${TENON_SANITIZE} -fno-sanitize-recover=all)
  target_link_options(tenon_flags INTERFACE -fsanitize=${TENON_SANITIZE})
  if(TENON_SANITIZE MATCHES thread)
    # Asio has fences beside its mutexes, and GCC warns that TSan does not see fences.
    target_compile_options(tenon_flags INTERFACE -Wno-tsan)
  endif()
endif()
if(TENON_FUZZ)
  # Clang warns of other things than GCC, also inside GCC's library; GCC's word is the one that counts.
  target_compile_options(tenon_flags INTERFACE -fsanitize=fuzzer-no-link -Wno-error
                         -Wno-deprecated-declarations)
endif()

# tenon_library(NAME SOURCES a.cc... LINK libs... [COLD]). COLD: what runs at a start or for a person is compiled
# for size, which halves it: a server's memory holds it all.
function(tenon_library name)
  cmake_parse_arguments(ARG "COLD" "" "SOURCES;LINK" ${ARGN})
  add_library(${name} STATIC ${ARG_SOURCES})
  target_link_libraries(${name} PUBLIC tenon_flags ${ARG_LINK})
  if(ARG_COLD AND CMAKE_BUILD_TYPE STREQUAL Release)
    target_compile_options(${name} PRIVATE -Os)
  endif()
endfunction()

# tenon_test(NAME SOURCES a_test.cc... LINK libs... [STORES]): a GoogleTest program in build/tests.
# With STORES its tests hold on each store: tests/run runs it once for each (TENON_TEST_STORE).
function(tenon_test name)
  if(NOT TENON_TESTS)
    return()
  endif()
  find_package(GTest REQUIRED)
  cmake_parse_arguments(ARG "STORES" "" "SOURCES;LINK" ${ARGN})
  add_executable(${name} ${ARG_SOURCES})
  set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/tests)
  target_link_libraries(${name} PRIVATE tenon_flags ${ARG_LINK} GTest::gmock GTest::gtest_main)
  target_compile_definitions(${name} PRIVATE TENON_SOURCE_DIR="${PROJECT_SOURCE_DIR}"
                             TENON_BINARY_DIR="${PROJECT_BINARY_DIR}")
  # What the tests themselves do is not worth the compiler's time; what they test is built as it ships.
  if(CMAKE_BUILD_TYPE STREQUAL Release)
    target_compile_options(${name} PRIVATE -O1)
  endif()
  if(ARG_STORES)
    file(WRITE ${PROJECT_BINARY_DIR}/tests/${name}.stores "sqlite postgres\n")
  else()
    file(REMOVE ${PROJECT_BINARY_DIR}/tests/${name}.stores)
  endif()
endfunction()

# tenon_fuzz(NAME SOURCE x_fuzz.cc LINK libs... [SEEDS dir]): LLVMFuzzerTestOneInput. With
# TENON_FUZZ it is a libFuzzer program; otherwise tests/fuzz_main.cc drives it over its seeds and
# random mutations of them, for the short run in ./dev test.
function(tenon_fuzz name)
  cmake_parse_arguments(ARG "" "SOURCE;SEEDS" "LINK" ${ARGN})
  if(NOT TENON_TESTS AND NOT TENON_FUZZ)
    return()
  endif()
  if(TENON_FUZZ)
    add_executable(${name} ${ARG_SOURCE})
    target_link_options(${name} PRIVATE -fsanitize=fuzzer)
  else()
    add_executable(${name} ${ARG_SOURCE} ${PROJECT_SOURCE_DIR}/tests/fuzz_main.cc)
  endif()
  set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/fuzz)
  target_link_libraries(${name} PRIVATE tenon_flags ${ARG_LINK})
  if(ARG_SEEDS)
    file(WRITE ${PROJECT_BINARY_DIR}/fuzz/${name}.seeds "${CMAKE_CURRENT_SOURCE_DIR}/${ARG_SEEDS}\n")
  endif()
endfunction()
