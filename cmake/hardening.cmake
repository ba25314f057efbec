# Hardened builds (docs/security.md, "How the binaries are built"): what compiler, linker and C
# library can do against memory faults that are exploited. Adds to lic_options what this compiler
# knows; tests/cli/hardening_test.sh looks at the results.
include(CheckCXXCompilerFlag)
include(CheckCXXSourceCompiles)
include(CheckLinkerFlag)

# Whether the compiler optimizes, by the last -O of the flags: without, _FORTIFY_SOURCE only warns.
string(TOUPPER "CMAKE_CXX_FLAGS_${CMAKE_BUILD_TYPE}" flags_of_type)
string(REGEX MATCHALL "(^| )-O[^ ]*" levels " ${CMAKE_CXX_FLAGS} ${${flags_of_type}}")
set(LIC_OPTIMIZED OFF)
if(levels)
  list(GET levels -1 level)
  if(NOT level MATCHES "-O0")
    set(LIC_OPTIMIZED ON)
  endif()
endif()

# lic_harden(COMPILE|LINK FLAG...): those of the flags that are known here.
function(lic_harden what)
  foreach(flag IN LISTS ARGN)
    string(MAKE_C_IDENTIFIER "LIC_HAS${flag}" known)
    if(what STREQUAL "COMPILE")
      check_cxx_compiler_flag(${flag} ${known})
    else()
      check_linker_flag(CXX ${flag} ${known})
    endif()
    if(NOT ${known})
      continue()
    elseif(what STREQUAL "COMPILE")
      target_compile_options(lic_options INTERFACE ${flag})
    else()
      target_link_options(lic_options INTERFACE ${flag})
    endif()
  endforeach()
endfunction()

lic_harden(COMPILE -fstack-protector-strong -fstack-clash-protection)
if(CMAKE_SYSTEM_PROCESSOR MATCHES "^(x86_64|AMD64|i[3-6]86)$")
  lic_harden(COMPILE -fcf-protection=full)
elseif(CMAKE_SYSTEM_PROCESSOR MATCHES "^(aarch64|arm64)$")
  lic_harden(COMPILE -mbranch-protection=standard)
endif()
lic_harden(LINK -Wl,-z,relro -Wl,-z,now -Wl,-z,noexecstack -Wl,-z,separate-code)

# Programs may lie anywhere in memory: that the objects can, CMAKE_POSITION_INDEPENDENT_CODE
# says. One that needs no library at all (LIC_SELF_CONTAINED) moves itself.
set(self_contained $<BOOL:$<TARGET_PROPERTY:LIC_SELF_CONTAINED>>)
target_link_options(lic_options INTERFACE
  $<$<STREQUAL:$<TARGET_PROPERTY:TYPE>,EXECUTABLE>:$<IF:${self_contained},-static-pie,-pie>>)

# Sanitizers have checks of their own, which these would hide.
set(LIC_FORTIFY OFF)
if(LIC_OPTIMIZED AND NOT LIC_SANITIZE AND NOT LIC_FUZZ)
  set(LIC_FORTIFY ON)
  set(CMAKE_REQUIRED_FLAGS "-Werror -O2 -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=3")
  check_cxx_source_compiles("#include <cstring>\nint main() {}" LIC_HAS_FORTIFY_3)
  unset(CMAKE_REQUIRED_FLAGS)
  target_compile_options(lic_options INTERFACE -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=$<IF:$<BOOL:${LIC_HAS_FORTIFY_3}>,3,2>)
endif()
