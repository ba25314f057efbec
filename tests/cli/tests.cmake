# The tests that run the real binaries. Included once, at the end of tests/CMakeLists.txt.

# lic_cli_test(NAME): tests/cli/<NAME>_test.sh, with the paths of the programs.
function(lic_cli_test name)
  add_test(NAME cli_${name} COMMAND bash ${PROJECT_SOURCE_DIR}/tests/cli/${name}_test.sh)
  set_tests_properties(cli_${name} PROPERTIES
    ENVIRONMENT "LICGEN=$<TARGET_FILE:licgen>;LICCTL=$<TARGET_FILE:licctl>" TIMEOUT 300)
endfunction()

if(LIC_VENDOR)
  lic_cli_test(licgen_home)
  lic_cli_test(licgen_create)
  lic_cli_test(licgen_csv)
  lic_cli_test(licgen_import)
  lic_cli_test(licgen_ledger)
  lic_cli_test(licgen_lifecycle)
  lic_cli_test(licgen_audit)
  lic_cli_test(licgen_backup)
  lic_cli_test(licgen_keys)
  lic_cli_test(vendor_guide)
  lic_cli_test(licgen_exchange)
  lic_cli_test(usage_statement)
  lic_cli_test(serve)
  lic_cli_test(serve_history)
  lic_cli_test(soak)
  lic_cli_test(vendor_api)
  lic_cli_test(vendor_lifecycle)
  lic_cli_test(webhooks)
  lic_cli_test(schemathesis)
  set_property(TEST cli_schemathesis APPEND PROPERTY ENVIRONMENT LIC_BUILD_DIR=${PROJECT_BINARY_DIR})
  set_tests_properties(cli_schemathesis PROPERTIES SKIP_RETURN_CODE 77 TIMEOUT 600)
  lic_cli_test(online)
  lic_cli_test(floating)
  lic_cli_test(postgres)
  set_tests_properties(cli_postgres PROPERTIES TIMEOUT 900)
  # As much of these as looks into no file, with the ledger in PostgreSQL.
  foreach(name licgen_lifecycle licgen_csv licgen_import licgen_exchange licgen_report usage_statement serve serve_history
          floating vendor_api vendor_lifecycle webhooks)
    add_test(NAME cli_${name}_on_postgres
             COMMAND bash ${PROJECT_SOURCE_DIR}/tests/cli/on_postgres.sh ${PROJECT_SOURCE_DIR}/tests/cli/${name}_test.sh)
    set_tests_properties(cli_${name}_on_postgres PROPERTIES
      ENVIRONMENT "LICGEN=$<TARGET_FILE:licgen>;LICCTL=$<TARGET_FILE:licctl>" TIMEOUT 900)
  endforeach()
  lic_cli_test(licgen_report)
  lic_cli_test(licgen_reminders)
  lic_cli_test(licctl)
  lic_cli_test(licctl_trust)
  lic_cli_test(licctl_usage)
  lic_cli_test(keyring)
  lic_cli_test(virtual)
  lic_cli_test(concurrency)
  lic_cli_test(install)
  lic_cli_test(embed)
  set_property(TEST cli_install cli_embed APPEND PROPERTY ENVIRONMENT LIC_BUILD_DIR=${PROJECT_BINARY_DIR}
               CXX=${CMAKE_CXX_COMPILER} CC=${CMAKE_C_COMPILER})
  if(LIC_SANITIZE)
    set_property(TEST cli_install cli_embed APPEND PROPERTY ENVIRONMENT LIC_TEST_CXXFLAGS=-fsanitize=${LIC_SANITIZE})
  endif()

  # The examples of docs/embedding.md against an installed copy, in every language that this build has.
  lic_cli_test(embedding)
  set_property(TEST cli_embedding APPEND PROPERTY ENVIRONMENT LIC_BUILD_DIR=${PROJECT_BINARY_DIR}
               CC=${CMAKE_C_COMPILER} CXX=${CMAKE_CXX_COMPILER})
  if(LIC_SANITIZE)
    set_property(TEST cli_embedding APPEND PROPERTY ENVIRONMENT LIC_TEST_CXXFLAGS=-fsanitize=${LIC_SANITIZE})
  endif()
  if(TARGET python-wheel)
    set_property(TEST cli_embedding APPEND PROPERTY ENVIRONMENT LIC_WHEEL_DIR=$<TARGET_FILE_DIR:lic_python>)
    lic_cli_test(python)
    set_property(TEST cli_python APPEND PROPERTY ENVIRONMENT LIC_WHEEL_DIR=$<TARGET_FILE_DIR:lic_python>
                 LIC_HTTP=$<TARGET_FILE:lic_http>)
  endif()

  # liblic as it is shipped: an application's allocator is used inside it, and may run out.
  if(NOT LIC_STATIC)
    add_executable(low_memory ${PROJECT_SOURCE_DIR}/tests/faults/low_memory.cpp)
    target_link_libraries(low_memory PRIVATE lic Threads::Threads)  # with a C++ runtime that is shared
    if(LIC_SANITIZE)
      target_link_libraries(low_memory PRIVATE lic_options)
    endif()
    lic_cli_test(low_memory)
    set_property(TEST cli_low_memory APPEND PROPERTY ENVIRONMENT LIC_LOW_MEMORY=$<TARGET_FILE:low_memory>)
    set_tests_properties(cli_low_memory PROPERTIES TIMEOUT 900)
  endif()

  # A licctl as LIC_PRODUCT_FILE makes it, for a vendor who is made here.
  set(vendor ${CMAKE_CURRENT_BINARY_DIR}/embedded-vendor)
  add_custom_command(OUTPUT ${vendor}.json
    COMMAND ${CMAKE_COMMAND} -E rm -rf ${vendor}
    COMMAND licgen --home ${vendor} init --quiet --no-passphrase --catalog ${PROJECT_SOURCE_DIR}/docs/examples/ticketzero.json
    COMMAND licgen --home ${vendor} product export --force --out ${vendor}.json
    DEPENDS licgen VERBATIM)
  set(licctl ${PROJECT_SOURCE_DIR}/apps/licctl)
  add_executable(licctl_with_product ${licctl}/main.cpp ${licctl}/with_product.cpp)
  target_link_libraries(licctl_with_product PRIVATE lic_options licctl_commands app_common lic)
  lic_embed_product(licctl_with_product ${vendor}.json)
  set_property(TEST cli_embed APPEND PROPERTY ENVIRONMENT EMBEDDED_LICCTL=$<TARGET_FILE:licctl_with_product>)

  # How the binaries are hardened, seen on them: on those that are shipped, so without sanitizers.
  if(NOT LIC_SANITIZE)
    lic_cli_test(hardening)
    file(GENERATE OUTPUT ${CMAKE_CURRENT_BINARY_DIR}/objects_of_liblic.txt
         CONTENT "$<JOIN:$<TARGET_OBJECTS:lic_objects>,\n>\n")
    set_property(TEST cli_hardening APPEND PROPERTY ENVIRONMENT LIC_BUILD_DIR=${PROJECT_BINARY_DIR}
                 LIC_OBJECTS_OF_LIBLIC=${CMAKE_CURRENT_BINARY_DIR}/objects_of_liblic.txt
                 LIC_FORTIFIED=$<BOOL:${LIC_FORTIFY}> LIC_STATIC=$<BOOL:${LIC_STATIC}> CC=${CMAKE_C_COMPILER})
  endif()
endif()

# What is lost when the disk is full or the process killed, at every change of the file system. The library is
# loaded into the programs before all others; it has no sanitizer of its own.
if(LIC_VENDOR AND NOT LIC_STATIC)
  add_library(file_faults MODULE ${PROJECT_SOURCE_DIR}/tests/support/file_faults.c)
  target_compile_options(file_faults PRIVATE -Wall -Wextra -Wpedantic -Wshadow -Wconversion
                         $<$<BOOL:${LIC_WERROR}>:-Werror>)
  target_link_libraries(file_faults PRIVATE ${CMAKE_DL_LIBS})
  set_target_properties(file_faults PROPERTIES C_STANDARD 11 C_VISIBILITY_PRESET hidden)
  foreach(name licgen_faults licctl_faults)
    lic_cli_test(${name})
    set_property(TEST cli_${name} APPEND PROPERTY ENVIRONMENT FILE_FAULTS=$<TARGET_FILE:file_faults>)
    set_tests_properties(cli_${name} PROPERTIES TIMEOUT 900)
    if(LIC_SANITIZE)
      set_property(TEST cli_${name} APPEND PROPERTY ENVIRONMENT FAULTS=15)
    endif()
  endforeach()
  if(NOT LIC_SANITIZE)
    set_property(TEST cli_serve APPEND PROPERTY ENVIRONMENT FILE_FAULTS=$<TARGET_FILE:file_faults>)
  endif()
endif()

# What the client's binaries hold and need. Static archives have no dynamic symbols to look at.
if(LIC_VENDOR AND NOT LIC_STATIC)
  add_test(NAME symbols COMMAND bash ${PROJECT_SOURCE_DIR}/tests/cli/symbols_test.sh
           $<TARGET_FILE:lic> $<TARGET_FILE:licctl> $<TARGET_FILE:licgen> "$<JOIN:$<TARGET_OBJECTS:lic_objects>,:>"
           $<TARGET_FILE:lic_http>)
  get_property(whole_program GLOBAL PROPERTY LIC_WHOLE_PROGRAM)
  if(whole_program AND LIC_STATIC_RUNTIME AND CMAKE_BUILD_TYPE STREQUAL "Release")
    math(EXPR most_bytes "700 * 1024")
    set_tests_properties(symbols PROPERTIES ENVIRONMENT LIC_MOST_BYTES=${most_bytes})
  endif()
  if(NOT LIC_STATIC_RUNTIME)
    set_tests_properties(symbols PROPERTIES ENVIRONMENT LIC_SHARED_RUNTIME=1)
  endif()
endif()

# The frame of both programs, and what is made from their command lines.
if(LIC_VENDOR)
  lic_cli_test(usage)
  lic_cli_test(completion)
  lic_cli_test(docs)
  set_property(TEST cli_docs APPEND PROPERTY ENVIRONMENT LIC_DOCGEN_DIR=$<TARGET_FILE_DIR:licgen_docgen>)
endif()
