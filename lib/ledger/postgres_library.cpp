#include "ledger/postgres_library.hpp"

#include <dlfcn.h>

#include "base/result.hpp"

namespace lic::postgres {
namespace {

template <class Function>
bool find(void* library, Function& function, const char* name) {
  function = reinterpret_cast<Function>(::dlsym(library, name));
  return function != nullptr;
}

/// Whether all of it is there.
bool load(Library& functions) {
  void* library = ::dlopen("libpq.so.5", RTLD_NOW | RTLD_LOCAL);
  if (library == nullptr) return false;
  return find(library, functions.clear, "PQclear") && find(library, functions.conninfoFree, "PQconninfoFree") &&
         find(library, functions.conninfoParse, "PQconninfoParse") &&
         find(library, functions.connectdbParams, "PQconnectdbParams") &&
         find(library, functions.connectionNeedsPassword, "PQconnectionNeedsPassword") &&
         find(library, functions.enterPipelineMode, "PQenterPipelineMode") &&
         find(library, functions.errorMessage, "PQerrorMessage") && find(library, functions.exec, "PQexec") &&
         find(library, functions.execPrepared, "PQexecPrepared") &&
         find(library, functions.exitPipelineMode, "PQexitPipelineMode") &&
         find(library, functions.finish, "PQfinish") && find(library, functions.getResult, "PQgetResult") &&
         find(library, functions.getisnull, "PQgetisnull") && find(library, functions.getlength, "PQgetlength") &&
         find(library, functions.getvalue, "PQgetvalue") && find(library, functions.ntuples, "PQntuples") &&
         find(library, functions.cmdTuples, "PQcmdTuples") &&
         find(library, functions.parameterStatus, "PQparameterStatus") &&
         find(library, functions.pipelineSync, "PQpipelineSync") && find(library, functions.prepare, "PQprepare") &&
         find(library, functions.reset, "PQreset") && find(library, functions.resultErrorField, "PQresultErrorField") &&
         find(library, functions.resultStatus, "PQresultStatus") &&
         find(library, functions.sendQueryPrepared, "PQsendQueryPrepared") &&
         find(library, functions.serverVersion, "PQserverVersion") &&
         find(library, functions.setErrorVerbosity, "PQsetErrorVerbosity") &&
         find(library, functions.setNoticeProcessor, "PQsetNoticeProcessor") &&
         find(library, functions.status, "PQstatus") &&
         find(library, functions.transactionStatus, "PQtransactionStatus");
}

}  // namespace

Result<const Library*> library() {
  static Library functions;
  static const bool whole = load(functions);
  if (whole) return static_cast<const Library*>(&functions);
  return error(Errc::failure, "libpq, which speaks to PostgreSQL, cannot be loaded",
               "install the package libpq5, version 14 or newer");
}

}  // namespace lic::postgres
