# One helper makes the module graph executable: a module sees only the modules it lists.
#   lumen_module(NAME SOURCES a.cpp… DEPS lumen_base… SYSTEM PkgConfig::X… TESTS a_test.cpp… TEST_DEPS …)
#   lumen_bench(NAME SOURCES … DEPS …)      Google Benchmark program, with LUMEN_BENCH
#       [SMOKE regex]                       what a test runs of it, as briefly as can be (default: all of it)
#   lumen_fuzz(NAME SOURCE f.cpp DEPS …)    libFuzzer program, with LUMEN_FUZZ; scripts/fuzz runs it
#       [CORPUS folder]                     the inputs to begin with (default tests/fuzz/corpus/NAME)
# Tests of modules with threads bear the label `threaded`; the target `threaded_tests` builds just those.
find_package(Threads REQUIRED)
find_package(PkgConfig REQUIRED)
find_package(fmt REQUIRED)
find_package(spdlog REQUIRED)

add_library(lumen_flags INTERFACE)
target_compile_options(lumen_flags INTERFACE
  -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wsign-conversion -Wimplicit-fallthrough -Wformat=2
  -fno-common -fvisibility=hidden -fstack-protector-strong
  $<$<COMPILE_LANGUAGE:CXX>:-Wno-missing-field-initializers;-Wnon-virtual-dtor;-Woverloaded-virtual;-Wold-style-cast;-Wsuggest-override>
  # GCC 12 sees uninitialised reads in moved-from variants and optionals that are not there.
  $<$<CXX_COMPILER_ID:GNU>:-Wno-maybe-uninitialized>
  $<$<CXX_COMPILER_ID:Clang>:-Wthread-safety;-Wthread-safety-beta>
  $<$<BOOL:${LUMEN_WERROR}>:-Werror>)

if(LUMEN_SANITIZE)
  add_compile_options(-fsanitize=${LUMEN_SANITIZE} -fno-omit-frame-pointer -fno-sanitize-recover=all)
  add_link_options(-fsanitize=${LUMEN_SANITIZE})
endif()
if(LUMEN_FUZZ)
  add_compile_options(-fsanitize=fuzzer-no-link)
  add_custom_target(fuzz_targets)
endif()
if(LUMEN_TESTS)
  enable_testing()
  find_package(GTest REQUIRED)
  find_package(rapidcheck REQUIRED)
endif()

# Modules that start threads or hand values between them: their tests run under ThreadSanitizer as well.
set(LUMEN_THREADED base net net_tcp net_http net_mdns link audio stream_picture stream_send stream_receive host
  host_gamestream client_gamestream loopback)
add_custom_target(threaded_tests)

# lumen_test(NAME TARGET ARGUMENT…): registers a test program; every one goes through here.
function(lumen_test name target)
  add_test(NAME ${name} COMMAND ${target} ${ARGN})
  set_tests_properties(${name} PROPERTIES TIMEOUT 300
    ENVIRONMENT "LUMEN_DESKTOP_RESULTS=${CMAKE_BINARY_DIR}/desktop-results")
  if(name IN_LIST LUMEN_THREADED)
    set_tests_properties(${name} PROPERTIES LABELS threaded)
    add_dependencies(threaded_tests ${target})
  endif()
endfunction()

function(lumen_module name)
  cmake_parse_arguments(M "" "" "SOURCES;DEPS;SYSTEM;PRIVATE_SYSTEM;TESTS;TEST_DEPS" ${ARGN})
  if(M_SOURCES)
    add_library(lumen_${name} STATIC ${M_SOURCES})
    target_include_directories(lumen_${name} PUBLIC ${PROJECT_SOURCE_DIR}/src)
    target_link_libraries(lumen_${name} PUBLIC ${M_DEPS} ${M_SYSTEM} PRIVATE ${M_PRIVATE_SYSTEM} lumen_flags)
  else()
    add_library(lumen_${name} INTERFACE)
    target_include_directories(lumen_${name} INTERFACE ${PROJECT_SOURCE_DIR}/src)
    target_link_libraries(lumen_${name} INTERFACE ${M_DEPS} ${M_SYSTEM})
  endif()
  if(LUMEN_TESTS AND M_TESTS)
    add_executable(${name}_test ${M_TESTS})
    target_link_libraries(${name}_test PRIVATE lumen_${name} ${M_TEST_DEPS} lumen_flags
      GTest::gtest GTest::gmock GTest::gtest_main)
    target_compile_definitions(${name}_test PRIVATE LUMEN_TEST_VECTORS="${PROJECT_SOURCE_DIR}/tests/vectors")
    lumen_test(${name} ${name}_test)
  endif()
endfunction()

function(lumen_bench name)
  cmake_parse_arguments(B "" "SMOKE" "SOURCES;DEPS" ${ARGN})
  if(LUMEN_BENCH)
    find_package(benchmark REQUIRED)
    add_executable(${name} ${B_SOURCES})
    target_link_libraries(${name} PRIVATE ${B_DEPS} lumen_flags benchmark::benchmark benchmark::benchmark_main)
    if(LUMEN_TESTS)
      if(NOT B_SMOKE)
        set(B_SMOKE .)
      endif()
      lumen_test(${name} ${name} --benchmark_min_time=0 --benchmark_filter=${B_SMOKE})
      # Google Benchmark succeeds whatever its benchmarks report.
      set_tests_properties(${name} PROPERTIES FAIL_REGULAR_EXPRESSION "ERROR OCCURRED;Failed to match")
    endif()
  endif()
endfunction()

function(lumen_fuzz name)
  cmake_parse_arguments(F "" "SOURCE;CORPUS" "DEPS" ${ARGN})
  if(LUMEN_FUZZ)
    if(NOT F_CORPUS)
      set(F_CORPUS ${PROJECT_SOURCE_DIR}/tests/fuzz/corpus/${name})
    endif()
    add_executable(${name} ${F_SOURCE})
    target_link_libraries(${name} PRIVATE ${F_DEPS} lumen_flags)
    target_link_options(${name} PRIVATE -fsanitize=fuzzer)
    add_dependencies(fuzz_targets ${name})
    file(WRITE ${CMAKE_BINARY_DIR}/bin/${name}.corpus "${F_CORPUS}\n")
  endif()
endfunction()
