#pragma once

/// libpq, loaded when the first ledger on PostgreSQL is opened: who has an SQLite ledger needs none, and does not wait
/// for the libraries that it brings along. For lib/ledger/postgres*.cpp alone.

#include <libpq-fe.h>

#include <memory>

#include "lic/result.hpp"

namespace lic::postgres {

/// What we use of it.
#define LIC_LIBPQ_FUNCTIONS(X)                                                                                    \
  X(clear)                                                                                                        \
  X(conninfoFree)                                                                                                 \
  X(conninfoParse) X(connectdbParams) X(connectionNeedsPassword) X(enterPipelineMode) X(errorMessage) X(exec)     \
      X(execPrepared) X(exitPipelineMode) X(finish) X(getResult) X(getisnull) X(getlength) X(getvalue) X(ntuples) \
          X(parameterStatus) X(pipelineSync) X(prepare) X(reset) X(resultErrorField) X(resultStatus)              \
              X(sendQueryPrepared) X(serverVersion) X(setErrorVerbosity) X(setNoticeProcessor) X(status)          \
                  X(transactionStatus)

/// The library stays loaded: it and its own have work to do when the process ends.
struct Library {
#define LIC_LIBPQ_MEMBER(name) decltype(&::PQ##name) name = nullptr;
  LIC_LIBPQ_FUNCTIONS(LIC_LIBPQ_MEMBER)
#undef LIC_LIBPQ_MEMBER
};

/// Loaded once. Errors: failure (it is not installed, or too old).
[[nodiscard]] Result<const Library*> library();

}  // namespace lic::postgres
