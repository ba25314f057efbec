#pragma once

/// libpq, loaded when the first ledger on PostgreSQL is opened: who has an SQLite ledger needs none, and does not wait
/// for the libraries that it brings along. For lib/ledger/postgres*.cpp alone.

#include <libpq-fe.h>

#include <memory>

#include "lic/result.hpp"

namespace lic::postgres {

/// What we use of it. The library stays loaded: it and its own have work to do when the process ends.
struct Library {
  decltype(&::PQclear) clear = nullptr;
  decltype(&::PQconninfoFree) conninfoFree = nullptr;
  decltype(&::PQconninfoParse) conninfoParse = nullptr;
  decltype(&::PQconnectdbParams) connectdbParams = nullptr;
  decltype(&::PQconnectionNeedsPassword) connectionNeedsPassword = nullptr;
  decltype(&::PQenterPipelineMode) enterPipelineMode = nullptr;
  decltype(&::PQerrorMessage) errorMessage = nullptr;
  decltype(&::PQexec) exec = nullptr;
  decltype(&::PQexecPrepared) execPrepared = nullptr;
  decltype(&::PQexitPipelineMode) exitPipelineMode = nullptr;
  decltype(&::PQfinish) finish = nullptr;
  decltype(&::PQgetResult) getResult = nullptr;
  decltype(&::PQgetisnull) getisnull = nullptr;
  decltype(&::PQgetlength) getlength = nullptr;
  decltype(&::PQgetvalue) getvalue = nullptr;
  decltype(&::PQntuples) ntuples = nullptr;
  decltype(&::PQcmdTuples) cmdTuples = nullptr;
  decltype(&::PQparameterStatus) parameterStatus = nullptr;
  decltype(&::PQpipelineSync) pipelineSync = nullptr;
  decltype(&::PQprepare) prepare = nullptr;
  decltype(&::PQreset) reset = nullptr;
  decltype(&::PQresultErrorField) resultErrorField = nullptr;
  decltype(&::PQresultStatus) resultStatus = nullptr;
  decltype(&::PQsendQueryPrepared) sendQueryPrepared = nullptr;
  decltype(&::PQserverVersion) serverVersion = nullptr;
  decltype(&::PQsetErrorVerbosity) setErrorVerbosity = nullptr;
  decltype(&::PQsetNoticeProcessor) setNoticeProcessor = nullptr;
  decltype(&::PQstatus) status = nullptr;
  decltype(&::PQtransactionStatus) transactionStatus = nullptr;
};

/// Loaded once. Errors: failure (it is not installed, or too old).
[[nodiscard]] Result<const Library*> library();

}  // namespace lic::postgres
