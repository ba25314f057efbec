# Programs that measure; scripts/bench builds and runs them. No test runs them.
add_executable(bench_startup EXCLUDE_FROM_ALL bench/startup.cpp)
add_executable(bench_verify EXCLUDE_FROM_ALL bench/verify.cpp $<TARGET_OBJECTS:lic_signing>)
add_executable(bench_sign EXCLUDE_FROM_ALL bench/sign.cpp)
foreach(target bench_startup bench_verify bench_sign)
  target_include_directories(${target} PRIVATE ${CMAKE_CURRENT_SOURCE_DIR})
  target_link_libraries(${target} PRIVATE lic_options lic_objects)
endforeach()
add_custom_target(bench DEPENDS bench_startup bench_verify bench_sign)
