# How every target of ours is compiled and linked: target_link_libraries(x PRIVATE lic_options).
add_library(lic_options INTERFACE)
target_compile_options(lic_options INTERFACE -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Werror=switch)
if(LIC_WERROR)
  target_compile_options(lic_options INTERFACE -Werror)
  if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    # g++ 12 warns of the inside of std::string and std::variant (GCC bugs 105651, 105562).
    target_compile_options(lic_options INTERFACE -Wno-error=restrict -Wno-error=maybe-uninitialized)
  endif()
endif()
target_link_options(lic_options INTERFACE -Wl,-O1,--as-needed,--gc-sections)
target_compile_options(lic_options INTERFACE -ffunction-sections -fdata-sections)
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")  # only liblic is optimized as a whole (lib/CMakeLists.txt)
  target_link_options(lic_options INTERFACE $<$<STREQUAL:$<TARGET_PROPERTY:TYPE>,EXECUTABLE>:-fno-lto>)
endif()

include(${CMAKE_CURRENT_LIST_DIR}/hardening.cmake)

if(LIC_SANITIZE)
  target_compile_options(lic_options INTERFACE -fsanitize=${LIC_SANITIZE} -fno-omit-frame-pointer
                                               -fno-sanitize-recover=all)
  target_link_options(lic_options INTERFACE -fsanitize=${LIC_SANITIZE})
elseif(LIC_FUZZ)
  target_compile_options(lic_options INTERFACE -fsanitize=fuzzer-no-link,address,undefined -fno-omit-frame-pointer
                                               -fno-sanitize-recover=all)
  target_link_options(lic_options INTERFACE -fsanitize=address,undefined)
endif()
if(LIC_STATIC_RUNTIME)
  # A program that needs no library at all has it anyway; there g++ would go on with shared libraries behind it.
  target_link_options(lic_options INTERFACE
    $<$<NOT:$<BOOL:$<TARGET_PROPERTY:LIC_SELF_CONTAINED>>>:-static-libstdc++> -static-libgcc)
  # For liblic to use (lib/base/operator_new.cpp), so that a program's memory may run out inside it.
  target_link_options(lic_options INTERFACE
    $<$<STREQUAL:$<TARGET_PROPERTY:TYPE>,EXECUTABLE>:-Wl,-u,_ZnwmRKSt9nothrow_t>)
endif()
