# lic_embed_product(TARGET FILE [SYMBOL NAME])
#
# Compiles the signed product file FILE into TARGET, a program or a library, so that it trusts
# exactly this vendor (docs/embedding.md). Its sources have it by
#
#   #include "lic_product.h"     /* unsigned char lic_product[], size_t lic_product_size */
#
# in C and in C++; with SYMBOL it is NAME.h, NAME and NAME_size. A relative FILE is in the current
# source directory, else in the binary directory; it may be made by the build. TARGET is built anew
# when FILE changes, and not at all when it should not be trusted: it is malformed or its roots have
# not signed it, or a key in it is weak, a placeholder, or one whose private half is known.
#
# LIC_EMBED_TOOL names the lic-embed that does the work, in place of the one installed beside this
# file: needed when building for another machine than the one that builds.

# The command that runs lic-embed, and what it depends on.
function(_lic_embed_tool command depends)
  if(LIC_EMBED_TOOL)
    set(tool "${LIC_EMBED_TOOL}")
  else()
    get_property(tool GLOBAL PROPERTY LIC_EMBED_TOOL)
    if(CMAKE_CROSSCOMPILING AND NOT CMAKE_CROSSCOMPILING_EMULATOR)
      message(FATAL_ERROR "lic_embed_product: this builds for another machine; name the lic-embed of the building one "
                          "with -DLIC_EMBED_TOOL=PREFIX/libexec/lic/lic-embed")
    endif()
  endif()
  if(TARGET "${tool}")
    set(run ${CMAKE_CROSSCOMPILING_EMULATOR} $<TARGET_FILE:${tool}>)
  elseif(NOT EXISTS "${tool}")
    message(FATAL_ERROR "lic_embed_product: there is no ${tool}; LIC_EMBED_TOOL names where it is")
  elseif(LIC_EMBED_TOOL)
    set(run "${tool}")
  else()
    set(run ${CMAKE_CROSSCOMPILING_EMULATOR} "${tool}")
  endif()
  set(${command} "${run}" PARENT_SCOPE)
  set(${depends} "${tool}" PARENT_SCOPE)
endfunction()

# The absolute path of the product file, which is there or is made by the build.
function(_lic_find_product out file)
  get_filename_component(in_source "${file}" ABSOLUTE BASE_DIR "${CMAKE_CURRENT_SOURCE_DIR}")
  get_filename_component(in_binary "${file}" ABSOLUTE BASE_DIR "${CMAKE_CURRENT_BINARY_DIR}")
  foreach(path IN ITEMS "${in_source}" "${in_binary}")
    get_source_file_property(is_made "${path}" GENERATED)
    if(is_made OR EXISTS "${path}")
      set(${out} "${path}" PARENT_SCOPE)
      return()
    endif()
  endforeach()
  message(FATAL_ERROR "lic_embed_product: there is no product file ${in_source}; "
                      "`licgen product export --out FILE` writes it")
endfunction()

function(lic_embed_product target file)
  cmake_parse_arguments(PARSE_ARGV 2 arg "" "SYMBOL" "")
  if(DEFINED arg_UNPARSED_ARGUMENTS OR DEFINED arg_KEYWORDS_MISSING_VALUES)
    message(FATAL_ERROR "lic_embed_product: wanted are TARGET FILE [SYMBOL NAME]")
  endif()
  if(NOT DEFINED arg_SYMBOL)
    set(arg_SYMBOL lic_product)
  elseif(NOT arg_SYMBOL MATCHES "^[A-Za-z][A-Za-z0-9_]*$")
    message(FATAL_ERROR "lic_embed_product: SYMBOL ${arg_SYMBOL} cannot name anything in C")
  endif()
  set(type none)
  if(TARGET ${target})
    get_target_property(type ${target} TYPE)
    get_target_property(is_imported ${target} IMPORTED)
  endif()
  if(is_imported OR NOT type MATCHES "^(EXECUTABLE|(STATIC|SHARED|MODULE)_LIBRARY)$")
    message(FATAL_ERROR "lic_embed_product: ${target} is no program or library of this project with files of its own")
  endif()
  set(objects ${target}.${arg_SYMBOL})
  if(TARGET ${objects})
    message(FATAL_ERROR "lic_embed_product: ${target} has a product as ${arg_SYMBOL} already; give another SYMBOL")
  endif()
  _lic_find_product(product "${file}")
  _lic_embed_tool(tool tool_depends)

  # Objects of their own, in C where there is a compiler for it: neither the language nor the
  # options of the target's sources matter to them.
  get_property(languages GLOBAL PROPERTY ENABLED_LANGUAGES)
  set(suffix cpp)
  if("C" IN_LIST languages)
    set(suffix c)
  endif()
  set(directory "${CMAKE_CURRENT_BINARY_DIR}/lic-embed/${target}")
  file(MAKE_DIRECTORY "${directory}")
  set(header "${directory}/${arg_SYMBOL}.h")
  set(source "${directory}/${arg_SYMBOL}.${suffix}")
  file(RELATIVE_PATH shown "${CMAKE_SOURCE_DIR}" "${product}")
  add_custom_command(
    OUTPUT "${header}" "${source}"
    COMMAND ${tool} --symbol ${arg_SYMBOL} --header "${header}" --source "${source}" "${product}"
    DEPENDS "${product}" ${tool_depends}
    COMMENT "Checking and embedding ${shown}" VERBATIM)
  add_library(${objects} OBJECT "${source}" "${header}")
  set_target_properties(${objects} PROPERTIES POSITION_INDEPENDENT_CODE ON C_CLANG_TIDY "" CXX_CLANG_TIDY "")
  target_sources(${target} PRIVATE $<TARGET_OBJECTS:${objects}>)
  target_include_directories(${target} PRIVATE "${directory}")
endfunction()
